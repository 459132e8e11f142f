// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzz target: bytes as a program; what is told of its functions is code that can be read. Give it
 * some small programs to begin with.
 */
#include "probe/binary.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static bool on_function(void *owner, const struct binary_function *function)
{
	struct binary *binary = owner;
	struct str file;
	u32 line;
	u8 byte;

	if (binary__code(binary, function->offset, &byte, 1) != 1 || !function->name.len)
		abort();
	if (binary__source(binary, function->address, &file, &line) && !file.len)
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct binary_function at;
	struct binary *binary;
	char path[64];

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!binary__open(&binary, path)) {
		binary__functions(binary, on_function, binary);
		binary__function_at(binary, len / 2, &at);
		binary__free(binary);
	}
	close(fd);
	return 0;
}
