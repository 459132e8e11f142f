// SPDX-License-Identifier: Apache-2.0
#include "model/metric.h"

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
