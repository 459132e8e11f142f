// SPDX-License-Identifier: Apache-2.0
/*
 * An exporter of metrics: as one of spans (export.h), but what it takes away are snapshots. To add
 * one: one file that defines a `struct metrics_export_ops`, and one line in export/metrics_list.h.
 */
#ifndef METRICS_EXPORT_H
#define METRICS_EXPORT_H

#include "export/export.h"
#include "model/metric.h"

struct metrics_exporter {
	const struct metrics_export_ops *ops;
	const char *component; /* "otlp_grpc_metric_exporter"; with tell() */
};

struct metrics_export_ops {
	const char *name;
	const char *const *aliases; /* as those of spans */
	bool otlp;		    /* wants what OTLP's preferences ask for */
	int (*open)(struct metrics_exporter **out, const struct export_env *env);
	/*
	 * Never blocks. The snapshot is borrowed: keep it with metrics__get(). NULL: nothing is
	 * sent at intervals, whoever wants metrics asks for them, and env->pull() tells them.
	 */
	enum export_result (*send)(struct metrics_exporter *exporter, struct metrics *metrics);
	void (*close)(struct metrics_exporter *exporter);
	/* What became of its data points so far; NULL: what it writes, the output counts. */
	void (*tell)(const struct metrics_exporter *exporter, const struct sdk_component *component,
		     struct metric_builder *builder);
};

#define METRICS_EXPORTER(name) extern const struct metrics_export_ops export_##name##_metrics;
#include "export/metrics_list.h"
#undef METRICS_EXPORTER

/* A bound of a histogram as OpenTelemetry's exporters write it: 1.0, or 1 where conventions do. */
void metrics_export_bound(struct buf *out, const struct metric_info *info, u32 i);

/* NULL if there is none of that name. */
const struct metrics_export_ops *metrics_export_find(struct str name);

#endif
