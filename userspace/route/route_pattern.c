// SPDX-License-Identifier: Apache-2.0
#include "route/route_pattern.h"

#include <errno.h>

/* Converters and literals of one rule; written ones have a handful. */
#define ELEMENTS_MAX 32
/* Of one comparison: "<a>-<b>-<c>" on a path of nothing but dashes takes long otherwise. */
#define STEPS_MAX 5000
/* For a maximum there is not. */
#define NO_MAX UINT32_MAX

struct converter {
	const char *name;
	enum route_kind kind;
	u32 min;
	bool strict;
};

/* Werkzeug 2.2's, the empty name being the default; an int may carry arguments. */
static const struct converter werkzeug[] = {
	{"", ROUTE_SEGMENT, 1, false},	      {"string", ROUTE_SEGMENT, 1, false},
	{"default", ROUTE_SEGMENT, 1, false}, {"path", ROUTE_REST_WERKZEUG, 1, false},
	{"int", ROUTE_DIGITS, 1, false},      {"float", ROUTE_FLOAT, 3, true},
	{"uuid", ROUTE_UUID, 36, false},      {"any", ROUTE_ANY, 1, false},
	{NULL, ROUTE_UNKNOWN, 0, false},
};

static const struct converter starlette[] = {
	{"", ROUTE_SEGMENT, 1, false},	  {"str", ROUTE_SEGMENT, 1, false},
	{"path", ROUTE_REST, 0, false},	  {"int", ROUTE_DIGITS, 1, false},
	{"float", ROUTE_FLOAT, 1, false}, {"uuid", ROUTE_UUID, 36, true},
	{NULL, ROUTE_UNKNOWN, 0, false},
};

static const struct converter django[] = {
	{"", ROUTE_SEGMENT, 1, false},	 {"str", ROUTE_SEGMENT, 1, false},
	{"path", ROUTE_REST, 1, false},	 {"int", ROUTE_DIGITS, 1, false},
	{"slug", ROUTE_SLUG, 1, false},	 {"uuid", ROUTE_UUID, 36, true},
	{NULL, ROUTE_UNKNOWN, 0, false},
};

static const struct converter *converter_find(enum route_style style, struct str name)
{
	static const struct converter *const tables[] = {werkzeug, starlette, django};
	const struct converter *row = tables[style];

	while (row->name && !str_eq(name, str_from(row->name)))
		row++;
	return row;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_identifier(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_word(s.p[i]))
			return false;
	return s.len && !is_digit(s.p[0]);
}

/* A decimal number of at most six digits; -1 for what is none. */
static s64 number_of(struct str s)
{
	s64 value = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.p[i]))
			return -1;
		value = value * 10 + s.p[i] - '0';
	}
	return s.len && s.len <= 6 ? value : -1;
}

/* One of "minlength=2", "maxlength=5", "length=3". False for any other. */
static bool apply_length(struct route_element *element, struct str item)
{
	ssize_t equals = str_find(item, '=', 0);
	struct str name = str_trim(str_sub(item, 0, equals < 0 ? 0 : (size_t)equals));
	s64 value = number_of(str_trim(str_sub(item, (size_t)(equals + 1), item.len)));

	if (equals < 0 || value < 0)
		return false;
	if (str_eq(name, STR("minlength")))
		element->min = (u32)value;
	else if (str_eq(name, STR("maxlength")))
		element->max = (u32)value;
	else if (str_eq(name, STR("length")))
		element->min = element->max = (u32)value;
	else
		return false;
	return true;
}

/* Quoted items, and those with a slash, Werkzeug reads in ways of its own. */
static bool is_plain_list(struct str list)
{
	for (size_t i = 0; i < list.len; i++)
		if (!is_word(list.p[i]) && list.p[i] != ',' && list.p[i] != ' ')
			return false;
	return list.len;
}

static void apply_arguments(struct route_element *element, struct str arguments)
{
	struct str rest = arguments;

	if (element->kind == ROUTE_ANY) {
		element->text = arguments;
		element->unsure = !is_plain_list(arguments);
		return;
	}
	while (rest.len && element->kind == ROUTE_SEGMENT && !element->unsure) {
		ssize_t comma = str_find(rest, ',', 0);
		struct str item = str_sub(rest, 0, comma < 0 ? rest.len : (size_t)comma);

		element->unsure = !apply_length(element, item);
		rest = str_sub(rest, item.len + 1, rest.len);
	}
	if (element->kind == ROUTE_SEGMENT || !arguments.len)
		return;
	/* min, max, fixed_digits: Werkzeug refuses some values of the right form; signed takes more
	 */
	element->unsure = true;
	if (memmem(arguments.p, arguments.len, "signed", 6))
		element->kind = ROUTE_UNKNOWN;
}

