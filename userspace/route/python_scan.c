// SPDX-License-Identifier: Apache-2.0
#include "route/python_scan.h"

#include <errno.h>
#include <stdlib.h>

/* Brackets in brackets; Python itself stops at 200. */
#define DEPTH_MAX 200
/* Blocks in blocks: Python's limit. */
#define INDENT_MAX 100

struct scan {
	struct str text;
	size_t at;
	u32 line;		 /* from 1, of where lines were counted up to */
	size_t counted;		 /* ... that place */
	struct py_token *tokens; /* owned until they are copied */
	struct py_statement *statements;
	u32 token_cnt, statement_cnt;
	u32 open[DEPTH_MAX]; /* brackets not yet closed */
	u32 depth;
	struct {
		u32 column;
		s32 opener; /* the block whose statements begin at that column */
	} blocks[INDENT_MAX];
	u32 block_cnt;
};

static char peek(const struct scan *scan, size_t ahead)
{
	return scan->at + ahead < scan->text.len ? scan->text.p[scan->at + ahead] : '\0';
}

static bool at_end(const struct scan *scan)
{
	return scan->at >= scan->text.len;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters beyond ASCII may be parts of names. */
static bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (u8)c >= 0x80;
}

static void add_token(struct scan *scan, enum py_token_kind kind, size_t from)
{
	scan->tokens[scan->token_cnt++] = (struct py_token){
		.kind = kind,
		.text = str_sub(scan->text, from, scan->at - from),
	};
}

/* From the opening quote to behind the closing one. */
static int skip_string(struct scan *scan)
{
	char quote = peek(scan, 0);
	bool triple = peek(scan, 1) == quote && peek(scan, 2) == quote;
	u32 run = 0;

	scan->at += triple ? 3 : 1;
	for (; !at_end(scan); scan->at++) {
		char c = peek(scan, 0);

		if (c == '\n' && !triple)
			return -EINVAL;
		run = c == quote ? run + 1 : 0;
		if (run == (triple ? 3 : 1)) {
			scan->at++;
			return 0;
		}
		if (c == '\\')
			scan->at++;
	}
	return -EINVAL;
}

/* A prefix of a string has at most two letters of these. */
static bool is_prefix(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!memchr("rRbBuUfFtT", word.p[i], 10))
			return false;
	return word.len <= 2;
}

static bool is_template(struct str prefix)
{
	for (size_t i = 0; i < prefix.len; i++)
		if (memchr("bBfFtT", prefix.p[i], 6))
			return true;
	return false;
}

/* A name, number or string. */
static int scan_word(struct scan *scan)
{
	size_t from = scan->at;
	struct str word;
	char quote;

	while (is_name(peek(scan, 0)) || (is_digit(scan->text.p[from]) && peek(scan, 0) == '.'))
		scan->at++;
	word = str_sub(scan->text, from, scan->at - from);
	quote = peek(scan, 0);
	if ((quote == '"' || quote == '\'') && is_prefix(word)) {
		int err = skip_string(scan);

		add_token(scan, is_template(word) ? PY_TEMPLATE : PY_STRING, from);
		return err;
	}
	add_token(scan, is_digit(word.p[0]) ? PY_NUMBER : PY_NAME, from);
	return 0;
}

static int scan_bracket(struct scan *scan, char c)
{
	static const char pairs[] = "()[]{}";
	u32 index = scan->token_cnt, other;

	scan->at++;
	add_token(scan, PY_OPERATOR, scan->at - 1);
	if (memchr("([{", c, 3)) {
		if (scan->depth == DEPTH_MAX)
			return -E2BIG;
		scan->open[scan->depth++] = index;
		return 0;
	}
	if (!scan->depth)
		return -EINVAL;
	other = scan->open[--scan->depth];
	if (strchr(pairs, scan->tokens[other].text.p[0])[1] != c)
		return -EINVAL;
	scan->tokens[index].mate = other;
	scan->tokens[other].mate = index;
	return 0;
}

