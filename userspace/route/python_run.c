// SPDX-License-Identifier: Apache-2.0
/* Statements, one after the other. */
#include "route/python_core.h"

static bool is_operator(const struct py_token *token, const char *text)
{
	return token->kind == PY_OPERATOR && str_eq(token->text, str_from(text));
}

/* "x += [...]": a list grows, anything else is lost. */
static void augment(struct py_frame *frame, struct py_span span, u32 at)
{
	const struct py_source *source = &frame->module->source;
	struct str name = py_name(source, (struct py_span){span.from, at});
	struct py_value value = py_lookup(frame->scope, name), **end = &value.more;
	struct py_value added = py_eval(frame, (struct py_span){at + 1, span.to});

	if (!name.p || value.kind != PY_LIST) {
		py_mention(frame, (struct py_span){span.from, at});
		if (name.p)
			py_bind(frame->run, frame->scope, name, (struct py_value){0});
		return;
	}
	while (*end)
		end = &(*end)->more;
	*end = arena__alloc(&frame->run->mem, sizeof(**end));
	if (!*end) {
		frame->run->failed = true;
		return;
	}
	**end = frame->run->uncertain ? (struct py_value){0} : added;
	py_lookup(frame->scope, name);
	*py_find_local(py_find_local(frame->scope, name) ? frame->scope : &frame->module->scope,
		       name) = value;
}

/* "X.attribute = value": what it was is not what its source says. */
static void forget_class(struct py_frame *frame, struct str name)
{
	struct py_scope *scope = frame->scope;

	while (!py_find_local(scope, name))
		scope = scope->parent;
	*py_find_local(scope, name) = (struct py_value){0};
}

/* One target of an assignment: a name, or something of an object. */
static void assign(struct py_frame *frame, struct py_span target, struct py_value value,
		   struct py_span from)
{
	const struct py_source *source = &frame->module->source;
	u32 colon = py_find(source, target, ":");
	struct py_value owner = {0};
	struct str name;

	target.to = colon;
	name = py_name(source, target);
	if (name.p) {
		py_bind(frame->run, frame->scope, name, value);
		return;
	}
	for (u32 i = target.from; i < target.to; i++) {
		struct py_span alone = {i, i + 1};

		/* a, b = ...; of "a.b = " a is none of its own */
		if (py_name(source, alone).p && !py_is(source, target, i + 1, ".") &&
		    (i == target.from || !py_is(source, target, i - 1, ".")) &&
		    py_find(source, target, "[") == target.to)
			py_bind(frame->run, frame->scope, source->tokens[i].text, owner);
	}
	owner = py_resolve(frame, (struct py_span){target.from, target.from + 1});
	if (owner.kind == PY_OBJECT && py_is(source, target, target.from + 1, ".") &&
	    py_find(source, target, ",") == target.to)
		py_assign_attribute(frame, owner.object,
				    (struct py_span){target.from + 2, target.to}, from);
	else if (owner.kind == PY_A_CLASS)
		forget_class(frame, source->tokens[target.from].text);
	else
		py_mention(frame, target);
}

static bool is_augmented(const struct py_token *token)
{
	static const char *const operators[] = {
		"+=", "-=", "*=", "/=", "|=", "&=", "%=", "@=", "^=", "//=", "**=", ">>=", "<<="};

	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		if (is_operator(token, operators[i]))
			return true;
	return false;
}

/* True if it was one: "a = b = value", "a: T = value", "a += value". */
static bool run_assignment(struct py_frame *frame, struct py_span span)
{
	const struct py_source *source = &frame->module->source;
	u32 last = span.to, at = span.from;
	struct py_value value;

	for (u32 i = span.from; i < span.to; i++) {
		if (is_operator(&source->tokens[i], "="))
			last = i;
		if (is_augmented(&source->tokens[i])) {
			augment(frame, span, i);
			return true;
		}
		if (source->tokens[i].mate > i)
			i = source->tokens[i].mate;
	}
	if (last == span.to)
		return false;
	value = py_eval(frame, (struct py_span){last + 1, span.to});
	while (at < last) {
		u32 equals = py_find(source, (struct py_span){at, span.to}, "=");

		assign(frame, (struct py_span){at, equals}, value,
		       (struct py_span){last + 1, span.to});
		at = equals + 1;
	}
	return true;
}

