// SPDX-License-Identifier: Apache-2.0
#include "model/metric.h"

#include <errno.h>
#include <stdlib.h>

struct metrics *metrics__new(u32 cap)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return NULL;
	metrics->refs = 1;
	metrics->group_cap = cap ? cap : 1;
	metrics->groups = calloc(metrics->group_cap, sizeof(*metrics->groups));
	if (!metrics->groups) {
		metrics__put(metrics);
		return NULL;
	}
	return metrics;
}

struct metric_group *metrics__group(struct metrics *metrics)
{
	struct metric_group *groups;

	if (metrics->group_cnt == metrics->group_cap) {
		groups = realloc(metrics->groups, 2 * metrics->group_cap * sizeof(*groups));
		if (!groups)
			return NULL;
		metrics->groups = groups;
		metrics->group_cap *= 2;
	}
	groups = &metrics->groups[metrics->group_cnt++];
	*groups = (struct metric_group){0};
	return groups;
}

u32 metrics__resource_end(const struct metrics *metrics, u32 group)
{
	const struct resource *resource = metrics->groups[group].resource;

	while (group < metrics->group_cnt && metrics->groups[group].resource == resource)
		group++;
	return group;
}

struct metrics *metrics__get(struct metrics *metrics)
{
	metrics->refs++;
	return metrics;
}

static void metric__clear(struct metric *metric)
{
	u32 i;

	for (i = 0; i < metric->point_cnt; i++)
		attr_set__put(metric->points[i].set);
	free(metric->points);
	free(metric->exemplars);
	free(metric->exps);
}

static void group__clear(struct metric_group *group)
{
	u32 i;

	for (i = 0; i < group->metric_cnt; i++)
		metric__clear(&group->metrics[i]);
	free(group->metrics);
	resource__put(group->resource);
}

void metrics__put(struct metrics *metrics)
{
	u32 i;

	if (!metrics || --metrics->refs)
		return;
	for (i = 0; i < metrics->group_cnt; i++)
		group__clear(&metrics->groups[i]);
	free(metrics->groups);
	free(metrics);
}

u32 metric_group__points(const struct metric_group *group)
{
	u32 cnt = 0;

	for (u32 i = 0; i < group->metric_cnt; i++)
		cnt += group->metrics[i].point_cnt;
	return cnt;
}

/* Takes what range has of the next cnt points: how many, from *first on. */
static u32 take(struct metric_range *range, u32 cnt, u32 *first)
{
	u32 skipped = range->first < cnt ? range->first : cnt;
	u32 taken = cnt - skipped < range->cnt ? cnt - skipped : range->cnt;

	*first = skipped;
	range->first -= skipped;
	range->cnt -= taken;
	return taken;
}

/* 0 or -ENOMEM; a group without metrics if range has none of its points. */
static int group__part(struct metric_group *part, const struct metric_group *whole,
		       struct metric_range *range, struct arena *mem)
{
	*part = *whole;
	part->metric_cnt = 0;
	part->metrics = arena__alloc(mem, whole->metric_cnt * sizeof(*part->metrics));
	if (!part->metrics)
		return -ENOMEM;
	for (u32 i = 0; i < whole->metric_cnt; i++) {
		struct metric metric = whole->metrics[i];
		u32 first;

		metric.point_cnt = take(range, metric.point_cnt, &first);
		metric.points += first;
		if (metric.point_cnt)
			part->metrics[part->metric_cnt++] = metric;
	}
	return 0;
}

const struct metrics *metrics__part(const struct metrics *whole, struct metric_range range,
				    struct arena *mem)
{
	struct metrics *part = arena__alloc(mem, sizeof(*part));
	u32 i, first;

	if (!part)
		return NULL;
	*part = *whole;
	part->group_cnt = 0;
	part->groups = arena__alloc(mem, whole->group_cnt * sizeof(*part->groups));
	for (i = 0; part->groups && i < whole->group_cnt && range.cnt; i++) {
		const struct metric_group *group = &whole->groups[i];
		u32 points = metric_group__points(group);

		if (range.first >= points)
			take(&range, points, &first);
		else if (group__part(&part->groups[part->group_cnt++], group, &range, mem))
			return NULL;
	}
	return part->groups ? part : NULL;
}

double metric_value(const struct metric_info *info, union metric_value value)
{
	return info->whole ? (double)value.i : value.d;
}

u32 metric_bucket(const struct metric_info *info, union metric_value value)
{
	double d = metric_value(info, value);
	u32 i = 0;

	while (i < info->bound_cnt && info->bounds[i] < d)
		i++;
	return i;
}

double metric_quantile(const struct metric_info *info, const struct metric_point *point, double q)
{
	double min = metric_value(info, point->min), max = metric_value(info, point->max);
	double rank = q * (double)point->count, below = 0, low, high;
	u32 i;

	if (!point->count)
		return 0;
	for (i = 0; i < info->bound_cnt && below + (double)point->buckets[i] < rank; i++)
		below += (double)point->buckets[i];
	low = i && info->bounds[i - 1] > min ? info->bounds[i - 1] : min;
	high = i < info->bound_cnt && info->bounds[i] < max ? info->bounds[i] : max;
	if (!point->buckets[i] || low > high)
		return low > max ? max : low;
	return low + (high - low) * (rank - below) / (double)point->buckets[i];
}
