// SPDX-License-Identifier: Apache-2.0
/*
 * Functions, wired: which are probed in whom (probe/), and their calls as spans below those of the
 * requests (trace/function_spans.h), as counters and as routes (probe/function_rules.h). A
 * recording holds what each number stands for, as a fact.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/kernel.h"
#include "base/log.h"
#include "probe/function_rules.h"
#include "probe/functions.h"
#include "trace/function_spans.h"

struct app_functions {
	struct function_spec_text specs[CONFIG_TEXTS_MAX + 2 * FUNCTION_RULES_MAX];
	u32 spec_cnt;
	struct function_rules *rules;
	struct functions *table; /* NULL in a replay, or if none but Python's are asked for */
	struct function_spans *spans;
	u32 told_cnt; /* functions that were given a number, so far */
	u32 usdt_cnt; /* places of USDT probes among those that the table has just told of */
	/* of a replay: what the recording's numbers stand for */
	struct function *replayed[FUNCTIONS_LIMIT];
	struct arena mem;
};

static int on_describe(void *owner, u32 number, const struct function *function)
{
	struct app *app = owner;
	u32 place = app->functions->told_cnt++;

	function_rules__found(app->functions->rules, function, number);
	app__record_function(app, "function", place, function);
	app__record_number(app, place, number);
	return live__describe(app->live, number, function);
}

static int on_attach(void *owner, void **out, const char *path, u32 tgid,
		     const struct function_site *sites, u32 cnt)
{
	struct probe_site *list = calloc(cnt, sizeof(*list));
	const struct probes_target target = {path, tgid, list, cnt};
	struct app *app = owner;
	struct probes *probes;
	int err = list ? 0 : -ENOMEM;

	for (u32 i = 0; !err && i < cnt; i++)
		list[i] = (struct probe_site){.offset = sites[i].offset, .cookie = sites[i].number};
	if (!err)
		err = live__probe(app->live, &probes, &target);
	if (!err)
		*out = probes;
	free(list);
	return err;
}

static int on_watch(void *owner, void **out, const char *path, u32 tgid, u64 offset)
{
	const struct probe_site site = {.offset = offset};
	const struct probes_target target = {path, tgid, &site, 1};
	struct probes *probes;
	int err = live__watch(((struct app *)owner)->live, &probes, &target);

	if (!err)
		*out = probes;
	return err;
}

/* Between returns of its functions that are pending, those of its Python code would be lost. */
static void on_give_up(void *owner, u32 tgid)
{
	app__python_exit(owner, tgid);
}

static u32 on_look(void *owner, u32 tgid)
{
	struct app *app = owner;

	app->functions->usdt_cnt = app__usdt_look(app, tgid);
	return app->functions->usdt_cnt;
}

static void on_detach(void *owner, void *probes)
{
	(void)owner;
	probes__free(probes);
}

/* The next of a recording's functions is known from here on. False: there is none here. */
static bool replay_function(struct app *app)
{
	struct app_functions *functions = app->functions;
	u32 place = functions->told_cnt, number;
	struct function *function = app__replay_function(app, &functions->mem, "function", place);

	if (!function)
		return false;
	number = app__replay_number(app, place);
	if (number >= FUNCTIONS_LIMIT)
		return false;
	function_rules__found(functions->rules, function, number);
	functions->replayed[number] = function;
	functions->told_cnt++;
	return true;
}

/* Recorded as what `key` is answered by, unless it is nothing. Returns n. */
static int note(struct app *app, const char *key, int n)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", n);
	if (n > 0 && app->recorder)
		recorder__fact(app->recorder, key, str_from(number));
	return n;
}

/* What was noted at this place of the recording, and the functions that were found. */
static int recall(struct app *app, const char *key)
{
	struct buf text __cleanup(buf__free) = {0};

	if (!app->config.replay_path)
		return 0; /* none but Python's are probed */
	while (replay_function(app))
		;
	app__usdt_recall(app);
	if (app->facts(app->facts_owner, key, &text) || buf__char(&text, '\0'))
		return 0;
	return atoi(buf__view(&text).p);
}

/* The numbers of Python's follow, then those of USDT probes. Rules are about native functions only.
 */
static bool is_native(u32 number)
{
	return number < FUNCTIONS_LIMIT;
}

static const struct function *on_function(void *owner, u32 number)
{
	const struct app_functions *functions = ((struct app *)owner)->functions;

	if (number >= FUNCTION_USDT)
		return app__usdt_function(owner, number);
	if (!is_native(number))
		return app__python_function(owner, number - FUNCTIONS_LIMIT);
	if (functions->table)
		return functions__get(functions->table, number);
	return functions->replayed[number];
}

static struct resource *on_resource(void *owner, u32 tgid)
{
	return process_table__resource(((struct app *)owner)->processes, tgid);
}

static void on_span(void *owner, struct span *owned)
{
	pipeline__span(((struct app *)owner)->pipeline, owned);
}