/* Names that a statement binds to what nobody knows: "as x", "for x, y in", "x :=", "del x". */
static void forget_names(struct py_frame *frame, struct py_span span, bool loop)
{
	const struct py_source *source = &frame->module->source;

	for (u32 i = span.from; i < span.to; i++) {
		bool bound = loop || (i > span.from && py_is(source, span, i - 1, "as")) ||
			     py_is(source, span, i + 1, ":=");

		if (loop && py_is(source, span, i, "in"))
			return;
		if (bound && source->tokens[i].kind == PY_NAME)
			py_bind(frame->run, frame->scope, source->tokens[i].text,
				(struct py_value){0});
	}
}

static void run_return(struct py_frame *frame, struct py_span span)
{
	struct py_value value = {0};

	span.from++;
	if (span.from < span.to)
		value = py_eval(frame, span);
	/* what stands behind a return in a branch may not run any more */
	if (frame->run->uncertain) {
		frame->run->uncertain++;
		return;
	}
	frame->result = value;
	frame->returned = true;
}

static void run_simple(struct py_frame *frame, struct py_span span)
{
	const struct py_source *source = &frame->module->source;

	if (py_is(source, span, span.from, "import") || py_is(source, span, span.from, "from"))
		py_import_statement(frame, span);
	else if (py_is(source, span, span.from, "return"))
		run_return(frame, span);
	else if (py_is(source, span, span.from, "del") || py_is(source, span, span.from, "global"))
		forget_names(frame, span, true);
	else if (!run_assignment(frame, span)) {
		forget_names(frame, span, false);
		py_eval(frame, span);
	}
}

/* Decorators are called from the one next to the def upwards. False: some are not known. */
static bool run_decorators(struct py_frame *frame, u32 index)
{
	const struct py_source *source = &frame->module->source;
	const struct py_statement *def = &source->statements[index];
	bool known = true;

	if (def->kind == PY_DEF)
		frame->decorated = (struct py_view){frame->module, index};
	while (index--) {
		const struct py_statement *above = &source->statements[index];
		struct py_span callee, arguments;
		struct py_value value = {0};

		if (above->kind != PY_DECORATOR || above->parent != def->parent)
			break;
		if (py_call(source, above->span, &callee, &arguments) &&
		    callee.to - callee.from >= 3)
			value = py_resolve(frame, (struct py_span){callee.from, callee.to - 2});
		known &= value.kind == PY_OBJECT;
		frame->decorator = above->span;
		py_eval(frame, above->span);
	}
	frame->decorated = (struct py_view){0};
	return known;
}

static void run_definition(struct py_frame *frame, u32 index)
{
	const struct py_source *source = &frame->module->source;
	const struct py_statement *statement = &source->statements[index];
	struct py_value value = {.kind = statement->kind == PY_DEF ? PY_FUNCTION : PY_A_CLASS,
				 .module = frame->module,
				 .statement = index};
	bool known = run_decorators(frame, index);

	if (statement->kind == PY_CLASS) {
		struct py_scope scope = {.parent = frame->scope};
		struct py_frame body = {
			.run = frame->run, .module = frame->module, .scope = &scope};
		u32 uncertain = frame->run->uncertain++;

		py_run_block(&body, (s32)index);
		frame->run->uncertain = uncertain;
	}
	if (statement->span.to - statement->span.from < 2)
		return;
	/* a function in a function sees names of both */
	if (value.kind == PY_FUNCTION && (!known || frame->scope != &frame->module->scope))
		value.kind = PY_WRAPPED;
	py_bind(frame->run, frame->scope, source->tokens[statement->span.from + 1].text, value);
}

