// SPDX-License-Identifier: Apache-2.0
/*
 * Which function is the view of a rule, and where it stands, as the interpreter names it:
 *
 *	7 @app.route("/a")	\t7 a /srv/app.py
 *	8 @login_required
 *	9 def a():
 *
 * A decorator may put another function in its place, but what has this name, file and line is the
 * one below, whoever calls it.
 */
#include "route/python_apps.h"

struct py_view py_decorated_view(const struct py_call *call)
{
	const struct py_frame *frame = call->frame;

	/* @app.route("/a"), whole, and not something that it is part of */
	if (call->arguments.to + 1 != frame->decorator.to)
		return (struct py_view){0};
	return frame->decorated;
}

struct py_view py_view_of(struct py_value value)
{
	if (value.kind != PY_FUNCTION && value.kind != PY_WRAPPED)
		return (struct py_view){0};
	return (struct py_view){value.module, value.statement};
}

struct py_view py_view_argument(const struct py_call *call, int position, const char *keyword)
{
	struct py_span span;

	if (py_has_starred(call) || !py_find_argument(call, position, keyword, &span))
		return (struct py_view){0};
	return py_view_of(py_eval(call->frame, span));
}

static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((u8)s.p[i] < ' ')
			return false;
	return s.len;
}

/* That of the first decorator, if it has any. */
static u32 first_line(const struct py_source *source, u32 def)
{
	u32 first = def;

	while (first && source->statements[first - 1].kind == PY_DECORATOR &&
	       source->statements[first - 1].parent == source->statements[def].parent)
		first--;
	return source->statements[first].line;
}

void py_print_view(struct py_view view, struct buf *out)
{
	const struct py_source *source;
	struct str name;

	if (!view.module || !is_printable(view.module->path))
		return;
	source = &view.module->source;
	name = py_name(source, (struct py_span){source->statements[view.statement].span.from + 1,
						source->statements[view.statement].span.from + 2});
	if (name.p)
		buf__printf(out, "\t%u %.*s %.*s", first_line(source, view.statement),
			    STR_ARG(name), STR_ARG(view.module->path));
}
