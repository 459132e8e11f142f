// SPDX-License-Identifier: Apache-2.0
/* Values of expressions: names, attributes, calls, lists. */
#include "route/python_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "route/python_core.h"

struct py_binding {
	struct py_binding *next;
	struct str name;
	struct py_value value;
};

static u32 list_of(struct str name)
{
	u32 hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (u8)name.p[i]) * 16777619u;
	return hash % PY_LISTS;
}

struct py_value *py_find_local(const struct py_scope *scope, struct str name)
{
	struct py_binding *binding = scope->lists[list_of(name)];

	while (binding && !str_eq(binding->name, name))
		binding = binding->next;
	return binding ? &binding->value : NULL;
}

bool py_step(struct py_run *run)
{
	run->failed |= run->steps++ >= STEPS_MAX;
	return !run->failed;
}

void py_bind(struct py_run *run, struct py_scope *scope, struct str name, struct py_value value)
{
	struct py_value *old = py_find_local(scope, name);
	struct py_binding *binding, **list;

	/* what is bound in a branch may be bound to something else as well */
	if (run->uncertain)
		value = (struct py_value){0};
	if (old) {
		*old = value;
		return;
	}
	binding = arena__alloc(&run->mem, sizeof(*binding));
	if (!binding || (scope->cnt == NAMES_MAX)) {
		run->failed = true;
		return;
	}
	list = &scope->lists[list_of(name)];
	*binding = (struct py_binding){*list, name, value};
	*list = binding;
	scope->cnt++;
}

void py_bind_all(struct py_run *run, struct py_scope *to, const struct py_scope *from)
{
	for (u32 i = 0; i < PY_LISTS; i++) {
		const struct py_binding *binding = from->lists[i];

		for (; binding; binding = binding->next)
			if (binding->name.p[0] != '_')
				py_bind(run, to, binding->name, binding->value);
	}
}

struct py_value py_lookup(const struct py_scope *scope, struct str name)
{
	for (; scope; scope = scope->parent) {
		struct py_value *value = py_find_local(scope, name);

		if (value)
			return *value;
	}
	return (struct py_value){0};
}

struct py_value py_module__get(const struct py_module *module, struct str name)
{
	return py_lookup(&module->scope, name);
}

struct str py_join(struct py_run *run, struct str a, struct str b)
{
	char *text = arena__alloc(&run->mem, a.len + b.len + 1);

	if (!text) {
		run->failed = true;
		return STR("");
	}
	memcpy(text, a.p ? a.p : "", a.len);
	memcpy(text + a.len, b.p ? b.p : "", b.len);
	return (struct str){text, a.len + b.len};
}

/* "attribute" of a value, without running anything but an import. */
static struct py_value attribute_of(struct py_run *run, struct py_value value, struct str name)
{
	if (value.kind == PY_EXTERNAL) {
		struct str dotted = py_join(run, value.text, STR("."));

		return (struct py_value){.kind = PY_EXTERNAL, .text = py_join(run, dotted, name)};
	}
	if (value.kind == PY_MODULE)
		return py_module__get(value.module, name);
	return (struct py_value){0};
}

/* a.b.c */
struct py_value py_resolve(struct py_frame *frame, struct py_span span)
{
	const struct py_source *source = &frame->module->source;
	struct py_span first = {span.from, span.from + 1};
	struct py_value value = {0};

	if (span.from >= span.to || (span.to - span.from) % 2 == 0 || !py_name(source, first).p)
		return value;
	value = py_lookup(frame->scope, source->tokens[span.from].text);
	for (u32 i = span.from + 1; i < span.to; i += 2) {
		if (!py_is(source, span, i, ".") || source->tokens[i + 1].kind != PY_NAME)
			return (struct py_value){0};
		value = attribute_of(frame->run, value, source->tokens[i + 1].text);
	}
	return value;
}

void py_mention(struct py_frame *frame, struct py_span span)
{
	const struct py_source *source = &frame->module->source;

	for (u32 i = span.from; i < span.to && py_step(frame->run); i++) {
		struct py_value value;
		struct py_span rest = {i + 1, span.to};
		bool attribute = i > span.from && py_is(source, span, i - 1, ".");

		if (source->tokens[i].kind != PY_NAME || attribute ||
		    py_is(source, rest, i + 1, "="))
			continue;
		value = py_lookup(frame->scope, source->tokens[i].text);
		if (value.kind != PY_OBJECT)
			continue;
		if (!py_is(source, rest, i + 1, ".") ||
		    (i + 2 < span.to && py_is_delicate(source->tokens[i + 2].text)))
			py_taint(frame->run, value.object);
	}
}

/* Binds parameters in the order of the arguments; keyword arguments by name. */
static void bind_parameters(struct py_frame *from, struct py_frame *to, struct py_span parameters,
			    struct py_span arguments)
{
	struct py_item item, parameter;

	while (py_next_item(&to->module->source, &parameters, &parameter)) {
		struct str name = parameter.keyword;
		struct py_value value = {0};

		if (!name.p)
			name = to->module->source.tokens[parameter.value.from].text;
		if (from && py_next_item(&from->module->source, &arguments, &item)) {
			if (item.starred || (item.keyword.p && !str_eq(item.keyword, name)))
				py_mention(from, item.value);
			else
				value = py_eval(from, item.value);
		}
		py_bind(to->run, to->scope, name, value);
	}
	while (from && py_next_item(&from->module->source, &arguments, &item))
		py_mention(from, item.value);
}

