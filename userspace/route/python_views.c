// SPDX-License-Identifier: Apache-2.0
/*
 * Which methods Flask's views that are classes take:
 *
 *	class Item(MethodView):
 *		def get(self, id): ...			GET, and what its base takes
 *	app.add_url_rule("/i/<id>", view_func=Item.as_view("item"))
 */
#include "route/python_apps.h"
#include "route/python_core.h"

/* Classes derived from classes; more is none of people's, or a circle. */
#define BASES_MAX 8

static struct str methods_of(struct py_run *run, struct py_value class, u32 depth);

static const char *const verbs[] = {"get",    "post", "head",  "options",
				    "delete", "put",  "trace", "patch"};

static bool is_verb(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_eq(name, str_from(verbs[i])))
			return true;
	return false;
}

/* The methods of what a class derives from, if that is one class: each with a comma in front. */
static struct str inherited(struct py_frame *frame, const struct py_statement *class, u32 depth)
{
	const struct py_source *source = &frame->module->source;
	struct py_span bases = {class->span.from + 2, class->span.to}, inside;
	struct py_value base;
	struct py_item item;

	if (!py_brackets(source, bases, '(', &inside) || !py_next_item(source, &inside, &item) ||
	    inside.from < inside.to || item.keyword.p || item.starred)
		return STR_NONE;
	base = py_eval(frame, item.value);
	if (base.kind == PY_A_CLASS)
		return depth < BASES_MAX ? methods_of(frame->run, base, depth + 1) : STR_NONE;
	if (base.kind == PY_EXTERNAL && (str_eq(base.text, STR("flask.views.MethodView")) ||
					 str_eq(base.text, STR("flask.views.View"))))
		return STR("");
	return STR_NONE;
}

/* Does a statement in a class bind a method, or may it: all but "x = 1" and its like? */
static bool may_bind_verb(const struct py_source *source, const struct py_statement *statement)
{
	struct py_span span = statement->span;

	for (u32 i = span.from; i < span.to; i++) {
		struct str text = source->tokens[i].text;

		if (source->tokens[i].kind == PY_NAME &&
		    (is_verb(text) || str_eq(text, STR("methods")) ||
		     str_eq(text, STR("provide_automatic_options"))))
			return true;
	}
	return statement->kind != PY_SIMPLE && statement->kind != PY_DECORATOR;
}

static bool is_decorated(const struct py_source *source, u32 index)
{
	return index && source->statements[index - 1].kind == PY_DECORATOR &&
	       source->statements[index - 1].parent == source->statements[index].parent;
}

/* p NULL: not for certain. */
static struct str methods_of(struct py_run *run, struct py_value class, u32 depth)
{
	struct py_module *module = class.module;
	const struct py_source *source = &module->source;
	struct py_frame frame = {.run = run, .module = module, .scope = &module->scope};
	s32 index = (s32) class.statement;
	struct str methods = inherited(&frame, &source->statements[index], depth);

	if (is_decorated(source, class.statement))
		return STR_NONE;
	for (u32 i = class.statement + 1; methods.p && i < source->statement_cnt; i++) {
		const struct py_statement *statement = &source->statements[i];
		struct str name;

		if (statement->parent < index)
			break;
		if (statement->parent != index || !py_step(run))
			continue;
		if (statement->kind != PY_DEF) {
			if (may_bind_verb(source, statement))
				return STR_NONE;
			continue;
		}
		name = source->tokens[statement->span.from + 1].text;
		if (str_eq(name, STR("__init_subclass__")))
			return STR_NONE;
		if (is_verb(name))
			methods =
				py_join(run, py_join(run, methods, STR(",")), py_upper(run, name));
	}
	return methods;
}

struct str py_view_methods(struct py_run *run, struct py_value view)
{
	struct str methods;

	if (view.kind == PY_FUNCTION)
		return STR("GET");
	if (view.kind != PY_VIEW)
		return STR("?");
	methods = methods_of(run, view, 0);
	if (!methods.p)
		return STR("?");
	return methods.len ? str_sub(methods, 1, methods.len) : STR("GET");
}
