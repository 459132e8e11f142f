// SPDX-License-Identifier: Apache-2.0
/*
 * Routes, wired: what --function-route says of a function that ran is surest, then go those given
 * by hand, then those of the application's own sources, where views that ran settle what is open.
 */
#include <errno.h>
#include <string.h>

#include "app.h"
#include "base/log.h"
#include "trace/function_spans.h"

/* As servers do, what takes GET takes HEAD. */
static int print_given(const char *given, struct buf *out)
{
	struct str rest = str_trim(str_from(given)), method, path;
	struct arena mem = {0};
	struct route_pattern pattern;
	ssize_t blank = str_find(rest, ' ', 0);
	int err;

	method = blank < 0 ? STR("*") : str_sub(rest, 0, (size_t)blank);
	path = blank < 0 ? rest : str_trim(str_sub(rest, (size_t)blank, rest.len));
	/* a path with a blank is none, but most likely something was to follow that is not known */
	err = path.len && path.p[0] == '/' && str_find(path, ' ', 0) < 0
		      ? route_pattern__compile(&pattern, ROUTE_STARLETTE, path, &mem)
		      : -EINVAL;
	arena__free(&mem);
	if (err == -EINVAL)
		log_error("--route: bad value \"%.200s\", want \"GET /a/{b}\"", given);
	if (!err)
		err = buf__printf(out, "= %.*s%s %.*s\n", STR_ARG(method),
				  str_eq(method, STR("GET")) ? ",HEAD" : "", STR_ARG(path));
	return err;
}

int app__build_routes(struct app *app)
{
	struct buf text __cleanup(buf__free) = {0};
	int err = 0;

	if (!app->config.routes.cnt)
		return 0;
	err = buf__printf(&text, "%s\n", route_style_name(ROUTE_STARLETTE));
	for (u32 i = 0; i < app->config.routes.cnt && !err; i++)
		err = print_given(app->config.routes.v[i], &text);
	return err ? err : route_table__new(&app->routes, buf__view(&text));
}

/* Where only some functions are asked for, the view may be one of the others. */
static struct str match_own(const struct app *app, const struct route_table *own,
			    const struct http_call *call)
{
	const struct function_spans *spans = app__function_spans(app);
	const struct function *ran[FUNCTIONS_RAN_MAX];
	u32 cnt = spans && app__wants_python_views(&app->config)
			  ? function_spans__ran(spans, call, ran)
			  : 0;

	return route_table__settle(own, call->method, call->target, ran, cnt);
}

struct str app_on_route(void *owner, const struct http_call *call, bool by_path)
{
	struct app *app = owner;
	/* asked for in any case, so that a recording can be replayed with other routes by hand */
	const struct route_table *own = process_table__routes(app->processes, call->peer.tgid);
	const struct function_spans *spans = app__function_spans(app);
	struct str route = spans ? function_spans__route(spans, call) : STR_NONE;

	if (!by_path)
		return route;
	if (!route.len && app->routes)
		route = route_table__match(app->routes, call->method, call->target);
	if (!route.len && own)
		route = match_own(app, own, call);
	return route;
}
