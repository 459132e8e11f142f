// SPDX-License-Identifier: Apache-2.0
/*
 * struct app: the whole daemon, wired, in the order in which data flows:
 *
 *	live or replay -> decode -> conn_table -> parser -> tracer -> pipeline -> exporters ->
 *output
 *	                        \-> process_table (whose resource a span gets)
 *
 * app.c builds what both ways of running share, app_metrics.c what measures, app_self.c what is
 *told of ourselves, app_summary.c what sums up; app_routes.c names routes; app_select.c decides
 *whom rules choose; app_live.c runs it from the kernel, app_replay.c from a recording. Everything
 *that is wired knows nothing of it.
 */
#ifndef APP_H
#define APP_H

#include <signal.h>

#include "base/loop.h"
#include "capture/live.h"
#include "capture/recording.h"
#include "config/config.h"
#include "conn/table.h"
#include "export/metrics_export.h"
#include "deliver/outbox.h"
#include "export/summary.h"
#include "pipeline/pipeline.h"
#include "pipeline/span_metrics.h"
#include "proc/child.h"
#include "proc/process.h"
#include "route/route_table.h"
#include "trace/tracer.h"

/* Who wants metrics in ways of their own. */
enum app_reader {
	APP_READER_PLAIN, /* cumulative, explicit buckets */
	APP_READER_OTLP,  /* what its preferences ask for, if that is something else */
	APP_READER_PULL,  /* who asks when it likes: cumulative, and never starts over */
	APP_READERS
};
struct app_functions;
struct app_python;
struct function_spans;
struct app_usdt;

struct app {
	struct config config;
	struct stats stats;
	struct rng rng;
	s64 clock_offset; /* unix ns minus CLOCK_MONOTONIC */
	facts_fn facts;
	void *facts_owner;
	bool uring_said;

	struct loop *loop;
	struct watch ring_watch, tick_watch, signal_watch;
	struct timer consume_timer; /* of what was left in the ring */
	u64 held_ns;		    /* since when some is left, of the loop's clock; 0: none */
	u32 rush;		    /* records to be read, however the outbox is pressed */
	sigset_t old_mask;
	struct live *live;	   /* NULL in a replay */
	struct replay *replay;	   /* NULL live */
	struct recorder *recorder; /* NULL unless asked for */
	struct capture_counts counts;
	u64 calls_lost; /* of functions, in the kernel */
	u64 lost_swept; /* lost records when all connections were last asked for */

	struct process_table *processes;
	struct app_select *select; /* NULL: no rules, and in a replay */
	struct conn_env conn_env;
	struct conn_table *conns;
	struct semconv *semconv;
	struct excluded_urls *excluded;
	struct tracer *tracer;
	struct route_table *routes; /* given by hand; NULL: none */
	struct pipeline *pipeline;
	struct output *output;
	struct files *files;
	struct outbox *outbox;
	struct export_env export_env;
	struct exporter *exporters[CONFIG_EXPORTERS_MAX];
	u32 exporter_cnt;
	struct span_metrics *metrics[APP_READERS]; /* NULL: nobody wants any in that way */
	bool otlp_differs;     /* OTLP's preferences are not what all others get */
	struct resource *self; /* ours, if anybody wants metrics */
	u64 records;	       /* from the kernel or the recording */
	struct metrics_exporter *metrics_exporters[CONFIG_EXPORTERS_MAX];
	u32 metrics_exporter_cnt;
	u64 metrics_due;	   /* unix ns of the next export; 0 before the first tick */
	u64 first_tick, last_tick; /* unix ns */
	struct summary *summary;   /* NULL: nobody will read it */
	bool interrupted;	   /* by Ctrl-C */
	bool ending;		   /* what ticks come now are the last */

	struct limits limits;
	struct app_functions *functions;	 /* NULL: none of these are traced */
	struct app_python *python;		 /* NULL: no functions of Python code are */
	struct python_counters *python_counters; /* NULL likewise */
	struct app_usdt *usdt;			 /* NULL: no USDT probes are */

