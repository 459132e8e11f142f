// SPDX-License-Identifier: Apache-2.0
/*
 * What Flask does to its applications and blueprints.
 *
 *	@app.route("/a", methods=["POST"])		a rule
 *	app.register_blueprint(bp, url_prefix="/b")	the blueprint's rules, below /b
 */
#include "route/python_apps.h"

/* Werkzeug adds HEAD to GET, Flask OPTIONS to all. */
static struct str flask_methods(struct py_run *run, struct str methods)
{
	if (py_has_method(methods, STR("GET")) && !py_has_method(methods, STR("HEAD")))
		methods = py_join(run, methods, STR(",HEAD"));
	return py_has_method(methods, STR("OPTIONS")) ? methods
						      : py_join(run, methods, STR(",OPTIONS"));
}

/* What options of a Flask rule make of its certainty. */
static char flask_certainty(const struct py_call *call)
{
	static const char *const known[] = {"rule",	      "methods",
					    "endpoint",	      "view_func",
					    "strict_slashes", "provide_automatic_options"};
	const struct py_source *source = &call->frame->module->source;
	struct py_span rest = call->arguments;
	char certainty = '=';
	struct py_item item;

	while (py_next_item(source, &rest, &item)) {
		bool is_known = !item.keyword.p && !item.starred;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			is_known |= item.keyword.p && str_eq(item.keyword, str_from(known[i]));
		if (!is_known)
			return '?';
		if (!item.keyword.p || !str_eq(item.keyword, STR("strict_slashes")))
			continue;
		if (!py_is(source, item.value, item.value.from, "False"))
			return '?';
		certainty = '~';
	}
	return certainty;
}

static void add_flask_rule(const struct py_call *call, struct str methods, struct py_view view)
{
	struct py_frame *frame = call->frame;
	char certainty = flask_certainty(call);
	struct py_rule *rule;
	struct str text;

	call->object->defaults |= py_has_argument(call, "defaults");
	if (py_text_argument(call, 0, "rule", &text) != ARG_TEXT) {
		py_add_unknown(frame->run, call->object, view);
		return;
	}
	if (certainty == '=' && call->object->lenient)
		certainty = '~';
	rule = py_add_rule(frame, call->object, certainty, flask_methods(frame->run, methods),
			   text);
	if (rule)
		rule->view = view;
}

void py_flask_route(const struct py_call *call)
{
	add_flask_rule(call, py_methods_argument(call, STR("GET")), py_decorated_view(call));
}

/* @app.get */
void py_flask_shortcut(const struct py_call *call)
{
	add_flask_rule(call, py_upper(call->frame->run, call->name), py_decorated_view(call));
}

/* A view that is a class knows its methods itself. */
void py_flask_add_url_rule(const struct py_call *call)
{
	struct py_value view = {0};
	struct py_span span;

	if (py_find_argument(call, 2, "view_func", &span))
		view = py_eval(call->frame, span);
	add_flask_rule(call, py_methods_argument(call, py_view_methods(call->frame->run, view)),
		       py_view_argument(call, 2, "view_func"));
}

/* The rules of an object that was handed over, as the caller says; unknown: any. */
void py_flask_register(const struct py_call *call)
{
	struct py_frame *frame = call->frame;
	struct py_span span;
	struct py_value value = {0};
	struct str prefix = STR_NONE;
	enum argument given = py_text_argument(call, -1, "url_prefix", &prefix);
	bool unknown = given == ARG_OTHER || py_has_starred(call) ||
		       py_has_argument(call, "subdomain") || py_has_argument(call, "url_defaults");
	struct py_rule *rule;

	if (py_find_argument(call, 0, "blueprint", &span))
		value = py_eval(frame, span);
	if (value.kind != PY_OBJECT || value.object->kind != PY_BLUEPRINT ||
	    value.object == call->object) {
		py_add_rule(frame, call->object, '!', STR("*"),
			    given == ARG_TEXT && !unknown ? prefix : STR(""));
		return;
	}
	rule = py_add_rule(frame, call->object, unknown ? '!' : '=', STR(""), prefix);
	if (!rule)
		return;
	rule->child = value.object;
	rule->prefixed = given == ARG_TEXT;
}

