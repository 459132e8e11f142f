// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzz target: bytes as a program with USDT probes, and as a probe's arguments; what is told lies
 * in the program, and is understood or said not to be. Give it some small programs to begin with.
 */
#include "probe/usdt.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void check_args(struct str text)
{
	struct usdt_arg args[USDT_ARGS_MAX];
	u32 cnt = usdt_args_parse(text, args, USDT_ARGS_MAX);

	for (u32 i = 0; i < cnt && i < USDT_ARGS_MAX; i++) {
		const struct usdt_arg *arg = &args[i];
		bool base = arg->base != USDT_NO_REGISTER, index = arg->index != USDT_NO_REGISTER;

		if (arg->kind == USDT_ARG_UNKNOWN)
			continue;
		if (!arg->size || arg->size > 8 || arg->shift > 3 || (base && arg->base > 19) ||
		    (index && arg->index > 19) || (arg->kind == USDT_ARG_MEMORY && !base && !index))
			abort();
	}
}

static void on_probe(void *owner, const struct usdt_probe *probe)
{
	u8 byte;

	if (binary__code(owner, probe->offset, &byte, 1) != 1 || !probe->provider.len ||
	    !probe->name.len)
		abort();
	check_args(probe->args);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct binary *binary;
	char path[64];

	check_args((struct str){(const char *)data, len});
	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!binary__open(&binary, path)) {
		usdt_each(binary, on_probe, binary);
		binary__free(binary);
	}
	close(fd);
	return 0;
}
