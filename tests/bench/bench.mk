# SPDX-License-Identifier: Apache-2.0
# make bench: what tracing costs a server (root; BENCH_SECONDS=150). Timing wants no sanitizers, so
# everything here is built plainly in build/bench, whatever SANITIZE says.

BENCH_SECONDS ?= 150
BENCH_BIN     := $(addprefix build/bench/,server client floor)

bench: build/otel-ebpf $(BENCH_BIN)
	$(Q)tests/bench/bench.py --daemon build/otel-ebpf --tools build/bench --seconds $(BENCH_SECONDS)

$(BENCH_BIN): build/bench/%: tests/bench/%.c userspace/base/types.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE -Iuserspace -isystem build/bench \
		-o $@ $< $(LDLIBS)

build/bench/floor: LDLIBS := -lbpf
build/bench/floor: build/bench/floor.skel.h

build/bench/floor.bpf.o: tests/bench/floor.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -c $< -o $@

build/bench/floor.skel.h: build/bench/floor.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name floor_bpf > $@
