// SPDX-License-Identifier: Apache-2.0
/*
 * The text exporter of metrics: a small table for people, one for each process, busiest rows first.
 *
 *	02:06:05 todo (pid 4711): 3 in flight
 *	  METHOD   STATUS     COUNT   RATE/S      MEAN       P50       P99  ROUTE
 *	  GET         200      1234     12.3     1.2ms     1.1ms     4.5ms  /
 *
 * Rows add up what differs only in attributes that are not shown (host, version). The rate is that
 * since the table before, the rest counts from the start; quantiles are guessed from the buckets.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "export/attr_text.h"
#include "export/json.h"
#include "export/metrics_export.h"
#include "export/safe_text.h"
#include "export/seconds.h"
#include "model/http_metric.h"

/* Of a table that people read; the rest is summed up in a line. */
#define ROWS_MAX 20

struct text {
	struct metrics_exporter exporter;
	const struct export_env *env;
	struct buf table;
};

struct row {
	struct str method, route;
	s64 status;
	struct metric_point sum; /* of all points of the row; its set and exemplars are not used */
};

/* ---- rows ---- */

static const struct attr *find(const struct metric_point *point, struct str stable,
			       struct str legacy)
{
	const struct attr *attr = attrs__find(&point->set->attrs, stable);

	return attr ? attr : attrs__find(&point->set->attrs, legacy);
}

static struct str text_of(const struct attr *attr)
{
	return attr ? attr->s : STR_NONE;
}

static struct row row_of(const struct metric_point *point)
{
	const struct attr *status;
	struct row row = {.sum = *point};

	if (attrs__find(&point->set->attrs, STR("otel.metric.overflow"))) {
		row.route = STR("(others)");
		return row;
	}
	row.method = text_of(find(point, STR("http.request.method"), STR("http.method")));
	row.route = text_of(find(point, STR("http.route"), STR("http.target")));
	status = find(point, STR("http.response.status_code"), STR("http.status_code"));
	row.status = status ? status->i : 0;
	return row;
}

