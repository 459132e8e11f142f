// SPDX-License-Identifier: Apache-2.0
#include "model/metric_builder.h"

#include <stdlib.h>

struct str metric_word(char word[METRIC_WORD_MAX], const char *text)
{
	size_t len = 0;

	for (; text[len] && len < METRIC_WORD_MAX; len++)
		word[len] = text[len] == ' ' ? '_' : text[len];
	return (struct str){word, len};
}

static struct metric *metric_of(struct metric_group *group, const struct metric_info *info)
{
	struct metric *metrics;

	for (u32 i = 0; i < group->metric_cnt; i++)
		if (group->metrics[i].info == info)
			return &group->metrics[i];
	metrics = realloc(group->metrics, (group->metric_cnt + 1) * sizeof(*metrics));
	if (!metrics)
		return NULL;
	group->metrics = metrics;
	metrics[group->metric_cnt] = (struct metric){.info = info};
	return &metrics[group->metric_cnt++];
}

static struct metric_point *add_point(struct metric *metric)
{
	struct metric_point *points;

	points = realloc(metric->points, (metric->point_cnt + 1) * sizeof(*points));
	if (!points)
		return NULL;
	metric->points = points;
	return &points[metric->point_cnt];
}

void metric_builder__point(struct metric_builder *builder, const struct metric_info *info,
			   const struct attrs *attrs, const struct metric_point *values)
{
	struct metric *metric = metric_of(builder->group, info);
	struct metric_point *point = metric ? add_point(metric) : NULL;
	struct attr_set *set = point ? attr_set__new(attrs) : NULL;

	if (!set) {
		builder->failed++;
		return;
	}
	*point = *values;
	point->set = set;
	point->start_ns = builder->start_ns;
	point->exemplars = NULL;
	point->exemplar_cnt = 0;
	metric->point_cnt++;
}

void metric_builder__count(struct metric_builder *builder, const struct metric_info *info,
			   const struct attr *attr, u64 count)
{
	struct attr copy = attr ? *attr : (struct attr){.key = STR_NONE};
	struct attrs attrs = {.v = &copy, .cnt = !!attr};
	struct metric_point values = {.sum.i = (s64)count};

	metric_builder__point(builder, info, &attrs, &values);
}
