// SPDX-License-Identifier: Apache-2.0
#include "model/regex_list.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/comma_list.h"

struct regex_list {
	char *text; /* owned; the patterns point into it */
	u32 cnt;
	struct {
		struct str pattern;
		struct regex *regex;
	} v[REGEX_LIST_MAX];
};

static const char *reason(int err)
{
	switch (err) {
	case -EINVAL:
		return "not a regular expression";
	case -ENOTSUP:
		return "look-around, back-references, possessive forms and inline flags are not "
		       "supported";
	default:
		return "too large";
	}
}

static int add(struct regex_list *list, const char *variable, struct str pattern, bool ignore_case)
{
	int err = list->cnt < REGEX_LIST_MAX ? 0 : -E2BIG;

	if (!err)
		err = regex__new(&list->v[list->cnt].regex, pattern, ignore_case);
	if (err == -ENOMEM)
		return err;
	if (err)
		log_warn("%s: ignoring \"%.*s\": %s", variable, STR_ARG(pattern), reason(err));
	else
		list->v[list->cnt++].pattern = pattern;
	return 0;
}

static int regex_list_init(struct regex_list *list, const char *variable, const char *text,
			   bool ignore_case)
{
	struct str rest, item;
	int err = 0;

	list->text = strdup(text ? text : "");
	if (!list->text)
		return -ENOMEM;
	rest = str_from(list->text);
	while (!err && (item = comma_list_next(&rest)).p)
		err = add(list, variable, item, ignore_case);
	return err;
}

int regex_list__new(struct regex_list **out, const char *variable, const char *text,
		    bool ignore_case)
{
	struct regex_list *list = calloc(1, sizeof(*list));
	int err = list ? regex_list_init(list, variable, text, ignore_case) : -ENOMEM;

	if (err)
		regex_list__free(list);
	else
		*out = list;
	return err;
}

void regex_list__free(struct regex_list *list)
{
	u32 i;

	if (!list)
		return;
	for (i = 0; i < list->cnt; i++)
		regex__free(list->v[i].regex);
	free(list->text);
	free(list);
}

bool regex_list__empty(const struct regex_list *list)
{
	return !list->cnt;
}

bool regex_list__search(const struct regex_list *list, struct str text)
{
	u32 i;

	for (i = 0; i < list->cnt; i++)
		if (regex__search(list->v[i].regex, text))
			return true;
	return false;
}

bool regex_list__matches_all(const struct regex_list *list, struct str text)
{
	u32 i;

	for (i = 0; i < list->cnt; i++)
		if (regex__matches_all(list->v[i].regex, text))
			return true;
	return false;
}

bool regex_list__spells(const struct regex_list *list, struct str text)
{
	u32 i;

	for (i = 0; i < list->cnt; i++)
		if (str_caseeq(list->v[i].pattern, text))
			return true;
	return false;
}
