// SPDX-License-Identifier: Apache-2.0
/* One-shot timers by a clock of the test's own, and on a loop. */
#include "test.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/throttle.h"

struct probe {
	struct timer timer;
	struct timers *timers;
	struct loop *loop;
	struct watch *watch; /* to be taken out of the loop */
	u32 fired;
	bool again;
};

static void on_fired(struct timer *timer)
{
	struct probe *probe = container_of(timer, struct probe, timer);

	probe->fired++;
	if (probe->again)
		timers__set(probe->timers, timer, 0);
	if (probe->watch)
		loop__del(probe->loop, probe->watch);
	if (probe->loop)
		loop__stop(probe->loop);
}

static void in_order(void)
{
	struct timers timers = {.now = 100};
	struct probe a = {.timer.fired = on_fired}, b = {.timer.fired = on_fired};

	CHECK(timers__next(&timers) == UINT64_MAX);
	timers__set(&timers, &a.timer, 20);
	timers__set(&timers, &b.timer, 10);
	CHECK(timers__next(&timers) == 10);
	timers__run(&timers, 109);
	CHECK(!a.fired && !b.fired && timers__next(&timers) == 1);
	timers__run(&timers, 110);
	CHECK(!a.fired && b.fired == 1 && timers__next(&timers) == 10);
	timers__run(&timers, 500);
	CHECK(a.fired == 1 && b.fired == 1 && timers__next(&timers) == UINT64_MAX);
}

static void set_anew_and_cancelled(void)
{
	struct timers timers = {0};
	struct probe a = {.timer.fired = on_fired}, b = {.timer.fired = on_fired};

	timers__set(&timers, &a.timer, 10);
	timers__set(&timers, &b.timer, 15);
	timers__set(&timers, &a.timer, 30);
	timers__run(&timers, 20);
	CHECK(!a.fired && b.fired == 1);
	timers__cancel(&timers, &a.timer);
	timers__cancel(&timers, &a.timer);
	timers__run(&timers, 40);
	CHECK(!a.fired && !a.timer.waiting);
	timers__set(&timers, &a.timer, UINT64_MAX);
	CHECK(timers__next(&timers) == UINT64_MAX - 40);
}

/* One that is due at once each time must not keep the loop from its other work. */
static void endless_one_fires_once_a_run(void)
{
	struct timers timers = {0};
	struct probe a = {.timer.fired = on_fired, .timers = &timers, .again = true};

	timers__set(&timers, &a.timer, 0);
	timers__run(&timers, 1);
	CHECK(a.fired == 1);
	timers__run(&timers, 1);
	CHECK(a.fired == 2 && timers__next(&timers) == 0);
}

static void must_not_be_called(struct watch *watch, u32 events)
{
	(void)watch, (void)events;
	CHECK(!"a deleted watch was called");
}

/* The pipe is readable in the same turn in which the timer takes its watch away. */
static void on_a_loop(void)
{
	struct probe a = {.timer.fired = on_fired};
	struct watch watch = {.ready = must_not_be_called};
	struct loop *loop;
	int ends[2];

	CHECK(!loop__new(&loop) && !pipe(ends));
	CHECK(write(ends[1], "x", 1) == 1);
	watch.fd = ends[0];
	CHECK(!loop__add(loop, &watch));
	a.loop = loop;
	a.watch = &watch;
	timers__set(loop__timers(loop), &a.timer, 0);
	CHECK(!loop__run(loop) && a.fired == 1);
	timers__set(loop__timers(loop), &a.timer, NSEC_PER_MSEC);
	CHECK(!loop__run(loop) && a.fired == 2);
	loop__free(loop);
	close(ends[0]);
	close(ends[1]);
}

static void count_writable(struct watch *watch, u32 events)
{
	CHECK(events & EPOLLOUT);
	watch->ready = must_not_be_called;
}

static void watches_for_writing(void)
{
	struct probe a = {.timer.fired = on_fired};
	struct watch watch = {.ready = count_writable};
	struct loop *loop;
	int ends[2];

	CHECK(!loop__new(&loop) && !pipe(ends));
	watch.fd = ends[1];
	CHECK(!loop__add(loop, &watch));
	CHECK(!loop__change(loop, &watch, EPOLLOUT));
	a.loop = loop;
	a.watch = &watch;
	/* in the turn after the one in which the pipe is writable */
	timers__set(loop__timers(loop), &a.timer, 0);
	CHECK(!loop__run(loop));
	loop__free(loop);
	close(ends[0]);
	close(ends[1]);
}

static void throttled(void)
{
	struct throttle throttle = {0};
	u32 passed = 0;

	for (u64 s = 0; s < 60; s++)
		passed += throttle__take(&throttle, 1000 * NSEC_PER_SEC + s * NSEC_PER_SEC, 3);
	CHECK(passed == 3 + 1);
	CHECK(throttle__take(&throttle, 5000 * NSEC_PER_SEC, 3));
	CHECK(throttle__take(&throttle, 5000 * NSEC_PER_SEC, 3));
	CHECK(throttle__take(&throttle, 5000 * NSEC_PER_SEC, 3));
	CHECK(!throttle__take(&throttle, 5000 * NSEC_PER_SEC, 3));
}

int main(void)
{
	RUN(in_order);
	RUN(set_anew_and_cancelled);
	RUN(endless_one_fires_once_a_run);
	RUN(on_a_loop);
	RUN(watches_for_writing);
	RUN(throttled);
	return test_status();
}
