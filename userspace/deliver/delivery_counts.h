// SPDX-License-Identifier: Apache-2.0
/* What became of the items of one destination so far: added = delivered + lost + queued. */
#ifndef DELIVERY_COUNTS_H
#define DELIVERY_COUNTS_H

#include "model/sdk_metric.h"

/* By what became of them. */
enum delivery_fate {
	DELIVERED,
	LOST_FULL,	/* the queue was */
	LOST_EXPIRED,	/* the retry time was over */
	LOST_REFUSED,	/* not acceptable to the receiver */
	LOST_REJECTED,	/* named by the receiver in a partial success */
	LOST_ABANDONED, /* still queued when we had to end */
	LOST_MEMORY,	/* there was none, or an item too large to be encoded */
	DELIVERY_FATES
};

/* How long requests took. */
struct request_times {
	u64 cnt, sum_ns, min_ns, max_ns;
};

struct delivery_counts {
	u64 v[DELIVERY_FATES];
	u64 queued;			    /* a gauge */
	struct request_times taken, failed; /* requests: taken, at least in part; or not */
};

void request_times__add(struct request_times *times, u64 ns);
u64 delivery_counts__lost(const struct delivery_counts *counts);
/* Appends "10 spans = 6 delivered + 3 lost (refused 3) + 1 queued"; causes only if not zero. */
void delivery_counts__print(const struct delivery_counts *counts, const char *items,
			    struct buf *out);
/* What exporters of a signal tell of what they have, and what became of it. */
struct delivery_metrics {
	enum sdk_metric inflight, exported;
};

extern const struct delivery_metrics delivery_of_spans, delivery_of_points;

/* As an exporter's. */
void delivery_counts__tell(const struct delivery_counts *counts,
			   const struct delivery_metrics *metrics,
			   const struct sdk_component *component, struct metric_builder *builder);

#endif