/* from: who calls, with these arguments; NULL: nobody we have seen. */
static struct py_value call_function(struct py_frame *from, struct py_run *run,
				     struct py_value function, struct py_span arguments)
{
	struct py_module *module = function.module;
	const struct py_statement *def = &module->source.statements[function.statement];
	struct py_scope scope = {.parent = &module->scope};
	struct py_frame frame = {.run = run, .module = module, .scope = &scope};
	struct py_span parameters = {def->span.from + 2, def->span.to};
	u32 uncertain = run->uncertain;

	if (run->depth == CALLS_MAX || !py_is(&module->source, parameters, parameters.from, "(")) {
		run->failed = true;
		return frame.result;
	}
	parameters.to = module->source.tokens[parameters.from++].mate;
	run->depth++;
	bind_parameters(from, &frame, parameters, arguments);
	module->ran[function.statement] = true;
	py_run_block(&frame, (s32)function.statement);
	run->uncertain = uncertain;
	run->depth--;
	return frame.result;
}

struct py_value py_run__call(struct py_run *run, struct py_value function)
{
	return call_function(NULL, run, function, (struct py_span){0, 0});
}

/* Who is handed an application to serve, or Django's settings. */
static void note_call(struct py_frame *frame, struct str name, struct py_span arguments)
{
	const struct py_source *source = &frame->module->source;
	bool served = str_eq(name, STR("uvicorn.run"));
	bool settings = str_eq(name, STR("os.environ.setdefault"));
	struct py_item first, second;
	struct py_value value;

	if ((!served && !settings) || !py_next_item(source, &arguments, &first))
		return;
	value = py_eval(frame, first.value);
	if (served && value.kind == PY_TEXT)
		frame->run->served_name = value.text;
	if (settings && str_eq(value.text, STR("DJANGO_SETTINGS_MODULE")) &&
	    py_next_item(source, &arguments, &second))
		frame->run->settings = py_eval(frame, second.value).text;
}

static void serve(struct py_run *run, struct py_object *object)
{
	run->two_served |= run->served && run->served != object;
	run->served = object;
}

static void serve_arguments(struct py_frame *frame, struct py_span arguments)
{
	struct py_item item;

	while (py_next_item(&frame->module->source, &arguments, &item)) {
		struct py_value value = py_eval(frame, item.value);

		if (value.kind == PY_OBJECT)
			serve(frame->run, value.object);
	}
}

static struct py_value call_external(struct py_frame *frame, struct str name,
				     struct py_span arguments)
{
	struct py_object *object = py_construct(frame, name, arguments);

	if (object)
		return (struct py_value){.kind = PY_OBJECT, .object = object};
	note_call(frame, name, arguments);
	if (str_eq(name, STR("django.core.wsgi.get_wsgi_application")) ||
	    str_eq(name, STR("django.core.asgi.get_asgi_application")))
		return (struct py_value){.kind = PY_EXTERNAL, .text = STR(PY_DJANGO)};
	if (py_is_server(name)) {
		frame->run->by_another = true;
		serve_arguments(frame, arguments);
	} else if (!py_is_harmless(name))
		py_mention(frame, arguments);
	return (struct py_value){0};
}

static struct py_value eval_call(struct py_frame *frame, struct py_span callee,
				 struct py_span arguments)
{
	const struct py_source *source = &frame->module->source;
	struct py_value value = {0};

	if (callee.to - callee.from >= 3 && py_is(source, callee, callee.to - 2, "."))
		value = py_resolve(frame, (struct py_span){callee.from, callee.to - 2});
	if (value.kind == PY_OBJECT) {
		struct str name = source->tokens[callee.to - 1].text;
		const struct py_call call = {frame, value.object, name, arguments};

		if (str_eq(name, STR("run"))) {
			frame->run->by_werkzeug = true;
			serve(frame->run, value.object);
		} else if (!py_call_method(&call))
			py_mention(frame, arguments);
		return (struct py_value){0};
	}
	if (value.kind == PY_A_CLASS && py_is(source, callee, callee.to - 1, "as_view")) {
		py_mention(frame, arguments);
		value.kind = PY_VIEW;
		return value;
	}
	value = py_resolve(frame, callee);
	if (value.kind == PY_FUNCTION)
		return call_function(frame, frame->run, value, arguments);
	if (value.kind == PY_EXTERNAL)
		return call_external(frame, value.text, arguments);
	py_mention(frame, callee);
	py_mention(frame, arguments);
	return (struct py_value){0};
}

/* [a, b] + c */
static struct py_value eval_list(struct py_frame *frame, struct py_span span)
{
	struct py_value value = {.kind = PY_LIST, .module = frame->module};
	u32 plus = py_find(&frame->module->source, span, "+");

	if (!py_brackets(&frame->module->source, (struct py_span){span.from, plus}, '[',
			 &value.span) &&
	    !py_brackets(&frame->module->source, (struct py_span){span.from, plus}, '(',
			 &value.span))
		return (struct py_value){0};
	if (plus == span.to)
		return value;
	value.more = arena__alloc(&frame->run->mem, sizeof(*value.more));
	if (!value.more)
		frame->run->failed = true;
	else
		*value.more = py_eval(frame, (struct py_span){plus + 1, span.to});
	return value;
}

struct py_value py_eval(struct py_frame *frame, struct py_span span)
{
	const struct py_source *source = &frame->module->source;
	struct py_value value = py_resolve(frame, span);
	struct py_span callee, arguments;

	if (!py_step(frame->run) || value.kind != PY_UNKNOWN)
		return value;
	if (py_is(source, span, span.from, "await"))
		span.from++;
	value.text = py_string(source, span, &frame->run->mem);
	if (value.text.p) {
		value.kind = PY_TEXT;
		return value;
	}
	if (py_call(source, span, &callee, &arguments) && py_find(source, span, "+") == span.to)
		return eval_call(frame, callee, arguments);
	value = eval_list(frame, span);
	py_mention(frame, span);
	return value;
}
