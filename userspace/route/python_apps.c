// SPDX-License-Identifier: Apache-2.0
/* The frameworks as tables: their methods that concern routes, and their classes. */
#include "route/python_apps.h"

static void lose(const struct py_call *call)
{
	py_taint(call->frame->run, call->object);
}

/* WebSockets have routes of their own, which no request matches. */
static void pass(const struct py_call *call)
{
	(void)call;
}

#define FLASK	  (1 << PY_FLASK | 1 << PY_BLUEPRINT)
#define FASTAPI	  (1 << PY_FASTAPI | 1 << PY_ROUTER)
#define STARLETTE (FASTAPI | 1 << PY_STARLETTE)

static const struct {
	int kinds;
	const char *name;
	void (*call)(const struct py_call *call);
} methods[] = {
	{FLASK, "route", py_flask_route},
	{FLASK, "get", py_flask_shortcut},
	{FLASK, "post", py_flask_shortcut},
	{FLASK, "put", py_flask_shortcut},
	{FLASK, "delete", py_flask_shortcut},
	{FLASK, "patch", py_flask_shortcut},
	{FLASK, "add_url_rule", py_flask_add_url_rule},
	{FLASK, "register_blueprint", py_flask_register},
	{FLASK, "record", lose},
	{FLASK, "record_once", lose},
	{FASTAPI, "get", py_fastapi_shortcut},
	{FASTAPI, "post", py_fastapi_shortcut},
	{FASTAPI, "put", py_fastapi_shortcut},
	{FASTAPI, "delete", py_fastapi_shortcut},
	{FASTAPI, "patch", py_fastapi_shortcut},
	{FASTAPI, "head", py_fastapi_shortcut},
	{FASTAPI, "options", py_fastapi_shortcut},
	{FASTAPI, "trace", py_fastapi_shortcut},
	{FASTAPI, "api_route", py_fastapi_api_route},
	{FASTAPI, "add_api_route", py_fastapi_add_api_route},
	{FASTAPI, "include_router", py_fastapi_include},
	{FASTAPI, "websocket", pass},
	{STARLETTE, "route", py_starlette_route},
	{STARLETTE, "add_route", py_starlette_add_route},
	{STARLETTE, "mount", py_mount},
	{STARLETTE, "host", lose},
	{STARLETTE, "websocket_route", pass},
};

bool py_call_method(const struct py_call *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (!(methods[i].kinds >> call->object->kind & 1) ||
		    !str_eq(call->name, str_from(methods[i].name)))
			continue;
		methods[i].call(call);
		return true;
	}
	if (py_is_delicate(call->name))
		py_taint(call->frame->run, call->object);
	return false;
}

bool py_is_delicate(struct str attribute)
{
	static const char *const names[] = {
		"url_map", "wsgi_app", "url_rule_class",	"router",
		"routes",  "setup",    "build_middleware_stack"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(attribute, str_from(names[i])))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (str_eq(attribute, str_from(methods[i].name)))
			return true;
	return false;
}

static bool is_of(struct str function, const char *const *modules, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (str_starts(function, str_from(modules[i])))
			return true;
	return false;
}

bool py_is_harmless(struct str function)
{
	static const char *const modules[] = {
		"flask_sqlalchemy.", "flask_migrate.",	     "flask_cors.",
		"flask_login.",	     "flask_wtf.",	     "flask_bcrypt.",
		"flask_mail.",	     "flask_caching.",	     "flask_limiter.",
		"flask_session.",    "flask_compress.",	     "flask_babel.",
		"flask_talisman.",   "flask_marshmallow.",   "flask_jwt_extended.",
		"opentelemetry.",    "werkzeug.middleware.",
	};

	return is_of(function, modules, ARRAY_SIZE(modules));
}

bool py_is_server(struct str function)
{
	static const char *const modules[] = {
		"uvicorn.", "waitress.",  "gevent.pywsgi.",    "wsgiref.simple_server.",
		"cheroot.", "hypercorn.", "werkzeug.serving.",
	};

	return is_of(function, modules, ARRAY_SIZE(modules));
}

static const struct {
	const char *name;
	enum py_kind kind;
	void (*construct)(const struct py_call *call);
} classes[] = {
	{"flask.Flask", PY_FLASK, py_construct_flask},
	{"flask.app.Flask", PY_FLASK, py_construct_flask},
	{"flask.Blueprint", PY_BLUEPRINT, py_construct_blueprint},
	{"flask.blueprints.Blueprint", PY_BLUEPRINT, py_construct_blueprint},
	{"fastapi.FastAPI", PY_FASTAPI, py_construct_fastapi},
	{"fastapi.applications.FastAPI", PY_FASTAPI, py_construct_fastapi},
	{"fastapi.APIRouter", PY_ROUTER, py_construct_router},
	{"fastapi.routing.APIRouter", PY_ROUTER, py_construct_router},
	{"starlette.applications.Starlette", PY_STARLETTE, py_construct_starlette},
};

struct py_object *py_construct(struct py_frame *frame, struct str class, struct py_span arguments)
{
	struct py_object *object;
	size_t i = 0;

	while (i < ARRAY_SIZE(classes) && !str_eq(class, str_from(classes[i].name)))
		i++;
	if (i == ARRAY_SIZE(classes))
		return NULL;
	object = arena__alloc(&frame->run->mem, sizeof(*object));
	if (!object) {
		frame->run->failed = true;
		return NULL;
	}
	*object = (struct py_object){.next = frame->run->objects, .kind = classes[i].kind};
	object->last = &object->first;
	frame->run->objects = object;
	classes[i].construct(&(struct py_call){frame, object, STR(""), arguments});
	return object;
}
