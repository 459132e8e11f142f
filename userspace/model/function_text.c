// SPDX-License-Identifier: Apache-2.0
#include "model/function_text.h"

#include <errno.h>
#include <stdio.h>

void function_print(struct buf *out, const struct function *function)
{
	buf__printf(out, "%.*s\n%.*s\n%u\n", STR_ARG(function->name), STR_ARG(function->file),
		    function->line);
	for (u32 i = 0; i < FUNCTION_VALUES_MAX && function->values[i].kind; i++) {
		const struct function_value *value = &function->values[i];

		buf__printf(out, "%d %u %u %.*s\n", value->kind, value->bits, value->argument,
			    STR_ARG(value->attr));
	}
}

static bool next_line(struct str *rest, struct str *line)
{
	ssize_t end = str_find(*rest, '\n', 0);

	if (end < 0)
		return false;
	*line = str_sub(*rest, 0, (size_t)end);
	*rest = str_sub(*rest, (size_t)end + 1, rest->len);
	return true;
}

static int parse_value(struct str line, struct arena *mem, struct function_value *value)
{
	char text[512];
	u32 kind;
	int at = 0;

	if (line.len >= sizeof(text))
		return -EINVAL;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(line));
	if (sscanf(text, "%u %u %u %n", &kind, &value->bits, &value->argument, &at) != 3 || !at ||
	    kind > VALUE_TEXT || !kind || value->bits < 8 || value->bits > 64)
		return -EINVAL;
	value->kind = kind;
	value->attr = arena__dup(mem, str_from(text + at));
	return 0;
}

int function_parse(struct str text, struct arena *mem, struct function *out)
{
	struct str name, file, line;
	char number[16];

	*out = (struct function){0};
	if (!next_line(&text, &name) || !next_line(&text, &file) || !next_line(&text, &line))
		return -EINVAL;
	snprintf(number, sizeof(number), "%.*s", STR_ARG(line));
	if (sscanf(number, "%u", &out->line) != 1)
		return -EINVAL;
	out->name = arena__dup(mem, name);
	out->file = arena__dup(mem, file);
	for (u32 i = 0; i < FUNCTION_VALUES_MAX && next_line(&text, &line); i++) {
		int err = parse_value(line, mem, &out->values[i]);

		if (err)
			return err;
	}
	return 0;
}
