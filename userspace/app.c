// SPDX-License-Identifier: Apache-2.0
/*
 * The wiring of the daemon, in the order in which data flows:
 *
 *	live or replay -> decode -> conn_table -> parser -> tracer -> pipeline -> exporters -> output
 *	                        \-> process_table (whose resource a span gets)
 *
 * One loop, one thread; output has a writer thread of its own. A tick each TICK_NS asks the kernel for
 * what it holds, empties the ring, and sends finished spans off: nothing wakes us in between.
 */
#include "app.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "capture/hooks.h"
#include "capture/live.h"
#include "capture/recording.h"
#include "conn/table.h"
#include "export/export.h"
#include "pipeline/pipeline.h"
#include "proc/child.h"
#include "proc/process.h"
#include "trace/tracer.h"

/* A span is visible at most two ticks after its end: one confirms it, the next cannot be later. */
#define TICK_NS (80 * NSEC_PER_MSEC)
/* Telemetry waiting for a slow reader of our standard output. */
#define OUTPUT_BYTES ((size_t)16 << 20)
#define FLUSH_MS 800

struct app {
	struct config config;
	struct stats stats;
	struct rng rng;
	s64 clock_offset;		/* unix ns minus CLOCK_MONOTONIC */
	facts_fn facts;
	void *facts_owner;
	bool uring_said;

	struct loop *loop;
	struct watch ring_watch, tick_watch, signal_watch;
	sigset_t old_mask;
	struct live *live;		/* NULL in a replay */
	struct replay *replay;		/* NULL live */
	struct recorder *recorder;	/* NULL unless asked for */
	struct capture_counts counts;

	struct process_table *processes;
	struct conn_env conn_env;
	struct conn_table *conns;
	struct tracer *tracer;
	struct pipeline *pipeline;
	struct output *output;
	struct export_env export_env;
	struct exporter *exporters[CONFIG_EXPORTERS_MAX];
	u32 exporter_cnt;

	struct child child;
	int status;			/* to exit with */
};

static u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (u64)now.tv_sec * NSEC_PER_SEC + (u64)now.tv_nsec;
}

/* The middle of two readings of one clock around the other, the narrowest of a few tries. */
static s64 measure_clock_offset(void)
{
	u64 best = UINT64_MAX;
	s64 offset = 0;

	for (int i = 0; i < 5; i++) {
		u64 before = clock_ns(CLOCK_MONOTONIC), unix_ns = clock_ns(CLOCK_REALTIME);
		u64 after = clock_ns(CLOCK_MONOTONIC);

		if (after - before >= best)
			continue;
		best = after - before;
		offset = (s64)(unix_ns - before - (after - before) / 2);
	}
	return offset;
}

/* ---- what lower layers call ---- */

static void on_open(void *owner, const struct capture_open *event)
{
	conn_table__open(((struct app *)owner)->conns, event);
}

static void on_data(void *owner, const struct capture_data *event)
{
	conn_table__data(((struct app *)owner)->conns, event);
}

static void on_state(void *owner, const struct capture_state *event)
{
	conn_table__state(((struct app *)owner)->conns, event);
}

static void on_process(void *owner, const struct capture_process *event)
{
	struct app *app = owner;

	if (event->kind == CAPTURE_FORK)
		process_table__add(app->processes, event->tgid, event->parent);
	else if (event->kind == CAPTURE_EXEC)
		process_table__exec(app->processes, event->tgid);
	else
		process_table__exit(app->processes, event->tgid, event->ts);
}

static const struct capture_ops capture_ops = {on_open, on_data, on_state, on_process};

static void on_record(void *owner, struct str record)
{
	struct app *app = owner;

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
	pipeline__span(((struct app *)owner)->pipeline, owned);
}

static void on_batch(void *owner, const struct batch *batch)
{
	struct app *app = owner;

	for (u32 i = 0; i < app->exporter_cnt; i++)
		app->exporters[i]->ops->send(app->exporters[i], batch);
}

static int record_fact(void *owner, const char *key, struct buf *out)
{
	struct app *app = owner;
	size_t before = out->len;
	int err = facts_live(NULL, key, out);

	recorder__fact(app->recorder, key, err ? STR_NONE : str_sub(buf__view(out), before, out->len));
	return err;
}

