// SPDX-License-Identifier: Apache-2.0
/* What the files that know frameworks share: arguments of a call, and the methods in the table. */
#ifndef PYTHON_APPS_H
#define PYTHON_APPS_H

#include "route/python_run.h"

enum argument { ARG_ABSENT, ARG_NONE, ARG_TEXT, ARG_OTHER };

/* The argument of that name, or at that position (-1: by name alone). */
bool py_find_argument(const struct py_call *call, int position, const char *keyword,
		      struct py_span *value);
/* The same as a text. */
enum argument py_text_argument(const struct py_call *call, int position, const char *keyword,
			       struct str *text);
/* Given by that name? */
bool py_has_argument(const struct py_call *call, const char *keyword);
/* Are there any that nobody can count, *args or **options? */
bool py_has_starred(const struct py_call *call);
/* "POST,GET" of methods=["post", "GET"]; "?" if it is no list of literals. fallback: if absent. */
struct str py_methods_argument(const struct py_call *call, struct str fallback);
bool py_has_method(struct str methods, struct str method);
struct str py_upper(struct py_run *run, struct str text);
/* NULL when there is no memory: the run has failed then. In a branch it is an uncertain one. */
struct py_rule *py_add_rule(struct py_frame *frame, struct py_object *object, char certainty,
			    struct str methods, struct str text);
/* The view of a rule that is not known. */
void py_add_unknown(struct py_run *run, struct py_object *object, struct py_view view);

/* The function that the call decorates. */
struct py_view py_decorated_view(const struct py_call *call);
/* The same of one that is handed over, as py_find_argument() finds it. */
struct py_view py_view_argument(const struct py_call *call, int position, const char *keyword);

/* python_flask.c */
void py_flask_route(const struct py_call *call);
void py_flask_shortcut(const struct py_call *call);
void py_flask_add_url_rule(const struct py_call *call);
void py_flask_register(const struct py_call *call);
void py_construct_flask(const struct py_call *call);
void py_construct_blueprint(const struct py_call *call);

/* python_views.c: of add_url_rule()'s view; "?": not known. */
struct str py_view_methods(struct py_run *run, struct py_value view);

/* python_starlette.c */
void py_fastapi_shortcut(const struct py_call *call);
void py_fastapi_api_route(const struct py_call *call);
void py_fastapi_add_api_route(const struct py_call *call);
void py_starlette_route(const struct py_call *call);
void py_starlette_add_route(const struct py_call *call);
void py_fastapi_include(const struct py_call *call);
void py_mount(const struct py_call *call);
void py_construct_fastapi(const struct py_call *call);
void py_construct_router(const struct py_call *call);
void py_construct_starlette(const struct py_call *call);

#endif
