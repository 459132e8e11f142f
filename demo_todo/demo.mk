# SPDX-License-Identifier: Apache-2.0
# The to-do server, and the demonstration that traces it. Never built with sanitisers: it stands for
# a server nobody has touched.

TODO_SRC := $(wildcard demo_todo/*.c)
TODO_OBJ := $(TODO_SRC:%.c=build/%.o)

build/todo: $(TODO_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(TODO_OBJ) -lmicrohttpd -lsqlite3 -lpthread

build/demo_todo/%.o: demo_todo/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE -MMD -MP -c $< -o $@

# included by the assembler, which -MMD does not see
build/demo_todo/routes.o: demo_todo/static/style.css

# a second make, because this one has looked for the tools before they were installed
demo:
	$(Q)scripts/install-deps && $(MAKE) all && scripts/demo

-include $(TODO_OBJ:.o=.d)
