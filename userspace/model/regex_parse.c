// SPDX-License-Identifier: Apache-2.0
#include "model/regex_parse.h"

#include <errno.h>

#include "model/hex.h"

/* Groups in groups; each costs the parser some stack. */
#define DEPTH_MAX 32
/* Of {m,n}: more would not fit into REGEX_STATES_MAX anyway, unless what is repeated is empty. */
#define REPEAT_MAX 1000
#define UNBOUNDED  UINT32_MAX

/* Reads `rest`, appends to `program`; after the first error there is nothing left to read. */
struct parser {
	struct str rest;
	bool ignore_case;
	u32 depth;
	int err;
	struct regex_program *program;
};

static void fail(struct parser *parser, int err)
{
	if (!parser->err)
		parser->err = err;
	parser->rest = STR_NONE;
}

/* The next byte, or -1 at the end; unlike a taken one it stays. */
static int peek(const struct parser *parser)
{
	return parser->rest.len ? (u8)parser->rest.p[0] : -1;
}

static int take(struct parser *parser)
{
	int c = peek(parser);

	parser->rest = str_sub(parser->rest, 1, parser->rest.len);
	return c;
}

static bool take_if(struct parser *parser, struct str word)
{
	if (!str_starts(parser->rest, word))
		return false;
	parser->rest = str_sub(parser->rest, word.len, parser->rest.len);
	return true;
}

/* Opens `cnt` fresh states before what begins at `at`; false if there is no room. */
static bool open_states(struct parser *parser, u32 at, u32 cnt)
{
	if (cnt > REGEX_STATES_MAX - parser->program->cnt) {
		fail(parser, -E2BIG);
		return false;
	}
	memmove(&parser->program->v[at + cnt], &parser->program->v[at],
		(parser->program->cnt - at) * sizeof(*parser->program->v));
	parser->program->cnt += cnt;
	return true;
}

static void split_at(struct parser *parser, u32 at, s32 first, s32 second)
{
	if (open_states(parser, at, 1))
		parser->program->v[at] =
			(struct regex_state){.op = OP_SPLIT, .next = {first, second}};
}

static void append(struct parser *parser, enum regex_op op, const struct regex_set *set)
{
	u32 at = parser->program->cnt;

	if (!open_states(parser, at, 1))
		return;
	parser->program->v[at] = (struct regex_state){.op = op};
	if (set)
		parser->program->v[at].set = *set;
}

static void append_set(struct parser *parser, struct regex_set *set, bool inverted)
{
	if (parser->ignore_case)
		regex_set__fold(set);
	if (inverted)
		regex_set__invert(set);
	append(parser, OP_SET, set);
}

static int take_hex(struct parser *parser)
{
	int byte = hex_byte(parser->rest);

	parser->rest = str_sub(parser->rest, 2, parser->rest.len);
	if (byte < 0)
		fail(parser, -EINVAL);
	return byte;
}

/* \d \w \s and their opposites; false if c names none of them. */
static bool class_of(int c, struct regex_set *set)
{
	*set = (struct regex_set){0};
	switch (c | 0x20) {
	case 'w':
		regex_set__add(set, 'a', 'z');
		regex_set__add(set, 'A', 'Z');
		regex_set__add(set, '_', '_');
		regex_set__add(set, '0', '9');
		break;
	case 'd':
		regex_set__add(set, '0', '9');
		break;
	case 's':
		regex_set__add(set, '\t', '\r');
		regex_set__add(set, ' ', ' ');
		break;
	default:
		return false;
	}
	if (c < 'a')
		regex_set__invert(set);
	return true;
}

/* The byte that stands behind a backslash; classes and assertions have been ruled out. */
static int take_escaped(struct parser *parser)
{
	static const char from[] = "nrtfva", to[] = "\n\r\t\f\v\a";
	int c = take(parser);
	const char *at = c > 0 ? strchr(from, c) : NULL;

	if (c < 0)
		fail(parser, -EINVAL);
	if (c == 'x')
		return take_hex(parser);
	if (at)
		return to[at - from];
	if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
		fail(parser, -ENOTSUP);
	return c;
}

