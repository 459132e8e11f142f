// SPDX-License-Identifier: Apache-2.0
/*
 * struct metric_builder: fills a group of a snapshot with figures that are counted anyway, point by
 * point. Whoever counts something tells it so: the daemon's parts, its exporters.
 */
#ifndef METRIC_BUILDER_H
#define METRIC_BUILDER_H

#include "model/metric.h"

/* Set group and start_ns; the group is the caller's, of a snapshot that is not shared yet. */
struct metric_builder {
	struct metric_group *group;
	u64 start_ns; /* since when it is counted */
	u32 failed;   /* points there was no memory for */
};

/* Longest text of base/stat_list.h and of other causes. */
#define METRIC_WORD_MAX 48

/* A text as a value of attributes has it: "queue_full". The word is in `word`. */
struct str metric_word(char word[METRIC_WORD_MAX], const char *text);
/* One more point; of its values sum counts, of a histogram all. Keys of attrs must be static. */
void metric_builder__point(struct metric_builder *builder, const struct metric_info *info,
			   const struct attrs *attrs, const struct metric_point *values);
/* The same of a sum of whole numbers; attr: its only attribute, or NULL. */
void metric_builder__count(struct metric_builder *builder, const struct metric_info *info,
			   const struct attr *attr, u64 count);

#endif
