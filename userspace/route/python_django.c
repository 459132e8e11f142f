// SPDX-License-Identifier: Apache-2.0
/*
 * Django: the settings name the module of the routes, and its urlpatterns are tried from first to
 * last:
 *
 *	urlpatterns = [
 *		path("articles/<int:year>/", views.year),	a route, for any method
 *		path("shop/", include("shop.urls")),		those of another module, below shop/
 *		path("admin/", admin.site.urls),		some below admin/
 *		re_path(r"^old/$", views.old),			what the expression matches
 *	]
 */
#include <errno.h>

#include "model/regex.h"
#include "route/python_run.h"

#define INCLUDES_MAX 16

struct django {
	struct py_run *run;
	struct buf *out;
	u32 cnt, depth;
	bool failed;
};

static void print_route(struct django *django, char certainty, struct str route,
			struct py_view view)
{
	django->failed |= django->cnt++ == ROUTES_MAX;
	for (size_t i = 0; i < route.len; i++) {
		if ((u8)route.p[i] >= ' ')
			continue;
		certainty = '!';
		route.len = i;
	}
	buf__printf(django->out, "%c * %.*s", certainty, STR_ARG(route));
	py_print_view(view, django->out);
	buf__char(django->out, '\n');
}

static void print_line(struct django *django, char certainty, struct str route)
{
	print_route(django, certainty, route, (struct py_view){0});
}

static void print_patterns(struct django *django, struct py_value list, struct str prefix,
			   char certainty);

/* Django matches the prefix alone, as much as fits: what goes on behind it must begin clearly. */
static char prefix_certainty(struct str prefix)
{
	bool variable = str_find(prefix, '<', 0) >= 0;
	bool path = prefix.len && memmem(prefix.p, prefix.len, "<path:", 6);
	bool slash = prefix.len && prefix.p[prefix.len - 1] == '/';

	return variable && (path || !slash) ? '?' : '=';
}

/* include("a.urls"), include(module), include([...]), include((patterns, "name")) */
static void print_include(struct django *django, struct py_frame *frame, struct py_span span,
			  struct str prefix)
{
	struct py_value value = py_eval(frame, span);
	struct py_module *module = value.kind == PY_MODULE ? value.module : NULL;
	struct py_item first;

	if (value.kind == PY_TEXT)
		module = py_run__import(django->run, value.text);
	if (module)
		value = py_module__get(module, STR("urlpatterns"));
	else if (value.kind == PY_LIST &&
		 py_is(&value.module->source, (struct py_span){value.span.from - 1, value.span.to},
		       value.span.from - 1, "(")) {
		struct py_span rest = value.span;
		struct py_frame inner = {
			.run = django->run, .module = value.module, .scope = &value.module->scope};

		value = py_next_item(&value.module->source, &rest, &first)
				? py_eval(&inner, first.value)
				: (struct py_value){0};
	}
	if (value.kind != PY_LIST || django->depth == INCLUDES_MAX) {
		print_line(django, '!', prefix);
		return;
	}
	django->depth++;
	print_patterns(django, value, prefix, prefix_certainty(prefix));
	django->depth--;
}

static bool is_function(struct py_frame *frame, struct py_span callee, const char *name)
{
	struct py_value value = py_eval(frame, callee);
	struct str text = value.text;

	return value.kind == PY_EXTERNAL && str_starts(text, STR("django.urls.")) &&
	       str_eq(str_sub(text, 12, text.len), str_from(name));
}

/* A view is a name or View.as_view(); of anything else (admin.site.urls), who knows. */
static bool is_view(struct py_frame *frame, struct py_item item)
{
	const struct py_source *source = &frame->module->source;
	struct py_span callee, arguments;

	if (py_call(source, item.value, &callee, &arguments))
		return !is_function(frame, callee, "include");
	return !item.starred && !py_is(source, item.value, item.value.to - 1, "urls");
}

/* path(route, view, ...) */
static void print_path(struct django *django, struct py_frame *frame, struct py_span arguments,
		       struct str prefix, char certainty)
{
	const struct py_source *source = &frame->module->source;
	struct py_span callee, inside;
	struct py_item route, view;
	struct py_value text = {0};

	if (!py_next_item(source, &arguments, &route) || !py_next_item(source, &arguments, &view) ||
	    view.starred || route.starred) {
		print_line(django, '!', prefix);
		return;
	}
	text = py_eval(frame, route.value);
	if (text.kind != PY_TEXT) {
		print_line(django, '!', prefix);
		return;
	}
	prefix = py_join(django->run, prefix, text.text);
	if (py_call(source, view.value, &callee, &inside) &&
	    is_function(frame, callee, "include")) {
		py_next_item(source, &inside, &view);
		print_include(django, frame, view.value, prefix);
		return;
	}
	print_route(django, is_view(frame, view) ? certainty : '!', prefix,
		    py_view_of(py_eval(frame, view.value)));
}

