// SPDX-License-Identifier: Apache-2.0
#include "probe/function_spec.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>

#include "model/hex.h"

/* Of a string two are taken at most: the kernel side keeps them on a frame. */
#define TEXTS_MAX 2

static const struct {
	struct str name;
	enum function_value_kind kind;
	u32 bits;
} types[] = {
	{STR("int"), VALUE_INT, 32},	   {STR("int8"), VALUE_INT, 8},
	{STR("int16"), VALUE_INT, 16},	   {STR("int32"), VALUE_INT, 32},
	{STR("int64"), VALUE_INT, 64},	   {STR("bool"), VALUE_BOOL, 8},
	{STR("string"), VALUE_TEXT, 64},   {STR("float"), VALUE_DOUBLE, 32},
	{STR("double"), VALUE_DOUBLE, 64},
};

/* Of functions those of floating point are not taken. */
static const char *parse_type(struct str name, bool usdt, struct function_value *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!str_eq(types[i].name, name) || (types[i].kind == VALUE_DOUBLE && !usdt))
			continue;
		value->kind = types[i].kind;
		value->bits = types[i].bits;
		return NULL;
	}
	return usdt ? "types are int, int8, int16, int32, int64, bool, float, double and string"
		    : "types are int, int8, int16, int32, int64, bool and string";
}

/* Cuts text at the first c, which goes; false: there is none, and nothing changes. */
static bool split(struct str *text, char c, struct str *rest)
{
	ssize_t at = str_find(*text, c, 0);

	if (at < 0)
		return false;
	*rest = str_trim(str_sub(*text, (size_t)at + 1, text->len));
	*text = str_trim(str_sub(*text, 0, (size_t)at));
	return true;
}

static const char *add_value(struct function_spec_text *spec, struct function_value value)
{
	u32 texts = value.kind == VALUE_TEXT;

	for (u32 i = 0; i < FUNCTION_VALUES_MAX; i++) {
		texts += spec->values[i].kind == VALUE_TEXT;
		if (texts > TEXTS_MAX)
			return "more than two strings";
		if (spec->values[i].kind && str_eq(spec->values[i].attr, value.attr))
			return "two values for one attribute";
		if (spec->values[i].kind)
			continue;
		spec->values[i] = value;
		return NULL;
	}
	return "more than four values";
}

/* "1" to "5", or of USDT probes "arg0" to "arg3" */
static bool parse_place(struct str text, bool usdt, u32 *place)
{
	static const struct str arg = STR("arg");
	char first = usdt ? '0' : '1', last = usdt ? '3' : '5';

	if (usdt && !str_starts(text, arg))
		return false;
	text = usdt ? str_sub(text, arg.len, text.len) : text;
	*place = text.len ? (u32)(text.p[0] - '0') : 0;
	return text.len == 1 && text.p[0] >= first && text.p[0] <= last;
}

/* PLACE:TYPE=ATTRIBUTE */
static const char *parse_argument(struct str text, bool usdt, struct function_spec_text *spec)
{
	struct function_value value = {0};
	struct str type;
	const char *why;

	if (!split(&text, ':', &type) || !split(&type, '=', &value.attr) || !value.attr.len)
		return usdt ? "an argument is not argN:TYPE=ATTRIBUTE"
			    : "an argument is not N:TYPE=ATTRIBUTE";
	if (!parse_place(text, usdt, &value.argument))
		return usdt ? "arguments are arg0 to arg3" : "arguments are counted from 1 to 5";
	why = parse_type(type, usdt, &value);
	return why ? why : add_value(spec, value);
}

/* ATTRIBUTE:TYPE */
static const char *parse_result(struct str text, struct function_spec_text *spec)
{
	struct function_value value = {0};
	struct str type;
	const char *why;

	if (!split(&text, ':', &type) || !text.len)
		return "the result is not ATTRIBUTE:TYPE";
	why = parse_type(type, false, &value);
	value.attr = text;
	return why ? why : add_value(spec, value);
}

