// SPDX-License-Identifier: Apache-2.0
#include "app.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/hooks.h"
#include "model/excluded_urls.h"
#include "model/semconv.h"

/* Telemetry waiting for a slow reader of our standard output, or for a disk. */
#define OUTPUT_BYTES ((size_t)16 << 20)
/* A receiver that does not answer keeps us no longer: 5 s in all, with all that must be let go. */
#define DELIVER_NS (4600 * NSEC_PER_MSEC)

static void on_open(void *owner, const struct capture_open *event)
{
	struct app *app = owner;
	int err = app->live && event->family == FAMILY_UNIX ? live__trace_unix(app->live) : 0;

	if (err)
		log_warn("unix sockets cannot be traced: %s", strerror(-err));
	conn_table__open(app->conns, event);
}

static void on_data(void *owner, const struct capture_data *event)
{
	conn_table__data(((struct app *)owner)->conns, event);
}

static void on_state(void *owner, const struct capture_state *event)
{
	conn_table__state(((struct app *)owner)->conns, event);
}

static void on_process_event(void *owner, const struct capture_process *event)
{
	struct app *app = owner;

	if (event->kind == CAPTURE_FORK) {
		process_table__fork(app->processes, event->tgid, event->parent);
		app__functions_late(app, event->tgid);
	} else if (event->kind == CAPTURE_EXEC) {
		process_table__exec(app->processes, event->tgid);
		app__functions_late(app, event->tgid);
	} else if (event->kind == CAPTURE_MAPPED) {
		app__functions_mapped(app, event->tgid);
	} else {
		app__functions_exit(app, event->tgid);
		app__metrics_exit(app, event->tgid);
		process_table__exit(app->processes, event->tgid, event->ts);
	}
}

static const struct capture_ops capture_ops = {on_open,
					       on_data,
					       on_state,
					       on_process_event,
					       app_on_call,
					       app_on_python,
					       app_on_python_place,
					       app_on_count};

void app_on_record(void *owner, struct str record)
{
	struct app *app = owner;

	if (!app__select_record(app, record))
		return;
	app->records++;
	if (app->recorder)
		recorder__record(app->recorder, record);
	if (decode_record(record, app->clock_offset, &capture_ops, app))
		stats__add(&app->stats, STAT_MARK_BAD_RECORD, 1);
}

static void on_mute(void *owner, u64 cookie)
{
	struct app *app = owner;

	if (app->live)
		live__mute(app->live, cookie);
}

static void on_response_truncated(void *owner)
{
	struct app *app = owner;

	if (app->live)
		live__want_response_head(app->live);
}

static void on_listen_addr(void *owner, u32 tgid, enum family family, const struct endpoint *local,
			   u8 addr[16])
{
	process_table__listen_addr(((struct app *)owner)->processes, tgid, family == FAMILY_INET6,
				   local->port, local->addr, addr);
}

static struct resource *on_resource(void *owner, u32 tgid)
{
	return process_table__resource(((struct app *)owner)->processes, tgid);
}

static void on_span(void *owner, struct span *owned)
{
	struct app *app = owner;

	app__functions_finish(app, owned);
	pipeline__span(app->pipeline, owned);
}

static void on_batch(void *owner, const struct batch *batch)
{
	struct app *app = owner;

	for (u32 i = 0; i < app->exporter_cnt; i++)
		app->exporters[i]->ops->send(app->exporters[i], batch);
}

void app_on_counts(void *owner, const struct capture_counts *counts)
{
	struct app *app = owner;

	app->counts = *counts;
	conn_table__lost(app->conns, counts->lost_records);
	app->stats.v[STAT_LOST_RING] = counts->lost_begins;
	app->stats.v[STAT_MARK_RECORDS] = counts->lost_records;
	app->stats.v[STAT_MARK_READ_FAULT] = counts->faults;
	app->stats.v[STAT_MARK_MISSED] = counts->missed;
	app->stats.v[STAT_MARK_NO_STORAGE] = counts->no_storage;
	app->stats.v[STAT_SEEN_IO_URING] = counts->io_uring;
	app->stats.v[STAT_CALL_STRAY] = counts->stray_calls;
	app->stats.v[STAT_CALL_LEFT] = counts->left_calls;
	app->calls_lost = counts->lost_calls;
	if (counts->io_uring && !app->uring_said) {
		app->uring_said = true;
		log_warn("reads by io_uring are not captured yet: requests read that way have no "
			 "span");
	}
}

void app_on_tick(void *owner, u64 now, u32 swept)
{
	struct app *app = owner;

	conn_table__swept(app->conns, swept, now);
	process_table__tick(app->processes, now);
	if (!app->first_tick)
		app->first_tick = now;
	app__functions_tick(app, now, false);
	app->last_tick = now;
	if (app->ending)
		return;
	app__metrics_tick(app, now);
	pipeline__flush(app->pipeline);
}

