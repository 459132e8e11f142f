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
	return calloc(1, sizeof(struct http_call));
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

struct str http_head_field(struct str head, struct str name)
{
	struct str line = next_line(&head);

	if (!line.p)
		return STR_NONE;
	/* An empty line ends the head, and one that begins with a blank only continues a value. */
	for (line = next_line(&head); line.len; line = next_line(&head))
		if (line.len > name.len && line.p[name.len] == ':' &&
		    str_caseeq(str_sub(line, 0, name.len), name))
			return str_trim(str_sub(line, name.len + 1, line.len));
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
