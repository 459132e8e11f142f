// SPDX-License-Identifier: Apache-2.0
/*
 * Python code, wired: which of it is asked for (probe/python.h), its calls numbered as functions
 * are (app_functions.c), behind those. A recording holds what the kernel told of each code, so a
 * replay decides anew.
 */
#include <errno.h>
#include <stdlib.h>

#include "app.h"
#include "base/log.h"
#include "capture/python_probes.h"
#include "probe/python.h"

struct app_python {
	struct python *python;
	bool live;
};

static bool is_given(const struct config *config, const char *word)
{
	for (u32 i = 0; i < config->python_functions.cnt; i++)
		if (!strcmp(config->python_functions.v[i], word))
			return true;
	return false;
}

bool app__wants_python(const struct config *config)
{
	const bool functions = config->functions.cnt && app__wants_functions(config);

	return (functions || config->python_functions.cnt) && !is_given(config, "none");
}

bool app__wants_python_views(const struct config *config)
{
	return !config->python_functions.cnt || is_given(config, "views");
}

static int on_attach(void *owner, void **out, const struct python_sites *sites)
{
	struct app *app = owner;
	struct python_probes *probes = NULL;
	int err = live__probe_python(app->live, &probes, sites);

	*out = probes;
	return err;
}

static int on_ends(void *owner, void *probes, const struct python_sites *sites)
{
	(void)owner;
	return python_probes__ends(probes, sites);
}

static int on_place(void *owner, void *probes, const struct python_place_asked *asked,
		    const char *path, const struct python_return *at)
{
	(void)owner;
	return python_probes__place(probes, asked, path, at);
}

static void on_detach(void *owner, void *probes)
{
	(void)owner;
	python_probes__free(probes);
}

static int check_words(const struct config *config)
{
	const bool word = is_given(config, "views") || is_given(config, "none");

	if (word && config->python_functions.cnt > 1) {
		log_error("--python_functions: views and none stand alone");
		return -EINVAL;
	}
	return 0;
}

int app__python_new(struct app *app)
{
	const bool views = app__wants_python_views(&app->config);
	const struct python_env env = {
		.globs = app->config.python_functions.v,
		.glob_cnt = views ? 0 : app->config.python_functions.cnt,
		.owner = app,
		.attach = on_attach,
		.ends = on_ends,
		.place = on_place,
		.detach = on_detach,
	};

	if (check_words(&app->config))
		return -EINVAL;
	if (!app__wants_python(&app->config))
		return 0;
	app->python = calloc(1, sizeof(*app->python));
	if (!app->python)
		return -ENOMEM;
	app->python->live = !app->config.replay_path;
	return python__new(&app->python->python, &env);
}

void app__python_free(struct app *app)
{
	if (!app->python)
		return;
	python__free(app->python->python);
	free(app->python);
}

void app__python_process(struct app *app, u32 tgid)
{
	if (app->python && app->python->live && app->live &&
	    python__process(app->python->python, tgid))
		log_info("Python functions of pid %u are probed", tgid);
}

void app__python_exit(struct app *app, u32 tgid)
{
	if (app->python)
		python__exit(app->python->python, tgid);
}

void app__python_tick(struct app *app, u64 now)
{
	if (app->python)
		python__tick(app->python->python, now);
}

void app_on_python(void *owner, const struct python_code *code)
{
	struct app *app = owner;
	bool wanted;

	if (!app->python)
		return;
	if (!code->number) {
		python__spans(app->python->python, code->tgid);
		return;
	}
	wanted = python__meet(app->python->python, code);
	if (app->live)
		live__judge(app->live, code, wanted);
}

void app_on_python_place(void *owner, const struct python_place_asked *place)
{
	struct app *app = owner;

	if (app->python && app->python->live)
		python__place(app->python->python, place);
}

int app__python_number(const struct app *app, u32 code_number)
{
	if (!app->python)
		return -ENOENT;
	return code_number ? python__number(app->python->python, code_number)
			   : PYTHON_FUNCTIONS_MAX;
}

const struct function *app__python_function(const struct app *app, u32 number)
{
	static const struct function span = {.named = true};

	if (number == PYTHON_FUNCTIONS_MAX)
		return &span;
	return app->python ? python__get(app->python->python, number) : NULL;
}
