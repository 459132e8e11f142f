// SPDX-License-Identifier: Apache-2.0
/*
 * Metrics, wired: the tracer tells of calls, span_metrics counts them, ticks and the end export
 * them. If no exporter wants metrics nothing is counted.
 */
#include <errno.h>
#include <string.h>

#include "app.h"
#include "base/log.h"
#include "model/excluded_urls.h"
#include "proc/resource.h"

static enum exemplar_filter exemplar_filter_of(const char *name)
{
	if (!strcmp(name, "always_on"))
		return EXEMPLAR_ALWAYS_ON;
	return strcmp(name, "always_off") ? EXEMPLAR_TRACE_BASED : EXEMPLAR_ALWAYS_OFF;
}

/* As OTEL_EXPORTER_OTLP_METRICS_... ask for; what we have is alike in delta and lowmemory. */
static struct metric_view otlp_view(const struct config *config)
{
	return (struct metric_view){
		.delta = strcmp(config->otlp_temporality, "cumulative") != 0,
		.exponential = strcmp(config->otlp_histograms, "explicit_bucket_histogram") != 0,
	};
}

static enum app_reader reader_of(const struct app *app, const struct metrics_export_ops *ops)
{
	if (!ops->send)
		return APP_READER_PULL;
	return ops->otlp && app->otlp_differs ? APP_READER_OTLP : APP_READER_PLAIN;
}

static struct metrics *pull(void *owner)
{
	struct app *app = owner;

	u64 now = app->last_tick;

	return app__add_self(app, span_metrics__peek(app->metrics[APP_READER_PULL], now), now);
}

static int open_metrics_exporters(struct app *app)
{
	struct config_exporter wanted[CONFIG_EXPORTERS_MAX];
	u32 cnt = config__metrics_exporters(&app->config, wanted);
	int err;

	app->export_env.pull = pull;
	app->export_env.owner = app;
	for (u32 i = 0; i < cnt; i++) {
		const struct metrics_export_ops *ops = metrics_export_find(wanted[i].name);

		app->export_env.argument = wanted[i].argument;
		err = ops ? ops->open(&app->metrics_exporters[i], &app->export_env) : -ENOENT;
		if (err)
			return err;
		app->metrics_exporter_cnt++;
	}
	return 0;
}

int app__build_metrics(struct app *app)
{
	const struct metric_view views[APP_READERS] = {[APP_READER_OTLP] = otlp_view(&app->config)};
	struct span_metrics_env env = {
		.semconv = app->semconv,
		.body_sizes = app->config.metrics_body_size,
		.exemplars = exemplar_filter_of(app->config.metrics_exemplar_filter),
	};
	bool wanted[APP_READERS] = {false};
	int err;

	env.counters = app__functions_counters(app, &env.counter_cnt);
	env.own = app__python_counters(app, &env.own_cnt);
	app->otlp_differs = views[APP_READER_OTLP].delta || views[APP_READER_OTLP].exponential;
	err = open_metrics_exporters(app);
	if (env.counter_cnt && !app->metrics_exporter_cnt)
		log_warn("--count has no effect: no --metrics_exporter is asked for");
	for (u32 i = 0; i < app->metrics_exporter_cnt; i++)
		wanted[reader_of(app, app->metrics_exporters[i]->ops)] = true;
	for (u32 i = 0; i < APP_READERS; i++)
		env.readers += wanted[i];
	if (env.readers && !err) {
		app->self = resource_of_daemon(&app->rng);
		err = app->self ? 0 : -ENOMEM;
	}
	for (u32 i = 0; i < APP_READERS && !err; i++) {
		env.view = views[i];
		if (wanted[i])
			err = span_metrics__new(&app->metrics[i], &env);
	}
	return err;
}

void app__free_metrics(struct app *app)
{
	for (u32 i = 0; i < APP_READERS; i++)
		span_metrics__free(app->metrics[i]);
	resource__put(app->self);
	for (u32 i = 0; i < app->metrics_exporter_cnt; i++)
		app->metrics_exporters[i]->ops->close(app->metrics_exporters[i]);
}

static bool measures_itself(const struct resource *resource)
{
	return resource->own_signals & RESOURCE_METRICS;
}

