// SPDX-License-Identifier: Apache-2.0
/* Reading back what a test let write. */
#ifndef TEST_FILE_H
#define TEST_FILE_H

#include <unistd.h>

#include "test.h"

/* All of a file, NUL-terminated; the caller frees it. */
static inline struct str read_all(int fd)
{
	off_t len = lseek(fd, 0, SEEK_END);
	char *p = calloc(1, (size_t)len + 1);

	CHECK(pread(fd, p, (size_t)len, 0) == len);
	return (struct str){p, (size_t)len};
}

#endif
