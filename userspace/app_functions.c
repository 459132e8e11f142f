// SPDX-License-Identifier: Apache-2.0
/*
 * Functions, wired: which are probed in whom (probe/), and their calls as spans below those of the
 * requests (trace/function_spans.h). A recording holds what each number stands for, as a fact.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/log.h"
#include "model/function_text.h"
#include "probe/functions.h"
#include "trace/function_spans.h"

struct app_functions {
	struct function_spec_text specs[CONFIG_TEXTS_MAX];
	struct functions *table; /* NULL in a replay */
	struct function_spans *spans;
	/* of a replay: what the recording's numbers stand for, as they are asked for */
	struct function *replayed[FUNCTIONS_LIMIT];
	struct arena mem;
};

static int on_describe(void *owner, u32 number, const struct function *function)
{
	struct app *app = owner;
	struct buf text __cleanup(buf__free) = {0};
	char key[32];

	snprintf(key, sizeof(key), "function/%u", number);
	function_print(&text, function);
	if (app->recorder)
		recorder__fact(app->recorder, key, buf__view(&text));
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
		list[i] = (struct probe_site){sites[i].offset, sites[i].number};
	if (!err)
		err = live__probe(app->live, &probes, &target);
	if (!err)
		*out = probes;
	free(list);
	return err;
}

static void on_detach(void *owner, void *probes)
{
	(void)owner;
	probes__free(probes);
}

/* In a replay the recording tells. NULL: nothing. */
static const struct function *replayed(struct app *app, u32 number)
{
	struct app_functions *functions = app->functions;
	struct buf text __cleanup(buf__free) = {0};
	struct function *function;
	char key[32];

	if (number >= FUNCTIONS_LIMIT || functions->replayed[number])
		return number < FUNCTIONS_LIMIT ? functions->replayed[number] : NULL;
	snprintf(key, sizeof(key), "function/%u", number);
	function = arena__alloc(&functions->mem, sizeof(*function));
	if (!function || app->facts(app->facts_owner, key, &text) ||
	    function_parse(buf__view(&text), &functions->mem, function))
		return NULL;
	functions->replayed[number] = function;
	return function;
}

static const struct function *on_function(void *owner, u32 number)
{
	struct app *app = owner;

	return app->functions->table ? functions__get(app->functions->table, number)
				     : replayed(app, number);
}

static struct resource *on_resource(void *owner, u32 tgid)
{
	return process_table__resource(((struct app *)owner)->processes, tgid);
}

static void on_span(void *owner, struct span *owned)
{
	pipeline__span(((struct app *)owner)->pipeline, owned);
}

static int parse_specs(const struct config_texts *texts, struct function_spec_text *specs)
{
	for (u32 i = 0; i < texts->cnt; i++) {
		const char *why;

		if (function_spec_parse(str_from(texts->v[i]), &specs[i], &why)) {
			log_error("--function %s: %s", texts->v[i], why);
			return -EINVAL;
		}
	}
	return 0;
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

bool app__wants_functions(const struct config *config)
{
	char path[64];

	if (config->functions.cnt)
		return true;
	for (u32 i = 0; i < config->pid_cnt; i++) {
		snprintf(path, sizeof(path), "/proc/%u/exe", config->pids[i]);
		if (tells_handlers(path))
			return true;
	}
	return config->command && tells_handlers(config->command[0]);
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
	};
	struct buf told __cleanup(buf__free) = {0};
	bool live = !app->config.replay_path;
	int err;

	if (live ? !app__wants_functions(&app->config)
		 : app->facts(app->facts_owner, "functions", &told))
		return 0;
	app->functions = calloc(1, sizeof(*app->functions));
	if (!app->functions)
		return -ENOMEM;
	err = parse_specs(&app->config.functions, app->functions->specs);
	if (!err)
		err = function_spans__new(&app->functions->spans, &env);
	if (!err && live) {
		const struct functions_env probe_env = {
			.specs = app->functions->specs,
			.spec_cnt = app->config.functions.cnt,
			.slow = app->config.slow_probes,
			.owner = app,
			.describe = on_describe,
			.attach = on_attach,
			.detach = on_detach,
		};

		err = functions__new(&app->functions->table, &probe_env);
	}
	return err;
}

void app__functions_free(struct app *app)
{
	if (!app->functions)
		return;
	functions__free(app->functions->table);
	function_spans__free(app->functions->spans);
	arena__free(&app->functions->mem);
	free(app->functions);
}

int app__functions_process(struct app *app, u32 tgid)
{
	int n = app->functions && app->live ? functions__process(app->functions->table, tgid) : 0;

	if (n > 0)
		log_info("%d functions of pid %u are probed", n, tgid);
	return n;
}

void app__functions_late(struct app *app, u32 tgid)
{
	if (app__functions_process(app, tgid) > 0)
		stats__add(&app->stats, STAT_CALL_LATE, 1);
}

void app__functions_exit(struct app *app, u32 tgid)
{
	if (app->functions && app->functions->table)
		functions__exit(app->functions->table, tgid);
}

void app_on_call(void *owner, const struct function_call *call)
{
	struct app *app = owner;

	if (app->functions)
		function_spans__call(app->functions->spans, call);
}

void app__functions_begin(struct app *app, const struct http_call *call)
{
	if (app->functions)
		function_spans__begin(app->functions->spans, call);
}

void app__functions_end(struct app *app, const struct http_call *call, bool told)
{
	if (app->functions)
		function_spans__end(app->functions->spans, call, told);
}

void app__functions_tick(struct app *app, u64 now, bool last)
{
	if (app->functions)
		function_spans__tick(app->functions->spans, now, last);
}