/* ---- time ---- */

static void on_counts(void *owner, const struct capture_counts *counts)
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
	if (counts->io_uring && !app->uring_said) {
		app->uring_said = true;
		log_warn("reads by io_uring are not captured yet: requests read that way have no span");
	}
}

static void on_tick(void *owner, u64 now, bool swept)
{
	struct app *app = owner;

	if (swept)
		conn_table__unix_swept(app->conns, now);
	process_table__tick(app->processes, now);
	pipeline__flush(app->pipeline);
}

static void read_counts(struct app *app)
{
	struct capture_counts counts;

	live__counts(app->live, &counts);
	if (app->recorder && memcmp(&counts, &app->counts, sizeof(counts)))
		recorder__counts(app->recorder, &counts);
	on_counts(app, &counts);
}

static void tick(struct app *app, bool last)
{
	bool unix_conns = conn_table__unix_cnt(app->conns) > 0, swept;
	u64 now;

	read_counts(app);
	live__watch_unix(app->live, unix_conns);
	swept = live__sweep(app->live, last || unix_conns);
	live__consume(app->live);
	read_counts(app);
	now = clock_ns(CLOCK_REALTIME);
	if (app->recorder)
		recorder__tick(app->recorder, now, swept && unix_conns);
	on_tick(app, now, swept && unix_conns);
}

static void on_timer(struct watch *watch, u32 events)
{
	struct app *app = container_of(watch, struct app, tick_watch);
	u64 expirations;

	(void)events;
	if (read(watch->fd, &expirations, sizeof(expirations)) < 0)
		return;
	tick(app, false);
	if (!app->child.pid && !process_table__alive(app->processes) && !app->counts.lost_records) {
		log_info("all traced processes have exited");
		loop__stop(app->loop);
	}
}

static void on_ring(struct watch *watch, u32 events)
{
	struct app *app = container_of(watch, struct app, ring_watch);

	(void)events;
	live__consume(app->live);
}

/* ---- summary ---- */

static void print_summary(struct app *app)
{
	struct buf text = {0};
	struct stats stats = app->stats;
	struct output_counts counts;

	/* what never reached user space was requested all the same */
	stats.v[STAT_REQUESTS] += stats.v[STAT_LOST_RING];
	output__counts(app->output, &counts);
	stats.v[STAT_OUTPUT_FULL] = counts.full;
	stats.v[STAT_OUTPUT_BROKEN] = counts.broken;
	stats__print(&stats, &text);
	buf__char(&text, '\0');
	if (!text.failed)
		log_info("%s", text.p);
	buf__free(&text);
}

/* ---- signals ---- */

static const int watched_signals[] = {SIGINT,  SIGTERM, SIGHUP,	SIGQUIT, SIGUSR1, SIGUSR2,
				      SIGWINCH, SIGCHLD, SIGALRM, SIGCONT};

static void block_signals(struct app *app, sigset_t *mask)
{
	sigemptyset(mask);
	for (size_t i = 0; i < ARRAY_SIZE(watched_signals); i++)
		sigaddset(mask, watched_signals[i]);
	sigprocmask(SIG_BLOCK, mask, &app->old_mask);
	signal(SIGPIPE, SIG_IGN); /* a reader that is gone ends our output, not us */
}

static void reap(struct app *app)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != app->child.pid)
			continue;
		app->status = child_status(status);
		app->child.pid = 0;
		loop__stop(app->loop);
	}
}

/*
 * What a process sends us is meant for the command behind us; what the terminal sends (SI_KERNEL), the
 * command gets itself.
 */
static void forward(struct app *app, const struct signalfd_siginfo *info)
{
	if (info->ssi_code != SI_KERNEL)
		kill(app->child.pid, (int)info->ssi_signo);
}

static void on_signal(struct watch *watch, u32 events)
{
	struct app *app = container_of(watch, struct app, signal_watch);
	struct signalfd_siginfo info;

	(void)events;
	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(app);
	else if (info.ssi_signo == SIGUSR1)
		print_summary(app);
	else if (app->child.pid)
		forward(app, &info);
	else if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP ||
		 info.ssi_signo == SIGQUIT)
		loop__stop(app->loop);
}

