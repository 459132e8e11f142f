// SPDX-License-Identifier: Apache-2.0
/* A snapshot of metrics as a tree: a ResourceMetrics with one ScopeMetrics for each group. */
#include "export/otlp_tree.h"
#include "export/otlp_value.h"
#include "metrics.pb-c.h"

enum temporality { DELTA = 1, CUMULATIVE = 2 };

/* What the points of a metric share. */
struct points {
	struct otlp_build *build;
	const struct metric *metric;
	u64 time_ns;
};

typedef void (*fill_point_fn)(const struct points *points, const struct metric_point *point,
			      void *at);

static void fill_exemplar(const struct metric_info *info, const struct exemplar *exemplar,
			  Otlp__Exemplar *out)
{
	otlp__exemplar__init(out);
	out->time_unix_nano = exemplar->time_ns;
	if (info->whole) {
		out->value_case = OTLP__EXEMPLAR__VALUE_AS_INT;
		out->as_int = exemplar->value.i;
	} else {
		out->value_case = OTLP__EXEMPLAR__VALUE_AS_DOUBLE;
		out->as_double = exemplar->value.d;
	}
	if (!exemplar->has_context)
		return;
	out->span_id = otlp_id(exemplar->span_id, sizeof(exemplar->span_id));
	out->trace_id = otlp_id(exemplar->trace_id, sizeof(exemplar->trace_id));
}

static Otlp__Exemplar **build_exemplars(const struct points *points,
					const struct metric_point *point)
{
	u32 cnt = point->exemplar_cnt;
	Otlp__Exemplar **out = otlp_list(points->build, cnt, sizeof(**out));

	for (u32 i = 0; out && i < cnt; i++)
		fill_exemplar(points->metric->info, &point->exemplars[i], out[i]);
	return out;
}

static void fill_number(const struct points *points, const struct metric_point *point, void *at)
{
	Otlp__NumberDataPoint *out = at;

	otlp__number_data_point__init(out);
	out->start_time_unix_nano = point->start_ns;
	out->time_unix_nano = points->time_ns;
	if (points->metric->info->whole) {
		out->value_case = OTLP__NUMBER_DATA_POINT__VALUE_AS_INT;
		out->as_int = point->sum.i;
	} else {
		out->value_case = OTLP__NUMBER_DATA_POINT__VALUE_AS_DOUBLE;
		out->as_double = point->sum.d;
	}
	out->n_exemplars = point->exemplar_cnt;
	out->exemplars = build_exemplars(points, point);
	out->n_attributes = point->set->attrs.cnt;
	out->attributes = otlp_attrs(points->build, &point->set->attrs);
}

static void fill_histogram(const struct points *points, const struct metric_point *point, void *at)
{
	Otlp__HistogramDataPoint *out = at;
	const struct metric_info *info = points->metric->info;

	otlp__histogram_data_point__init(out);
	out->start_time_unix_nano = point->start_ns;
	out->time_unix_nano = points->time_ns;
	out->count = point->count;
	out->optional_sum_case = OTLP__HISTOGRAM_DATA_POINT__OPTIONAL_SUM_SUM;
	out->sum = metric_value(info, point->sum);
	out->optional_min_case = OTLP__HISTOGRAM_DATA_POINT__OPTIONAL_MIN_MIN;
	out->min = metric_value(info, point->min);
	out->optional_max_case = OTLP__HISTOGRAM_DATA_POINT__OPTIONAL_MAX_MAX;
	out->max = metric_value(info, point->max);
	out->n_bucket_counts = info->bound_cnt + 1;
	out->bucket_counts = (u64 *)(uintptr_t)point->buckets;
	out->n_explicit_bounds = info->bound_cnt;
	out->explicit_bounds = (double *)(uintptr_t)info->bounds;
	out->n_exemplars = point->exemplar_cnt;
	out->exemplars = build_exemplars(points, point);
	out->n_attributes = point->set->attrs.cnt;
	out->attributes = otlp_attrs(points->build, &point->set->attrs);
}

static Otlp__ExponentialHistogramDataPoint__Buckets *build_buckets(const struct points *points,
								   const struct exp_histogram *exp)
{
	Otlp__ExponentialHistogramDataPoint__Buckets *out =
		otlp_take(points->build, 1, sizeof(*out));

	if (!out)
		return NULL;
	otlp__exponential_histogram_data_point__buckets__init(out);
	out->offset = exp->offset;
	out->n_bucket_counts = exp->bucket_cnt;
	out->bucket_counts = (u64 *)(uintptr_t)exp->buckets;
	return out;
}

static void fill_exponential(const struct points *points, const struct metric_point *point,
			     void *at)
{
	Otlp__ExponentialHistogramDataPoint *out = at;
	const struct metric_info *info = points->metric->info;

	otlp__exponential_histogram_data_point__init(out);
	out->start_time_unix_nano = point->start_ns;
	out->time_unix_nano = points->time_ns;
	out->count = point->count;
	out->optional_sum_case = OTLP__EXPONENTIAL_HISTOGRAM_DATA_POINT__OPTIONAL_SUM_SUM;
	out->sum = metric_value(info, point->sum);
	out->optional_min_case = OTLP__EXPONENTIAL_HISTOGRAM_DATA_POINT__OPTIONAL_MIN_MIN;
	out->min = metric_value(info, point->min);
	out->optional_max_case = OTLP__EXPONENTIAL_HISTOGRAM_DATA_POINT__OPTIONAL_MAX_MAX;
	out->max = metric_value(info, point->max);
	out->scale = point->exp->scale;
	out->zero_count = point->exp->zero_cnt;
	out->positive = build_buckets(points, point->exp);
	out->n_exemplars = point->exemplar_cnt;
	out->exemplars = build_exemplars(points, point);
	out->n_attributes = point->set->attrs.cnt;
	out->attributes = otlp_attrs(points->build, &point->set->attrs);
}