/* As far as it can be known now: it may still be discarded, or lost. */
static bool will_be_told(const struct app *app, const struct resource *resource,
			 const struct http_call *call)
{
	return !(resource->own_signals & RESOURCE_TRACES) &&
	       !excluded_urls__match(app->excluded, call);
}

void app_on_begun(void *owner, const struct http_call *call)
{
	struct app *app = owner;
	/* asked for in any case, so that a recording can be replayed with metrics and without */
	struct resource *resource = process_table__resource(app->processes, call->peer.tgid);

	process_table__routes(app->processes, call->peer.tgid); /* while its sources can be found */
	app__functions_begin(app, call, resource && will_be_told(app, resource, call));
	for (u32 i = 0; resource && !measures_itself(resource) && i < APP_READERS; i++)
		if (app->metrics[i])
			span_metrics__begin(app->metrics[i], call, resource);
	resource__put(resource);
}

/* It was in flight, and that is all that is measured of it. */
static void forget(struct app *app, const struct http_call *call)
{
	for (u32 i = 0; i < APP_READERS; i++)
		if (app->metrics[i])
			span_metrics__discard(app->metrics[i], call);
}

void app_on_ended(void *owner, const struct span *span, struct str route, struct str learned,
		  bool sent)
{
	const struct body_sizes sizes = {span->http->request_body, span->http->response_body};
	struct app *app = owner;

	app__functions_end(app, span->http, sent);
	if (app->summary)
		summary__add(app->summary, span, route.len ? route : learned, sent);
	/* where it began before an exec brought the SDK, it was in flight all the same */
	if (measures_itself(span->resource)) {
		forget(app, span->http);
		return;
	}
	for (u32 i = 0; i < APP_READERS; i++)
		if (app->metrics[i])
			span_metrics__end(app->metrics[i], span, route, &sizes);
}

void app_on_discarded(void *owner, const struct http_call *call)
{
	struct app *app = owner;

	app__functions_end(app, call, false);
	forget(app, call);
}

void app__metrics_count(struct app *app, struct resource *resource, const struct span_count *count)
{
	for (u32 i = 0; i < APP_READERS; i++)
		if (app->metrics[i])
			span_metrics__count(app->metrics[i], resource, count);
}

void app__metrics_exit(struct app *app, u32 tgid)
{
	const struct resource *resource = process_table__known_resource(app->processes, tgid);

	for (u32 i = 0; resource && i < APP_READERS; i++)
		if (app->metrics[i])
			span_metrics__exit(app->metrics[i], resource);
}

u64 app__metrics_lost(const struct app *app)
{
	u64 lost = 0;

	for (u32 i = 0; i < APP_READERS; i++)
		lost += app->metrics[i] ? span_metrics__lost(app->metrics[i]) : 0;
	return lost;
}

/* What a reader gets at an interval; NULL: nothing, or it asks itself. */
static struct metrics *collect(struct app *app, enum app_reader reader, u64 now)
{
	struct span_metrics *metrics = app->metrics[reader];
	struct metrics *snapshot;

	if (metrics && reader == APP_READER_PULL)
		span_metrics__expire(metrics);
	if (!metrics || reader == APP_READER_PULL)
		return NULL;
	snapshot = span_metrics__collect(metrics, now);
	return app->config.sdk_internal_metrics ? app__add_self(app, snapshot, now) : snapshot;
}

void app__export_metrics(struct app *app, u64 now)
{
	struct metrics *snapshots[APP_READERS];

	for (u32 i = 0; i < APP_READERS; i++)
		snapshots[i] = collect(app, i, now);
	for (u32 i = 0; i < app->metrics_exporter_cnt; i++) {
		struct metrics_exporter *exporter = app->metrics_exporters[i];
		struct metrics *metrics = snapshots[reader_of(app, exporter->ops)];

		if (metrics)
			exporter->ops->send(exporter, metrics);
	}
	for (u32 i = 0; i < APP_READERS; i++)
		metrics__put(snapshots[i]);
}

void app__metrics_tick(struct app *app, u64 now)
{
	u64 interval = app->config.metric_export_interval * NSEC_PER_MSEC;

	if (app->metrics_due && now < app->metrics_due)
		return;
	if (app->metrics_due)
		app__export_metrics(app, now);
	/* not now + interval, or each export would come a little later than it should */
	app->metrics_due += interval;
	if (app->metrics_due <= now)
		app->metrics_due = now + interval;
}