/* ---- construction ---- */

static int open_exporters(struct app *app)
{
	const char *names[CONFIG_EXPORTERS_MAX];
	u32 cnt = config__exporters(&app->config, names);
	struct export_env *env = &app->export_env;
	time_t now = time(NULL);
	struct tm local;
	int err;

	err = output__new(&app->output, STDOUT_FILENO, OUTPUT_BYTES, app->config.replay_path);
	if (err)
		return err;
	env->output = app->output;
	env->terminal = isatty(STDOUT_FILENO);
	if (!app->config.replay_path && localtime_r(&now, &local))
		env->utc_offset_s = local.tm_gmtoff;
	for (u32 i = 0; i < cnt; i++) {
		const struct export_ops *ops = export_find(str_from(names[i]));

		err = ops ? ops->open(&app->exporters[app->exporter_cnt], env) : -ENOENT;
		if (err)
			return err;
		app->exporter_cnt++;
	}
	return 0;
}

static int build(struct app *app)
{
	struct process_env process_env = {&app->config, &app->rng, app->facts, app->facts_owner};
	struct tracer_env tracer_env = {
		.stats = &app->stats,
		.rng = &app->rng,
		.tracecontext = config_list_has(app->config.propagators, "tracecontext"),
		.owner = app,
		.resource = on_resource,
		.span = on_span,
		.response_truncated = on_response_truncated,
	};
	int err = process_table__new(&app->processes, &process_env);

	if (!err)
		err = pipeline__new(&app->pipeline, on_batch, app);
	if (!err)
		err = tracer__new(&app->tracer, &tracer_env);
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
	return err ? err : open_exporters(app);
}

static void app_free(struct app *app)
{
	conn_table__free(app->conns);
	tracer__free(app->tracer);
	pipeline__free(app->pipeline);
	for (u32 i = 0; i < app->exporter_cnt; i++)
		app->exporters[i]->ops->close(app->exporters[i]);
	output__free(app->output);
	process_table__free(app->processes);
	live__free(app->live);
	replay__free(app->replay);
	loop__free(app->loop);
	if (app->tick_watch.fd > 0)
		close(app->tick_watch.fd);
	if (app->signal_watch.fd > 0)
		close(app->signal_watch.fd);
}

/* ---- live ---- */

static void add_process(void *owner, u32 tgid, u32 parent)
{
	struct app *app = owner;

	if (app->recorder)
		recorder__process(app->recorder, tgid, parent);
	process_table__add(app->processes, tgid, parent);
	if (app->live)
		live__trace(app->live, tgid);
}

static int trace_pid(struct app *app, u32 pid)
{
	int tgid = process_of(pid);

	if (tgid < 0) {
		log_error("no process has the id %u", pid);
		return tgid;
	}
	add_process(app, (u32)tgid, 0);
	process_descendants((u32)tgid, add_process, app);
	log_info("attached to pid %d (hooks: %s)", tgid, live__hooks(app->live));
	return 0;
}

static int watch_all(struct app *app, const sigset_t *mask)
{
	int err = loop__new(&app->loop);

	if (err)
		return err;
	app->signal_watch = (struct watch){signalfd(-1, mask, SFD_CLOEXEC | SFD_NONBLOCK), on_signal};
	app->tick_watch = (struct watch){loop_timer_fd(TICK_NS), on_timer};
	app->ring_watch = (struct watch){live__fd(app->live), on_ring};
	if (app->signal_watch.fd < 0 || app->tick_watch.fd < 0)
		return -errno;
	err = loop__add(app->loop, &app->signal_watch);
	if (!err)
		err = loop__add(app->loop, &app->tick_watch);
	return err ? err : loop__add(app->loop, &app->ring_watch);
}