/* One byte of a [...], or a whole class, which has no place in a range: then -1. */
static int take_member(struct parser *parser, struct regex_set *set)
{
	struct regex_set class;
	int c = take(parser);

	if (c < 0)
		fail(parser, -EINVAL);
	if (c != '\\')
		return c;
	if (peek(parser) == 'b') {
		take(parser);
		return '\b';
	}
	if (!class_of(peek(parser), &class))
		return take_escaped(parser);
	take(parser);
	regex_set__unite(set, &class);
	return -1;
}

static void parse_range(struct parser *parser, struct regex_set *set)
{
	int first = take_member(parser, set), last = first;

	if (peek(parser) == '-' && parser->rest.len > 1 && parser->rest.p[1] != ']') {
		take(parser);
		last = take_member(parser, set);
		if (first < 0 || last < first)
			fail(parser, -EINVAL);
	}
	if (first >= 0 && !parser->err)
		regex_set__add(set, (u8)first, (u8)last);
}

/* Behind the '['. A ']' that comes first is a member. */
static void parse_set(struct parser *parser)
{
	struct regex_set set = {0};
	bool inverted = take_if(parser, STR("^"));

	do {
		parse_range(parser, &set);
	} while (!parser->err && peek(parser) != ']');
	take(parser);
	append_set(parser, &set, inverted);
}

static void parse_escape(struct parser *parser)
{
	static const struct {
		char c;
		enum regex_op op;
	} assertions[] = {
		{'A', OP_START}, {'Z', OP_END}, {'b', OP_WORD_EDGE}, {'B', OP_NO_WORD_EDGE}};
	struct regex_set set;
	int c = peek(parser);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(assertions); i++) {
		if (c != assertions[i].c)
			continue;
		take(parser);
		append(parser, assertions[i].op, NULL);
		return;
	}
	if (class_of(c, &set)) {
		take(parser);
	} else {
		c = take_escaped(parser);
		regex_set__add(&set, (u8)c, (u8)c);
	}
	append_set(parser, &set, false);
}

static void parse_alternatives(struct parser *parser);

/* Behind the '('. What a group is called does not matter where nobody asks what it matched. */
static void parse_group(struct parser *parser)
{
	ssize_t end;

	if (take_if(parser, STR("?P<"))) {
		end = str_find(parser->rest, '>', 0);
		if (end <= 0)
			fail(parser, -EINVAL);
		parser->rest = str_sub(parser->rest, (size_t)end + 1, parser->rest.len);
	} else if (!take_if(parser, STR("?:")) && peek(parser) == '?') {
		fail(parser, -ENOTSUP);
	}
	if (++parser->depth > DEPTH_MAX)
		fail(parser, -E2BIG);
	else
		parse_alternatives(parser);
	parser->depth--;
	if (!take_if(parser, STR(")")))
		fail(parser, -EINVAL);
}

static void parse_atom(struct parser *parser)
{
	struct regex_set set = {0};
	int c = take(parser);

	switch (c) {
	case '(':
		parse_group(parser);
		break;
	case '[':
		parse_set(parser);
		break;
	case '\\':
		parse_escape(parser);
		break;
	case '^':
		append(parser, OP_START, NULL);
		break;
	case '$':
		append(parser, OP_LINE_END, NULL);
		break;
	case '.':
		regex_set__add(&set, '\n', '\n');
		append_set(parser, &set, true);
		break;
	case '*':
	case '+':
	case '?':
		fail(parser, -EINVAL); /* nothing to repeat */
		break;
	default:
		regex_set__add(&set, (u8)c, (u8)c);
		append_set(parser, &set, false);
	}
}

static u32 take_number(struct str *rest, u32 absent)
{
	u32 n = 0;
	bool any = false;

	for (; rest->len && rest->p[0] >= '0' && rest->p[0] <= '9'; any = true) {
		n = n > REPEAT_MAX ? n : n * 10 + (u32)(rest->p[0] - '0');
		*rest = str_sub(*rest, 1, rest->len);
	}
	return any ? n : absent;
}

