// SPDX-License-Identifier: Apache-2.0
#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LOOP_EVENTS 16

struct loop {
	int epoll_fd;
	bool stopped;
	struct timers timers;
	struct epoll_event events[LOOP_EVENTS]; /* being handled; ptr NULL: no longer watched */
	int event_cnt;
};

u64 loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NSEC_PER_SEC + (u64)now.tv_nsec;
}

int loop__new(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		int err = -errno;

		free(loop);
		return err;
	}
	loop->timers.now = loop_now();
	*out = loop;
	return 0;
}

void loop__free(struct loop *loop)
{
	if (!loop)
		return;
	close(loop->epoll_fd);
	free(loop);
}

int loop__add(struct loop *loop, struct watch *watch)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) ? -errno : 0;
}

int loop__change(struct loop *loop, struct watch *watch, u32 epoll_events)
{
	struct epoll_event event = {.events = epoll_events, .data.ptr = watch};

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) ? -errno : 0;
}

void loop__del(struct loop *loop, struct watch *watch)
{
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = 0; i < loop->event_cnt; i++) {
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
	}
}

struct timers *loop__timers(struct loop *loop)
{
	return &loop->timers;
}

/* For epoll_wait(2): rounded up, or a timer would find itself not due yet; -1 without timers. */
static int timeout_ms(const struct timers *timers)
{
	u64 ns = timers__next(timers), ms;

	if (ns == UINT64_MAX)
		return -1;
	ms = ns / NSEC_PER_MSEC + !!(ns % NSEC_PER_MSEC);
	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static void handle_events(struct loop *loop)
{
	for (int i = 0; i < loop->event_cnt && !loop->stopped; i++) {
		struct watch *watch = loop->events[i].data.ptr;

		if (watch)
			watch->ready(watch, loop->events[i].events);
	}
	loop->event_cnt = 0;
}

int loop__run(struct loop *loop)
{
	loop->stopped = false;
	timers__run(&loop->timers, loop_now());
	while (!loop->stopped) {
		int cnt = epoll_wait(loop->epoll_fd, loop->events, LOOP_EVENTS,
				     timeout_ms(&loop->timers));

		if (cnt < 0 && errno != EINTR)
			return -errno;
		loop->event_cnt = cnt < 0 ? 0 : cnt;
		timers__run(&loop->timers, loop_now());
		handle_events(loop);
	}
	return 0;
}

void loop__stop(struct loop *loop)
{
	loop->stopped = true;
}

int loop_timer_fd(u64 interval_ns)
{
	struct itimerspec spec = {0};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	spec.it_interval.tv_sec = (time_t)(interval_ns / NSEC_PER_SEC);
	spec.it_interval.tv_nsec = (long)(interval_ns % NSEC_PER_SEC);
	spec.it_value = spec.it_interval;
	if (timerfd_settime(fd, 0, &spec, NULL)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}
