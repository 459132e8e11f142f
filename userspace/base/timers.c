// SPDX-License-Identifier: Apache-2.0
#include "base/timers.h"

void timers__cancel(struct timers *timers, struct timer *timer)
{
	struct timer **at = &timers->first;

	if (!timer->waiting)
		return;
	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	timer->waiting = false;
}

void timers__set(struct timers *timers, struct timer *timer, u64 delay_ns)
{
	struct timer **at = &timers->first;

	timers__cancel(timers, timer);
	timer->due = delay_ns > UINT64_MAX - timers->now ? UINT64_MAX : timers->now + delay_ns;
	while (*at && (*at)->due <= timer->due)
		at = &(*at)->next;
	timer->next = *at;
	timer->waiting = true;
	*at = timer;
}

static u32 count_due(const struct timers *timers)
{
	u32 cnt = 0;

	for (const struct timer *timer = timers->first; timer && timer->due <= timers->now;
	     timer = timer->next)
		cnt++;
	return cnt;
}

void timers__run(struct timers *timers, u64 now)
{
	u32 cnt;

	timers->now = now;
	/* counted first: one that sets itself anew without delay must not keep us here */
	for (cnt = count_due(timers); cnt && timers->first && timers->first->due <= now; cnt--) {
		struct timer *timer = timers->first;

		timers__cancel(timers, timer);
		timer->fired(timer);
	}
}

u64 timers__next(const struct timers *timers)
{
	if (!timers->first)
		return UINT64_MAX;
	return timers->first->due > timers->now ? timers->first->due - timers->now : 0;
}
