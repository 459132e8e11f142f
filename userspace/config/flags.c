// SPDX-License-Identifier: Apache-2.0
#include "config/flags.h"

#include <errno.h>

#include "base/log.h"
#include "config/names.h"

static char fold(char c)
{
	return c == '-' ? '_' : c;
}

static bool begins_with(const char *flag, struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (flag[i] != fold(name.p[i]))
			return false;
	}
	return true;
}

/* How many flags begin with name; *row is the last of them, or the one that name spells in full. */
static u32 match(struct str name, u32 *row, struct names *candidates)
{
	u32 cnt = 0;

	for (u32 i = 0; i < option_cnt; i++) {
		const char *flag = options[i].flag;

		if (!flag || !begins_with(flag, name))
			continue;
		if (!flag[name.len]) {
			*row = i;
			return 1;
		}
		if (options[i].use == OPT_DROPPED)
			continue;
		*row = i;
		cnt++;
		names__add(candidates, "--%s", flag);
	}
	return cnt;
}

/* Levenshtein's distance, row by row of its matrix. */
static u32 edit_distance(struct str name, const char *flag)
{
	u32 costs[OPTION_NAME_MAX + 1];
	size_t len = strlen(flag);

	for (u32 i = 0; i <= len; i++)
		costs[i] = i;
	for (u32 i = 0; i < name.len; i++) {
		u32 diagonal = costs[0];

		costs[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			u32 replaced = diagonal + (fold(name.p[i]) != flag[j]);
			u32 other = (costs[j] < costs[j + 1] ? costs[j] : costs[j + 1]) + 1;

			diagonal = costs[j + 1];
			costs[j + 1] = replaced < other ? replaced : other;
		}
	}
	return costs[len];
}

static bool contains(const char *flag, struct str name)
{
	for (; *flag; flag++)
		if (begins_with(flag, name))
			return true;
	return false;
}

u32 flag_nearest(struct str name)
{
	u32 best = UINT32_MAX, row = 0;

	/* whatever is longer than every flag differs from all of them by the same tail */
	name = str_sub(name, 0, OPTION_NAME_MAX);
	for (u32 i = 0; i < option_cnt; i++) {
		u32 distance;

		if (!options[i].flag || options[i].use == OPT_DROPPED)
			continue;
		distance = edit_distance(name, options[i].flag);
		if (distance > 1 && name.len > 3 && contains(options[i].flag, name))
			distance = 1; /* the rest was left out */
		if (distance < best) {
			best = distance;
			row = i;
		}
	}
	return row;
}

int flag_find(struct str arg)
{
	__cleanup(names__free) struct names candidates = {0};
	struct str name = str_eq(arg, STR("-h")) ? STR("--help") : arg;
	u32 row = 0, cnt = 0;

	if (name.len > 2 && str_starts(name, STR("--")))
		cnt = match(str_sub(name, 2, name.len), &row, &candidates);
	if (cnt == 1)
		return (int)row;
	arg = str_sub(arg, 0, OPTION_NAME_MAX);
	if (cnt) {
		log_error("%.*s is ambiguous: %s", STR_ARG(arg), names__finish(&candidates));
		return -EINVAL;
	}
	while (name.len && name.p[0] == '-')
		name = str_sub(name, 1, name.len);
	log_error("unknown flag %.*s, the nearest is --%s", STR_ARG(arg),
		  options[flag_nearest(name)].flag);
	return -EINVAL;
}