void app_on_ending(void *owner)
{
	struct app *app = owner;

	if (app->recorder)
		recorder__ending(app->recorder);
	app->ending = true;
}

void app__finish(struct app *app, int flush_ms, u64 began)
{
	app__functions_tick(app, app->last_tick, true);
	app__export_metrics(app, app->last_tick);
	if (app->pipeline)
		pipeline__flush(app->pipeline);
	if (!app->outbox)
		return;
	output__flush(app->output, flush_ms);
	files__flush(app->files, flush_ms);
	app__show_summary(app);
	outbox__finish(app->outbox, began + DELIVER_NS);
	app__print_counts(app);
}

static void trace_process(struct app *app, u32 tgid)
{
	if (!live__traces_unix(app->live) && process_listens_on_unix(tgid))
		live__trace_unix(app->live);
	live__trace(app->live, tgid);
	/* found, but its exit passed before it was traced: nothing will tell of it */
	if (process_is_gone(tgid))
		process_table__exit(app->processes, tgid, (u64)time(NULL) * NSEC_PER_SEC);
}

/* Where functions were asked for, and not a rule but the user chose the process. */
static void say_no_function(const struct app *app, u32 tgid)
{
	const struct config *config = &app->config;

	if (!app->live || !app->functions || !config->functions.cnt)
		return;
	for (u32 i = 0; i < config->pid_cnt; i++)
		if (config->pids[i] == tgid)
			log_info("no function of pid %u that is asked for, so far", tgid);
}

void app_on_process(void *owner, u32 tgid, u32 parent)
{
	struct app *app = owner;

	if (app->recorder)
		recorder__process(app->recorder, tgid, parent);
	process_table__add(app->processes, tgid, parent);
	if (app->live)
		trace_process(app, tgid);
	if (!app__functions_process(app, tgid))
		say_no_function(app, tgid);
}

void app_on_left(void *owner, u32 tgid, u64 ts)
{
	struct app *app = owner;

	if (app->recorder)
		recorder__left(app->recorder, tgid, ts);
	app__functions_exit(app, tgid);
	app__metrics_exit(app, tgid);
	process_table__exit(app->processes, tgid, ts);
}

void app__stats(const struct app *app, struct stats *stats)
{
	struct output_counts counts;

	*stats = app->stats;
	/* what never reached user space was requested all the same */
	stats->v[STAT_REQUESTS] += stats->v[STAT_LOST_RING];
	output__counts(app->output, &counts);
	files__counts(app->files, &counts);
	stats->v[STAT_MARK_UNMEASURED] += app__metrics_lost(app);
	stats->v[STAT_CALL_LOST] += app->calls_lost;
	stats->v[STAT_OUTPUT_FULL] = counts.full;
	stats->v[STAT_OUTPUT_BROKEN] = counts.broken;
	stats->v[STAT_OUTPUT_FAILED] = counts.failed;
}

void app__print_counts(struct app *app)
{
	struct buf text = {0};
	struct stats stats;

	app__stats(app, &stats);
	stats__print(&stats, &text);
	buf__char(&text, '\0');
	/* a loss is worth a warning */
	if (!text.failed)
		log_print(stats__sum(&stats, STAT_LOST) || stats__sum(&stats, STAT_OUTPUT)
				  ? LOG_WARN
				  : LOG_INFO,
			  "%s", text.p);
	buf__free(&text);
	outbox__report(app->outbox);
}

static int open_exporters(struct app *app)
{
	struct config_exporter wanted[CONFIG_EXPORTERS_MAX];
	u32 cnt = config__exporters(&app->config, wanted);
	struct export_env *env = &app->export_env;
	time_t now = time(NULL);
	struct tm local;
	int err;

	err = output__new(&app->output, STDOUT_FILENO, OUTPUT_BYTES, app->config.replay_path);
	if (!err)
		err = files__new(&app->files, OUTPUT_BYTES, app->config.replay_path);
	if (!err)
		err = outbox__new(&app->outbox, app->loop, app->config.replay_path);
	if (err)
		return err;
	env->output = app->output;
	env->files = app->files;
	env->outbox = app->outbox;
	env->config = &app->config;
	env->loop = app->loop;
	env->terminal = isatty(STDOUT_FILENO);
	if (!app->config.replay_path && localtime_r(&now, &local))
		env->utc_offset_s = local.tm_gmtoff;
	for (u32 i = 0; i < cnt; i++) {
		const struct export_ops *ops = export_find(wanted[i].name);

		env->argument = wanted[i].argument;
		err = ops ? ops->open(&app->exporters[app->exporter_cnt], env) : -ENOENT;
		if (err)
			return err;
		app->exporter_cnt++;
	}
	return 0;
}