static void set_converter(struct route_element *element, enum route_style style, struct str name,
			  struct str arguments)
{
	const struct converter *converter = converter_find(style, name);

	*element = (struct route_element){
		.kind = converter->kind,
		.min = converter->min,
		.max = NO_MAX,
		.strict = converter->strict,
		.unicode = style == ROUTE_WERKZEUG,
	};
	apply_arguments(element, arguments);
}

/* "int:x", "x", "string(length=2):x"; Starlette has it the other way round: "x:int". */
static int parse_variable(struct route_element *element, enum route_style style, struct str inside)
{
	const char *colon = memrchr(inside.p, ':', inside.len);
	size_t at = colon ? (size_t)(colon - inside.p) : inside.len;
	struct str before = str_sub(inside, 0, at), after = str_sub(inside, at + 1, inside.len);
	struct str variable = colon ? after : before, name = colon ? before : STR("");
	struct str arguments = STR_NONE;
	ssize_t paren;

	if (style == ROUTE_STARLETTE) {
		variable = before;
		name = after;
	}
	paren = style == ROUTE_WERKZEUG ? str_find(name, '(', 0) : -1;
	if (paren >= 0 && name.p[name.len - 1] == ')') {
		arguments = str_sub(name, (size_t)paren + 1, name.len - (size_t)paren - 2);
		name.len = (size_t)paren;
	}
	if (!is_identifier(variable) || (colon && !is_identifier(name)))
		return -EINVAL;
	set_converter(element, style, name, arguments);
	return 0;
}

/* The next element of rule from *at on. */
static int parse_element(struct route_element *element, enum route_style style, struct str rule,
			 size_t *at)
{
	char open = style == ROUTE_STARLETTE ? '{' : '<', close = open == '{' ? '}' : '>';
	ssize_t end;
	int err;

	if (rule.p[*at] != open) {
		end = str_find(rule, open, *at);
		end = end < 0 ? (ssize_t)rule.len : end;
		*element = (struct route_element){.text = str_sub(rule, *at, (size_t)end - *at)};
		*at = (size_t)end;
		return 0;
	}
	end = str_find(rule, close, *at);
	if (end < 0)
		return -EINVAL;
	err = parse_variable(element, style, str_sub(rule, *at + 1, (size_t)end - *at - 1));
	*at = (size_t)end + 1;
	return err;
}

static bool is_plain(struct str rule)
{
	for (size_t i = 0; i < rule.len; i++)
		if ((u8)rule.p[i] < ' ')
			return false;
	return true;
}

int route_pattern__compile(struct route_pattern *pattern, enum route_style style, struct str rule,
			   struct arena *arena)
{
	struct route_element elements[ELEMENTS_MAX];
	size_t at = 0;

	*pattern = (struct route_pattern){0};
	/* Werkzeug merges slashes, of rules and of paths, and redirects */
	if (!is_plain(rule) ||
	    (style == ROUTE_WERKZEUG && rule.len && memmem(rule.p, rule.len, "//", 2)))
		return -EINVAL;
	while (at < rule.len) {
		struct route_element *element = &elements[pattern->cnt];
		int err = pattern->cnt == ELEMENTS_MAX ? -EINVAL
						       : parse_element(element, style, rule, &at);

		if (err)
			return err;
		pattern->cnt++;
		pattern->has_variable |= element->kind != ROUTE_LITERAL;
		pattern->crosses |= element->kind == ROUTE_REST ||
				    element->kind == ROUTE_REST_WERKZEUG ||
				    element->kind == ROUTE_UNKNOWN;
	}
	pattern->elements = arena__alloc(arena, sizeof(elements[0]) * pattern->cnt);
	if (!pattern->elements)
		return -ENOMEM;
	memcpy(pattern->elements, elements, sizeof(elements[0]) * pattern->cnt);
	return 0;
}

/* One comparison. */
struct walk {
	const struct route_pattern *pattern;
	struct str path;
	u32 steps;
};

static bool is_lower_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_hex(char c)
{
	return is_lower_hex(c) || (c >= 'A' && c <= 'F');
}

static enum route_match match_uuid(struct str s, bool strict)
{
	bool upper = false;

	for (size_t i = 0; i < s.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.p[i] != '-' : !is_hex(s.p[i]))
			return ROUTE_NO;
		upper |= !dash && !is_lower_hex(s.p[i]);
	}
	if (s.len != 36)
		return ROUTE_NO;
	/* later versions take them */
	return strict && upper ? ROUTE_MAYBE : ROUTE_YES;
}

static enum route_match match_float(struct str s, bool strict)
{
	size_t dots = 0;

	for (size_t i = 0; i < s.len; i++) {
		dots += s.p[i] == '.';
		if (s.p[i] != '.' && !is_digit(s.p[i]))
			return ROUTE_NO;
	}
	if (!s.len || s.p[0] == '.' || s.p[s.len - 1] == '.')
		return ROUTE_NO;
	return dots == 1 || (!dots && !strict) ? ROUTE_YES : ROUTE_NO;
}

