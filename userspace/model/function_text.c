// SPDX-License-Identifier: Apache-2.0
#include "model/function_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* One line each, so what would end a line does not get into it. */
static void print_line(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		buf__char(out, text.p[i] == '\n' ? '?' : text.p[i]);
	buf__char(out, '\n');
}

void function_print(struct buf *out, const struct function *function)
{
	print_line(out, function->name);
	print_line(out, function->object);
	print_line(out, function->file);
	buf__printf(out, "%u %" PRIx64 " %" PRIx64 " %u\n", function->line, function->offset,
		    function->size, function->kind);
	for (u32 i = 0; i < FUNCTION_VALUES_MAX && function->values[i].kind; i++) {
		const struct function_value *value = &function->values[i];

		buf__printf(out, "%d %u %u ", value->kind, value->bits, value->argument);
		print_line(out, value->attr);
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

/* As a string: the text, cut at size. */
static void copy(char *out, size_t size, struct str text)
{
	struct str part = str_sub(text, 0, size - 1);

	if (part.len)
		memcpy(out, part.p, part.len);
	out[part.len] = '\0';
}

static int parse_value(struct str line, struct arena *mem, struct function_value *value)
{
	char text[64]; /* more than the numbers need */
	u32 kind;
	int at = 0;

	copy(text, sizeof(text), line);
	if (sscanf(text, "%u %u %u%n", &kind, &value->bits, &value->argument, &at) != 3 || !kind ||
	    kind > VALUE_DOUBLE || value->bits < 8 || value->bits > 64 || value->argument > 5 ||
	    text[at] != ' ')
		return -EINVAL;
	value->kind = kind;
	value->attr = arena__dup(mem, str_sub(line, (size_t)at + 1, line.len));
	return 0;
}

int function_parse(struct str text, struct arena *mem, struct function *out)
{
	struct str name, object, file, line;
	char numbers[64];
	u32 kind = FUNCTION_CALL;

	*out = (struct function){0};
	if (!next_line(&text, &name) || !next_line(&text, &object) || !next_line(&text, &file) ||
	    !next_line(&text, &line))
		return -EINVAL;
	copy(numbers, sizeof(numbers), line);
	if (sscanf(numbers, "%u %" SCNx64 " %" SCNx64 " %u", &out->line, &out->offset, &out->size,
		   &kind) < 3 ||
	    kind > FUNCTION_EVENT)
		return -EINVAL;
	out->kind = kind;
	out->name = arena__dup(mem, name);
	out->object = arena__dup(mem, object);
	out->file = arena__dup(mem, file);
	for (u32 i = 0; i < FUNCTION_VALUES_MAX && next_line(&text, &line); i++) {
		int err = parse_value(line, mem, &out->values[i]);

		if (err)
			return err;
	}
	return text.len ? -EINVAL : 0;
}
