// SPDX-License-Identifier: Apache-2.0
/*
 * What an OpenTelemetry SDK tells of itself (semantic conventions 1.44, otel/sdk-metrics; still in
 * development there): spans, their way through a processor, and what exporters did with them.
 */
#ifndef SDK_METRIC_H
#define SDK_METRIC_H

#include "model/metric_builder.h"

enum sdk_metric {
	SDK_SPAN_STARTED,
	SDK_SPAN_LIVE,
	SDK_QUEUE_SIZE,
	SDK_QUEUE_CAPACITY,
	SDK_PROCESSED,
	SDK_INFLIGHT,
	SDK_EXPORTED,
	SDK_POINTS_INFLIGHT,
	SDK_POINTS_EXPORTED,
	SDK_DURATION, /* of requests; a histogram of one bucket, as the conventions ask for */
	SDK_METRIC_CNT,
};

/* Part of an SDK: the n-th of its type is called "type/n". */
struct sdk_component {
	const char *type; /* "console_span_exporter" */
	u32 n;
};

/* error: "queue full", "memory" ..., told with '_' for blanks; NULL: those without. */
void sdk_metric__tell(struct metric_builder *builder, enum sdk_metric metric,
		      const struct sdk_component *component, const char *error, u64 count);
/* The same of a histogram. */
void sdk_metric__point(struct metric_builder *builder, enum sdk_metric metric,
		       const struct sdk_component *component, const char *error,
		       const struct metric_point *values);
/* Of spans: result is "RECORD_AND_SAMPLE" or "DROP"; NULL: not known yet. */
void sdk_metric__spans(struct metric_builder *builder, enum sdk_metric metric, const char *result,
		       u64 count);

#endif
