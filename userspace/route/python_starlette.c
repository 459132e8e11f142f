// SPDX-License-Identifier: Apache-2.0
/*
 * What FastAPI and Starlette do to their applications and routers.
 *
 *	@app.get("/a")				a rule
 *	app.include_router(router, prefix="/b")	a copy of the router's rules as they are now
 *	app.mount("/c", other)			something below /c/
 */
#include "route/python_apps.h"

/* FastAPI: methods of Starlette's own route() include HEAD with GET, FastAPI's do not. */
static void add_path(const struct py_call *call, struct str methods, struct py_view view)
{
	struct py_frame *frame = call->frame;
	struct py_rule *rule;
	struct str path;

	if (py_has_starred(call) || call->object->prefix_unknown ||
	    py_text_argument(call, 0, "path", &path) != ARG_TEXT) {
		py_add_unknown(frame->run, call->object, view);
		return;
	}
	if (call->object->kind == PY_ROUTER)
		path = py_join(frame->run, call->object->prefix, path);
	rule = py_add_rule(frame, call->object, '=', methods, path);
	if (rule)
		rule->view = view;
}

void py_fastapi_shortcut(const struct py_call *call)
{
	add_path(call, py_upper(call->frame->run, call->name), py_decorated_view(call));
}

void py_fastapi_api_route(const struct py_call *call)
{
	add_path(call, py_methods_argument(call, STR("GET")), py_decorated_view(call));
}

void py_fastapi_add_api_route(const struct py_call *call)
{
	add_path(call, py_methods_argument(call, STR("GET")),
		 py_view_argument(call, 1, "endpoint"));
}

/* An endpoint that is a class takes all methods. */
static struct str starlette_methods(const struct py_call *call, bool decorates)
{
	struct py_run *run = call->frame->run;
	struct py_span endpoint;
	struct py_value value = {0};
	struct str methods;

	if (py_find_argument(call, 1, decorates ? "" : "endpoint", &endpoint))
		value = py_eval(call->frame, endpoint);
	methods = py_methods_argument(call, decorates || value.kind == PY_FUNCTION ? STR("GET")
					    : value.kind == PY_A_CLASS		   ? STR("*")
								       : STR("GET,HEAD,?"));
	if (py_has_method(methods, STR("GET")) && !py_has_method(methods, STR("HEAD")))
		methods = py_join(run, methods, STR(",HEAD"));
	return methods;
}

void py_starlette_route(const struct py_call *call)
{
	add_path(call, starlette_methods(call, true), py_decorated_view(call));
}

void py_starlette_add_route(const struct py_call *call)
{
	add_path(call, starlette_methods(call, false), py_view_argument(call, 1, "endpoint"));
}

/* prefix: p NULL is one that is not known. */
static void include(struct py_frame *frame, struct py_object *object,
		    const struct py_object *router, struct str prefix)
{
	const struct py_rule *last = (void *)router->last, *rule = router->first;

	for (; rule; rule = (void *)&rule->next == last ? NULL : rule->next) {
		struct py_rule *copy = NULL;

		if (!prefix.p)
			py_add_unknown(frame->run, object, rule->view);
		else
			copy = py_add_rule(frame, object, rule->certainty, rule->methods,
					   py_join(frame->run, prefix, rule->text));
		if (copy)
			copy->view = rule->view;
	}
}

void py_fastapi_include(const struct py_call *call)
{
	struct py_frame *frame = call->frame;
	struct str prefix = STR("");
	enum argument given = py_text_argument(call, -1, "prefix", &prefix);
	struct py_span span;
	struct py_value value = {0};

	if (py_find_argument(call, 0, "router", &span))
		value = py_eval(frame, span);
	if (given == ARG_OTHER || given == ARG_NONE || py_has_starred(call) ||
	    call->object->prefix_unknown)
		prefix = STR_NONE;
	else if (call->object->kind == PY_ROUTER)
		prefix = py_join(frame->run, call->object->prefix, prefix);
	if (value.kind == PY_OBJECT && value.object->kind == PY_ROUTER &&
	    value.object != call->object)
		include(frame, call->object, value.object, prefix);
	else
		py_add_rule(frame, call->object, '!', STR("*"), prefix);
}

/* Mounted applications know their routes themselves. */
void py_mount(const struct py_call *call)
{
	struct py_run *run = call->frame->run;
	struct str path;

	if (py_text_argument(call, 0, "path", &path) != ARG_TEXT) {
		py_taint(run, call->object);
		return;
	}
	while (path.len && path.p[path.len - 1] == '/')
		path.len--;
	py_add_rule(call->frame, call->object, '!', STR("*"), py_join(run, path, STR("/")));
}

static void add_document(const struct py_call *call, const char *keyword, struct str fallback)
{
	struct str path = fallback;
	enum argument given = py_text_argument(call, -1, keyword, &path);

	if (given == ARG_OTHER)
		py_taint(call->frame->run, call->object);
	else if (given != ARG_NONE && path.len)
		py_add_rule(call->frame, call->object, '=', STR("GET,HEAD"), path);
}

void py_construct_fastapi(const struct py_call *call)
{
	struct str schema = STR("/openapi.json");
	enum argument given = py_text_argument(call, -1, "openapi_url", &schema);
	struct str root = STR("");
	enum argument below = py_text_argument(call, -1, "root_path", &root);

	call->object->broken = py_has_starred(call) || py_has_argument(call, "routes") ||
			       below == ARG_OTHER || root.len;
	if (given == ARG_NONE || (given == ARG_TEXT && !schema.len))
		return;
	add_document(call, "openapi_url", schema);
	add_document(call, "docs_url", STR("/docs"));
	add_document(call, "swagger_ui_oauth2_redirect_url", STR("/docs/oauth2-redirect"));
	add_document(call, "redoc_url", STR("/redoc"));
}

void py_construct_router(const struct py_call *call)
{
	enum argument prefix = py_text_argument(call, -1, "prefix", &call->object->prefix);

	call->object->prefix_unknown = prefix == ARG_OTHER || prefix == ARG_NONE ||
				       py_has_starred(call) || py_has_argument(call, "routes");
}

/* One of routes=[Route("/a", a), Mount("/b", b)]. */
static void add_listed(const struct py_call *list, struct py_span item)
{
	struct py_call call = *list;
	struct py_span callee;
	struct str class = STR("");

	if (py_call(&call.frame->module->source, item, &callee, &call.arguments))
		class = py_eval(call.frame, callee).text;
	if (str_eq(class, STR("starlette.routing.Route")))
		py_starlette_add_route(&call);
	else if (str_eq(class, STR("starlette.routing.Mount")))
		py_mount(&call);
	else if (!str_eq(class, STR("starlette.routing.WebSocketRoute")))
		py_taint(call.frame->run, call.object);
}

void py_construct_starlette(const struct py_call *call)
{
	struct py_frame frame = *call->frame;
	struct py_call list = *call;
	struct py_value value = {0};
	struct py_item item;
	struct py_span span;

	call->object->broken = py_has_starred(call);
	if (!py_find_argument(call, 1, "routes", &span))
		return;
	value = py_eval(call->frame, span);
	if (value.kind == PY_LIST && value.module != frame.module)
		frame.scope = &value.module->scope;
	if (value.kind == PY_LIST)
		frame.module = value.module;
	list.frame = &frame;
	while (value.kind == PY_LIST && py_next_item(&frame.module->source, &value.span, &item))
		add_listed(&list, item.value);
	if (value.kind != PY_LIST || value.more)
		py_taint(frame.run, call->object);
}
