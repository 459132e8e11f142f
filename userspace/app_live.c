// SPDX-License-Identifier: Apache-2.0
/*
 * The daemon at work: one loop, one thread; only output has a writer thread of its own. A tick each
 * TICK_NS asks the kernel for what it holds, empties the ring, and sends finished spans off:
 * nothing wakes us in between unless the ring fills.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "base/log.h"

/* A span is visible at most two ticks after its end: one confirms it, the next cannot be later. */
#define TICK_NS (80 * NSEC_PER_MSEC)
/*
 * When the outbox is pressed, records wait in the ring: for a moment, and again, but in all no
 * longer than HOLD_NS, for they are not the outbox's alone. Then so many are read before it gets a
 * turn.
 */
#define CONSUME_PAUSE_NS NSEC_PER_MSEC
#define HOLD_NS		 (NSEC_PER_SEC / 2)
#define RUSH_RECORDS	 64
/* A reader of our output that does not read keeps us at exit no longer than this. */
#define FLUSH_MS 800

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

static int record_fact(void *owner, const char *key, struct buf *out)
{
	struct app *app = owner;
	size_t before = out->len;
	int err = facts_live(NULL, key, out);

	recorder__fact(app->recorder, key,
		       err ? STR_NONE : str_sub(buf__view(out), before, out->len));
	return err;
}

static void read_counts(struct app *app)
{
	struct capture_counts counts;

	live__counts(app->live, &counts);
	if (app->recorder && memcmp(&counts, &app->counts, sizeof(counts)))
		recorder__counts(app->recorder, &counts);
	app_on_counts(app, &counts);
}

/* Whose closes may have passed unseen: unix sockets' always, all when records were lost. */
static enum conn_swept closes_unseen(const struct app *app)
{
	if (app->counts.lost_records != app->lost_swept)
		return CONN_SWEPT_ALL;
	return conn_table__unix_cnt(app->conns) ? CONN_SWEPT_UNIX : CONN_SWEPT_NONE;
}

static bool on_record(void *owner, struct str record)
{
	struct app *app = owner;

	app_on_record(app, record);
	if (!outbox__presses(app->outbox))
		return true;
	if (!app->rush)
		return false;
	app->rush--;
	return true;
}

/* False: the rest will be read in a moment. */
static bool consume(struct app *app)
{
	struct timers *timers = loop__timers(app->loop);
	bool late =
		live__fills(app->live) || (app->held_ns && timers->now - app->held_ns > HOLD_NS);

	app->rush = late ? RUSH_RECORDS : 0;
	if (live__consume(app->live)) {
		app->held_ns = 0;
		return true;
	}
	if (!app->held_ns)
		app->held_ns = timers->now;
	timers__set(timers, &app->consume_timer, late ? 0 : CONSUME_PAUSE_NS);
	return false;
}

static void on_consume_timer(struct timer *timer)
{
	consume(container_of(timer, struct app, consume_timer));
}

/* At the end, when the loop does not run. */
static bool consume_all(struct app *app)
{
	while (!consume(app)) {
		timers__cancel(loop__timers(app->loop), &app->consume_timer);
		outbox__turn(app->outbox);
	}
	return true;
}

static void tick(struct app *app, bool last)
{
	static const enum live_presence presence[] = {
		[CONN_SWEPT_NONE] = LIVE_NEWS_ONLY,
		[CONN_SWEPT_UNIX] = LIVE_UNIX,
		[CONN_SWEPT_ALL] = LIVE_ALL,
	};
	enum conn_swept swept;
	u64 now, lost;
	bool whole;

	read_counts(app);
	lost = app->counts.lost_records;
	swept = closes_unseen(app);
	live__want_presence(app->live, presence[swept]);
	if (!live__sweep(app->live, last || swept))
		swept = CONN_SWEPT_NONE;
	whole = last ? consume_all(app) : consume(app);
	read_counts(app);
	if (app->counts.lost_records != lost || !whole)
		swept = CONN_SWEPT_NONE; /* what it told may be lost, or still in the ring */
	else if (swept == CONN_SWEPT_ALL)
		app->lost_swept = lost;
	now = clock_ns(CLOCK_REALTIME) & ~3ULL; /* as a recording keeps it */
	if (app->recorder)
		recorder__tick(app->recorder, now, swept);
	app_on_tick(app, now, swept);
	app__select_tick(app);
}

static void on_timer(struct watch *watch, u32 events)
{
	struct app *app = container_of(watch, struct app, tick_watch);
	u64 expirations;

	(void)events;
	if (read(watch->fd, &expirations, sizeof(expirations)) < 0)
		return;
	tick(app, false);
	if (!app->child.pid && !config__selects(&app->config) &&
	    !process_table__alive(app->processes) && !app->counts.lost_records) {
		log_info("all traced processes have exited");
		loop__stop(app->loop);
	}
}

static void on_ring(struct watch *watch, u32 events)
{
	struct app *app = container_of(watch, struct app, ring_watch);

	(void)events;
	consume(app);
}

static const int watched_signals[] = {SIGINT,  SIGTERM,	 SIGHUP,  SIGQUIT, SIGUSR1,
				      SIGUSR2, SIGWINCH, SIGCHLD, SIGALRM, SIGCONT};

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
 * What a process sends us is meant for the command behind us; what the terminal sends (SI_KERNEL),
 * the command gets itself.
 */
