// SPDX-License-Identifier: Apache-2.0
#include "export/delivery_counts.h"

static const char *const causes[DELIVERY_FATES] = {
	[LOST_FULL] = "queue full",
	[LOST_EXPIRED] = "retry time over",
	[LOST_REFUSED] = "refused",
	[LOST_REJECTED] = "rejected",
	[LOST_ABANDONED] = "undelivered at exit",
	[LOST_MEMORY] = "memory",
};

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

void delivery_counts__tell(const struct delivery_counts *counts,
			   const struct sdk_component *component, struct metric_builder *builder)
{
	sdk_metric__tell(builder, SDK_INFLIGHT, component, NULL, counts->queued);
	for (u32 i = 0; i < DELIVERY_FATES; i++) {
		if (counts->v[i] || i == DELIVERED)
			sdk_metric__tell(builder, SDK_EXPORTED, component, causes[i], counts->v[i]);
	}
}
