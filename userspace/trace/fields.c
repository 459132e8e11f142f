// SPDX-License-Identifier: Apache-2.0
/* The parser has seen to it that a head is one, but not that each of its lines is good. */
#include "trace/fields.h"

/* The next line that has its end, without it. */
static bool line_next(struct str *lines, struct str *line)
{
	ssize_t lf = str_find(*lines, '\n', 0);

	if (lf < 0)
		return false;
	*line = str_sub(*lines, 0, (size_t)lf);
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	*lines = str_sub(*lines, (size_t)lf + 1, lines->len);
	return true;
}

struct str fields_of(struct str head)
{
	struct str start;

	return line_next(&head, &start) ? head : STR_NONE;
}

static bool is_folded(struct str lines)
{
	return lines.len && (lines.p[0] == ' ' || lines.p[0] == '\t');
}

bool fields_next(struct str *lines, struct str *name, struct str *value)
{
	struct str line, more;
	ssize_t colon;

	do {
		if (!line_next(lines, &line) || !line.len)
			return false;
		colon = str_find(line, ':', 0);
	} while (colon <= 0);
	*name = str_sub(line, 0, (size_t)colon);
	*value = str_trim(str_sub(line, (size_t)colon + 1, line.len));
	while (is_folded(*lines) && line_next(lines, &more))
		*value = STR_NONE;
	return true;
}

struct str fields_only(struct str head, struct str name)
{
	struct str lines = fields_of(head), other, value, found = STR_NONE;
	bool any = false;

	while (fields_next(&lines, &other, &value)) {
		if (!str_caseeq(other, name))
			continue;
		if (any)
			return STR_NONE;
		any = true;
		found = value;
	}
	return found;
}

bool split_next(struct str *rest, char separator, struct str *part)
{
	ssize_t end;

	if (!rest->p)
		return false;
	end = str_find(*rest, separator, 0);
	*part = str_sub(*rest, 0, end < 0 ? rest->len : (size_t)end);
	*rest = end < 0 ? STR_NONE : str_sub(*rest, (size_t)end + 1, rest->len);
	return true;
}
