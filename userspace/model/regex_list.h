// SPDX-License-Identifier: Apache-2.0
/*
 * struct regex_list: a comma list of regular expressions, as options hold them: "x-task-.*,
 * cookie". Blanks around commas do not count, nor do empty items: Python takes one for a pattern,
 * and the empty pattern matches everything. A comma cannot be part of a pattern.
 */
#ifndef REGEX_LIST_H
#define REGEX_LIST_H

#include "model/regex.h"

/* Each costs time per request. */
#define REGEX_LIST_MAX 128

struct regex_list;

/*
 * A pattern that does not compile is left out, with a warning that names it and the variable. text
 * may be NULL: an empty list. 0 or -ENOMEM.
 */
int regex_list__new(struct regex_list **out, const char *variable, const char *text,
		    bool ignore_case);
void regex_list__free(struct regex_list *list);

bool regex_list__empty(const struct regex_list *list);
/* Is there one that matches anywhere in the text, or all of it? Texts are cut as in regex.h. */
bool regex_list__search(const struct regex_list *list, struct str text);
bool regex_list__matches_all(const struct regex_list *list, struct str text);
/* Is there one that is spelt like this, but for case? */
bool regex_list__spells(const struct regex_list *list, struct str text);

#endif
