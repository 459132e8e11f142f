// SPDX-License-Identifier: Apache-2.0
/*
 * The summary, wired. It is for a person, so it goes to stderr, where all else for people goes:
 * standard output stays telemetry, fit for jq and tee. Who attached from a terminal sees it after
 * Ctrl-C unasked.
 */
#include <stdio.h>
#include <unistd.h>

#include "app.h"

static bool may_be_interrupted(const struct app *app)
{
	return app->config.pid_cnt && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

int app__build_summary(struct app *app)
{
	if (!app->config.summary && !may_be_interrupted(app))
		return 0;
	return summary__new(&app->summary, app->semconv);
}

void app__show_summary(const struct app *app)
{
	struct buf text __cleanup(buf__free) = {0};

	if (!app->summary || !(app->config.summary || app->interrupted))
		return;
	summary__print(app->summary, app->first_tick, app->last_tick, isatty(STDERR_FILENO), &text);
	fwrite(text.p, 1, text.len, stderr);
}