static struct str on_route(void *owner, u32 number)
{
	const struct function *function = is_native(number) ? on_function(owner, number) : NULL;
	struct app *app = owner;

	return function ? function_rules__route(app->functions->rules, function, number) : STR_NONE;
}

static void count_call(struct app *app, const struct function_call *call,
		       const struct trace_context *context)
{
	const struct function *function = on_function(app, call->function);
	/* asked for in any case, so that a recording can be replayed with counters and without */
	struct resource *resource = on_resource(app, call->tgid);
	struct function_count count;
	u32 at = 0;

	if (!function || !resource)
		stats__add(&app->stats, STAT_MARK_UNMEASURED, 1);
	while (function && resource &&
	       function_rules__count(app->functions->rules, function, call, &at, &count))
		app__metrics_count(
			app, resource,
			&(struct span_count){
				count.counter, {.i = 1}, &count.attrs, call->end_ns, context});
	resource__put(resource);
}

static void on_settled(void *owner, const struct function_call *call,
		       const struct trace_context *context)
{
	if (call->counted)
		app__python_counted(owner, call, context);
	else if (is_native(call->function))
		count_call(owner, call, context);
}

static int add_function(struct app_functions *functions, struct str text, const char **why)
{
	int err = function_spec_parse(text, &functions->specs[functions->spec_cnt], why);

	functions->spec_cnt += !err;
	return err;
}

static int add_count(struct app_functions *functions, struct str text, const char **why)
{
	return function_rules__add_count(functions->rules, text, why);
}

static int add_route(struct app_functions *functions, struct str text, const char **why)
{
	return function_rules__add_route(functions->rules, text, why);
}

static int parse_texts(struct app_functions *functions, const struct config *config)
{
	const struct {
		const char *flag;
		const struct config_texts *texts;
		int (*add)(struct app_functions *functions, struct str text, const char **why);
	} kinds[] = {
		{"function", &config->functions, add_function},
		{"count", &config->counts, add_count},
		{"function-route", &config->function_routes, add_route},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (u32 j = 0; j < kinds[i].texts->cnt; j++) {
			const char *text = kinds[i].texts->v[j], *why;

			if (!kinds[i].add(functions, str_from(text), &why))
				continue;
			log_error("--%s %s: %s", kinds[i].flag, text, why);
			return -EINVAL;
		}
	}
	functions->spec_cnt +=
		function_rules__specs(functions->rules, functions->specs + functions->spec_cnt);
	return 0;
}

/* "--function none": not even those a program tells of itself. */
static bool refused(const struct config *config)
{
	return config->functions.cnt == 1 && !strcmp(config->functions.v[0], "none");
}

static bool has_rules(const struct config *config)
{
	return config->counts.cnt || config->function_routes.cnt;
}

/* Does a program that is to be traced from the start tell of handlers? */
static bool tells_handlers(const char *path)
{
	struct binary *binary;
	bool tells;

	if (binary__open(&binary, path))
		return false;
	tells = binary__handlers(binary).len;
	binary__free(binary);
	return tells;
}

static bool asks_for_functions(const struct config *config)
{
	char path[64];

	if (refused(config))
		return false;
	if (config->functions.cnt || has_rules(config))
		return true;
	for (u32 i = 0; i < config->pid_cnt; i++) {
		snprintf(path, sizeof(path), "/proc/%u/exe", config->pids[i]);
		if (tells_handlers(path))
			return true;
	}
	return config->command && tells_handlers(config->command[0]);
}

bool app__wants_functions(const struct config *config)
{
	return probes_are_harmless(kernel_running()) && asks_for_functions(config);
}

/* Of what was asked for in vain. */
static void say_what_is_left_out(const struct config *config)
{
	if (!config->replay_path && !probes_are_harmless(kernel_running()) &&
	    asks_for_functions(config))
		log_warn("no spans of functions: under this kernel (6.11, 6.12 before 6.12.14, "
			 "6.13 before 6.13.3) a probed process dies if it is, or comes, under "
			 "seccomp");
	if (refused(config) && has_rules(config))
		log_warn("--function none: --count and --function-route have no effect");
}

