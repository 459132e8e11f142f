// SPDX-License-Identifier: Apache-2.0
/* The rules of an application as a table: blueprints unfold where they are registered. */
#include <errno.h>

#include "route/python_run.h"

/* Blueprints in blueprints; more is a circle. */
#define NESTED_MAX 16

struct printer {
	struct py_run *run;
	struct buf *out;
	u32 cnt, depth;
	bool lenient;
	bool failed;
};

/* What would break a line, or the fields of one. */
static bool is_printable(struct str s, char least)
{
	for (size_t i = 0; i < s.len; i++)
		if ((u8)s.p[i] < (u8)least)
			return false;
	return true;
}

static void print_rule(struct printer *printer, const struct py_rule *rule, char certainty,
		       struct str text)
{
	printer->failed |= printer->cnt++ == ROUTES_MAX;
	if (!rule->methods.len || !is_printable(rule->methods, '!') || !is_printable(text, ' '))
		buf__str(printer->out, STR("! * "));
	else
		buf__printf(printer->out, "%c %.*s %.*s", certainty, STR_ARG(rule->methods),
			    STR_ARG(text));
	py_print_view(rule->view, printer->out);
	buf__char(printer->out, '\n');
}

/* Of rules that nobody knows. */
static void print_unknown(struct printer *printer, struct py_view view)
{
	const struct py_rule rule = {.methods = STR("*"), .view = view};

	print_rule(printer, &rule, '!', STR(""));
}

/* Flask's way; p NULL is no prefix, which differs from an empty one. */
static struct str join(struct py_run *run, struct str prefix, struct str text)
{
	if (!prefix.p || !text.len)
		return prefix.p ? prefix : text;
	while (prefix.len && prefix.p[prefix.len - 1] == '/')
		prefix.len--;
	while (text.len && text.p[0] == '/')
		text = str_sub(text, 1, text.len);
	return py_join(run, py_join(run, prefix, STR("/")), text);
}

static void print_object(struct printer *printer, const struct py_object *object, struct str prefix,
			 char worst);

static void print_child(struct printer *printer, const struct py_rule *rule, struct str prefix,
			char worst)
{
	const struct py_object *child = rule->child;
	struct str own = rule->prefixed ? rule->text : child->prefix;

	if (child->broken || printer->depth == NESTED_MAX) {
		print_unknown(printer, (struct py_view){0});
		return;
	}
	if (rule->certainty == '!' || (child->prefix_unknown && !rule->prefixed))
		worst = '!';
	else if (rule->certainty == '?' && worst != '!')
		worst = '?';
	printer->depth++;
	print_object(printer, child, own.p ? join(printer->run, prefix, own) : prefix, worst);
	printer->depth--;
}

static char certainty_of(const struct printer *printer, const struct py_object *object,
			 const struct py_rule *rule, char worst)
{
	if (rule->certainty == '!')
		return '!';
	if (worst == '?' || (object->defaults && str_find(rule->text, '<', 0) >= 0))
		return '?';
	return rule->certainty == '=' && printer->lenient ? '~' : rule->certainty;
}

static void print_object(struct printer *printer, const struct py_object *object, struct str prefix,
			 char worst)
{
	const struct py_rule *rule = object->first;

	for (; rule && !printer->failed; rule = rule->next) {
		if (rule->child)
			print_child(printer, rule, prefix, worst);
		else if (worst == '!')
			print_unknown(printer, rule->view);
		else
			print_rule(printer, rule, certainty_of(printer, object, rule, worst),
				   join(printer->run, prefix, rule->text));
	}
}

int py_print_routes(struct py_run *run, struct py_object *object, struct buf *out)
{
	struct printer printer = {.run = run, .out = out, .lenient = object->lenient};
	bool flask = object->kind == PY_FLASK;

	if (object->broken || object->kind == PY_BLUEPRINT || object->kind == PY_ROUTER)
		return -ENOENT;
	buf__printf(out, "%s%s\n", route_style_name(flask ? ROUTE_WERKZEUG : ROUTE_STARLETTE),
		    flask && run->absolute ? " absolute" : "");
	print_object(&printer, object, STR_NONE, '=');
	return printer.failed || run->failed || out->failed ? -ENOENT : 0;
}
