// SPDX-License-Identifier: Apache-2.0
/* Reads by io_uring, without a library for it. */
#ifndef RING_H
#define RING_H

#include <sys/types.h>

/* As recv(2), by the calling thread's own ring, which is set up when first needed. */
ssize_t ring_receive(int fd, char *out, size_t size);
/* As read(2), in a thread that has a ring and uses it for something else. */
ssize_t ring_read_beside(int fd, char *out, size_t size);

#endif
