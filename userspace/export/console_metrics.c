// SPDX-License-Identifier: Apache-2.0
/*
 * The console exporter of metrics: documents as OpenTelemetry Python's ConsoleMetricExporter prints
 * them, byte for byte; one for each process, since there each process prints its own.
 *
 *	{
 *	    "resource_metrics": [
 *	        {
 *	            "resource": {
 *
 * What looks odd is theirs: ids of exemplars are decimal integers of up to 128 bits, and the bounds
 * of a stable histogram are as the convention writes them, 0.75 beside 1.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "export/json_writer.h"
#include "export/metrics_export.h"

/* AggregationTemporality of opentelemetry.proto.metrics.v1 */
#define CUMULATIVE 2

struct console {
	struct metrics_exporter exporter;
	struct output *output;
	struct buf doc;
};

static void print_number(struct json_writer *w, const struct metric_info *info,
			 union metric_value value)
{
	if (info->whole)
		buf__printf(w->out, "%" PRId64, value.i);
	else
		json_double(w->out, value.d);
}

static void print_member(struct json_writer *w, const char *key, const struct metric_info *info,
			 union metric_value value)
{
	json_writer__key(w, key);
	print_number(w, info, value);
}

/* An id as one big-endian number. */
static void print_id(struct json_writer *w, const char *key, const u8 *id, size_t len)
{
	unsigned __int128 number = 0;
	char digits[40]; /* 2^128 has 39 */
	size_t i, at = sizeof(digits);

	for (i = 0; i < len; i++)
		number = number << 8 | id[i];
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	json_writer__key(w, key);
	buf__append(w->out, digits + at, sizeof(digits) - at);
}

static void print_exemplar(struct json_writer *w, const struct metric_info *info,
			   const struct exemplar *exemplar)
{
	json_writer__item(w);
	json_writer__open(w, '{');
	json_writer__attrs(w, STR("filtered_attributes"), &(struct attrs){0});
	print_member(w, "value", info, exemplar->value);
	json_writer__u64(w, "time_unix_nano", exemplar->time_ns);
	if (exemplar->has_context) {
		print_id(w, "span_id", exemplar->span_id, sizeof(exemplar->span_id));
		print_id(w, "trace_id", exemplar->trace_id, sizeof(exemplar->trace_id));
	} else {
		json_writer__key(w, "span_id");
		buf__str(w->out, STR("null"));
		json_writer__key(w, "trace_id");
		buf__str(w->out, STR("null"));
	}
	json_writer__close(w, '}');
}

static void print_buckets(struct json_writer *w, const struct metric_info *info,
			  const struct metric_point *point)
{
	u32 i;

	json_writer__key(w, "bucket_counts");
	json_writer__open(w, '[');
	for (i = 0; i <= info->bound_cnt; i++) {
		json_writer__item(w);
		buf__printf(w->out, "%" PRIu64, point->buckets[i]);
	}
	json_writer__close(w, ']');
	json_writer__key(w, "explicit_bounds");
	json_writer__open(w, '[');
	for (i = 0; i < info->bound_cnt; i++) {
		json_writer__item(w);
		metrics_export_bound(w->out, info, i);
	}
	json_writer__close(w, ']');
}

static void print_point(struct json_writer *w, const struct metric_info *info,
			const struct metric_point *point, u64 time_ns)
{
	u32 i;

	json_writer__item(w);
	json_writer__open(w, '{');
	json_writer__attrs(w, STR("attributes"), &point->set->attrs);
	json_writer__u64(w, "start_time_unix_nano", point->start_ns);
	json_writer__u64(w, "time_unix_nano", time_ns);
	if (info->kind == METRIC_HISTOGRAM) {
		json_writer__u64(w, "count", point->count);
		print_member(w, "sum", info, point->sum);
		print_buckets(w, info, point);
		print_member(w, "min", info, point->min);
		print_member(w, "max", info, point->max);
	} else {
		print_member(w, "value", info, point->sum);
	}
	json_writer__key(w, "exemplars");
	json_writer__open(w, '[');
	for (i = 0; i < point->exemplar_cnt; i++)
		print_exemplar(w, info, &point->exemplars[i]);
	json_writer__close(w, ']');
	json_writer__close(w, '}');
}

