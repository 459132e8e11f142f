// SPDX-License-Identifier: Apache-2.0
/* The debug exporter of metrics: as debug.c has it for spans; one write a snapshot. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "export/debug_text.h"
#include "export/metrics_export.h"
#include "export/otlp_tree.h"
#include "metrics.pb-c.h"

struct debug {
	struct metrics_exporter exporter;
	struct output *output;
	struct buf text;
};

static const char *const temporalities[] = {"Unspecified", "Delta", "Cumulative"};

static void print_exemplars(struct buf *out, Otlp__Exemplar *const *exemplars, size_t cnt)
{
	if (cnt)
		buf__str(out, STR("Exemplars:\n"));
	for (size_t i = 0; i < cnt; i++) {
		const Otlp__Exemplar *exemplar = exemplars[i];

		buf__printf(out, "Exemplar #%zu\n", i);
		debug_id(out, "     -> Trace ID: ", exemplar->trace_id);
		debug_id(out, "     -> Span ID: ", exemplar->span_id);
		debug_time(out, "     -> Timestamp: ", exemplar->time_unix_nano);
		if (exemplar->value_case == OTLP__EXEMPLAR__VALUE_AS_INT)
			buf__printf(out, "     -> Value: %" PRId64 "\n", exemplar->as_int);
		else
			buf__printf(out, "     -> Value: %f\n", exemplar->as_double);
	}
}

static void print_number(struct buf *out, const Otlp__NumberDataPoint *point, size_t i)
{
	buf__printf(out, "NumberDataPoints #%zu\n", i);
	debug_attrs(out, "Data point attributes", point->attributes, point->n_attributes);
	debug_time(out, "StartTimestamp: ", point->start_time_unix_nano);
	debug_time(out, "Timestamp: ", point->time_unix_nano);
	if (point->value_case == OTLP__NUMBER_DATA_POINT__VALUE_AS_INT)
		buf__printf(out, "Value: %" PRId64 "\n", point->as_int);
	else
		buf__printf(out, "Value: %f\n", point->as_double);
	print_exemplars(out, point->exemplars, point->n_exemplars);
}

static void print_histogram(struct buf *out, const Otlp__HistogramDataPoint *point, size_t i)
{
	buf__printf(out, "HistogramDataPoints #%zu\n", i);
	debug_attrs(out, "Data point attributes", point->attributes, point->n_attributes);
	debug_time(out, "StartTimestamp: ", point->start_time_unix_nano);
	debug_time(out, "Timestamp: ", point->time_unix_nano);
	buf__printf(out, "Count: %" PRIu64 "\nSum: %f\nMin: %f\nMax: %f\n", point->count,
		    point->sum, point->min, point->max);
	for (i = 0; i < point->n_explicit_bounds; i++)
		buf__printf(out, "ExplicitBounds #%zu: %f\n", i, point->explicit_bounds[i]);
	for (i = 0; i < point->n_bucket_counts; i++)
		buf__printf(out, "Buckets #%zu, Count: %" PRIu64 "\n", i, point->bucket_counts[i]);
	print_exemplars(out, point->exemplars, point->n_exemplars);
}

static void print_exponential(struct buf *out, const Otlp__ExponentialHistogramDataPoint *point,
			      size_t i)
{
	const Otlp__ExponentialHistogramDataPoint__Buckets *buckets = point->positive;
	double factor = ldexp(M_LN2, -point->scale);

	buf__printf(out, "ExponentialHistogramDataPoints #%zu\n", i);
	debug_attrs(out, "Data point attributes", point->attributes, point->n_attributes);
	debug_time(out, "StartTimestamp: ", point->start_time_unix_nano);
	debug_time(out, "Timestamp: ", point->time_unix_nano);
	buf__printf(out, "Count: %" PRIu64 "\nSum: %f\nMin: %f\nMax: %f\n", point->count,
		    point->sum, point->min, point->max);
	if (point->zero_count)
		buf__printf(out, "Bucket [0, 0], Count: %" PRIu64 "\n", point->zero_count);
	for (i = 0; i < buckets->n_bucket_counts; i++) {
		double index = (double)buckets->offset + (double)i;

		buf__printf(out, "Bucket (%f, %f], Count: %" PRIu64 "\n", exp(index * factor),
			    exp((index + 1) * factor), buckets->bucket_counts[i]);
	}
	print_exemplars(out, point->exemplars, point->n_exemplars);
}

static void print_sum(struct buf *out, const Otlp__Sum *sum)
{
	buf__printf(out, "Sum\n     -> IsMonotonic: %s\n     -> AggregationTemporality: %s\n",
		    sum->is_monotonic ? "true" : "false",
		    temporalities[sum->aggregation_temporality]);
	for (size_t i = 0; i < sum->n_data_points; i++)
		print_number(out, sum->data_points[i], i);
}

static void print_data(struct buf *out, const Otlp__Metric *metric)
{
	const Otlp__ExponentialHistogram *exponential = metric->exponential_histogram;
	const Otlp__Histogram *histogram = metric->histogram;
	size_t i;

	if (metric->data_case == OTLP__METRIC__DATA_SUM) {
		print_sum(out, metric->sum);
	} else if (metric->data_case == OTLP__METRIC__DATA_HISTOGRAM) {
		buf__printf(out, "Histogram\n     -> AggregationTemporality: %s\n",
			    temporalities[histogram->aggregation_temporality]);
		for (i = 0; i < histogram->n_data_points; i++)
			print_histogram(out, histogram->data_points[i], i);
	} else {
		buf__printf(out, "ExponentialHistogram\n     -> AggregationTemporality: %s\n",
			    temporalities[exponential->aggregation_temporality]);
		for (i = 0; i < exponential->n_data_points; i++)
			print_exponential(out, exponential->data_points[i], i);
	}
}

static void print_scope(struct buf *out, const Otlp__ScopeMetrics *scope)
{
	debug_scope(out, "ScopeMetrics", scope->schema_url, scope->scope);
	for (size_t i = 0; i < scope->n_metrics; i++) {
		buf__printf(out, "Metric #%zu\nDescriptor:\n", i);
		debug_text(out, "     -> Name: ", scope->metrics[i]->name);
		debug_text(out, "     -> Description: ", scope->metrics[i]->description);
		debug_text(out, "     -> Unit: ", scope->metrics[i]->unit);
		buf__str(out, STR("     -> DataType: "));
		print_data(out, scope->metrics[i]);
	}
}

static void print_summary(struct buf *out, const struct metrics *metrics, size_t resource_cnt)
{
	u32 metric_cnt = 0, point_cnt = 0;

	for (u32 i = 0; i < metrics->group_cnt; i++) {
		metric_cnt += metrics->groups[i].metric_cnt;
		for (u32 j = 0; j < metrics->groups[i].metric_cnt; j++)
			point_cnt += metrics->groups[i].metrics[j].point_cnt;
	}
	buf__printf(out,
		    "Metrics\t{\"resource metrics\": %zu, \"metrics\": %u, \"data points\": %u}\n",
		    resource_cnt, metric_cnt, point_cnt);
}

static void print_metrics(struct buf *out, const struct metrics *metrics)
{
	struct arena mem __cleanup(arena__free) = {.limit = OTLP_TREE_LIMIT};
	const Otlp__MetricsData *data = otlp_metrics_tree(&mem, metrics);

	if (!data) {
		out->failed = true;
		return;
	}
	print_summary(out, metrics, data->n_resource_metrics);
	for (size_t i = 0; i < data->n_resource_metrics; i++) {
		const Otlp__ResourceMetrics *group = data->resource_metrics[i];

		buf__printf(out, "ResourceMetrics #%zu\n", i);
		debug_resource(out, group->resource);
		for (size_t j = 0; j < group->n_scope_metrics; j++) {
			buf__printf(out, "ScopeMetrics #%zu\n", j);
			print_scope(out, group->scope_metrics[j]);
		}
	}
	buf__char(out, '\n');
}

static int debug_open(struct metrics_exporter **out, const struct export_env *env)
{
	struct debug *debug = calloc(1, sizeof(*debug));

	if (!debug)
		return -ENOMEM;
	debug->exporter.ops = &export_debug_metrics;
	debug->output = env->output;
	*out = &debug->exporter;
	return 0;
}

static enum export_result debug_send(struct metrics_exporter *exporter, struct metrics *metrics)
{
	struct debug *debug = container_of(exporter, struct debug, exporter);

	buf__reset(&debug->text);
	print_metrics(&debug->text, metrics);
	return output__write_buf(debug->output, &debug->text) ? EXPORT_DROP : EXPORT_OK;
}

static void debug_close(struct metrics_exporter *exporter)
{
	struct debug *debug = container_of(exporter, struct debug, exporter);

	buf__free(&debug->text);
	free(debug);
}

const struct metrics_export_ops export_debug_metrics = {
	.name = "debug",
	.otlp = true,
	.open = debug_open,
	.send = debug_send,
	.close = debug_close,
};