/* What is said of a call, and of which calls. */
static int build_conventions(struct app *app)
{
	const struct config *config = &app->config;
	const struct semconv_options options = {
		.stability_opt_in = config->semconv_stability_opt_in,
		.known_methods = config->known_methods,
		.capture_all_methods = config->capture_all_methods,
		.headers = {config->capture_request_headers, config->capture_response_headers,
			    config->sanitize_headers},
	};
	int err = semconv__new(&app->semconv, &options);

	return err ? err
		   : excluded_urls__new(&app->excluded, config->flask_excluded_urls,
					config->excluded_urls);
}

static void parse_selection(struct app *app, struct tracer_env *env)
{
	const struct config *config = &app->config;
	const struct limit_texts limits = {
		.attr_cnt = config->attribute_count_limit,
		.span_attr_cnt = config->span_attribute_count_limit,
		.value_len = config->attribute_value_length_limit,
		.span_value_len = config->span_attribute_value_length_limit,
		.event_cnt = config->span_event_count_limit,
		.event_attr_cnt = config->event_attribute_count_limit,
	};

	sampler_parse(config->traces_sampler, config->traces_sampler_arg, &env->sampler);
	propagators__parse(config->propagators, &env->propagators);
	limits_parse(&limits, semconv__set(app->semconv) == SEMCONV_LEGACY, &app->limits);
	env->limits = app->limits;
}

static bool tells_spans(const struct app *app)
{
	struct config_exporter wanted[CONFIG_EXPORTERS_MAX];

	return config__exporters(&app->config, wanted) > 0;
}

int app__build(struct app *app)
{
	bool told = tells_spans(app);
	struct process_env process_env = {
		.config = &app->config,
		.rng = &app->rng,
		.facts = {.fn = app->facts, .owner = app->facts_owner},
	};
	struct tracer_env tracer_env = {
		.stats = &app->stats,
		.rng = &app->rng,
		.unread = !told,
		.owner = app,
		.resource = on_resource,
		.span = on_span,
		.begun = app_on_begun,
		.ended = app_on_ended,
		.discarded = app_on_discarded,
		.route = app_on_route,
		.response_truncated = on_response_truncated,
	};
	int err = loop__new(&app->loop); /* exporters may want to watch */

	if (!err)
		err = build_conventions(app);
	if (err)
		return err;
	process_env.set = semconv__set(app->semconv);
	err = process_table__new(&app->processes, &process_env);
	if (!err)
		err = app__build_routes(app);
	if (!err)
		err = pipeline__new(&app->pipeline, told ? on_batch : NULL, app);
	if (err)
		return err;
	parse_selection(app, &tracer_env);
	tracer_env.semconv = app->semconv;
	tracer_env.excluded = app->excluded;
	err = tracer__new(&app->tracer, &tracer_env);
	if (!err)
		err = app__functions_new(app);
	if (!err)
		err = app__python_new(app);
	if (!err && app->python)
		err = app__python_counts_new(app);
	if (err)
		return err;
	app->conn_env = (struct conn_env){
		.sink = tracer__sink(app->tracer),
		.stats = &app->stats,
		.owner = app,
		.mute = on_mute,
		.listen_addr = on_listen_addr,
		.capture_head = (u32)app->config.capture_head,
	};
	err = conn_table__new(&app->conns, &app->conn_env, (struct conn_limits){0});
	if (!err)
		err = open_exporters(app);
	if (!err)
		err = app__build_metrics(app);
	return err ? err : app__build_summary(app);
}

static void app_free(struct app *app)
{
	outbox__free(app->outbox); /* its items are its exporters' */
	app__functions_free(app);
	app__python_free(app);
	conn_table__free(app->conns);
	tracer__free(app->tracer);
	route_table__free(app->routes);
	app__free_metrics(app);
	app__python_counts_free(app);
	summary__free(app->summary);
	semconv__free(app->semconv);
	excluded_urls__free(app->excluded);
	pipeline__free(app->pipeline);
	for (u32 i = 0; i < app->exporter_cnt; i++)
		app->exporters[i]->ops->close(app->exporters[i]);
	output__free(app->output);
	files__free(app->files);
	process_table__free(app->processes);
	app__select_free(app);
	live__free(app->live);
	replay__free(app->replay);
	loop__free(app->loop);
	if (app->tick_watch.fd > 0)
		close(app->tick_watch.fd);
	if (app->signal_watch.fd > 0)
		close(app->signal_watch.fd);
}

int app_run(const struct config *config)
{
	struct app app = {.config = *config, .child = {.gate = -1, .end = -1}};
	int err;

	config__report(config);
	err = config->replay_path ? app__run_replay(&app) : app__run_live(&app);
	recorder__close(app.recorder);
	app_free(&app);
	return err ? 1 : app.status;
}

int app_check(const struct config *config)
{
	struct buf report = {0};
	int err = hooks_check(&report, config->hooks);
	ssize_t n = write(STDOUT_FILENO, report.p, report.len);

	buf__free(&report);
	return err || n < 0;
}
