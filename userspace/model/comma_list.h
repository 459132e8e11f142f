// SPDX-License-Identifier: Apache-2.0
/* Lists as options hold them: "a, b,,c" has the items "a", "b" and "c". */
#ifndef COMMA_LIST_H
#define COMMA_LIST_H

#include "base/str.h"

/* Takes the next item off, without the blanks around it; p NULL when there is no more. */
static inline struct str comma_list_next(struct str *rest)
{
	struct str item;
	ssize_t comma;

	while (rest->len) {
		comma = str_find(*rest, ',', 0);
		item = str_trim(comma < 0 ? *rest : str_sub(*rest, 0, (size_t)comma));
		*rest = comma < 0 ? STR_NONE : str_sub(*rest, (size_t)comma + 1, rest->len);
		if (item.len)
			return item;
	}
	return STR_NONE;
}

#endif
