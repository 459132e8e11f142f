// SPDX-License-Identifier: Apache-2.0
/*
 * What the daemon tells of itself, as one more group of metrics with a resource of its own:
 *
 *	otel_ebpf.*	every counter of base/stat_list.h, under its words there: queue_full
 *	otel.sdk.*	the same work in the words of the semantic conventions for SDKs
 *
 * Whoever counts something is a row of `tellers`.
 */
#include <errno.h>

#include "app.h"
#include "model/sdk_metric.h"

#define COUNTER(what, u, words)                                                                 \
	{                                                                                       \
		.name = "otel_ebpf." what, .description = words, .unit = u, .kind = METRIC_SUM, \
		.monotonic = true, .whole = true,                                               \
	}

static const struct metric_info events = COUNTER("events", "{record}", "Records from the kernel.");

static const struct {
	enum stat stat;
	struct metric_info info;
} totals[] = {
	{STAT_REQUESTS, COUNTER("requests", "{request}", "Requests that began.")},
	{STAT_SPANS, COUNTER("spans", "{span}", "Requests that became a span.")},
	{STAT_DISCARDED,
	 COUNTER("discarded", "{request}", "Requests behind an answer that closed.")},
	{STAT_EXCLUDED, COUNTER("excluded", "{request}", "Requests without a span, by their URL.")},
	{STAT_LEFT, COUNTER("left_to_sdks", "{request}", "Requests that the process tells of.")},
	{STAT_SAMPLED_OUT, COUNTER("sampled_out", "{request}", "Requests that were not sampled.")},
	{STAT_OPEN,
	 {.name = "otel_ebpf.open",
	  .description = "Requests that have begun and not ended.",
	  .unit = "{request}",
	  .kind = METRIC_SUM,
	  .whole = true}},
};

enum {
	TOTAL_CNT = 0
#define STAT(name, group, text) +(STAT_##group == STAT_TOTAL)
#include "base/stat_list.h"
#undef STAT
};
_Static_assert(ARRAY_SIZE(totals) == TOTAL_CNT, "every total of stat_list.h has a row");

/* A name that is cut could be another one's. */
#define STAT(name, group, text) _Static_assert(sizeof(text) <= METRIC_WORD_MAX, "too long: " text);
#include "base/stat_list.h"
#undef STAT

/* Of the other counters of stat_list.h: a metric a group, an attribute that names the counter. */
static const struct {
	struct metric_info info;
	struct str key;
} groups[] = {
	[STAT_LOST] = {COUNTER("lost", "{request}", "Requests of which there is no span."),
		       STR("cause")},
	[STAT_MARK] = {COUNTER("marks", "{mark}", "What was incomplete, beside the requests' sum."),
		       STR("mark")},
	[STAT_SEEN] = {COUNTER("not_parsed", "{connection}", "Traffic recognised but not parsed."),
		       STR("protocol")},
	[STAT_OUTPUT] = {COUNTER("not_written", "{record}", "Telemetry that was not written."),
			 STR("cause")},
	[STAT_CALL] = {COUNTER("calls", "{call}",
			       "Calls of probed functions, by what became of them."),
		       STR("outcome")},
};
_Static_assert(ARRAY_SIZE(groups) == STAT_GROUP_CNT, "every group of stat_list.h has a row");

static void tell_cause(struct metric_builder *builder, enum stat stat, u64 count)
{
	char word[METRIC_WORD_MAX];
	struct attr attr = {.key = groups[stat_group(stat)].key, .type = ATTR_STR};

	attr.s = metric_word(word, stat_text(stat));
	metric_builder__count(builder, &groups[stat_group(stat)].info, &attr, count);
}

