// SPDX-License-Identifier: Apache-2.0
/* struct batch: an immutable, reference-counted group of telemetry, as exporters receive it. */
#ifndef BATCH_H
#define BATCH_H

#include "model/span.h"

struct batch {
	u32 refs;
	u32 cnt, cap;
	struct span **spans; /* owned, in the order they ended */
};

/* Room for cap spans and one reference, the caller's; NULL when there is no memory. */
struct batch *batch__new(u32 cap);
/* Before it is shared only; cnt < cap. */
void batch__add(struct batch *batch, struct span *owned);
/* Who it is lent to may keep it: its count is no part of what it says. */
struct batch *batch__get(const struct batch *batch);
/* NULL is fine. */
void batch__put(struct batch *batch);

#endif