/* "=" must not be mistaken: "==", ":=", "+=" and "->" are one token. */
static int scan_operator(struct scan *scan)
{
	char c = peek(scan, 0), next = peek(scan, 1);
	size_t from = scan->at;

	if (memchr("()[]{}", c, 6))
		return scan_bracket(scan, c);
	scan->at++;
	if ((memchr("*/<>", c, 4) && next == c) || (c == '-' && next == '>'))
		scan->at++;
	if (memchr("=!<>+-*/%&|^@:", c, 14) && peek(scan, 0) == '=')
		scan->at++;
	add_token(scan, PY_OPERATOR, from);
	return 0;
}

static void skip_comment(struct scan *scan)
{
	while (!at_end(scan) && peek(scan, 0) != '\n')
		scan->at++;
}

/* What joins lines: a backslash, or a line's end within brackets. True if it was skipped. */
static bool skip_blank(struct scan *scan)
{
	char c = peek(scan, 0);

	if (c == '#') {
		skip_comment(scan);
		return true;
	}
	if (c == '\\' && peek(scan, 1) == '\r' && peek(scan, 2) == '\n')
		scan->at += 3;
	else if (c == '\\' && peek(scan, 1) == '\n')
		scan->at += 2;
	else if (c == ' ' || c == '\t' || c == '\f' || c == '\r' || (c == '\n' && scan->depth))
		scan->at++;
	else
		return false;
	return true;
}

/* The tokens of one logical line, up to its end. */
static int scan_line(struct scan *scan)
{
	scan->depth = 0;
	while (!at_end(scan)) {
		char c = peek(scan, 0);
		int err;

		if (skip_blank(scan))
			continue;
		if (c == '\n')
			break;
		if (!c)
			return -EINVAL;
		err = is_name(c) || c == '"' || c == '\'' ? scan_word(scan) : scan_operator(scan);
		if (err)
			return err;
	}
	return scan->depth ? -EINVAL : 0;
}

/* The column where the next line that is not empty begins; at its first character. */
static u32 scan_indent(struct scan *scan)
{
	u32 column = 0;

	for (; !at_end(scan); scan->at++) {
		char c = peek(scan, 0);

		if (c == '#')
			skip_comment(scan);
		if (at_end(scan))
			break;
		c = peek(scan, 0);
		if (c == '\n' || c == '\r' || c == '\f')
			column = 0;
		else if (c == '\t')
			column = (column / 8 + 1) * 8;
		else if (c == ' ')
			column++;
		else
			break;
	}
	return column;
}

static struct py_source view_of(const struct scan *scan)
{
	return (struct py_source){scan->tokens, scan->statements, scan->token_cnt,
				  scan->statement_cnt};
}

static bool is_main(const struct py_source *source, struct py_span span)
{
	struct str literal;

	if (span.to - span.from != 4 || !py_is(source, span, span.from + 1, "__name__") ||
	    !py_is(source, span, span.from + 2, "=="))
		return false;
	literal = source->tokens[span.from + 3].text;
	return str_eq(literal, STR("\"__main__\"")) || str_eq(literal, STR("'__main__'"));
}

/* What a line that ends in a colon, or that has one behind these words, begins. */
static bool block_kind(const struct py_source *source, struct py_span span,
		       enum py_statement_kind *kind)
{
	static const char *const branches[] = {"if",  "elif",	"else",	   "for",   "while",
					       "try", "except", "finally", "match", "case"};

	*kind = py_is(source, span, span.from, "def")	  ? PY_DEF
		: py_is(source, span, span.from, "class") ? PY_CLASS
		: py_is(source, span, span.from, "with")  ? PY_WITH
							  : PY_BRANCH;
	if (*kind != PY_BRANCH)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(branches); i++)
		if (py_is(source, span, span.from, branches[i]))
			return true;
	return false;
}

static void add_statement(struct scan *scan, enum py_statement_kind kind, struct py_span span,
			  s32 parent)
{
	if (span.from < span.to)
		scan->statements[scan->statement_cnt++] =
			(struct py_statement){kind, span, parent, scan->line};
}

static void add_simple(struct scan *scan, struct py_span span, s32 parent)
{
	struct py_source source = view_of(scan);

	while (span.from < span.to) {
		u32 end = py_find(&source, span, ";");

		add_statement(scan, PY_SIMPLE, (struct py_span){span.from, end}, parent);
		span.from = end + 1;
	}
}