static void run_branch(struct py_frame *frame, u32 index)
{
	const struct py_statement *statement = &frame->module->source.statements[index];
	bool loop = py_is(&frame->module->source, statement->span, statement->span.from, "for");
	struct py_span head = {statement->span.from + 1, statement->span.to};
	u32 uncertain = frame->run->uncertain;

	py_mention(frame, head);
	forget_names(frame, head, loop);
	frame->run->uncertain++;
	py_run_block(frame, (s32)index);
	/* one more if there was a return in it */
	frame->run->uncertain -= frame->run->uncertain == uncertain + 1;
}

static void run_statement(struct py_frame *frame, u32 index)
{
	const struct py_statement *statement = &frame->module->source.statements[index];

	switch (statement->kind) {
	case PY_SIMPLE:
		run_simple(frame, statement->span);
		break;
	case PY_DEF:
	case PY_CLASS:
		run_definition(frame, index);
		break;
	case PY_WITH:
		py_mention(frame, statement->span);
		forget_names(frame, statement->span, false);
		py_run_block(frame, (s32)index);
		break;
	case PY_MAIN:
		if (str_eq(frame->module->name, STR("__main__")))
			py_run_block(frame, (s32)index);
		break;
	case PY_BRANCH:
		run_branch(frame, index);
		break;
	case PY_DECORATOR: /* with its def */
		break;
	}
}

void py_run_block(struct py_frame *frame, s32 parent)
{
	const struct py_source *source = &frame->module->source;

	for (u32 i = (u32)(parent + 1); i < source->statement_cnt; i++) {
		if (source->statements[i].parent < parent || frame->returned || frame->run->failed)
			return;
		if (py_step(frame->run) && source->statements[i].parent == parent)
			run_statement(frame, i);
	}
}

void py_module__run(struct py_run *run, struct py_module *module)
{
	struct py_frame frame = {.run = run, .module = module, .scope = &module->scope};

	if (run->depth == CALLS_MAX) {
		run->failed = true;
		return;
	}
	run->depth++;
	py_run_block(&frame, -1);
	run->depth--;
}

/* Is the statement part of a function that did not run? */
static bool is_idle(const struct py_module *module, u32 index)
{
	s32 parent = module->source.statements[index].parent;

	for (; parent >= 0; parent = module->source.statements[parent].parent)
		if (module->source.statements[parent].kind == PY_DEF && !module->ran[parent])
			return true;
	return false;
}

/* exec, eval or compile, which run what is written nowhere, by whatever way; no argument "eval=" */
static bool runs_text(const struct py_module *module, struct py_span span, u32 at)
{
	static const char *const names[] = {"exec", "eval", "compile"};
	bool attribute = at > span.from && py_is(&module->source, span, at - 1, ".");
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		found |= py_is(&module->source, span, at, names[i]);
	if (!found || py_is(&module->source, span, at + 1, "="))
		return false;
	if (attribute)
		return at > span.from + 1 && (py_is(&module->source, span, at - 2, "builtins") ||
					      py_is(&module->source, span, at - 2, "__builtins__"));
	return py_lookup(&module->scope, module->source.tokens[at].text).kind == PY_UNKNOWN;
}

static void suspect_module(struct py_run *run, struct py_module *module)
{
	struct py_frame frame = {.run = run, .module = module, .scope = &module->scope};
	const struct py_source *source = &module->source;

	for (u32 i = 0; i < source->statement_cnt; i++) {
		struct py_span span = source->statements[i].span;

		for (u32 at = span.from; at < span.to; at++)
			run->failed |= runs_text(module, span, at);
		for (u32 at = span.from; is_idle(module, i) && at + 2 < span.to; at++)
			if (py_is(source, span, at + 1, ".") &&
			    py_is_delicate(source->tokens[at + 2].text))
				py_mention(&frame, (struct py_span){at, at + 3});
	}
}

void py_run__suspect(struct py_run *run)
{
	for (struct py_module *module = run->modules; module; module = module->next)
		suspect_module(run, module);
}