static void forward(struct app *app, const struct signalfd_siginfo *info)
{
	if (info->ssi_code == SI_KERNEL)
		return;
	consume(app); /* who served is asked while it is there */
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
		app__print_counts(app);
	else if (app->child.pid)
		forward(app, &info);
	else if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM ||
		 info.ssi_signo == SIGHUP || info.ssi_signo == SIGQUIT) {
		app->interrupted = info.ssi_signo == SIGINT && info.ssi_code == SI_KERNEL;
		loop__stop(app->loop);
	}
}

static void trace_one(void *owner, u32 tgid, u32 parent)
{
	struct app *app = owner;

	if (!app__select_admits(app, tgid))
		return;
	app_on_process(app, tgid, parent);
	app__select_heir(app, tgid);
}

static int trace_pid(struct app *app, u32 pid)
{
	int tgid = process_of(pid);

	if (tgid < 0) {
		log_error("no process has the id %u", pid);
		return tgid;
	}
	if (!app__select_admits(app, (u32)tgid))
		log_warn("pid %u is not traced: it is excluded, or otel-ebpf itself", pid);
	trace_one(app, (u32)tgid, 0);
	process_descendants((u32)tgid, trace_one, app);
	return 0;
}

static int watch_all(struct app *app, const sigset_t *mask)
{
	int err;

	app->signal_watch =
		(struct watch){signalfd(-1, mask, SFD_CLOEXEC | SFD_NONBLOCK), on_signal};
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
	if (app__wants_functions(&app->config) || app__wants_python(&app->config) ||
	    app->config.usdt.cnt)
		recorder__fact(app->recorder, "functions", STR(""));
	recorder__fact(app->recorder, "env/OTEL_SERVICE_NAME", str_from(app->config.service_name));
	recorder__fact(app->recorder, "env/OTEL_RESOURCE_ATTRIBUTES",
		       str_from(app->config.resource_attributes));
	return 0;
}

/* Probes hold some files open for each process. A command keeps the limit that we were given. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		log_debug("the limit of open files stays: %s", strerror(errno));
}

static int start_tracing(struct app *app)
{
	int err = 0;

	if (!app->config.command)
		raise_file_limit();
	for (u32 i = 0; i < app->config.pid_cnt && !err; i++)
		err = trace_pid(app, app->config.pids[i]);
	/* said when all are: whoever waits for it may then rely on it */
	for (u32 i = 0; i < app->config.pid_cnt && !err; i++)
		log_info("attached to pid %u (hooks: %s)", app->config.pids[i],
			 live__hooks(app->live));
	if (!err && config__selects(&app->config))
		app__select_existing(app);
	if (err || !app->config.command)
		return err;
	err = child__start(&app->child, app->config.command, &app->old_mask);
	if (err) {
		log_error("cannot start %s: %s", app->config.command[0], strerror(-err));
		return err;
	}
	raise_file_limit();
	/* whatever it will listen on, its first request is to be traced */
	err = live__trace_unix(app->live);
	if (err)
		return err;
	app_on_process(app, (u32)app->child.pid, 0);
	app__select_heir(app, (u32)app->child.pid);
	if (child__go(&app->child))
		log_info("attached to %s, pid %d (hooks: %s)", app->config.command[0],
			 app->child.pid, live__hooks(app->live));
	return 0;
}

static int init_live(struct app *app)
{
	struct live_options options = {.hooks = app->config.hooks,
				       .ring_size = app->config.ring_size,
				       .capture_head = (u32)app->config.capture_head};
	sigset_t mask;
	u64 seed;
	int err;

	if (!process_ids_are_the_hosts()) {
		log_error("process ids here are not the kernel's own: in a container, share the "
			  "host's (docker run --pid=host)");
		return -ENOTSUP;
	}
	options.probes = (struct probes_options){
		.functions = app__wants_functions(&app->config),
		.usdt = app->config.usdt.cnt,
		.python = app__wants_python(&app->config),
		.python_views = app__wants_python_views(&app->config),
	};
	app__live_watch(&app->config, &options.watch);
	block_signals(app, &mask);
	app->consume_timer.fired = on_consume_timer;
	app->clock_offset = measure_clock_offset();
	app->last_tick = clock_ns(CLOCK_REALTIME);
	app->facts = facts_live;
	err = rng_system_seed(&seed);
	if (err)
		return err;
	rng__seed(&app->rng, seed);
	err = start_recorder(app, seed);
	if (!err)
		err = app__build(app);
	if (!err)
		err = app__select_new(app);
	if (!err)
		err = live__new(&app->live, &options, on_record, app);
	if (!err)
		err = watch_all(app, &mask);
	return err ? err : start_tracing(app);
}

/* Nothing new comes in; all that happened before is read, said and written. */
static void finish_live(struct app *app)
{
	u64 began = loop_now();
	int err;

	live__stop(app->live);
	/* only signals count now, while the last is delivered: one more ends that, too */
	loop__del(app->loop, &app->tick_watch);
	loop__del(app->loop, &app->ring_watch);
	timers__cancel(loop__timers(app->loop), &app->consume_timer);
	app_on_ending(app);
	tick(app, true);
	tick(app, true); /* the first told of what was held, this one of ends behind it */
	err = recorder__close(app->recorder);
	app->recorder = NULL;
	if (err)
		log_error("the recording is not whole: %s", strerror(-err));
	app__finish(app, FLUSH_MS, began);
}

int app__run_live(struct app *app)
{
	int err = init_live(app);

	if (err)
		return err;
	err = loop__run(app->loop);
	finish_live(app);
	return err;
}
