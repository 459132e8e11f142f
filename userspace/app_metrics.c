// SPDX-License-Identifier: Apache-2.0
/*
 * Metrics, wired: the tracer tells of calls, span_metrics counts them, ticks and the end export
 * them. If no exporter wants metrics nothing is counted.
 */
#include <errno.h>
#include <string.h>

#include "app.h"

static enum exemplar_filter exemplar_filter_of(const char *name)
{
	if (!strcmp(name, "always_on"))
		return EXEMPLAR_ALWAYS_ON;
	return strcmp(name, "always_off") ? EXEMPLAR_TRACE_BASED : EXEMPLAR_ALWAYS_OFF;
}

int app__build_metrics(struct app *app)
{
	const struct span_metrics_env env = {
		.semconv = app->semconv,
		.body_sizes = app->config.metrics_body_size,
		.exemplars = exemplar_filter_of(app->config.metrics_exemplar_filter),
	};
	struct config_exporter wanted[CONFIG_EXPORTERS_MAX];
	u32 cnt = config__metrics_exporters(&app->config, wanted);

	for (u32 i = 0; i < cnt; i++) {
		const struct metrics_export_ops *ops = metrics_export_find(wanted[i].name);
		int err;

		app->export_env.argument = wanted[i].argument;
		err = ops ? ops->open(&app->metrics_exporters[i], &app->export_env) : -ENOENT;
		if (err)
			return err;
		app->metrics_exporter_cnt++;
	}
	return cnt ? span_metrics__new(&app->metrics, &env) : 0;
}

void app__free_metrics(struct app *app)
{
	span_metrics__free(app->metrics);
	for (u32 i = 0; i < app->metrics_exporter_cnt; i++)
		app->metrics_exporters[i]->ops->close(app->metrics_exporters[i]);
}

void app_on_begun(void *owner, const struct http_call *call)
{
	struct app *app = owner;
	/* asked for in any case, so that a recording can be replayed with metrics and without */
	struct resource *resource = process_table__resource(app->processes, call->peer.tgid);

	if (app->metrics && resource)
		span_metrics__begin(app->metrics, call, resource);
	resource__put(resource);
}

void app_on_ended(void *owner, const struct span *span, struct str learned, bool sent)
{
	const struct body_sizes sizes = {span->http->request_body, span->http->response_body};
	struct app *app = owner;

	if (app->summary)
		summary__add(app->summary, span, learned, sent);
	if (app->metrics)
		span_metrics__end(app->metrics, span, STR_NONE, &sizes);
}

void app_on_discarded(void *owner, const struct http_call *call)
{
	struct app *app = owner;

	if (app->metrics)
		span_metrics__discard(app->metrics, call);
}

void app__metrics_exit(struct app *app, u32 tgid)
{
	const struct resource *resource = process_table__known_resource(app->processes, tgid);

	if (app->metrics && resource)
		span_metrics__exit(app->metrics, resource);
}

void app__export_metrics(struct app *app, u64 now)
{
	struct metrics *metrics = app->metrics ? span_metrics__collect(app->metrics, now) : NULL;

	for (u32 i = 0; metrics && i < app->metrics_exporter_cnt; i++)
		app->metrics_exporters[i]->ops->send(app->metrics_exporters[i], metrics);
	metrics__put(metrics);
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
