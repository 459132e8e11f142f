// SPDX-License-Identifier: Apache-2.0
/* What the text of one value means, by the type of its option. */
#ifndef VALUE_H
#define VALUE_H

#include "config/options.h"

struct value {
	u64 number;	  /* of whole numbers, sizes and booleans (0 or 1) */
	const char *text; /* of all others; borrowed from the text or the table */
};

/* 0, or -EINVAL if the option does not accept the text. A list needs one item of `values`. */
int value__parse(struct value *value, const struct option *option, const char *text);
/* Appends a process id to config->pids, each once: 0, -EINVAL, or -E2BIG past CONFIG_PIDS_MAX. */
int value_add_pids(struct config *config, const struct option *option, const char *text);
/* Appends what the option accepts: "a power of two from 64K to 1G". */
void value_describe(const struct option *option, struct buf *out);

/* One of option->values as the table spells it, a deprecated name translated; NULL: none of them.
 */
const char *value_find(const struct option *option, struct str item);

/* Takes the next of "80, 8000-8010" off the list; lo and hi are the same of a number. 0, -ENOENT at
 * its end, or -EINVAL: no number, or none from 0 to UINT32_MAX. */
int list_next_range(struct str *rest, u32 *lo, u32 *hi);
/* Takes the next item, trimmed, off a comma list; empty ones are passed over. False at its end. */
bool list_next(struct str *rest, struct str *item);

#endif