/* The block's head and what stands behind its colon; false if it is no block. */
static bool add_block(struct scan *scan, struct py_span span, s32 parent)
{
	struct py_source source = view_of(scan);
	u32 colon = py_find(&source, span, ":");
	enum py_statement_kind kind;

	if (!block_kind(&source, span, &kind) || colon == span.to)
		return false;
	/* "match = {...}", "case: int = 1" are no blocks */
	if (py_find(&source, span, "=") < span.to && kind == PY_BRANCH && colon + 1 < span.to)
		return false;
	if (is_main(&source, (struct py_span){span.from, colon}))
		kind = PY_MAIN;
	add_statement(scan, kind, (struct py_span){span.from, colon}, parent);
	add_simple(scan, (struct py_span){colon + 1, span.to}, (s32)scan->statement_cnt - 1);
	return true;
}

static void add_line(struct scan *scan, u32 first, s32 parent)
{
	struct py_span span = {first, scan->token_cnt};
	struct py_source source = view_of(scan);

	if (py_is(&source, span, first, "@")) {
		add_statement(scan, PY_DECORATOR, (struct py_span){first + 1, span.to}, parent);
		return;
	}
	if (py_is(&source, span, first, "async"))
		span.from++;
	if (!add_block(scan, span, parent))
		add_simple(scan, span, parent);
}

/* The block in which a line at that column stands. last: the statement before it. */
static int find_block(struct scan *scan, u32 column, u32 last, s32 *parent)
{
	while (scan->block_cnt > 1 && column < scan->blocks[scan->block_cnt - 1].column)
		scan->block_cnt--;
	if (column > scan->blocks[scan->block_cnt - 1].column) {
		if (scan->block_cnt == INDENT_MAX || last == UINT32_MAX)
			return -EINVAL;
		scan->blocks[scan->block_cnt].column = column;
		scan->blocks[scan->block_cnt++].opener = (s32)last;
	}
	*parent = scan->blocks[scan->block_cnt - 1].opener;
	return 0;
}

/* The line that we are at, as Python counts them. */
static void count_lines(struct scan *scan)
{
	for (; scan->counted < scan->at; scan->counted++)
		scan->line += scan->text.p[scan->counted] == '\n';
}

/* last: the first statement of the line before, which is its head if it opens a block. */
static int scan_lines(struct scan *scan)
{
	u32 last = UINT32_MAX;

	scan->block_cnt = 1;
	scan->blocks[0].opener = -1;
	if (str_starts(scan->text, STR("\xef\xbb\xbf")))
		scan->at = 3;
	for (;;) {
		u32 column = scan_indent(scan), first = scan->token_cnt;
		u32 before = scan->statement_cnt;
		s32 parent;
		int err;

		if (at_end(scan))
			return 0;
		count_lines(scan);
		err = find_block(scan, column, last, &parent);
		if (!err)
			err = scan_line(scan);
		if (err)
			return err;
		add_line(scan, first, parent);
		if (scan->statement_cnt > before)
			last = before;
	}
}

/* Gives back what the estimate was too large by. */
static void *shrink(void *owned, size_t size)
{
	void *smaller = realloc(owned, size ? size : 1);

	return smaller ? smaller : owned;
}

int py_source__scan(struct py_source *source, struct str text)
{
	struct scan scan = {.text = text, .line = 1};
	int err = -ENOMEM;

	*source = (struct py_source){0};
	if (text.len > PY_SOURCE_MAX)
		return -E2BIG;
	/* a token has a byte at least, and a statement a token */
	scan.tokens = calloc(text.len + 1, sizeof(*scan.tokens));
	scan.statements = calloc(text.len + 1, sizeof(*scan.statements));
	if (scan.tokens && scan.statements)
		err = scan_lines(&scan);
	*source = view_of(&scan);
	if (err) {
		py_source__free(source);
		return err;
	}
	/* one more than there are, so that looking behind the last is no harm */
	source->tokens = shrink(scan.tokens, (scan.token_cnt + 1) * sizeof(*scan.tokens));
	source->statements = shrink(scan.statements, scan.statement_cnt * sizeof(*scan.statements));
	return 0;
}

void py_source__free(struct py_source *source)
{
	free(source->tokens);
	free(source->statements);
	*source = (struct py_source){0};
}