/* A list of data points, each of that size, made by fill. */
static void *build_points(const struct points *points, size_t size, fill_point_fn fill)
{
	void **list = otlp_list(points->build, points->metric->point_cnt, size);

	for (u32 i = 0; list && i < points->metric->point_cnt; i++)
		fill(points, &points->metric->points[i], list[i]);
	return list;
}

static Otlp__Sum *build_sum(const struct points *points)
{
	Otlp__Sum *sum = otlp_take(points->build, 1, sizeof(*sum));

	if (!sum)
		return NULL;
	otlp__sum__init(sum);
	sum->n_data_points = points->metric->point_cnt;
	sum->data_points = build_points(points, sizeof(Otlp__NumberDataPoint), fill_number);
	sum->aggregation_temporality = points->metric->delta ? DELTA : CUMULATIVE;
	sum->is_monotonic = points->metric->info->monotonic;
	return sum;
}

static Otlp__Histogram *build_histogram(const struct points *points)
{
	Otlp__Histogram *histogram = otlp_take(points->build, 1, sizeof(*histogram));

	if (!histogram)
		return NULL;
	otlp__histogram__init(histogram);
	histogram->n_data_points = points->metric->point_cnt;
	histogram->data_points =
		build_points(points, sizeof(Otlp__HistogramDataPoint), fill_histogram);
	histogram->aggregation_temporality = points->metric->delta ? DELTA : CUMULATIVE;
	return histogram;
}

static Otlp__ExponentialHistogram *build_exponential(const struct points *points)
{
	Otlp__ExponentialHistogram *histogram = otlp_take(points->build, 1, sizeof(*histogram));

	if (!histogram)
		return NULL;
	otlp__exponential_histogram__init(histogram);
	histogram->n_data_points = points->metric->point_cnt;
	histogram->data_points =
		build_points(points, sizeof(Otlp__ExponentialHistogramDataPoint), fill_exponential);
	histogram->aggregation_temporality = points->metric->delta ? DELTA : CUMULATIVE;
	return histogram;
}

static void fill_metric(const struct points *points, Otlp__Metric *out)
{
	const struct metric_info *info = points->metric->info;

	otlp__metric__init(out);
	out->name = otlp_text(points->build, str_from(info->name));
	out->description = otlp_text(points->build, str_from(info->description));
	out->unit = otlp_text(points->build, str_from(info->unit));
	if (info->kind == METRIC_SUM) {
		out->data_case = OTLP__METRIC__DATA_SUM;
		out->sum = build_sum(points);
	} else if (points->metric->exponential) {
		out->data_case = OTLP__METRIC__DATA_EXPONENTIAL_HISTOGRAM;
		out->exponential_histogram = build_exponential(points);
	} else {
		out->data_case = OTLP__METRIC__DATA_HISTOGRAM;
		out->histogram = build_histogram(points);
	}
}

static void fill_scope(struct otlp_build *build, const struct metric_group *group, u64 time_ns,
		       Otlp__ScopeMetrics *out)
{
	otlp__scope_metrics__init(out);
	out->scope = otlp_scope(build, group->scope);
	out->schema_url = otlp_text(build, str_from(group->scope->schema_url));
	out->n_metrics = group->metric_cnt;
	out->metrics = otlp_list(build, group->metric_cnt, sizeof(**out->metrics));
	for (u32 i = 0; out->metrics && i < group->metric_cnt; i++)
		fill_metric(&(struct points){build, &group->metrics[i], time_ns}, out->metrics[i]);
}

/* The groups up to end, all of one resource. False: they have no metrics, and out is not filled. */
static bool fill_resource(struct otlp_build *build, const struct metrics *metrics, u32 from,
			  u32 end, Otlp__ResourceMetrics *out)
{
	Otlp__ScopeMetrics **list = otlp_list(build, end - from, sizeof(**list));
	size_t cnt = 0;

	for (u32 i = from; list && i < end; i++)
		if (metrics->groups[i].metric_cnt)
			fill_scope(build, &metrics->groups[i], metrics->time_ns, list[cnt++]);
	if (!cnt)
		return false;
	otlp__resource_metrics__init(out);
	out->resource = otlp_resource(build, metrics->groups[from].resource);
	out->n_scope_metrics = cnt;
	out->scope_metrics = list;
	return true;
}

struct Otlp__MetricsData *otlp_metrics_tree(struct arena *mem, const struct metrics *metrics)
{
	struct otlp_build build = {.mem = mem};
	Otlp__MetricsData *data = otlp_take(&build, 1, sizeof(*data));
	Otlp__ResourceMetrics **list = otlp_list(&build, metrics->group_cnt, sizeof(**list));
	u32 cnt = 0, end;

	if (build.failed)
		return NULL;
	for (u32 i = 0; i < metrics->group_cnt; i = end) {
		end = metrics__resource_end(metrics, i);
		cnt += fill_resource(&build, metrics, i, end, list[cnt]);
	}
	otlp__metrics_data__init(data);
	data->n_resource_metrics = cnt;
	data->resource_metrics = list;
	return build.failed ? NULL : data;
}
