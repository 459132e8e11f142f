// SPDX-License-Identifier: Apache-2.0
/*
 * One-shot timers in the order they are due. It reads no clock: who owns it says what time it is,
 * so that a test may be as slow or as fast as it likes.
 */
#ifndef TIMERS_H
#define TIMERS_H

#include "base/types.h"

/* Zero-initialised but for fired; a few words of whoever waits, and must outlive the waiting. */
struct timer {
	void (*fired)(struct timer *timer); /* container_of() leads to the owner */
	u64 due;			    /* of the clock that drives it */
	bool waiting;
	struct timer *next;
};

/* Zero-initialised is empty. A list: there are as many timers as destinations and connections. */
struct timers {
	u64 now; /* ns, as last told */
	struct timer *first;
};

/* Fires once, delay_ns from now; one that waits already is set anew. */
void timers__set(struct timers *timers, struct timer *timer, u64 delay_ns);
/* One that does not wait is fine. */
void timers__cancel(struct timers *timers, struct timer *timer);
/* It is now: fires what is due. What a timer sets anew fires at the next call, if not later. */
void timers__run(struct timers *timers, u64 now);
/* ns from now until the first is due, 0 if one is; UINT64_MAX if none waits. */
u64 timers__next(const struct timers *timers);

#endif
