// SPDX-License-Identifier: Apache-2.0
/*
 * Metrics in OpenTelemetry's data model, and struct metrics: an immutable, reference-counted
 * snapshot of all of them, as exporters receive it.
 *
 *	metrics -> group (scope of a resource) -> metric -> point (one attribute set) -> exemplar
 *
 * A point counts from its start_ns to the snapshot's time_ns. Cumulative ones start at the first
 * record of their attribute set; those of a delta metric where the collection before ended.
 */
#ifndef METRIC_H
#define METRIC_H

#include "model/attr_set.h"
#include "model/exp_histogram.h"
#include "model/span.h"

#define METRIC_BOUNDS_MAX  15 /* the SDK's default histogram */
#define METRIC_BUCKETS_MAX (METRIC_BOUNDS_MAX + 1)

enum metric_kind { METRIC_HISTOGRAM, METRIC_SUM };

/* What a metric is: static, or there for as long as we run. */
struct metric_info {
	const char *name, *description, *unit;
	enum metric_kind kind;
	bool monotonic;	      /* of sums: it never falls */
	bool whole;	      /* values are integers (.i), else real numbers (.d) */
	const double *bounds; /* of histograms, rising; a value equal to a bound lies below it */
	u32 bound_cnt;
	bool bounds_as_written; /* bounds are those the convention writes down: 1, not 1.0 */
};

union metric_value {
	s64 i;
	double d;
};

/* One measurement as an example, and the request it came from. */
struct exemplar {
	u64 time_ns; /* 0: there is none */
	union metric_value value;
	bool has_context; /* it was made within a span, whose ids are: */
	u8 trace_id[16];
	u8 span_id[8];
};

struct metric_point {
	struct attr_set *set; /* one reference */
	u64 start_ns;
	union metric_value sum; /* the value itself of a METRIC_SUM */
	/* the rest is of histograms */
	u64 count;
	u64 fresh;			 /* of count, what came since the collection before */
	union metric_value min, max;	 /* if count */
	u64 buckets[METRIC_BUCKETS_MAX]; /* bound_cnt + 1 of them */
	struct exp_histogram *exp;	 /* in their place if the metric is exponential */
	struct exemplar *exemplars;	 /* into the metric's; in the order of their buckets */
	u32 exemplar_cnt;
};

struct metric {
	const struct metric_info *info;
	struct metric_point *points; /* owned, in the order of their first records */
	u32 point_cnt;
	bool delta, exponential;
	struct exemplar *exemplars; /* owned: those of all points */
	struct exp_histogram *exps; /* owned: those of all points */
};

struct metric_group {
	struct resource *resource; /* one reference */
	const struct scope *scope; /* static */
	struct metric *metrics;	   /* owned; those that have points */
	u32 metric_cnt;
};

struct metrics {
	u32 refs;
	u64 since_ns, time_ns;	     /* unix; the collection before, and this one */
	struct metric_group *groups; /* owned */
	u32 group_cnt, group_cap;
};

/* Room for cap groups, none filled, and one reference, the caller's; NULL when there is no memory.
 */
struct metrics *metrics__new(u32 cap);
/* One more group, all zero, valid until the next; before it is shared only. NULL: no memory. */
struct metric_group *metrics__group(struct metrics *metrics);
/* The first group from that one on that is of another resource. */
u32 metrics__resource_end(const struct metrics *metrics, u32 group);
struct metrics *metrics__get(struct metrics *metrics);
/* NULL is fine, and so is one half filled. */
void metrics__put(struct metrics *metrics);

/* Its points are numbered through all metrics, in order: 0 is the first of the first group. */
struct metric_range {
	u32 first, cnt;
};

u32 metric_group__points(const struct metric_group *group);
/* These points alone, as a snapshot in mem that borrows all of whole's; NULL: no memory. */
const struct metrics *metrics__part(const struct metrics *whole, struct metric_range range,
				    struct arena *mem);

/* As a real number. */
double metric_value(const struct metric_info *info, union metric_value value);
/* The index of the bucket that counts a value. */
u32 metric_bucket(const struct metric_info *info, union metric_value value);
/*
 * The value below which the share q of the measurements lies, guessed from the buckets: evenly
 * spread within each, between minimum and maximum. 0 if there are none.
 */
double metric_quantile(const struct metric_info *info, const struct metric_point *point, double q);

#endif