static int start_recorder(struct app *app, u64 seed)
{
	struct recording_head head = {
		.clock_offset = app->clock_offset,
		.seed = seed,
		.capture_head = (u32)app->config.capture_head,
	};
	int err;

	if (!app->config.record_path)
		return 0;
	err = recorder__new(&app->recorder, app->config.record_path, &head);
	if (err) {
		log_error("cannot record to %s: %s", app->config.record_path, strerror(-err));
		return err;
	}
	app->facts = record_fact;
	app->facts_owner = app;
	recorder__fact(app->recorder, "env/OTEL_SERVICE_NAME", str_from(app->config.service_name));
	recorder__fact(app->recorder, "env/OTEL_RESOURCE_ATTRIBUTES", str_from(app->config.resource_attributes));
	return 0;
}

static int start_tracing(struct app *app)
{
	int err = 0;

	for (u32 i = 0; i < app->config.pid_cnt && !err; i++)
		err = trace_pid(app, app->config.pids[i]);
	if (err || !app->config.command)
		return err;
	err = child__start(&app->child, app->config.command, &app->old_mask);
	if (err) {
		log_error("cannot start %s: %s", app->config.command[0], strerror(-err));
		return err;
	}
	add_process(app, (u32)app->child.pid, 0);
	log_info("attached to %s, pid %d (hooks: %s)", app->config.command[0], app->child.pid,
		 live__hooks(app->live));
	child__go(&app->child);
	return 0;
}

static int init_live(struct app *app)
{
	const struct live_options options = {app->config.hooks, app->config.ring_size,
					     (u32)app->config.capture_head};
	sigset_t mask;
	u64 seed;
	int err;

	block_signals(app, &mask);
	app->clock_offset = measure_clock_offset();
	app->facts = facts_live;
	err = rng_system_seed(&seed);
	if (err)
		return err;
	rng__seed(&app->rng, seed);
	err = start_recorder(app, seed);
	if (!err)
		err = build(app);
	if (!err)
		err = live__new(&app->live, &options, on_record, app);
	if (!err)
		err = watch_all(app, &mask);
	return err ? err : start_tracing(app);
}

/* Nothing new comes in; all that happened before is read, said and written. */
static void finish_live(struct app *app)
{
	int err;

	live__stop(app->live);
	tick(app, true);
	tick(app, true); /* the first told of what was held, this one of ends behind it */
	err = recorder__close(app->recorder);
	app->recorder = NULL;
	if (err)
		log_error("the recording is not whole: %s", strerror(-err));
	output__flush(app->output, FLUSH_MS);
	print_summary(app);
}

static int run_live(struct app *app)
{
	int err = init_live(app);

	if (err)
		return err;
	err = loop__run(app->loop);
	finish_live(app);
	return err;
}

/* ---- replay ---- */

static void settle(struct app *app, const char *key, const char **value, struct buf *text)
{
	if (replay_fact(app->replay, key, text) || *value)
		return;
	buf__char(text, '\0');
	*value = text->p;
}

static int run_replay(struct app *app)
{
	static const struct replay_ops ops = {on_record, on_counts, on_tick, add_process};
	struct buf name __cleanup(buf__free) = {0}, attributes __cleanup(buf__free) = {0};
	struct recording_head head;
	int err = replay__new(&app->replay, app->config.replay_path, &head);

	if (err) {
		log_error("cannot replay %s: %s", app->config.replay_path,
			  err == -EBADMSG ? "not a recording of this version" : strerror(-err));
		return err;
	}
	signal(SIGPIPE, SIG_IGN);
	app->clock_offset = head.clock_offset;
	app->config.capture_head = head.capture_head;
	rng__seed(&app->rng, head.seed);
	app->facts = replay_fact;
	app->facts_owner = app->replay;
	settle(app, "env/OTEL_SERVICE_NAME", &app->config.service_name, &name);
	settle(app, "env/OTEL_RESOURCE_ATTRIBUTES", &app->config.resource_attributes, &attributes);
	err = build(app);
	if (!err)
		err = replay__run(app->replay, &ops, app);
	if (err)
		log_error("the recording breaks off: %s", strerror(-err));
	if (app->pipeline)
		pipeline__flush(app->pipeline);
	if (app->output) {
		output__flush(app->output, -1);
		print_summary(app);
	}
	return err;
}

int app_run(const struct config *config)
{
	struct app app = {.config = *config, .child.gate = -1};
	int err;

	config__report(config);
	err = config->replay_path ? run_replay(&app) : run_live(&app);
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