static enum route_match match_any(struct str s, struct str list)
{
	while (list.len) {
		ssize_t comma = str_find(list, ',', 0);
		struct str item = str_sub(list, 0, comma < 0 ? list.len : (size_t)comma);

		if (str_eq(str_trim(item), s))
			return ROUTE_YES;
		list = str_sub(list, item.len + 1, list.len);
	}
	return ROUTE_NO;
}

static enum route_match match_digits(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.p[i]))
			return ROUTE_NO;
	return s.len ? ROUTE_YES : ROUTE_NO;
}

static enum route_match match_slug(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_word(s.p[i]) && s.p[i] != '-')
			return ROUTE_NO;
	return s.len ? ROUTE_YES : ROUTE_NO;
}

/* Letters beyond ASCII: Python counts characters, and knows more digits than ten. */
static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((u8)s.p[i] >= 0x80)
			return false;
	return true;
}

/* Perhaps digits of other scripts, and nothing that cannot be a number's. */
static bool may_be_digits(const struct route_element *element, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((u8)s.p[i] < 0x80 && !is_digit(s.p[i]) && s.p[i] != '.')
			return false;
	return element->unicode && !is_ascii(s);
}

static enum route_match match_length(const struct route_element *element, struct str s)
{
	bool counts = element->min > 1 || element->max != NO_MAX;

	if (counts && !is_ascii(s))
		return ROUTE_MAYBE;
	return s.len >= element->min && s.len <= element->max ? ROUTE_YES : ROUTE_NO;
}

/* Does the converter take s? */
static enum route_match match_value(const struct route_element *element, struct str s)
{
	switch (element->kind) {
	case ROUTE_SEGMENT:
		return match_length(element, s);
	case ROUTE_REST:
		return s.len >= element->min ? ROUTE_YES : ROUTE_NO;
	case ROUTE_REST_WERKZEUG:
		return s.len && s.p[0] != '/' ? ROUTE_YES : ROUTE_NO;
	case ROUTE_UUID:
		return match_uuid(s, element->strict);
	case ROUTE_SLUG:
		return match_slug(s);
	case ROUTE_ANY:
		return match_any(s, element->text);
	case ROUTE_DIGITS:
		return may_be_digits(element, s) ? ROUTE_MAYBE : match_digits(s);
	case ROUTE_FLOAT:
		return may_be_digits(element, s) ? ROUTE_MAYBE : match_float(s, element->strict);
	case ROUTE_UNKNOWN:
	case ROUTE_LITERAL:
		break;
	}
	return ROUTE_MAYBE;
}

static bool crosses(enum route_kind kind)
{
	return kind == ROUTE_REST || kind == ROUTE_REST_WERKZEUG || kind == ROUTE_UNKNOWN;
}

static enum route_match match_from(struct walk *walk, u32 index, size_t at);

/* Tries all lengths that a value at this place may have. */
static enum route_match match_variable(struct walk *walk, u32 index, size_t at)
{
	const struct route_element *element = &walk->pattern->elements[index];
	enum route_match best = ROUTE_NO;
	size_t end = walk->path.len;
	bool last = index + 1 == walk->pattern->cnt && !walk->pattern->open;

	if (!crosses(element->kind)) {
		ssize_t slash = str_find(walk->path, '/', at);

		end = slash < 0 ? end : (size_t)slash;
	}
	for (size_t to = last ? end : at; to <= end && best != ROUTE_YES; to++) {
		enum route_match value, rest;

		if (walk->steps++ > STEPS_MAX)
			return ROUTE_MAYBE;
		value = match_value(element, str_sub(walk->path, at, to - at));
		if (value == ROUTE_NO)
			continue;
		rest = match_from(walk, index + 1, to);
		if (rest != ROUTE_NO && (value == ROUTE_MAYBE || element->unsure))
			rest = ROUTE_MAYBE;
		best = rest > best ? rest : best;
	}
	return best;
}

static enum route_match match_from(struct walk *walk, u32 index, size_t at)
{
	const struct route_element *element;

	if (index == walk->pattern->cnt)
		return walk->pattern->open || at == walk->path.len ? ROUTE_YES : ROUTE_NO;
	element = &walk->pattern->elements[index];
	if (element->kind != ROUTE_LITERAL)
		return match_variable(walk, index, at);
	if (!str_starts(str_sub(walk->path, at, walk->path.len), element->text))
		return ROUTE_NO;
	return match_from(walk, index + 1, at + element->text.len);
}

enum route_match route_pattern__match(const struct route_pattern *pattern, struct str path)
{
	struct walk walk = {.pattern = pattern, .path = path};

	return match_from(&walk, 0, 0);
}
