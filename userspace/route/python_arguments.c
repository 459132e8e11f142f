// SPDX-License-Identifier: Apache-2.0
/* Arguments of calls that concern routes, and the rules made of them. */
#include "route/python_apps.h"

struct py_rule *py_add_rule(struct py_frame *frame, struct py_object *object, char certainty,
			    struct str methods, struct str text)
{
	struct py_rule *rule = arena__alloc(&frame->run->mem, sizeof(*rule));

	if (!rule) {
		frame->run->failed = true;
		return NULL;
	}
	if (frame->run->uncertain && certainty != '!')
		certainty = '?';
	*rule = (struct py_rule){.certainty = certainty, .methods = methods, .text = text};
	*object->last = rule;
	object->last = &rule->next;
	return rule;
}

void py_add_unknown(struct py_run *run, struct py_object *object, struct py_view view)
{
	struct py_frame frame = {.run = run};
	struct py_rule *rule = py_add_rule(&frame, object, '!', STR("*"), STR(""));

	if (rule)
		rule->view = view;
}

void py_taint(struct py_run *run, struct py_object *object)
{
	py_add_unknown(run, object, (struct py_view){0});
}

/* The argument of that name, or at that position (-1: by name alone). */
bool py_find_argument(const struct py_call *call, int position, const char *keyword,
		      struct py_span *value)
{
	struct py_span rest = call->arguments;
	struct py_item item;

	for (int i = 0; py_next_item(&call->frame->module->source, &rest, &item); i++) {
		bool named = item.keyword.p && str_eq(item.keyword, str_from(keyword));

		if (!named && (item.keyword.p || i != position))
			continue;
		*value = item.value;
		return true;
	}
	return false;
}

enum argument py_text_argument(const struct py_call *call, int position, const char *keyword,
			       struct str *text)
{
	struct py_span span;
	struct py_value value;

	if (!py_find_argument(call, position, keyword, &span))
		return ARG_ABSENT;
	if (str_eq(py_name(&call->frame->module->source, span), STR("None")))
		return ARG_NONE;
	value = py_eval(call->frame, span);
	*text = value.text;
	return value.kind == PY_TEXT ? ARG_TEXT : ARG_OTHER;
}

bool py_has_starred(const struct py_call *call)
{
	struct py_span rest = call->arguments;
	struct py_item item;

	while (py_next_item(&call->frame->module->source, &rest, &item))
		if (item.starred)
			return true;
	return false;
}

bool py_has_argument(const struct py_call *call, const char *keyword)
{
	struct py_span value;

	return py_find_argument(call, -1, keyword, &value);
}

struct str py_upper(struct py_run *run, struct str text)
{
	struct str copy = py_join(run, text, STR(""));
	char *p = (char *)copy.p;

	for (size_t i = 0; i < copy.len; i++)
		p[i] = p[i] >= 'a' && p[i] <= 'z' ? (char)(p[i] - 32) : p[i];
	return copy;
}

bool py_has_method(struct str methods, struct str method)
{
	return memmem(methods.p, methods.len, method.p, method.len);
}

/* "POST,GET" of methods=["post", "GET"]; "?" if it is no list of literals. fallback: if absent. */
struct str py_methods_argument(const struct py_call *call, struct str fallback)
{
	struct py_run *run = call->frame->run;
	struct py_span span, inside;
	struct py_value list;
	struct py_item item;
	struct str methods = STR("");

	if (!py_find_argument(call, -1, "methods", &span))
		return fallback;
	list = py_eval(call->frame, span);
	inside = list.span;
	if (list.kind != PY_LIST && !py_brackets(&call->frame->module->source, span, '{', &inside))
		return STR("?");
	if (list.more)
		return STR("?");
	while (py_next_item(list.module ? &list.module->source : &call->frame->module->source,
			    &inside, &item)) {
		struct py_frame frame = *call->frame;
		struct py_value method;

		frame.module = list.module ? list.module : frame.module;
		method = py_eval(&frame, item.value);
		if (method.kind != PY_TEXT)
			return STR("?");
		methods = py_join(run, methods, STR(","));
		methods = py_join(run, methods, py_upper(run, method.text));
	}
	return str_sub(methods, 1, methods.len);
}