int app__functions_new(struct app *app)
{
	const struct function_spans_env env = {
		.stats = &app->stats,
		.rng = &app->rng,
		.limits = app->limits,
		.owner = app,
		.resource = on_resource,
		.span = on_span,
		.function = on_function,
		.route = on_route,
		.settled = on_settled,
	};
	struct buf told __cleanup(buf__free) = {0};
	bool live = !app->config.replay_path;
	int err;

	say_what_is_left_out(&app->config);
	if (live ? !app__wants_functions(&app->config) && !app__wants_python(&app->config) &&
			    !app->config.usdt.cnt
		 : app->facts(app->facts_owner, "functions", &told))
		return 0;
	app->functions = calloc(1, sizeof(*app->functions));
	if (!app->functions)
		return -ENOMEM;
	err = function_rules__new(&app->functions->rules);
	if (!err)
		err = parse_texts(app->functions, &app->config);
	if (!err)
		err = function_spans__new(&app->functions->spans, &env);
	if (!err)
		err = app__usdt_new(app);
	if (!err && live && (app__wants_functions(&app->config) || app->usdt)) {
		const struct functions_env probe_env = {
			.specs = app->functions->specs,
			.spec_cnt = app->functions->spec_cnt,
			.slow = app->config.slow_probes,
			.spares_stacks = probes_spare_stacks(),
			.owner = app,
			.describe = on_describe,
			.attach = on_attach,
			.watch = on_watch,
			.detach = on_detach,
			.look = app->config.usdt.cnt ? on_look : NULL,
			.give_up = on_give_up,
			.none = !app__wants_functions(&app->config),
		};

		err = functions__new(&app->functions->table, &probe_env);
	}
	return err;
}

void app__functions_free(struct app *app)
{
	if (!app->functions)
		return;
	function_spans__free(app->functions->spans); /* it settles what waits */
	functions__free(app->functions->table);
	app__usdt_free(app);
	function_rules__free(app->functions->rules);
	arena__free(&app->functions->mem);
	free(app->functions);
}

static void say(int n, const char *more, u32 tgid)
{
	if (n > 0)
		log_info("%d%s functions of pid %u are probed", n, more, tgid);
}

int app__functions_process(struct app *app, u32 tgid)
{
	char key[32];
	int n;

	/* until its exec the command is a copy of us */
	if (!app->functions || (tgid == (u32)app->child.pid && app->child.gate >= 0))
		return 0;
	app__python_process(app, tgid);
	snprintf(key, sizeof(key), "probed/%u", tgid);
	if (!app->functions->table)
		return recall(app, key);
	app__usdt_exit(app, tgid);
	app->functions->usdt_cnt = 0;
	n = note(app, key, functions__process(app->functions->table, tgid));
	say(n - (int)app->functions->usdt_cnt, "", tgid);
	return n;
}

void app__functions_late(struct app *app, u32 tgid)
{
	if (app__functions_process(app, tgid) > 0)
		stats__add(&app->stats, STAT_CALL_LATE, 1);
}

static int probe_libraries(struct app *app, u32 tgid)
{
	u32 n;

	app->functions->usdt_cnt = 0;
	n = functions__mapped(app->functions->table, tgid);
	say((int)(n - app->functions->usdt_cnt), " more", tgid);
	return note(app, "late", !!n);
}

void app__functions_mapped(struct app *app, u32 tgid)
{
	if (!app->functions)
		return;
	stats__add(&app->stats, STAT_CALL_LATE,
		   (u64)(app->functions->table ? probe_libraries(app, tgid) : recall(app, "late")));
}

void app__functions_exit(struct app *app, u32 tgid)
{
	if (app->functions && app->functions->table)
		functions__exit(app->functions->table, tgid);
	app__python_exit(app, tgid);
	app__usdt_exit(app, tgid);
}

void app_on_call(void *owner, const struct function_call *call)
{
	struct app *app = owner;
	struct function_call known = *call;
	int number = call->python ? app__python_number(app, call->function) : 0;

	if (!app->functions || number == -ENOENT)
		return;
	if (call->python && number < 0) {
		stats__add(&app->stats, STAT_CALL_LOST, 1);
		return;
	}
	if (call->python)
		known.function = FUNCTIONS_LIMIT + (u32)number;
	function_spans__call(app->functions->spans, &known);
}

void app__functions_counted(struct app *app, struct function_call *call)
{
	call->function = FUNCTIONS_LIMIT + (u32)app__python_number(app, 0);
	function_spans__call(app->functions->spans, call);
}

void app__functions_begin(struct app *app, const struct http_call *call, bool told)
{
	if (app->functions)
		function_spans__begin(app->functions->spans, call, told);
}

const struct function_spans *app__function_spans(const struct app *app)
{
	return app->functions ? app->functions->spans : NULL;
}

const struct metric_info *app__functions_counters(const struct app *app, u32 *cnt)
{
	return app->functions ? function_rules__counters(app->functions->rules, cnt) : NULL;
}

void app__functions_end(struct app *app, const struct http_call *call, bool told)
{
	if (app->functions)
		function_spans__end(app->functions->spans, call, told);
}

void app__functions_finish(struct app *app, struct span *span)
{
	if (app->functions)
		function_spans__finish(app->functions->spans, span);
}

void app__functions_tick(struct app *app, u64 now, bool last)
{
	int late;

	if (!app->functions)
		return;
	late = app->functions->table
		       ? note(app, "late", (int)functions__tick(app->functions->table, now))
		       : recall(app, "late");
	stats__add(&app->stats, STAT_CALL_LATE, (u64)late);
	app__python_tick(app, now);
	function_spans__tick(app->functions->spans, now, last);
}
