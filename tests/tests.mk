# SPDX-License-Identifier: Apache-2.0
# Unit tests link what they use of core.a; whatever else the tests need is built into $(B)/tests.

UNIT      := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
SCRIPT    := $(patsubst %.c,$(B)/%,$(wildcard tests/script/run_script.c))
ROUTES    := $(B)/tests/routes/ask
TEST_BIN  := $(UNIT) $(SCRIPT) $(ROUTES)
# stand for programs nobody has touched: never built with sanitisers
E2E       := $(addprefix build/tests/e2e/,client cserver usdt stacks)
GO        := $(firstword $(wildcard /usr/local/go/bin/go) $(shell command -v go))
ifneq ($(GO),)
E2E       += build/tests/e2e/goserver build/collector
endif
FUZZ_SECONDS ?= 10

$(SCRIPT): $(filter-out tests/script/run_script.c,$(wildcard tests/script/*.c))
$(TEST_BIN): $(B)/%: %.c $(B)/core.a
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit -MF $@.d -o $@ $(filter %.c,$^) $(B)/core.a $(LIBS)

build/tests/e2e/client: tests/e2e/client.c
build/tests/e2e/cserver: tests/e2e/cserver.c tests/e2e/answers.c tests/e2e/answers.h \
	tests/e2e/ring.c tests/e2e/ring.h
build/tests/e2e/client build/tests/e2e/cserver: tests/e2e/stream.c tests/e2e/stream.h
build/tests/e2e/client build/tests/e2e/cserver:
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE -o $@ $(filter %.c,$^) -lpthread

# its probes' arguments lie where the compiler puts them
build/tests/e2e/usdt: tests/e2e/usdt.c tests/e2e/sdt.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) $(CFLAGS) -fPIE -pie -D_GNU_SOURCE -o $@ $<

build/tests/e2e/stacks: tests/e2e/stacks.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE -o $@ $< -lpthread

THROWS    := $(addprefix build/tests/e2e/throws,-plain -none -static -stripped)
E2E       += $(THROWS)
THROWS_none     := -fno-exceptions
THROWS_static   := -static
THROWS_stripped := -static -s
$(THROWS): build/tests/e2e/throws-%: tests/e2e/throws.cc
	$(call say,CXX,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) -O1 -Wall -Wextra -Werror $(THROWS_$*) -o $@ $<

# made of the daemon's own parts, which its own tests need not build with sanitisers
build/tests/e2e/sites build/tests/e2e/cycles: build/tests/e2e/%: tests/e2e/%.c build/core.a
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE -Iuserspace -o $@ $^ $(LIBS)

# COMPILER-OPTIMISATION-BRANCHES-LINKING
SHAPES    := $(foreach o,O0 O1 O2 O3,$(foreach l,pie nopie static,$(addprefix \
	build/tests/shapes/,gcc-$o-none-$l gcc-$o-full-$l clang-$o-none-$l)))
E2E       += build/tests/e2e/sites $(SHAPES)
LINK_pie    := -fPIE -pie
LINK_nopie  := -fno-pie -no-pie
LINK_static := -fno-pie -static
$(SHAPES): build/tests/shapes/%: tests/e2e/shapes.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)set -- $(subst -, ,$*) && $$1 -std=gnu11 $(WARN) -$$2 -fcf-protection=$$3 -D_GNU_SOURCE \
		$(LINK_$(lastword $(subst -, ,$*))) -o $@ $<

# OPTIMISATION-LINKING; stripped ones have their symbols nowhere
WORKERS   := $(foreach o,O0 O1 O2 O3,$(foreach l,pie nopie static staticpie,build/tests/workers/$o-$l))
STRIPPED  := $(foreach w,O0-pie O2-nopie O3-static,build/tests/workers/$w-stripped)
E2E       += $(WORKERS) $(STRIPPED) build/tests/e2e/library.so build/tests/e2e/cycles
LINK_staticpie := -fPIE -static-pie
$(WORKERS): build/tests/workers/%: tests/e2e/worker.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)set -- $(subst -, ,$*) && $(CC) -std=gnu11 $(WARN) -$$1 -D_GNU_SOURCE \
		$(if $(findstring static,$*),-DSTATIC) $(LINK_$(lastword $(subst -, ,$*))) -o $@ $< -lpthread

$(STRIPPED): %-stripped: %
	$(Q)strip -s -o $@ $<

build/tests/e2e/library.so: tests/e2e/library.c tests/e2e/sdt.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -O2 -D_GNU_SOURCE -fPIC -shared -o $@ $<

build/tests/e2e/goserver: $(wildcard tests/e2e/goserver/*)
	$(call say,GO,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cd tests/e2e/goserver && CGO_ENABLED=0 $(GO) build -o $(CURDIR)/$@ .

# The SDK itself, of which the newest will do; its tests are skipped where it cannot be had.
VENV := build/venv/bin/opentelemetry-instrument
$(VENV):
	$(call say,VENV,build/venv)
	$(Q)rm -rf build/venv && /usr/bin/python3 -m venv --system-site-packages build/venv && \
		build/venv/bin/pip install -q --disable-pip-version-check opentelemetry-distro \
		opentelemetry-instrumentation-flask || { echo "  no opentelemetry-instrument"; rm -rf build/venv; }

# The real Collector, from Go modules. It wants a network the first time: where it cannot be built its
# tests are skipped, and say so.
build/collector: $(wildcard tests/collector/*.go tests/collector/go.*) tests/collector/build
	$(call say,GO,$@)
	$(Q)mkdir -p $(@D)
	$(Q)tests/collector/build $(GO) $@ || echo "  no Collector: this Go or this network cannot build it"

# The Zipkin server, a jar of Maven's.
ZIPKIN := build/zipkin.jar
$(ZIPKIN):
	$(call say,MVN,$@)
	$(Q)mvn -B -q dependency:copy -Dartifact=io.zipkin:zipkin-server:3.5.1:jar:slim -Dmdep.stripVersion \
		-Dmaven.repo.local=build/m2 -DoutputDirectory=build && \
		mv build/zipkin-server-slim.jar $@ || echo "  no Zipkin: no Maven, or no network"

.PHONY: test-programs e2e-programs soak

test-programs: $(TEST_BIN)

unit: test-programs
	$(Q)for test in $(UNIT); do $$test || exit 1; done

check: test-programs
	$(Q)tests/run --quick

# a second make, because this one has looked for the tools before they were installed
test:
	$(Q)scripts/install-deps test && $(MAKE) all test-programs e2e-programs && \
		$(MAKE) SANITIZE=1 all test-programs && tests/run

e2e-programs: $(E2E) $(VENV) $(ZIPKIN)

# Ten minutes of a Collector that comes and goes: no span is lost, nothing leaks, memory does not grow.
SOAK_SECONDS ?= 600
soak: e2e-programs
	$(Q)$(MAKE) SANITIZE=1 all && SOAK_SECONDS=$(SOAK_SECONDS) ASAN_OPTIONS=quarantine_size_mb=8 \
		OTEL_EBPF=build/asan/otel-ebpf tests/export/run.py comes_and_goes

# Fuzzing: what a target calls is instrumented too, so that its branches guide the fuzzer.
FUZZ_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_OBJ   := $(patsubst %.c,build/fuzz/%.o,$(filter-out userspace/capture/%,$(SRC)))
FUZZ_BIN   := $(patsubst %.c,build/fuzz/%,$(FUZZ))

$(FUZZ_OBJ): ALL_CFLAGS += -isystem build/gen
$(FUZZ_OBJ): $(PB_HDR)
$(FUZZ_OBJ): build/fuzz/%.o: %.c
	$(call say,FUZZ-CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(ALL_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -c $< -o $@

build/fuzz/core.a: $(FUZZ_OBJ) $(PB_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

$(FUZZ_BIN): build/fuzz/%: %.c build/fuzz/core.a
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(ALL_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -MF $@.d -o $@ $< build/fuzz/core.a $(LIBS)

fuzz: $(FUZZ_BIN)
	$(Q)for target in $(FUZZ_BIN); do \
		echo "fuzz $${target##*/}" && \
		$$target -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/ -print_final_stats=1 \
			2>build/fuzz/log || { tail -40 build/fuzz/log; exit 1; }; \
	done

-include $(TEST_BIN:%=%.d) $(FUZZ_OBJ:.o=.d)
