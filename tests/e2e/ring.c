// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One entry is under way at a time. */
struct ring {
	int fd;
	unsigned *submitted, *completed, *taken, mask;
	struct io_uring_sqe *entry;
	struct io_uring_cqe *answers;
};

static void *map(int fd, size_t size, off_t what)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);

	if (at == MAP_FAILED) {
		perror("io_uring");
		exit(1);
	}
	return at;
}

static void ring__open(struct ring *ring)
{
	struct io_uring_params params = {0};
	char *queue, *answers;

	ring->fd = syscall(SYS_io_uring_setup, 1, &params);
	if (ring->fd < 0) {
		perror("io_uring_setup");
		exit(1);
	}
	queue = map(ring->fd, params.sq_off.array + sizeof(unsigned), IORING_OFF_SQ_RING);
	answers =
		map(ring->fd, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
		    IORING_OFF_CQ_RING);
	ring->entry = map(ring->fd, sizeof(*ring->entry), IORING_OFF_SQES);
	ring->submitted = (unsigned *)(queue + params.sq_off.tail);
	*(unsigned *)(queue + params.sq_off.array) = 0;
	ring->taken = (unsigned *)(answers + params.cq_off.head);
	ring->completed = (unsigned *)(answers + params.cq_off.tail);
	ring->mask = params.cq_entries - 1;
	ring->answers = (struct io_uring_cqe *)(answers + params.cq_off.cqes);
}

static struct ring *own_ring(void)
{
	static __thread struct ring ring;

	if (!ring.entry)
		ring__open(&ring);
	return &ring;
}

static ssize_t ring__run(struct ring *ring, struct io_uring_sqe entry)
{
	unsigned taken = *ring->taken;
	ssize_t n;

	*ring->entry = entry;
	__atomic_store_n(ring->submitted, *ring->submitted + 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	while (__atomic_load_n(ring->completed, __ATOMIC_ACQUIRE) == taken)
		syscall(SYS_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	n = ring->answers[taken & ring->mask].res;
	__atomic_store_n(ring->taken, taken + 1, __ATOMIC_RELEASE);
	if (n >= 0)
		return n;
	errno = -n;
	return -1;
}

ssize_t ring_receive(int fd, char *out, size_t size)
{
	struct io_uring_sqe entry = {.opcode = IORING_OP_RECV, .fd = fd, .len = size};

	entry.addr = (unsigned long)out;
	return ring__run(own_ring(), entry);
}

ssize_t ring_read_beside(int fd, char *out, size_t size)
{
	ring__run(own_ring(), (struct io_uring_sqe){.opcode = IORING_OP_NOP});
	return read(fd, out, size);
}