static void tell_stats(const struct app *app, struct metric_builder *builder)
{
	struct stats stats;

	app__stats(app, &stats);
	metric_builder__count(builder, &events, NULL, app->records);
	for (size_t i = 0; i < ARRAY_SIZE(totals); i++)
		metric_builder__count(builder, &totals[i].info, NULL, stats.v[totals[i].stat]);
	for (u32 i = 0; i < STAT_CNT; i++)
		if (stat_group(i) != STAT_TOTAL)
			tell_cause(builder, i, stats.v[i]);
}

/* Whether a span is sampled is known at its end here, so a span counts as started only then. */
static void tell_spans(const struct app *app, struct metric_builder *builder)
{
	const u64 *v = app->stats.v;

	sdk_metric__spans(builder, SDK_SPAN_STARTED, "RECORD_AND_SAMPLE", v[STAT_SPANS]);
	sdk_metric__spans(builder, SDK_SPAN_STARTED, "DROP", v[STAT_SAMPLED_OUT]);
	sdk_metric__spans(builder, SDK_SPAN_LIVE, NULL, v[STAT_OPEN]);
}

static void tell_pipeline(const struct app *app, struct metric_builder *builder)
{
	static const struct sdk_component component = {.type = "batching_span_processor"};
	struct pipeline_counts counts;

	pipeline__counts(app->pipeline, &counts);
	sdk_metric__tell(builder, SDK_QUEUE_SIZE, &component, NULL, counts.queued);
	sdk_metric__tell(builder, SDK_QUEUE_CAPACITY, &component, NULL, counts.capacity);
	sdk_metric__tell(builder, SDK_PROCESSED, &component, NULL, counts.delivered);
	sdk_metric__tell(builder, SDK_PROCESSED, &component, "memory", counts.lost);
}

static bool is_of_type(const struct exporter *exporter, const char *type)
{
	return exporter->ops->tell && !strcmp(exporter->component, type);
}

static void tell_exporters(const struct app *app, struct metric_builder *builder)
{
	for (u32 i = 0; i < app->exporter_cnt; i++) {
		const struct exporter *exporter = app->exporters[i];
		struct sdk_component component = {.type = exporter->component};

		if (!exporter->ops->tell)
			continue;
		for (u32 j = 0; j < i; j++)
			component.n += is_of_type(app->exporters[j], component.type);
		exporter->ops->tell(exporter, &component, builder);
	}
}

static bool is_metrics_of_type(const struct metrics_exporter *exporter, const char *type)
{
	return exporter->ops->tell && !strcmp(exporter->component, type);
}

static void tell_metrics_exporters(const struct app *app, struct metric_builder *builder)
{
	for (u32 i = 0; i < app->metrics_exporter_cnt; i++) {
		const struct metrics_exporter *exporter = app->metrics_exporters[i];
		struct sdk_component component = {.type = exporter->component};

		if (!exporter->ops->tell)
			continue;
		for (u32 j = 0; j < i; j++)
			component.n +=
				is_metrics_of_type(app->metrics_exporters[j], component.type);
		exporter->ops->tell(exporter, &component, builder);
	}
}

static void (*const tellers[])(const struct app *app, struct metric_builder *builder) = {
	tell_stats, tell_spans, tell_pipeline, tell_exporters, tell_metrics_exporters,
};

struct metrics *app__add_self(struct app *app, struct metrics *owned, u64 now)
{
	static const struct scope scope = {"otel-ebpf", VERSION, ""};
	struct metrics *metrics = owned ? owned : metrics__new(1);
	struct metric_builder builder = {.start_ns = app->first_tick};

	if (metrics && !owned)
		metrics->since_ns = metrics->time_ns = now;
	if (metrics)
		builder.group = metrics__group(metrics);
	if (!builder.group) {
		app->stats.v[STAT_MARK_UNMEASURED]++;
		return metrics;
	}
	builder.group->resource = resource__get(app->self);
	builder.group->scope = &scope;
	for (size_t i = 0; i < ARRAY_SIZE(tellers); i++)
		tellers[i](app, &builder);
	app->stats.v[STAT_MARK_UNMEASURED] += builder.failed;
	return metrics;
}