	struct child child;
	int status; /* to exit with */
};

/*
 * Runs until told to stop, the command or all traced processes have ended, or the replay is over.
 * Returns the exit status.
 */
int app_run(const struct config *config);
/* --check: prints what this kernel offers. Returns the exit status. */
int app_check(const struct config *config);

/* Parts of app_run(), for app_live.c and app_replay.c. 0 or negative errno; they complain
 * themselves. */
int app__run_live(struct app *app);
int app__run_replay(struct app *app);
/* Everything above capture; app's config, rng and facts are set. */
int app__build(struct app *app);
/* What the kernel side or a recording delivers. owner is the app. */
void app_on_record(void *owner, struct str record);
void app_on_counts(void *owner, const struct capture_counts *counts);
/* swept: enum conn_swept, whose connections that were not told of are gone. */
void app_on_tick(void *owner, u64 now, u32 swept);
void app_on_process(void *owner, u32 tgid, u32 parent);
/* A process that was chosen by a rule is now another program, which is not. */
void app_on_left(void *owner, u32 tgid, u64 ts);
/* Spans now wait for app__finish(), so that metrics go before them. */
void app_on_ending(void *owner);
/*
 * Exports what there is, metrics first, as the SDK does at exit; then what is written is written.
 * began: when the end did, by the loop's clock.
 */
void app__finish(struct app *app, int flush_ms, u64 began);

/* Parts of app.c, in app_routes.c. 0 or negative errno; complains itself. */
int app__build_routes(struct app *app);
/* Function of struct tracer_env. */
struct str app_on_route(void *owner, const struct http_call *call, bool by_path);

/* Parts of app.c, in app_metrics.c. After output and functions were built: 0 or negative errno. */
int app__build_metrics(struct app *app);
void app__free_metrics(struct app *app);
/* Functions of struct tracer_env. */
void app_on_begun(void *owner, const struct http_call *call);
void app_on_ended(void *owner, const struct span *span, struct str route, struct str learned,
		  bool sent);
void app_on_discarded(void *owner, const struct http_call *call);
void app__metrics_exit(struct app *app, u32 tgid);
/* Measurements lost. */
u64 app__metrics_lost(const struct app *app);
/* An export when it is time for one. */
void app__metrics_tick(struct app *app, u64 now);
void app__export_metrics(struct app *app, u64 now);

/* One more of a counter that was asked for; in all that want metrics. */
void app__metrics_count(struct app *app, struct resource *resource, const struct span_count *count);

/* app_select.c, live only. What the kernel side has to tell for these rules. */
void app__live_watch(const struct config *config, struct live_watch *watch);
/* app->select stays NULL if there are no rules. 0 or negative errno. */
int app__select_new(struct app *app);
void app__select_free(struct app *app);
/* True if the record goes on. */
bool app__select_record(struct app *app, struct str record);
/* May a process that was named by its id be traced? It is not we ourselves, nor excluded. */
bool app__select_admits(struct app *app, u32 tgid);
/* It, and whatever descends from it, stays traced whatever it becomes; unless it is excluded. */
void app__select_heir(struct app *app, u32 tgid);
/* Once, after attaching: takes up the processes that are there, and says how many. */
void app__select_existing(struct app *app);
/* Looks again after candidates may have been lost. */
void app__select_tick(struct app *app);
/* Parts of app.c, in app_summary.c: requests by route, for a person, on stderr. */
int app__build_summary(struct app *app);
void app__show_summary(const struct app *app);

/*
 * In app_self.c: adds what the daemon tells of itself to a snapshot that is not shared yet, or to a
 * new one; NULL if there is no memory.
 */
struct metrics *app__add_self(struct app *app, struct metrics *owned, u64 now);