/* The proxy's word changes addresses, not paths, unless it is asked for prefixes. */
static bool is_proxy_fix(struct py_frame *frame, struct py_span value)
{
	struct py_call call = {.frame = frame};
	struct py_span callee;

	return py_call(&frame->module->source, value, &callee, &call.arguments) &&
	       str_eq(py_eval(frame, callee).text, STR("werkzeug.middleware.proxy_fix.ProxyFix")) &&
	       !py_has_argument(&call, "x_prefix") && !py_has_starred(&call);
}

/* Has it no rules but that of static files, for which slashes do not matter? */
static bool is_fresh(const struct py_object *object)
{
	const struct py_rule *rule = object->first;

	return !rule || (!rule->next && rule->text.p == object->static_rule.p);
}

/* "url_map.converters['list']", a converter that Werkzeug does not have itself: rules name it. */
static bool is_new_converter(struct py_frame *frame, struct py_span attribute)
{
	static const char *const own[] = {"default", "string", "any", "path",
					  "int",     "float",  "uuid"};
	const struct py_source *source = &frame->module->source;
	struct py_span item = {attribute.from + 3, attribute.to}, name;
	struct py_value value;

	if (item.from >= item.to || !py_brackets(source, item, '[', &name) ||
	    !py_is(source, attribute, attribute.from, "url_map") ||
	    !py_is(source, attribute, attribute.from + 2, "converters"))
		return false;
	value = py_eval(frame, name);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (str_eq(value.text, str_from(own[i])))
			return false;
	return value.kind == PY_TEXT;
}

void py_assign_attribute(struct py_frame *frame, struct py_object *object, struct py_span attribute,
			 struct py_span value)
{
	const struct py_source *source = &frame->module->source;
	struct str dotted = py_dotted(source, attribute, &frame->run->mem);

	if (str_eq(dotted, STR("url_map.strict_slashes")) && is_fresh(object) &&
	    py_is(source, value, value.from, "False")) {
		object->lenient = true;
		return;
	}
	if ((str_eq(dotted, STR("wsgi_app")) && is_proxy_fix(frame, value)) ||
	    is_new_converter(frame, attribute))
		return;
	object->broken |= attribute.from < attribute.to &&
			  py_is_delicate(source->tokens[attribute.from].text);
}

/* "/static" of static_folder="../static" */
static struct str base_name(struct py_run *run, struct str path)
{
	const char *slash;

	while (path.len && path.p[path.len - 1] == '/')
		path.len--;
	slash = memrchr(path.p, '/', path.len);
	if (slash)
		path = str_sub(path, (size_t)(slash - path.p) + 1, path.len);
	return py_join(run, STR("/"), path);
}

/* fallback: the folder if none is given. */
static void add_static(const struct py_call *call, struct str fallback)
{
	struct py_run *run = call->frame->run;
	struct str folder = fallback, path = STR("");
	enum argument folder_given = py_text_argument(call, -1, "static_folder", &folder);
	enum argument path_given = py_text_argument(call, -1, "static_url_path", &path);

	if (folder_given == ARG_NONE || (folder_given == ARG_ABSENT && !folder.len))
		return;
	if (folder_given == ARG_OTHER || path_given == ARG_OTHER || py_has_starred(call)) {
		py_taint(run, call->object);
		return;
	}
	if (path_given != ARG_TEXT)
		path = base_name(run, folder);
	while (path.len && path.p[path.len - 1] == '/')
		path.len--;
	call->object->static_rule = py_join(run, path, STR("/<path:filename>"));
	py_add_rule(call->frame, call->object, '=', STR("GET,HEAD,OPTIONS"),
		    call->object->static_rule);
}

void py_construct_flask(const struct py_call *call)
{
	add_static(call, STR("static"));
	call->object->broken = py_has_argument(call, "host_matching") ||
			       py_has_argument(call, "subdomain_matching") ||
			       py_has_argument(call, "static_host");
}

void py_construct_blueprint(const struct py_call *call)
{
	enum argument prefix = py_text_argument(call, -1, "url_prefix", &call->object->prefix);

	call->object->prefix_unknown = prefix == ARG_OTHER || py_has_starred(call) ||
				       py_has_argument(call, "subdomain") ||
				       py_has_argument(call, "url_defaults");
	add_static(call, STR(""));
}
