// SPDX-License-Identifier: Apache-2.0
/* Counters beside the metrics of HTTP servers: of whatever was asked for. */
#include "test.h"

#include "test_requests.h"

static void count_one(struct span_metrics *metrics, struct resource *resource, u32 counter,
		      s64 value, const struct trace_context *context)
{
	struct attr attr = {.key = STR("roll.value"), .type = ATTR_INT, .i = value};
	const struct attrs attrs = {.v = &attr, .cnt = 1};

	span_metrics__count(metrics, resource,
			    &(struct span_count){counter, {.i = 1}, &attrs, T0 + MS, context});
}

/* In a group of their own behind that of their process, with its limits and its end. */
static void counters(void)
{
	static const struct metric_info infos[] = {
		{.name = "a", .kind = METRIC_SUM, .monotonic = true, .whole = true},
		{.name = "b", .kind = METRIC_SUM, .monotonic = true, .whole = true},
	};
	const struct trace_context sampled = {.flags = 1, .span_id = {7}}, unsampled = {.flags = 0};
	struct resource *resource = resource__new(), *other = resource__new();
	struct span_metrics_env env = {.semconv = semconvs[SEMCONV_LEGACY],
				       .readers = 1,
				       .view = {.delta = true},
				       .counters = infos,
				       .counter_cnt = ARRAY_SIZE(infos)};
	const struct metric *metric;
	struct span_metrics *metrics;
	struct metrics *snapshot;

	CHECK(!span_metrics__new(&metrics, &env));
	request(metrics, other, "h", MS);
	count_one(metrics, resource, 1, 3, &sampled);
	count_one(metrics, resource, 1, 3, &unsampled);
	count_one(metrics, resource, 1, 4, NULL);
	snapshot = span_metrics__collect(metrics, T0);
	CHECK(snapshot->group_cnt == 3 && !snapshot->groups[1].metric_cnt);
	CHECK(snapshot->groups[2].resource == resource && snapshot->groups[2].metric_cnt == 1);
	CHECK(metrics__resource_end(snapshot, 0) == 1 && metrics__resource_end(snapshot, 1) == 3);
	CHECK_STR(str_from(snapshot->groups[2].scope->name), "otel-ebpf.functions");
	metric = &snapshot->groups[2].metrics[0];
	CHECK(metric->info == &infos[1] && metric->delta && metric->point_cnt == 2);
	CHECK(metric->points[0].sum.i == 2 && metric->points[1].sum.i == 1);
	CHECK(metric->points[0].exemplar_cnt == 1 && !metric->points[1].exemplar_cnt);
	CHECK(metric->points[0].exemplars[0].span_id[0] == 7);
	metrics__put(snapshot);

	for (s64 i = 0; i < METRIC_SETS_MAX + 5; i++)
		count_one(metrics, resource, 0, i, NULL);
	span_metrics__exit(metrics, resource);
	snapshot = span_metrics__collect(metrics, T0);
	metric = &snapshot->groups[snapshot->group_cnt - 1].metrics[0];
	CHECK(metric->info == &infos[0] && metric->point_cnt == METRIC_SETS_MAX + 1);
	CHECK(metric->points[METRIC_SETS_MAX].sum.i == 5);
	metrics__put(snapshot);
	snapshot = span_metrics__collect(metrics, T0);
	CHECK(snapshot->group_cnt == 1 && snapshot->groups[0].resource == other);
	metrics__put(snapshot);
	CHECK(!span_metrics__lost(metrics));
	span_metrics__free(metrics);
	resource__put(resource);
	resource__put(other);
}

/* Behind those that were asked for, in a scope without a name; there is none before it counts. */
static void own_counters(void)
{
	static const struct metric_info asked = {
		.name = "a", .kind = METRIC_SUM, .monotonic = true, .whole = true};
	struct metric_info own[2] = {{0}};
	const struct attrs none = {0};
	struct resource *resource = resource__new();
	struct span_metrics_env env = {.semconv = semconvs[SEMCONV_LEGACY],
				       .readers = 1,
				       .view = {.delta = true},
				       .counters = &asked,
				       .counter_cnt = 1,
				       .own = own,
				       .own_cnt = ARRAY_SIZE(own)};
	struct span_metrics *metrics;
	struct metrics *snapshot;

	CHECK(!span_metrics__new(&metrics, &env));
	count_one(metrics, resource, 0, 3, NULL);
	own[1] = (struct metric_info){.name = "b", .kind = METRIC_SUM};
	for (int i = 0; i < 2; i++)
		span_metrics__count(metrics, resource,
				    &(struct span_count){2, {.d = -1.5}, &none, T0 + MS, NULL});
	snapshot = span_metrics__collect(metrics, T0);
	CHECK(snapshot->group_cnt == 3 && snapshot->groups[2].metric_cnt == 1);
	CHECK_STR(str_from(snapshot->groups[1].scope->name), "otel-ebpf.functions");
	CHECK_STR(str_from(snapshot->groups[2].scope->name), "");
	CHECK(snapshot->groups[2].metrics[0].info == &own[1]);
	CHECK(!snapshot->groups[2].metrics[0].delta);
	CHECK(snapshot->groups[2].metrics[0].points[0].sum.d == -3);
	metrics__put(snapshot);
	span_metrics__free(metrics);
	resource__put(resource);
}

int main(void)
{
	open_conventions();
	RUN(counters);
	RUN(own_counters);
	close_conventions();
	return test_status();
}
