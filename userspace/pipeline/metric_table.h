// SPDX-License-Identifier: Apache-2.0
/*
 * struct metric_table: the live points of one metric of one process, found by their attributes in
 * constant time, kept in the order in which they first came.
 *
 * Clients choose some of the attributes, so their number is bounded: by SETS_MAX for a table and by
 * a budget for all tables together. What has no room is counted all the same, in the point whose
 * only attribute is otel.metric.overflow (OpenTelemetry specification, metrics/sdk, cardinality
 * limits).
 */
#ifndef METRIC_TABLE_H
#define METRIC_TABLE_H

#include "base/map.h"
#include "model/metric.h"

/* Attribute sets of a metric: the SDK's default. The overflow set comes on top. */
#define METRIC_SETS_MAX 2000
/*
 * All points of all tables: full sets of three metrics for five processes, some 40 MB, and as much
 * again if they are exponential.
 */
#define METRIC_POINTS_MAX 32768
/* Texts of one set: a host name has 253 bytes, so only junk is longer; junk overflows. */
#define METRIC_TEXT_MAX 512

/* Exemplars of an exponential histogram: the specification's default for its reservoir. */
#define METRIC_EXP_EXEMPLARS 20

/*
 * How a reader wants its metrics. delta: each collection starts over, and has no points of what was
 * not measured since; but for sums that may fall, as the specification has it for either
 * preference, delta and lowmemory. exponential: of histograms.
 */
struct metric_view {
	bool delta, exponential;
};

struct metric_entry {
	struct metric_table *table;
	struct metric_entry *same_hash; /* the next one whose attributes have the same hash */
	struct metric_point point;
	struct exemplar
		exemplars[]; /* by bucket; one for a sum; the latest of an exponential one */
};

struct metric_table {
	const struct metric_info *info; /* NULL: this metric is not recorded */
	struct metric_view view;	/* what of it applies to this metric */
	u64 since_ns;			/* the collection before of a delta metric; 0: none */
	u32 *budget;			/* points still to be had, shared by all tables */
	struct map by_hash;		/* attr_set_hash() -> the first entry of it */
	struct metric_entry **entries;	/* owned */
	u32 cnt, cap;
	struct metric_entry *overflow; /* one of entries; NULL if it was not needed */
};

/* One measurement. */
struct measurement {
	union metric_value value;
	u64 time_ns;
	bool exemplar;			     /* may serve as one */
	const struct trace_context *context; /* NULL: not within a span */
};

/* info is static, budget outlives the table. */
void metric_table__init(struct metric_table *table, const struct metric_info *info,
			struct metric_view view, u32 *budget);
void metric_table__free(struct metric_table *table);

/* The point of these attributes, or the overflow; made at need. NULL when there is no memory. */
struct metric_entry *metric_table__entry(struct metric_table *table, const struct attrs *attrs,
					 u64 time_ns);
/* Adds to a sum, or counts in a histogram. */
void metric_entry__record(struct metric_entry *entry, const struct measurement *measurement);

/* Fills *out, to be freed with the struct metrics it is in, also on failure. 0 or -ENOMEM. */
int metric_table__snapshot(const struct metric_table *table, struct metric *out);
/* Its snapshot was taken: exemplars and fresh counts start over, and so does all of a delta metric.
 */
void metric_table__collected(struct metric_table *table, u64 time_ns);

#endif
