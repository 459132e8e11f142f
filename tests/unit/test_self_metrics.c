// SPDX-License-Identifier: Apache-2.0
/* What the daemon tells of itself: builders of metrics, and the names of the conventions. */
#include "test.h"

#include "deliver/delivery_counts.h"
#include "export/export.h"
#include "pipeline/pipeline.h"

static struct metrics *new_snapshot(struct metric_builder *builder)
{
	struct metrics *metrics = metrics__new(1);

	*builder = (struct metric_builder){.group = metrics__group(metrics), .start_ns = 7};
	return metrics;
}

/* "name a=x b=y 3" of every point, a line each. */
static void print(const struct metric_group *group, struct buf *out)
{
	buf__reset(out);
	for (u32 i = 0; i < group->metric_cnt; i++) {
		const struct metric *metric = &group->metrics[i];

		for (u32 j = 0; j < metric->point_cnt; j++) {
			const struct attrs *attrs = &metric->points[j].set->attrs;

			CHECK(metric->points[j].start_ns == 7);
			buf__str(out, str_from(metric->info->name));
			for (u32 k = 0; k < attrs->cnt; k++)
				buf__printf(out, " %.*s=%.*s", STR_ARG(attrs->v[k].key),
					    STR_ARG(attrs->v[k].s));
			buf__printf(out, " %lld\n", (long long)metric->points[j].sum.i);
		}
	}
}

static void points(void)
{
	static const struct metric_info a = {.name = "a", .kind = METRIC_SUM, .whole = true};
	static const struct metric_info b = {.name = "b", .kind = METRIC_SUM, .whole = true};
	struct attr x = {.key = STR("k"), .type = ATTR_STR, .s = STR("x")};
	struct attr y = {.key = STR("k"), .type = ATTR_STR, .s = STR("y")};
	struct buf got __cleanup(buf__free) = {0};
	struct metric_builder builder;
	struct metrics *metrics = new_snapshot(&builder);

	metric_builder__count(&builder, &a, &x, 1);
	metric_builder__count(&builder, &b, NULL, 2);
	metric_builder__count(&builder, &a, &y, 3);
	print(builder.group, &got);
	CHECK_STR(buf__view(&got), "a k=x 1\na k=y 3\nb 2\n");
	CHECK(!builder.failed);
	metrics__put(metrics);
}

static void conventions(void)
{
	const struct sdk_component component = {"zipkin_http_span_exporter", 1};
	struct buf got __cleanup(buf__free) = {0};
	struct metric_builder builder;
	struct metrics *metrics = new_snapshot(&builder);

	sdk_metric__spans(&builder, SDK_SPAN_STARTED, "DROP", 2);
	sdk_metric__spans(&builder, SDK_SPAN_LIVE, NULL, 4);
	sdk_metric__tell(&builder, SDK_EXPORTED, &component, "queue full", 5);
	print(builder.group, &got);
	CHECK_STR(buf__view(&got),
		  "otel.sdk.span.started otel.span.sampling_result=DROP 2\n"
		  "otel.sdk.span.live 4\n"
		  "otel.sdk.exporter.span.exported otel.component.type=zipkin_http_span_exporter "
		  "otel.component.name=zipkin_http_span_exporter/1 error.type=queue_full 5\n");
	CHECK(builder.group->metrics[0].info->monotonic &&
	      !builder.group->metrics[1].info->monotonic);
	metrics__put(metrics);
}

static void exporters(void)
{
	const struct exporter exporter = {.exported = 3, .failed = 1};
	const struct sdk_component component = {"text_span_exporter", 0};
	struct buf got __cleanup(buf__free) = {0};
	struct metric_builder builder;
	struct metrics *metrics = new_snapshot(&builder);

	export_tell(&exporter, &component, &builder);
	print(builder.group, &got);
	CHECK_STR(buf__view(&got),
		  "otel.sdk.exporter.span.exported otel.component.type=text_span_exporter "
		  "otel.component.name=text_span_exporter/0 3\n"
		  "otel.sdk.exporter.span.exported otel.component.type=text_span_exporter "
		  "otel.component.name=text_span_exporter/0 error.type=output_dropped 1\n");
	metrics__put(metrics);
}

/* Every span is told once, under its cause; how long requests took only where there were any. */
static void deliveries(void)
{
	const struct sdk_component component = {"t", 0};
	struct delivery_counts counts = {.v = {1, 2, 4, 8, 16, 32, 64}, .queued = 128};
	struct metric_builder builder;
	struct metrics *metrics = new_snapshot(&builder);
	const struct metric *exported, *took;
	s64 sum = 0;

	request_times__add(&counts.taken, 3 * NSEC_PER_SEC);
	request_times__add(&counts.taken, NSEC_PER_SEC);
	delivery_counts__tell(&counts, &delivery_of_spans, &component, &builder);
	CHECK(builder.group->metric_cnt == 3);
	CHECK(builder.group->metrics[0].points[0].sum.i == 128);
	exported = &builder.group->metrics[1];
	for (u32 i = 0; i < exported->point_cnt; i++)
		sum += exported->points[i].sum.i;
	CHECK(sum == 127);
	CHECK_STR(exported->points[1].set->attrs.v[2].s, "queue_full");
	took = &builder.group->metrics[2];
	CHECK(took->point_cnt == 1 && took->points[0].count == 2 &&
	      took->points[0].buckets[0] == 2);
	CHECK(took->points[0].sum.d == 4 && took->points[0].min.d == 1 &&
	      took->points[0].max.d == 3);
	metrics__put(metrics);
}

static void on_batch(void *owner, const struct batch *batch)
{
	*(u32 *)owner += batch->cnt;
}

static void pipelines(void)
{
	struct resource *resource = resource__new();
	struct pipeline_counts counts;
	struct pipeline *pipeline;
	u32 delivered = 0;

	CHECK(!pipeline__new(&pipeline, on_batch, &delivered));
	pipeline__counts(pipeline, &counts);
	CHECK(!counts.delivered && !counts.lost && !counts.queued && counts.capacity);
	for (u32 i = 0; i < counts.capacity + 3; i++)
		CHECK(pipeline__span(pipeline, span__new(resource__get(resource), NULL)));
	pipeline__counts(pipeline, &counts);
	CHECK(counts.delivered == counts.capacity && counts.queued == 3);
	CHECK(delivered == counts.delivered);
	pipeline__free(pipeline);
	resource__put(resource);
}

static void a_pipeline_that_nobody_reads(void)
{
	struct resource *resource = resource__new();
	struct pipeline_counts counts;
	struct pipeline *pipeline;

	CHECK(!pipeline__new(&pipeline, NULL, NULL));
	CHECK(pipeline__span(pipeline, span__new(resource__get(resource), NULL)));
	pipeline__counts(pipeline, &counts);
	CHECK(counts.delivered == 1 && !counts.lost && !counts.queued);
	pipeline__flush(pipeline);
	pipeline__free(pipeline);
	resource__put(resource);
}

int main(void)
{
	RUN(points);
	RUN(conventions);
	RUN(exporters);
	RUN(deliveries);
	RUN(pipelines);
	RUN(a_pipeline_that_nobody_reads);
	return test_status();
}
