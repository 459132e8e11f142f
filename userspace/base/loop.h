// SPDX-License-Identifier: Apache-2.0
/*
 * One epoll loop, one thread; everything that can wake the daemon is a watch on it: the ring
 * buffer, timers, signals, the child, connections. A callback is short and never blocks.
 */
#ifndef LOOP_H
#define LOOP_H

#include "base/timers.h"

struct loop;

struct watch {
	int fd;
	/* container_of() leads to the owner. epoll_events as in epoll_ctl(2). */
	void (*ready)(struct watch *watch, u32 epoll_events);
};

int loop__new(struct loop **out);
void loop__free(struct loop *loop);
/* watch stays the caller's and must outlive its place in the loop. Watches for EPOLLIN. */
int loop__add(struct loop *loop, struct watch *watch);
/* Watches for these epoll_events from now on. */
int loop__change(struct loop *loop, struct watch *watch, u32 epoll_events);
/* Its callback is not called again, even if it is ready by now. */
void loop__del(struct loop *loop, struct watch *watch);
/* On CLOCK_MONOTONIC; they fire while the loop runs, and their now is when it last woke. */
struct timers *loop__timers(struct loop *loop);
/* What time it really is by that clock. */
u64 loop_now(void);
/* Runs until loop__stop(), also once more. 0, or the negative errno epoll_wait(2) failed with. */
int loop__run(struct loop *loop);
void loop__stop(struct loop *loop);

/* A periodic timerfd on CLOCK_MONOTONIC, to be put into a watch; negative errno on failure. */
int loop_timer_fd(u64 interval_ns);

#endif