static int compare_str(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.p, b.p, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_name(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = compare_str(a->route, b->route);

	if (!order)
		order = compare_str(a->method, b->method);
	return order ? order : (a->status > b->status) - (a->status < b->status);
}

static int by_count(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = (a->sum.count < b->sum.count) - (a->sum.count > b->sum.count);

	return order ? order : by_name(left, right);
}

static void add_point(const struct metric_info *info, struct metric_point *sum,
		      const struct metric_point *point)
{
	if (metric_value(info, point->min) < metric_value(info, sum->min))
		sum->min = point->min;
	if (metric_value(info, point->max) > metric_value(info, sum->max))
		sum->max = point->max;
	if (info->whole)
		sum->sum.i += point->sum.i;
	else
		sum->sum.d += point->sum.d;
	sum->count += point->count;
	sum->fresh += point->fresh;
	for (u32 i = 0; i <= info->bound_cnt; i++)
		sum->buckets[i] += point->buckets[i];
}

/* Returns how many rows came of the points, busiest first. */
static u32 make_rows(const struct metric *metric, struct row *rows)
{
	u32 i, cnt = 0;

	for (i = 0; i < metric->point_cnt; i++)
		rows[i] = row_of(&metric->points[i]);
	qsort(rows, metric->point_cnt, sizeof(*rows), by_name);
	for (i = 0; i < metric->point_cnt; i++) {
		if (cnt && !by_name(&rows[cnt - 1], &rows[i]))
			add_point(metric->info, &rows[cnt - 1].sum, &rows[i].sum);
		else
			rows[cnt++] = rows[i];
	}
	qsort(rows, cnt, sizeof(*rows), by_count);
	return cnt;
}

/* ---- the table ---- */

static void print_row(struct buf *table, const struct metric_info *info, const struct row *row,
		      double seconds)
{
	const struct metric_point *sum = &row->sum;
	double scale = info->whole ? 1e-3 : 1;
	struct buf method __cleanup(buf__free) = {0};

	safe_text(&method, row->method);
	buf__printf(table, "  %-8.*s ", STR_ARG(buf__view(&method)));
	if (row->status)
		buf__printf(table, "%6" PRId64, row->status);
	else
		buf__printf(table, "%6s", "-");
	buf__printf(table, " %9" PRIu64 " %8.1f", sum->count,
		    seconds > 0 ? (double)sum->fresh / seconds : 0);
	print_seconds(table, metric_value(info, sum->sum) * scale / (double)sum->count);
	print_seconds(table, metric_quantile(info, sum, 0.5) * scale);
	print_seconds(table, metric_quantile(info, sum, 0.99) * scale);
	buf__str(table, STR("  "));
	safe_text(table, row->route);
	buf__char(table, '\n');
}

static void print_rows(struct buf *table, const struct metric *metric, double seconds)
{
	struct row *rows = calloc(metric->point_cnt, sizeof(*rows));
	u32 i, cnt;

	if (!rows) {
		table->failed = true;
		return;
	}
	cnt = make_rows(metric, rows);
	buf__printf(table, "  %-8s %6s %9s %8s %9s %9s %9s  %s\n", "METHOD", "STATUS", "COUNT",
		    "RATE/S", "MEAN", "P50", "P99", "ROUTE");
	for (i = 0; i < cnt && i < ROWS_MAX; i++)
		print_row(table, metric->info, &rows[i], seconds);
	if (cnt > ROWS_MAX)
		buf__printf(table, "  and %u more\n", cnt - ROWS_MAX);
	free(rows);
}

static void print_title(struct text *text, const struct metric_group *group, u64 time_ns)
{
	u64 s = time_ns / NSEC_PER_SEC + (u64)text->env->utc_offset_s;
	const struct attr *name = attrs__find(&group->resource->attrs, STR("service.name"));
	const struct attr *pid = attrs__find(&group->resource->attrs, STR("process.pid"));

	buf__printf(&text->table, "%02u:%02u:%02u ", (unsigned)(s / 3600 % 24),
		    (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	safe_text(&text->table, name && name->type == ATTR_STR ? name->s : STR_NONE);
	if (pid && pid->type == ATTR_INT)
		buf__printf(&text->table, " (pid %" PRId64 ")", pid->i);
}

static const struct metric *find_metric(const struct metric_group *group,
					const struct metric_info *info)
{
	u32 i;

	for (i = 0; i < group->metric_cnt; i++)
		if (group->metrics[i].info == info)
			return &group->metrics[i];
	return NULL;
}

static s64 in_flight(const struct metric_group *group, enum semconv_set set)
{
	const struct metric *metric = find_metric(group, http_metric_info(HTTP_ACTIVE, set));
	s64 sum = 0;
	u32 i;

	for (i = 0; metric && i < metric->point_cnt; i++)
		sum += metric->points[i].sum.i;
	return sum;
}

static void print_attr(struct buf *table, const struct attr *attr)
{
	buf__char(table, ' ');
	safe_text(table, attr->key);
	buf__char(table, '=');
	if (attr->type == ATTR_STR)
		safe_text(table, attr->s);
	else
		attr_text(table, attr);
}

static void print_sum(struct buf *table, const struct metric_info *info,
		      const struct metric_point *point)
{
	const struct attrs *attrs = &point->set->attrs;

	buf__printf(table, "  %s", info->name);
	for (u32 i = 0; i < attrs->cnt; i++)
		print_attr(table, &attrs->v[i]);
	buf__char(table, ' ');
	if (info->whole)
		buf__printf(table, "%" PRId64, point->sum.i);
	else
		json_double(table, point->sum.d);
	buf__char(table, '\n');
}

/* "  otel_ebpf.lost cause=ring 1", of what is not of a server: the daemon's own. No zeros. */
static void print_sums(struct buf *table, const struct metric_group *group)
{
	for (u32 i = 0; i < group->metric_cnt; i++) {
		const struct metric *metric = &group->metrics[i];

		for (u32 j = 0; metric->info->kind == METRIC_SUM && j < metric->point_cnt; j++)
			if (metric_value(metric->info, metric->points[j].sum) != 0)
				print_sum(table, metric->info, &metric->points[j]);
	}
}

static bool is_of_server(const struct metric_group *group)
{
	return find_metric(group, http_metric_info(HTTP_ACTIVE, SEMCONV_LEGACY)) ||
	       find_metric(group, http_metric_info(HTTP_ACTIVE, SEMCONV_STABLE));
}

static void print_group(struct text *text, const struct metric_group *group,
			const struct metrics *metrics)
{
	double seconds = (double)(metrics->time_ns - metrics->since_ns) / NSEC_PER_SEC;
	const struct metric *metric =
		find_metric(group, http_metric_info(HTTP_DURATION, SEMCONV_STABLE));

	if (!metric)
		metric = find_metric(group, http_metric_info(HTTP_DURATION_MS, SEMCONV_LEGACY));
	print_title(text, group, metrics->time_ns);
	if (!is_of_server(group)) {
		buf__str(&text->table, STR(":\n"));
		print_sums(&text->table, group);
		return;
	}
	buf__printf(&text->table, ": %" PRId64 " in flight\n",
		    in_flight(group, SEMCONV_LEGACY) + in_flight(group, SEMCONV_STABLE));
	if (metric)
		print_rows(&text->table, metric, seconds);
}

/* ---- the exporter ---- */

static int text_open(struct metrics_exporter **out, const struct export_env *env)
{
	struct text *text = calloc(1, sizeof(*text));

	if (!text)
		return -ENOMEM;
	text->exporter.ops = &export_text_metrics;
	text->env = env;
	*out = &text->exporter;
	return 0;
}

static enum export_result text_send(struct metrics_exporter *exporter, struct metrics *metrics)
{
	struct text *text = container_of(exporter, struct text, exporter);
	enum export_result result = EXPORT_OK;
	u32 i;

	for (i = 0; i < metrics->group_cnt; i++) {
		if (!metrics->groups[i].metric_cnt)
			continue;
		buf__reset(&text->table);
		print_group(text, &metrics->groups[i], metrics);
		if (output__write_buf(text->env->output, &text->table))
			result = EXPORT_DROP;
	}
	return result;
}

static void text_close(struct metrics_exporter *exporter)
{
	struct text *text = container_of(exporter, struct text, exporter);

	buf__free(&text->table);
	free(text);
}

const struct metrics_export_ops export_text_metrics = {
	.name = "text",
	.open = text_open,
	.send = text_send,
	.close = text_close,
};
