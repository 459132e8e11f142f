// SPDX-License-Identifier: Apache-2.0
/* Expressions of python_scan.h: what a run of tokens is, if it is one of the few that matter. */
#include "base/buf.h"
#include "route/python_scan.h"

bool py_is(const struct py_source *source, struct py_span span, u32 index, const char *text)
{
	const struct py_token *token = &source->tokens[index];

	if (index < span.from || index >= span.to)
		return false;
	return (token->kind == PY_OPERATOR || token->kind == PY_NAME) &&
	       str_eq(token->text, str_from(text));
}

struct str py_name(const struct py_source *source, struct py_span span)
{
	bool alone = span.from + 1 == span.to && source->tokens[span.from].kind == PY_NAME;

	return alone ? source->tokens[span.from].text : STR_NONE;
}

struct str py_dotted(const struct py_source *source, struct py_span span, struct arena *arena)
{
	struct buf text __cleanup(buf__free) = {0};

	if (span.from >= span.to || (span.to - span.from) % 2 == 0)
		return STR_NONE;
	for (u32 i = span.from; i < span.to; i++) {
		bool name = (i - span.from) % 2 == 0;

		if (name ? source->tokens[i].kind != PY_NAME : !py_is(source, span, i, "."))
			return STR_NONE;
		buf__str(&text, source->tokens[i].text);
	}
	return text.failed ? STR_NONE : arena__dup(arena, buf__view(&text));
}

/* Appends the value; false for escapes that routes hardly have. */
static bool unescape(struct str body, struct buf *out)
{
	static const char codes[] = "\\'\"abfnrtv", values[] = "\\'\"\a\b\f\n\r\t\v";

	for (size_t i = 0; i < body.len; i++) {
		const char *code;

		if (body.p[i] != '\\') {
			buf__char(out, body.p[i]);
			continue;
		}
		i++;
		if (i == body.len || !body.p[i])
			return false;
		code = strchr(codes, body.p[i]);
		if (body.p[i] == '\n')
			continue;
		if (code)
			buf__char(out, values[code - codes]);
		else if (memchr("01234567xNuU", body.p[i], 12))
			return false;
		else
			buf__append(out, body.p + i - 1, 2);
	}
	return true;
}

static bool append_literal(struct str text, struct buf *out)
{
	bool raw = false;
	size_t quotes;

	while (text.p[0] != '"' && text.p[0] != '\'') {
		raw |= text.p[0] == 'r' || text.p[0] == 'R';
		text = str_sub(text, 1, text.len);
	}
	quotes = text.len >= 6 && text.p[1] == text.p[0] && text.p[2] == text.p[0] ? 3 : 1;
	text = str_sub(text, quotes, text.len - 2 * quotes);
	if (raw)
		return !buf__str(out, text);
	return unescape(text, out);
}

struct str py_string(const struct py_source *source, struct py_span span, struct arena *arena)
{
	struct buf text __cleanup(buf__free) = {0};
	struct py_span inside;

	if (py_brackets(source, span, '(', &inside))
		span = inside;
	if (span.from >= span.to)
		return STR_NONE;
	for (u32 i = span.from; i < span.to; i++)
		if (source->tokens[i].kind != PY_STRING ||
		    !append_literal(source->tokens[i].text, &text))
			return STR_NONE;
	return text.failed ? STR_NONE : arena__dup(arena, text.len ? buf__view(&text) : STR(""));
}

bool py_brackets(const struct py_source *source, struct py_span span, char open,
		 struct py_span *inside)
{
	const struct py_token *first = &source->tokens[span.from];

	if (span.from + 1 >= span.to || first->kind != PY_OPERATOR || first->text.p[0] != open ||
	    first->mate + 1 != span.to)
		return false;
	*inside = (struct py_span){span.from + 1, span.to - 1};
	return true;
}

bool py_call(const struct py_source *source, struct py_span span, struct py_span *callee,
	     struct py_span *arguments)
{
	const struct py_token *last;
	u32 open;

	if (span.from + 2 >= span.to)
		return false;
	last = &source->tokens[span.to - 1];
	if (last->kind != PY_OPERATOR || last->text.p[0] != ')')
		return false;
	open = last->mate;
	if (open <= span.from || open >= span.to)
		return false;
	*callee = (struct py_span){span.from, open};
	*arguments = (struct py_span){open + 1, span.to - 1};
	return true;
}

u32 py_find(const struct py_source *source, struct py_span span, const char *text)
{
	for (u32 i = span.from; i < span.to; i++) {
		const struct py_token *token = &source->tokens[i];

		if (py_is(source, span, i, text))
			return i;
		if (token->kind == PY_OPERATOR && token->mate > i)
			i = token->mate;
	}
	return span.to;
}

bool py_next_item(const struct py_source *source, struct py_span *rest, struct py_item *item)
{
	u32 comma;

	if (rest->from >= rest->to)
		return false;
	comma = py_find(source, *rest, ",");
	*item = (struct py_item){.value = {rest->from, comma}};
	rest->from = comma + 1 < rest->to ? comma + 1 : rest->to;
	if (py_is(source, item->value, item->value.from, "*") ||
	    py_is(source, item->value, item->value.from, "**")) {
		item->starred = true;
		item->value.from++;
	} else if (py_is(source, item->value, item->value.from + 1, "=") &&
		   source->tokens[item->value.from].kind == PY_NAME) {
		item->keyword = source->tokens[item->value.from].text;
		item->value.from += 2;
	}
	return true;
}