static void print_metric(struct json_writer *w, const struct metric *metric, u64 time_ns)
{
	const struct metric_info *info = metric->info;
	u32 i;

	json_writer__item(w);
	json_writer__open(w, '{');
	json_writer__str(w, "name", str_from(info->name));
	json_writer__str(w, "description", str_from(info->description));
	json_writer__str(w, "unit", str_from(info->unit));
	json_writer__key(w, "data");
	json_writer__open(w, '{');
	json_writer__key(w, "data_points");
	json_writer__open(w, '[');
	for (i = 0; i < metric->point_cnt; i++)
		print_point(w, info, &metric->points[i], time_ns);
	json_writer__close(w, ']');
	json_writer__int(w, "aggregation_temporality", CUMULATIVE);
	if (info->kind == METRIC_SUM) {
		json_writer__key(w, "is_monotonic");
		buf__str(w->out, str_from(info->monotonic ? "true" : "false"));
	}
	json_writer__close(w, '}');
	json_writer__close(w, '}');
}

static void print_scope(struct json_writer *w, const struct metric_group *group, u64 time_ns)
{
	struct str schema_url = str_from(group->scope->schema_url);
	u32 i;

	json_writer__item(w);
	json_writer__open(w, '{');
	json_writer__key(w, "scope");
	json_writer__open(w, '{');
	json_writer__str(w, "name", str_from(group->scope->name));
	json_writer__str(w, "version", str_from(group->scope->version));
	json_writer__str(w, "schema_url", schema_url);
	json_writer__key(w, "attributes");
	buf__str(w->out, STR("null"));
	json_writer__close(w, '}');
	json_writer__key(w, "metrics");
	json_writer__open(w, '[');
	for (i = 0; i < group->metric_cnt; i++)
		print_metric(w, &group->metrics[i], time_ns);
	json_writer__close(w, ']');
	json_writer__str(w, "schema_url", schema_url);
	json_writer__close(w, '}');
}

/* Those from one group up to another, all of one resource; false: they have no metrics. */
static bool print_resource(struct buf *doc, const struct metrics *metrics, u32 from, u32 end)
{
	struct json_writer writer = {.out = doc}, *w = &writer;
	bool any = false;

	json_writer__open(w, '{');
	json_writer__key(w, "resource_metrics");
	json_writer__open(w, '[');
	json_writer__item(w);
	json_writer__open(w, '{');
	json_writer__key(w, "resource");
	json_writer__open(w, '{');
	json_writer__attrs(w, STR("attributes"), &metrics->groups[from].resource->attrs);
	json_writer__str(w, "schema_url", STR(""));
	json_writer__close(w, '}');
	json_writer__key(w, "scope_metrics");
	json_writer__open(w, '[');
	for (u32 i = from; i < end; i++) {
		if (!metrics->groups[i].metric_cnt)
			continue;
		print_scope(w, &metrics->groups[i], metrics->time_ns);
		any = true;
	}
	json_writer__close(w, ']');
	json_writer__str(w, "schema_url", STR(""));
	json_writer__close(w, '}');
	json_writer__close(w, ']');
	json_writer__close(w, '}');
	buf__char(doc, '\n');
	return any;
}

static int console_open(struct metrics_exporter **out, const struct export_env *env)
{
	struct console *console = calloc(1, sizeof(*console));

	if (!console)
		return -ENOMEM;
	console->exporter.ops = &export_console_metrics;
	console->output = env->output;
	*out = &console->exporter;
	return 0;
}

static enum export_result console_send(struct metrics_exporter *exporter, struct metrics *metrics)
{
	struct console *console = container_of(exporter, struct console, exporter);
	enum export_result result = EXPORT_OK;
	u32 end;

	for (u32 i = 0; i < metrics->group_cnt; i = end) {
		end = metrics__resource_end(metrics, i);
		buf__reset(&console->doc);
		if (!print_resource(&console->doc, metrics, i, end))
			continue;
		if (output__write_buf(console->output, &console->doc))
			result = EXPORT_DROP;
	}
	return result;
}

static void console_close(struct metrics_exporter *exporter)
{
	struct console *console = container_of(exporter, struct console, exporter);

	buf__free(&console->doc);
	free(console);
}

const struct metrics_export_ops export_console_metrics = {
	.name = "console",
	.open = console_open,
	.send = console_send,
	.close = console_close,
};
