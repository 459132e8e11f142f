// SPDX-License-Identifier: Apache-2.0
#include "deliver/delivery_counts.h"

static const char *const causes[DELIVERY_FATES] = {
	[LOST_FULL] = "queue full",
	[LOST_EXPIRED] = "retry time over",
	[LOST_REFUSED] = "refused",
	[LOST_REJECTED] = "rejected",
	[LOST_ABANDONED] = "undelivered at exit",
	[LOST_MEMORY] = "memory",
};

void request_times__add(struct request_times *times, u64 ns)
{
	if (!times->cnt || ns < times->min_ns)
		times->min_ns = ns;
	if (ns > times->max_ns)
		times->max_ns = ns;
	times->cnt++;
	times->sum_ns += ns;
}

u64 delivery_counts__lost(const struct delivery_counts *counts)
{
	u64 lost = 0;

	for (u32 i = DELIVERED + 1; i < DELIVERY_FATES; i++)
		lost += counts->v[i];
	return lost;
}

void delivery_counts__print(const struct delivery_counts *counts, const char *items,
			    struct buf *out)
{
	const char *separator = " (";
	u64 lost = delivery_counts__lost(counts), delivered = counts->v[DELIVERED];

	buf__printf(out, "%llu %s = %llu delivered + %llu lost",
		    (unsigned long long)(delivered + lost + counts->queued), items,
		    (unsigned long long)delivered, (unsigned long long)lost);
	for (u32 i = DELIVERED + 1; i < DELIVERY_FATES; i++) {
		if (!counts->v[i])
			continue;
		buf__printf(out, "%s%s %llu", separator, causes[i],
			    (unsigned long long)counts->v[i]);
		separator = ", ";
	}
	if (lost)
		buf__char(out, ')');
	buf__printf(out, " + %llu queued", (unsigned long long)counts->queued);
}

static union metric_value seconds(u64 ns)
{
	return (union metric_value){.d = (double)ns / NSEC_PER_SEC};
}

static void tell_times(const struct request_times *times, const char *error,
		       const struct sdk_component *component, struct metric_builder *builder)
{
	const struct metric_point values = {
		.sum = seconds(times->sum_ns),
		.count = times->cnt,
		.min = seconds(times->min_ns),
		.max = seconds(times->max_ns),
		.buckets = {times->cnt},
	};

	if (times->cnt)
		sdk_metric__point(builder, SDK_DURATION, component, error, &values);
}

const struct delivery_metrics delivery_of_spans = {SDK_INFLIGHT, SDK_EXPORTED};
const struct delivery_metrics delivery_of_points = {SDK_POINTS_INFLIGHT, SDK_POINTS_EXPORTED};

void delivery_counts__tell(const struct delivery_counts *counts,
			   const struct delivery_metrics *metrics,
			   const struct sdk_component *component, struct metric_builder *builder)
{
	sdk_metric__tell(builder, metrics->inflight, component, NULL, counts->queued);
	for (u32 i = 0; i < DELIVERY_FATES; i++) {
		if (counts->v[i] || i == DELIVERED)
			sdk_metric__tell(builder, metrics->exported, component, causes[i],
					 counts->v[i]);
	}
	tell_times(&counts->taken, NULL, component, builder);
	tell_times(&counts->failed, "_OTHER", component, builder);
}
