// SPDX-License-Identifier: Apache-2.0
#include "model/http.h"

#include <stdlib.h>

static const struct {
	enum http_mark mark;
	const char *name;
} marks[] = {
	{HTTP_REQUEST_TRUNCATED, "truncated_request"},
	{HTTP_RESPONSE_TRUNCATED, "truncated_response"},
	{HTTP_HOLE, "hole"},
	{HTTP_INFERRED_END, "inferred_end"},
};

struct http_call *http_call__new(void)
{
	struct http_call *call = calloc(1, sizeof(*call));

	if (call)
		call->request_body = call->response_body = -1;
	return call;
}

void http_call__free(struct http_call *call)
{
	if (!call)
		return;
	arena__free(&call->mem);
	free(call);
}

/* The next complete line without its CRLF or LF; p NULL when there is no more. */
static struct str next_line(struct str *head)
{
	ssize_t end = str_find(*head, '\n', 0);
	struct str line;

	if (end < 0)
		return STR_NONE;
	line = str_sub(*head, 0, (size_t)end);
	*head = str_sub(*head, (size_t)end + 1, head->len);
	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

struct str http_head_fields(struct str head)
{
	return next_line(&head).p ? head : STR_NONE;
}

bool http_next_field(struct str *fields, struct http_field *field)
{
	struct str line;
	ssize_t colon;

	/* An empty line ends the head, and one that begins with a blank only continues a value. */
	for (line = next_line(fields); line.len; line = next_line(fields)) {
		colon = str_find(line, ':', 0);
		if (colon <= 0 || line.p[0] == ' ' || line.p[0] == '\t')
			continue;
		field->name = str_sub(line, 0, (size_t)colon);
		field->value = str_trim(str_sub(line, (size_t)colon + 1, line.len));
		return true;
	}
	return false;
}

struct str http_head_field(struct str head, struct str name)
{
	struct str fields = http_head_fields(head);
	struct http_field field;

	while (http_next_field(&fields, &field))
		if (str_caseeq(field.name, name))
			return field.value;
	return STR_NONE;
}

void http_print_marks(struct buf *out, u32 set, char separator)
{
	bool any = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		if (!(set & marks[i].mark))
			continue;
		if (any)
			buf__char(out, separator);
		buf__str(out, str_from(marks[i].name));
		any = true;
	}
}
