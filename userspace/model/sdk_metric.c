// SPDX-License-Identifier: Apache-2.0
#include "model/sdk_metric.h"

#include <stdio.h>

/* "otlp_http_json_metric_exporter/7" */
#define COMPONENT_NAME_MAX 64

#define UP_DOWN_OF(u) .kind = METRIC_SUM, .whole = true, .unit = "{" u "}"
#define COUNTER_OF(u) UP_DOWN_OF(u), .monotonic = true
#define UP_DOWN	      UP_DOWN_OF("span")
#define COUNTER	      COUNTER_OF("span")

static const struct metric_info infos[] = {
	[SDK_SPAN_STARTED] = {COUNTER, .name = "otel.sdk.span.started",
			      .description = "Spans that were created."},
	[SDK_SPAN_LIVE] = {UP_DOWN, .name = "otel.sdk.span.live",
			   .description = "Spans that have begun and not ended."},
	[SDK_QUEUE_SIZE] = {UP_DOWN, .name = "otel.sdk.processor.span.queue.size",
			    .description = "Spans that wait in the processor's queue."},
	[SDK_QUEUE_CAPACITY] = {UP_DOWN, .name = "otel.sdk.processor.span.queue.capacity",
				.description = "Spans that the processor's queue can hold."},
	[SDK_PROCESSED] = {COUNTER, .name = "otel.sdk.processor.span.processed",
			   .description = "Spans that the processor is done with, well or not."},
	[SDK_INFLIGHT] = {UP_DOWN, .name = "otel.sdk.exporter.span.inflight",
			  .description = "Spans that the exporter has and has not delivered."},
	[SDK_EXPORTED] = {COUNTER, .name = "otel.sdk.exporter.span.exported",
			  .description = "Spans that the exporter is done with, well or not."},
	[SDK_POINTS_INFLIGHT] =
		{UP_DOWN_OF("data_point"), .name = "otel.sdk.exporter.metric_data_point.inflight",
		 .description = "Data points that the exporter has and has not delivered."},
	[SDK_POINTS_EXPORTED] =
		{COUNTER_OF("data_point"), .name = "otel.sdk.exporter.metric_data_point.exported",
		 .description = "Data points that the exporter is done with, well or not."},
	[SDK_DURATION] = {.name = "otel.sdk.exporter.operation.duration",
			  .description = "How long requests of the exporter took.",
			  .unit = "s"},
};

_Static_assert(ARRAY_SIZE(infos) == SDK_METRIC_CNT, "every metric has a row");

static struct attr text_attr(struct str key, const char *text)
{
	return (struct attr){.key = key, .type = ATTR_STR, .s = str_from(text)};
}

void sdk_metric__point(struct metric_builder *builder, enum sdk_metric metric,
		       const struct sdk_component *component, const char *error,
		       const struct metric_point *values)
{
	char name[COMPONENT_NAME_MAX], word[METRIC_WORD_MAX];
	struct attr list[] = {
		text_attr(STR("otel.component.type"), component->type),
		{.key = STR("otel.component.name"), .type = ATTR_STR},
		{.key = STR("error.type"), .type = ATTR_STR},
	};
	struct attrs attrs = {.v = list, .cnt = error ? 3 : 2};

	snprintf(name, sizeof(name), "%s/%u", component->type, component->n);
	list[1].s = str_from(name);
	if (error)
		list[2].s = metric_word(word, error);
	metric_builder__point(builder, &infos[metric], &attrs, values);
}

void sdk_metric__tell(struct metric_builder *builder, enum sdk_metric metric,
		      const struct sdk_component *component, const char *error, u64 count)
{
	const struct metric_point values = {.sum.i = (s64)count};

	sdk_metric__point(builder, metric, component, error, &values);
}

void sdk_metric__spans(struct metric_builder *builder, enum sdk_metric metric, const char *result,
		       u64 count)
{
	struct attr attr = text_attr(STR("otel.span.sampling_result"), result);

	metric_builder__count(builder, &infos[metric], result ? &attr : NULL, count);
}
