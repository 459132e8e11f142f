// SPDX-License-Identifier: Apache-2.0
/*
 * Runs the modules of an application as far as its routes go: names, imports, calls of its own
 * functions and what they do to applications and blueprints, in Python's order. Whatever cannot be
 * told (branches, loops, values of others) makes what it touches uncertain:
 *
 *	app = Flask(__name__)		app -> object
 *	if DEBUG:			from here on uncertain
 *	    @app.route("/debug")	a rule that may be there or not
 *	extend(app)			some rules that nobody knows
 *
 * Time and memory are bounded: steps, modules and bytes have limits, beyond which nothing is known.
 */
#ifndef PYTHON_RUN_H
#define PYTHON_RUN_H

#include "route/python_scan.h"
#include "route/route_source.h"
#include "route/route_table.h"

enum py_kind { PY_FLASK, PY_BLUEPRINT, PY_FASTAPI, PY_ROUTER, PY_STARLETTE, PY_KIND_CNT };

/* A def; module NULL: not known which. */
struct py_view {
	const struct py_module *module;
	u32 statement;
};

/* One line of a table; or the rules of a blueprint, when that has its own. */
struct py_rule {
	struct py_rule *next;
	char certainty; /* as in a table's text */
	struct str methods, text;
	struct py_view view;
	struct py_object *child; /* NULL: a rule */
	bool prefixed;		 /* text takes the place of the child's own prefix */
};

/* An application, blueprint or router. In the run's arena, as all that follows. */
struct py_object {
	struct py_object *next;
	enum py_kind kind;
	struct str prefix;	/* p NULL: none */
	struct str static_rule; /* p NULL: none */
	bool prefix_unknown;
	bool broken;   /* nothing is known of its routes any more */
	bool lenient;  /* strict_slashes is off */
	bool defaults; /* some rules have defaults: Werkzeug may redirect others to them */
	struct py_rule *first, **last;
};

enum py_value_kind {
	PY_UNKNOWN,
	PY_OBJECT,
	PY_MODULE,
	PY_FUNCTION, /* of its own: module and the number of its statement */
	PY_WRAPPED,  /* such a one that is not to be called: decorated, or in a function */
	PY_A_CLASS,  /* the same */
	PY_VIEW,     /* what as_view() of such a class gives */
	PY_EXTERNAL, /* text: "flask.Flask" */
	PY_TEXT,
	PY_LIST, /* module and span: the inside of its brackets */
};

struct py_value {
	enum py_value_kind kind;
	struct str text;
	struct py_object *object;
	struct py_module *module;
	u32 statement;
	struct py_span span;
	struct py_value *more; /* of a list: what was added; PY_UNKNOWN: something */
};

/* The text of Django's application, an external value without a name. */
#define PY_DJANGO "django"

struct py_binding;

/* Lists by a hash of the name: each name of a source is looked for. */
#define PY_LISTS 64

struct py_scope {
	struct py_binding *lists[PY_LISTS];
	u32 cnt;
	struct py_scope *parent;
};

struct py_module {
	struct py_module *next;
	struct str name; /* "__main__", "shop.views" */
	struct str path; /* of its file */
	bool is_package;
	struct buf text;
	struct py_source source;
	struct py_scope scope;
	bool *ran; /* of each statement that is a def */
};

struct py_run {
	const struct route_process *process;
	struct arena mem;
	struct str path; /* where modules are looked for */
	struct py_module *modules;
	struct py_object *objects;
	struct py_object *served; /* told to some server */
	struct str served_name;	  /* "main:app", the same by name */
	struct str settings;	  /* Django's, of os.environ.setdefault() */
	u32 steps, looks, depth;
	u32 bytes;
	u32 uncertain; /* branches we are in */
	bool failed;   /* a limit was reached: nothing is known */
	bool two_served;
	bool by_werkzeug; /* some application is served by Flask's own server */
	bool by_another;
	bool absolute;	    /* the server takes targets in absolute form */
	bool flask_command; /* "flask run", which calls a function it is given */
};

/* Where a statement runs. */
struct py_frame {
	struct py_run *run;
	struct py_module *module;
	struct py_scope *scope;
	struct py_value result;
	bool returned;
	/* while a decorator is evaluated: that, and the function below it */
	struct py_span decorator;
	struct py_view decorated;
};

struct py_call {
	struct py_frame *frame;
	struct py_object *object;
	struct str name; /* of the method */
	struct py_span arguments;
};

void py_run__free(struct py_run *run);
/* Loads and runs a module, once; NULL if it is not the application's own. */
struct py_module *py_run__import(struct py_run *run, struct str name);
/* Runs a script as "__main__". NULL if it cannot be read. */
struct py_module *py_run__script(struct py_run *run, struct str path);
/* The value of a module's name. */
struct py_value py_module__get(const struct py_module *module, struct str name);
/* Calls an own function without arguments. */
struct py_value py_run__call(struct py_run *run, struct py_value function);
/* What functions that never ran might have done, had they been called, and text that is run. */
void py_run__suspect(struct py_run *run);

/* For those that know frameworks. */
struct py_value py_eval(struct py_frame *frame, struct py_span span);
/* What was not understood: objects named in it may get rules we do not know. */
void py_mention(struct py_frame *frame, struct py_span span);
struct str py_join(struct py_run *run, struct str a, struct str b);

/* python_apps.c: frameworks' classes and methods. */
struct py_object *py_construct(struct py_frame *frame, struct str class, struct py_span arguments);
/* False if the method does not concern routes. */
bool py_call_method(const struct py_call *call);
/* Naming this attribute of an object is enough to lose track of its routes. */
bool py_is_delicate(struct str attribute);
/* Extensions known not to add routes to an application they are given. */
bool py_is_harmless(struct str function);
/* They do not either, and serve it. */
bool py_is_server(struct str function);
void py_taint(struct py_run *run, struct py_object *object);
/* "app.attribute = value"; the attribute may have more behind it: "url_map.converters['a']" */
void py_assign_attribute(struct py_frame *frame, struct py_object *object, struct py_span attribute,
			 struct py_span value);
/* The function of its own that a value is, or was before it was decorated. */
struct py_view py_view_of(struct py_value value);
/* Appends where it stands, as a line of a table ends; nothing if it is not known. */
void py_print_view(struct py_view view, struct buf *out);
/* Appends the table of an application. 0 or -ENOENT. */
int py_print_routes(struct py_run *run, struct py_object *object, struct buf *out);

/* python_django.c: the same of a settings module. */
int py_print_django(struct py_run *run, struct str settings, struct buf *out);

#endif
