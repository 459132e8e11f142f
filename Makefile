# SPDX-License-Identifier: Apache-2.0
# make            build/otel-ebpf, build/todo and build/rolldice
# make demo       installs what is missing, starts the to-do server, traces it, shows its spans
# make test       installs what is missing, then every test; what a machine lacks is skipped by name
# make check      format, layers and unit tests: no root, a few seconds
# make bench      what tracing costs a server, as ratios within one run (root)
# make test-kernels  the daemon under other kernels, in QEMU
# SANITIZE=1 builds with ASan and UBSan into build/asan; CC=clang works everywhere.

CC      ?= gcc
CLANG   ?= clang
# the bpftool that Ubuntu has on the PATH refuses any kernel but its own
BPFTOOL ?= $(lastword bpftool $(wildcard /usr/sbin/bpftool) $(sort $(wildcard /usr/lib/linux-tools/*/bpftool)))
ARCH    := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
V       ?= 0
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
ifeq ($(V),0)
Q := @
say = @printf '  %-8s %s\n' "$(1)" "$(2)"
endif

ifeq ($(SANITIZE),1)
B        := build/asan
SAN      := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
B        := build
endif
VERSION  := 0.1.0
GIT      := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

CFLAGS   ?= -O2 -g
BPF_WARN := -Wall -Wextra -Wno-unused-parameter -Wno-gnu-variable-sized-type-not-at-end -Werror
WARN     := -Wall -Wextra -Wformat=2 -Wvla -Wshadow -Wmissing-prototypes -Werror
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(SAN) -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DGIT_REVISION='"$(GIT)"' -Iuserspace -MMD -MP
LIBS     := -lbpf -lcapstone -ldw -lelf -lz -lmicrohttpd -lprotobuf-c -lnghttp2 -lssl -lcrypto -lcurl -lm -lpthread

FUZZ     := $(wildcard userspace/*/*_fuzz.c)
SRC      := $(filter-out $(FUZZ),$(wildcard userspace/*/*.c))
OBJ      := $(SRC:%.c=$(B)/%.o)
APP_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard userspace/*.c))
BPF_OBJ  := build/gen/otel_ebpf.bpf.o
SKEL     := build/gen/otel_ebpf.skel.h
# only capture/ knows the wire and the skeleton
CAPTURE_OBJ := $(filter $(B)/userspace/capture/%,$(OBJ))
# and only export/ and deliver/ the messages of OTLP, whose code protoc-c writes
PROTO    := $(wildcard userspace/export/proto/*.proto)
PB_HDR   := $(PROTO:userspace/export/proto/%.proto=build/gen/%.pb-c.h)
PB_OBJ   := $(PB_HDR:build/%.h=$(B)/%.o)
OTLP_OBJ := $(filter $(B)/userspace/export/% $(B)/userspace/deliver/%,$(OBJ))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all clean check unit test demo bench test-kernels format deps fuzz

all: $(B)/otel-ebpf build/todo build/rolldice

$(B)/otel-ebpf: $(APP_OBJ) $(B)/core.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(SAN) -o $@ $(APP_OBJ) $(B)/core.a $(LIBS)

# an archive, so that a unit test links only what it uses
$(B)/core.a: $(OBJ) $(PB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(CAPTURE_OBJ): ALL_CFLAGS += -Ibpf -isystem build/gen
# -MMD leaves out what is found by -isystem
$(CAPTURE_OBJ): $(SKEL)

build/gen/%.pb-c.c build/gen/%.pb-c.h: userspace/export/proto/%.proto
	$(call say,PROTO,$<)
	$(Q)mkdir -p $(@D)
	$(Q)protoc-c -I$(<D) --c_out=$(@D) $<

# not ours to warn of
$(PB_OBJ): $(B)/%.o: build/%.c $(PB_HDR)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -w $(CFLAGS) $(SAN) -Ibuild/gen -c $< -o $@

$(OTLP_OBJ): ALL_CFLAGS += -isystem build/gen
$(OTLP_OBJ): $(PB_HDR)

$(BPF_OBJ): bpf/otel_ebpf.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) $(BPF_WARN) -Ibpf -Ivmlinux -MMD -MP -c $< -o $@

$(SKEL): $(BPF_OBJ)
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name otel_ebpf > $@

include demo_todo/demo.mk
include tests/tests.mk
include tests/bench/bench.mk
-include tests/kernels/kernels.mk

deps:
	$(Q)scripts/install-deps

format:
	$(Q)clang-format-14 -i $(wildcard userspace/*.[ch] userspace/*/*.[ch] bpf/*.[ch] demo_todo/*.[ch] tests/*/*.[ch])

clean:
	rm -rf build

-include $(OBJ:.o=.d) $(APP_OBJ:.o=.d) $(BPF_OBJ:.o=.d)