/* "old/" of "^old/(?P<year>...": what whatever it matches begins with. */
static struct str literal_start(struct str regex)
{
	size_t len = 0;

	if (!regex.len || regex.p[0] != '^' || str_find(regex, '|', 0) >= 0)
		return STR("");
	regex = str_sub(regex, 1, regex.len);
	while (len < regex.len && !strchr("\\.^$*+?{}[]()<", regex.p[len]))
		len++;
	/* of "a*" not even the a is certain */
	if (len && len < regex.len && memchr("*?{", regex.p[len], 3))
		len--;
	return str_sub(regex, 0, len);
}

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((u8)s.p[i] < ' ' || (u8)s.p[i] > '~')
			return false;
	return true;
}

/* Our engine's answers are Python's as long as all is ASCII. */
static bool is_matchable(struct str prefix, struct str regex)
{
	struct regex *compiled;

	if (str_find(prefix, '<', 0) >= 0 || !is_ascii(prefix) || !is_ascii(regex) ||
	    regex__new(&compiled, regex, false))
		return false;
	regex__free(compiled);
	return true;
}

static void print_regex(struct django *django, struct py_frame *frame, struct py_span arguments,
			struct str prefix, char certainty)
{
	const struct py_source *source = &frame->module->source;
	struct py_item regex, view;
	struct py_value text = {0}, value = {0};
	bool is_known = false;

	if (py_next_item(source, &arguments, &regex) && !regex.starred)
		text = py_eval(frame, regex.value);
	if (text.kind == PY_TEXT) {
		if (py_next_item(source, &arguments, &view) && is_view(frame, view)) {
			value = py_eval(frame, view.value);
			is_known = certainty == '=';
		}
		if (is_matchable(prefix, text.text)) {
			django->failed |= django->cnt++ == ROUTES_MAX;
			buf__printf(django->out, "/ %s %zu %.*s%.*s", is_known ? "*" : "?",
				    prefix.len, STR_ARG(prefix), STR_ARG(text.text));
			py_print_view(py_view_of(value), django->out);
			buf__char(django->out, '\n');
			return;
		}
		prefix = py_join(django->run, prefix, literal_start(text.text));
	}
	print_line(django, '!', prefix);
}

static void print_pattern(struct django *django, struct py_frame *frame, struct py_item item,
			  struct str prefix, char certainty)
{
	struct py_span callee, arguments;

	if (item.starred || !py_call(&frame->module->source, item.value, &callee, &arguments))
		print_line(django, '!', prefix);
	else if (is_function(frame, callee, "path"))
		print_path(django, frame, arguments, prefix, certainty);
	else if (is_function(frame, callee, "re_path"))
		print_regex(django, frame, arguments, prefix, certainty);
	else
		print_line(django, '!', prefix);
}

static void print_patterns(struct django *django, struct py_value list, struct str prefix,
			   char certainty)
{
	struct py_frame frame = {
		.run = django->run, .module = list.module, .scope = &list.module->scope};
	struct py_item item;

	while (!django->failed && py_next_item(&list.module->source, &list.span, &item))
		print_pattern(django, &frame, item, prefix, certainty);
	if (!list.more)
		return;
	if (list.more->kind == PY_LIST && django->depth < INCLUDES_MAX) {
		django->depth++;
		print_patterns(django, *list.more, prefix, certainty);
		django->depth--;
	} else {
		print_line(django, '!', prefix);
	}
}

/* runserver answers below STATIC_URL itself, if it finds a file. */
static void print_static(struct django *django, struct py_value url)
{
	struct str prefix = url.text;

	while (prefix.len && prefix.p[0] == '/')
		prefix = str_sub(prefix, 1, prefix.len);
	if (url.kind == PY_TEXT && prefix.len)
		print_line(django, '!', prefix);
}

int py_print_django(struct py_run *run, struct str settings, struct buf *out)
{
	struct django django = {.run = run, .out = out};
	struct py_module *module = py_run__import(run, settings), *urls;
	struct py_value root, list, script;

	if (!module)
		return -ENOENT;
	root = py_module__get(module, STR("ROOT_URLCONF"));
	script = py_module__get(module, STR("FORCE_SCRIPT_NAME"));
	urls = root.kind == PY_TEXT ? py_run__import(run, root.text) : NULL;
	list = urls ? py_module__get(urls, STR("urlpatterns")) : (struct py_value){0};
	if (list.kind != PY_LIST || script.kind != PY_UNKNOWN)
		return -ENOENT;
	buf__printf(out, "%s\n", route_style_name(ROUTE_DJANGO));
	print_static(&django, py_module__get(module, STR("STATIC_URL")));
	print_patterns(&django, list, STR(""), '=');
	py_run__suspect(run);
	return django.failed || run->failed || out->failed ? -ENOENT : 0;
}
