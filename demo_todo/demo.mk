# SPDX-License-Identifier: Apache-2.0
# The to-do server and the demonstration that traces it, and a die. Never built with sanitisers: they
# stand for servers nobody has touched.

DEMO_SRC := $(wildcard demo_todo/*.c)
DEMO_OBJ := $(DEMO_SRC:%.c=build/%.o)
DICE_OBJ := build/demo_todo/rolldice.o build/demo_todo/listener.o
TODO_OBJ := $(filter-out build/demo_todo/rolldice.o,$(DEMO_OBJ))

build/todo: $(TODO_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(TODO_OBJ) -lmicrohttpd -lsqlite3 -lpthread

build/rolldice: $(DICE_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(DICE_OBJ) -lmicrohttpd -lpthread

# sources are named as in a package's debug information, wherever this lies
DEMO_MAP := -ffile-prefix-map=$(CURDIR)=/usr/src/otel-ebpf

build/demo_todo/%.o: demo_todo/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE $(DEMO_MAP) -MMD -MP -c $< -o $@

# included by the assembler, which -MMD does not see
build/demo_todo/routes.o: demo_todo/static/style.css

# a second make, because this one has looked for the tools before they were installed
demo:
	$(Q)scripts/install-deps && $(MAKE) all && scripts/demo

-include $(DEMO_OBJ:.o=.d)
