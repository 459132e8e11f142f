// SPDX-License-Identifier: Apache-2.0
/* struct throttle: one or a few lines of the log at once, then one more each period. */
#ifndef THROTTLE_H
#define THROTTLE_H

#include "base/types.h"

#define THROTTLE_PERIOD_NS (30 * NSEC_PER_SEC)

/* Zero-initialised is full. */
struct throttle {
	u32 spent;
	u64 since; /* when the first of `spent` is to be had again is reckoned from here */
};

/* burst: how many at once; always the same of one throttle. */
static inline bool throttle__take(struct throttle *throttle, u64 now, u32 burst)
{
	u64 earned = (now - throttle->since) / THROTTLE_PERIOD_NS;

	throttle->since += earned * THROTTLE_PERIOD_NS;
	throttle->spent = earned < throttle->spent ? throttle->spent - (u32)earned : 0;
	if (!throttle->spent)
		throttle->since = now;
	if (throttle->spent == burst)
		return false;
	throttle->spent++;
	return true;
}

#endif