/* "{2}", "{2,}", "{,3}", "{2,3}"; any other brace is but a brace. */
static bool take_braces(struct parser *parser, u32 *min, u32 *max)
{
	struct str rest = str_sub(parser->rest, 1, parser->rest.len);
	bool range;

	*min = *max = take_number(&rest, UNBOUNDED);
	range = str_starts(rest, STR(","));
	if (range) {
		rest = str_sub(rest, 1, rest.len);
		*max = take_number(&rest, UNBOUNDED);
		*min = *min == UNBOUNDED ? 0 : *min;
	}
	if (*min == UNBOUNDED || !str_starts(rest, STR("}")))
		return false;
	parser->rest = str_sub(rest, 1, rest.len);
	return true;
}

static bool take_repeat(struct parser *parser, u32 *min, u32 *max)
{
	*min = 0;
	*max = UNBOUNDED;
	switch (peek(parser)) {
	case '*':
		break;
	case '+':
		*min = 1;
		break;
	case '?':
		*max = 1;
		break;
	case '{':
		return take_braces(parser, min, max);
	default:
		return false;
	}
	take(parser);
	return true;
}

/* Once more what stands at `from`, `len` states long; returns where it now begins. */
static u32 copy(struct parser *parser, u32 from, u32 len)
{
	u32 at = parser->program->cnt;

	if (open_states(parser, at, len))
		memcpy(&parser->program->v[at], &parser->program->v[from],
		       len * sizeof(*parser->program->v));
	return at;
}

/* Turns the last states, from `from` on, into min to max times themselves. */
static void repeat(struct parser *parser, u32 from, u32 min, u32 max)
{
	u32 len = parser->program->cnt - from, last = from, i;
	s32 over = (s32)len + 1;

	for (i = 1; i < min && !parser->err; i++)
		last = copy(parser, from, len);
	if (max == UNBOUNDED && min) {
		split_at(parser, parser->program->cnt, (s32)last - (s32)parser->program->cnt, 1);
	} else if (max == UNBOUNDED) {
		split_at(parser, from, 1, over + 1);
		split_at(parser, parser->program->cnt, -over, -over);
	} else if (!max) {
		parser->program->cnt = from;
	} else {
		for (i = min ? min : 1; i < max && !parser->err; i++) {
			last = copy(parser, from, len);
			split_at(parser, last, 1, over);
		}
		if (!min)
			split_at(parser, from, 1, over);
	}
}

static void parse_repeated(struct parser *parser)
{
	u32 from = parser->program->cnt, min, max;

	parse_atom(parser);
	if (parser->err || !take_repeat(parser, &min, &max))
		return;
	if (max < min)
		fail(parser, -EINVAL);
	else if (min > REPEAT_MAX || (max > REPEAT_MAX && max != UNBOUNDED))
		fail(parser, -E2BIG);
	else
		repeat(parser, from, min, max);
	/* a lazy repeat matches the same texts, a possessive one does not */
	if (!take_if(parser, STR("?")) && take_if(parser, STR("+")))
		fail(parser, -ENOTSUP);
	if (take_repeat(parser, &min, &max))
		fail(parser, -EINVAL);
}

static void parse_alternatives(struct parser *parser)
{
	u32 from = parser->program->cnt, jump;

	while (peek(parser) >= 0 && peek(parser) != '|' && peek(parser) != ')')
		parse_repeated(parser);
	if (!take_if(parser, STR("|")))
		return;
	split_at(parser, from, 1, (s32)(parser->program->cnt - from) + 2);
	jump = parser->program->cnt;
	append(parser, OP_SPLIT, NULL);
	parse_alternatives(parser);
	if (!parser->err)
		parser->program->v[jump].next[0] = parser->program->v[jump].next[1] =
			(s32)(parser->program->cnt - jump);
}

int regex_parse(struct regex_program *program, struct str pattern, bool ignore_case)
{
	struct parser parser = {.rest = pattern, .ignore_case = ignore_case, .program = program};

	program->cnt = 0;
	parse_alternatives(&parser);
	if (parser.rest.len)
		fail(&parser, -EINVAL); /* a ')' that nothing opened */
	append(&parser, OP_MATCH, NULL);
	return parser.err;
}