/* Every counter, from wherever it is counted. */
void app__stats(const struct app *app, struct stats *stats);
/* Functions, in app_functions.c. Does the configuration, or a program named in it, ask for them? */
bool app__wants_functions(const struct config *config);
int app__functions_new(struct app *app);
/* What is counted of them: none, or as long as the app has functions. */
const struct metric_info *app__functions_counters(const struct app *app, u32 *cnt);
void app__functions_free(struct app *app);
/* Probes it. Returns how many functions of it are probed, or negative errno. */
int app__functions_process(struct app *app, u32 tgid);
/* None is: says so, where functions were asked for and not a rule but the user chose the process.
 */
void app__functions_none(const struct app *app, u32 tgid);
/* The same of one that runs already: what it did until now is not seen, and that is counted. */
void app__functions_late(struct app *app, u32 tgid);
/* It has mapped libraries; counted likewise. */
void app__functions_mapped(struct app *app, u32 tgid);
void app__functions_exit(struct app *app, u32 tgid);
/* told: there will be a span of it. */
void app__functions_begin(struct app *app, const struct http_call *call, bool told);
/* NULL: there are none. */
const struct function_spans *app__function_spans(const struct app *app);
void app__functions_end(struct app *app, const struct http_call *call, bool told);
/* Adds to a request's span, before it goes out, what happened in it. */
void app__functions_finish(struct app *app, struct span *span);
void app__functions_tick(struct app *app, u64 now, bool last);
/* What numbers stand for, in app_function_facts.c: "what/place" of a recording, in their order; of
 * a replay, in mem, NULL: there is none yet. */
void app__record_function(struct app *app, const char *what, u32 place,
			  const struct function *function);
struct function *app__replay_function(struct app *app, struct arena *mem, const char *what,
				      u32 place);
/* The number of a function at its place: the place, unless it was another's before. */
void app__record_number(struct app *app, u32 place, u32 number);
u32 app__replay_number(struct app *app, u32 place);

/* USDT probes, in app_usdt.c. */
int app__usdt_new(struct app *app);
void app__usdt_free(struct app *app);
/* Looks at what a process has mapped. Returns how many places more are probed. */
u32 app__usdt_look(struct app *app, u32 tgid);
/* In a replay: takes what the recording tells here. */
void app__usdt_recall(struct app *app);
void app__usdt_exit(struct app *app, u32 tgid);
/* NULL: nothing has this number. */
const struct function *app__usdt_function(const struct app *app, u32 number);

/* Those of Python code, in app_python.c. */
bool app__wants_python(const struct config *config);
bool app__wants_python_views(const struct config *config);
int app__python_new(struct app *app);
void app__python_free(struct app *app);
void app__python_process(struct app *app, u32 tgid);
void app__python_exit(struct app *app, u32 tgid);
void app__python_tick(struct app *app, u64 now);
/* As python__number(), of struct function_call's; one more is a span of the application's own. */
int app__python_number(const struct app *app, u32 code_number);
const struct function *app__python_function(const struct app *app, u32 number);

/* As struct capture_ops has them. */
void app_on_python(void *owner, const struct python_code *code);
void app_on_python_place(void *owner, const struct python_place_asked *place);
/* In app_python_counts.c: counters that Python applications bring along. NULL is fine. */
int app__python_counts_new(struct app *app);
void app__python_counts_free(struct app *app);
/* Those that there can be: none, or as long as the app has Python. */
const struct metric_info *app__python_counters(const struct app *app, u32 *cnt);
void app_on_count(void *owner, const struct function_call *call, const struct python_count *count);
/* It is clear which span it was made in; frees call->counted. */
void app__python_counted(struct app *app, const struct function_call *call,
			 const struct trace_context *context);
/* An addition, which waits among the calls until it is clear where it was made. */
void app__functions_counted(struct app *app, struct function_call *call);
void app_on_call(void *owner, const struct function_call *call);

/* The one line of requests, spans and losses, on stderr. */
void app__print_counts(struct app *app);

#endif