const char *function_spec_arguments(struct str *text, bool usdt, struct function_spec_text *spec)
{
	struct str list, rest = STR_NONE;
	const char *why = NULL;
	bool more;

	if (!split(text, '(', &list))
		return NULL;
	if (!list.len || list.p[list.len - 1] != ')')
		return "a ) is missing";
	list = str_trim(str_sub(list, 0, list.len - 1));
	/* () is as good as nothing, a comma with nothing behind it is not */
	for (more = list.len; more && !why; list = rest) {
		more = split(&list, ',', &rest);
		why = parse_argument(list, usdt, spec);
	}
	return why;
}

static bool parse_hex(struct str text, u64 *out)
{
	*out = 0;
	if (text.len < 3 || text.len > 18 || text.p[0] != '0' || (text.p[1] | 0x20) != 'x')
		return false;
	for (size_t i = 2; i < text.len; i++) {
		int digit = hex_digit(text.p[i]);

		if (digit < 0)
			return false;
		*out = *out << 4 | (u64)digit;
	}
	return true;
}

/* The last +, for names such as libstdc++ have their own. */
static bool split_offset(struct str *text, struct str *offset)
{
	for (size_t i = text->len; i-- > 0;) {
		if (text->p[i] != '+')
			continue;
		*offset = str_trim(str_sub(*text, i + 1, text->len));
		*text = str_trim(str_sub(*text, 0, i));
		return true;
	}
	return false;
}

static const char *parse_function(struct str text, struct function_spec_text *spec)
{
	struct str rest;

	if (split(&text, ':', &rest)) {
		spec->object = text;
		spec->glob = rest;
		if (!text.len)
			return "nothing before the :";
	} else if (split_offset(&text, &rest)) {
		spec->object = str_eq(text, STR("exe")) ? STR_NONE : text;
		return parse_hex(rest, &spec->offset) ? NULL : "an offset is not 0xHEX";
	} else {
		spec->glob = text;
	}
	return spec->glob.len ? NULL : "no function is named";
}

int function_spec_parse(struct str text, struct function_spec_text *spec, const char **why)
{
	struct str result = STR_NONE;
	ssize_t arrow = -1;

	*spec = (struct function_spec_text){0};
	for (size_t i = 0; i + 1 < text.len && arrow < 0; i++)
		if (text.p[i] == '=' && text.p[i + 1] == '>')
			arrow = (ssize_t)i;
	if (arrow >= 0) {
		result = str_trim(str_sub(text, (size_t)arrow + 2, text.len));
		text = str_sub(text, 0, (size_t)arrow);
	}
	text = str_trim(text);
	*why = function_spec_arguments(&text, false, spec);
	if (!*why)
		*why = parse_function(text, spec);
	if (!*why && arrow >= 0)
		*why = parse_result(result, spec);
	return *why ? -EINVAL : 0;
}

static bool has_value(const struct function_spec_text *spec, const struct function_value *value)
{
	for (u32 i = 0; i < FUNCTION_VALUES_MAX; i++) {
		const struct function_value *own = &spec->values[i];

		if (own->kind == value->kind && own->bits == value->bits &&
		    own->argument == value->argument && str_eq(own->attr, value->attr))
			return true;
	}
	return false;
}

bool function_spec__merge(struct function_spec_text *spec, const struct function_spec_text *other)
{
	bool all = true;

	for (u32 i = 0; i < FUNCTION_VALUES_MAX && other->values[i].kind; i++)
		if (!has_value(spec, &other->values[i]))
			all &= !add_value(spec, other->values[i]);
	return all;
}

bool function_glob(struct str glob, struct str name)
{
	char pattern[256], text[512];

	if (glob.len >= sizeof(pattern) || name.len >= sizeof(text))
		return false;
	snprintf(pattern, sizeof(pattern), "%.*s", STR_ARG(glob));
	snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	return !fnmatch(pattern, text, 0);
}

bool function_spec__names(const struct function_spec_text *spec, const struct function *function)
{
	if (!str_eq(spec->object, function->object))
		return false;
	if (spec->glob.len)
		return function_glob(spec->glob, function->name);
	return spec->offset - function->offset < (function->size ? function->size : 1);
}
