// SPDX-License-Identifier: Apache-2.0
#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define LOOP_EVENTS 16

struct loop {
	int epoll_fd;
	bool stopped;
};

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

void loop__del(struct loop *loop, struct watch *watch)
{
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
}

int loop__run(struct loop *loop)
{
	struct epoll_event events[LOOP_EVENTS];

	while (!loop->stopped) {
		int cnt = epoll_wait(loop->epoll_fd, events, LOOP_EVENTS, -1);

		if (cnt < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < cnt && !loop->stopped; i++) {
			struct watch *watch = events[i].data.ptr;

			watch->ready(watch, events[i].events);
		}
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
