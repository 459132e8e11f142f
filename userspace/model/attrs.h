// SPDX-License-Identifier: Apache-2.0
/*
 * struct attrs: an ordered list of attributes. Order is the order of insertion, which exporters
 * keep. Keys are unique by the caller's care: semantic conventions are tables, checked by tests.
 */
#ifndef ATTRS_H
#define ATTRS_H

#include "model/arena.h"

enum attr_type { ATTR_STR, ATTR_INT, ATTR_DOUBLE, ATTR_BOOL, ATTR_STR_LIST };

struct attr_list {
	struct str *v;
	u32 cnt;
};

struct attr {
	struct str key;
	enum attr_type type;
	union {
		struct str s;
		s64 i;
		double d;
		bool b;
		struct attr_list list;
	};
};

/* Keys, texts and lists are borrowed: literals, or bytes of the arena that the owner keeps. */
struct attrs {
	struct attr *v; /* in the arena */
	u32 cnt, cap;
	u32 dropped; /* did not fit: no memory */
};

void attrs__add(struct attrs *attrs, struct arena *arena, struct attr attr);

/* Adds it, or gives its key this value in the place of the old one. */
void attrs__set(struct attrs *attrs, struct arena *arena, struct attr attr);

static inline void attrs__str(struct attrs *attrs, struct arena *arena, struct str key,
			      struct str s)
{
	attrs__add(attrs, arena, (struct attr){.key = key, .type = ATTR_STR, .s = s});
}

static inline void attrs__int(struct attrs *attrs, struct arena *arena, struct str key, s64 i)
{
	attrs__add(attrs, arena, (struct attr){.key = key, .type = ATTR_INT, .i = i});
}

static inline void attrs__bool(struct attrs *attrs, struct arena *arena, struct str key, bool b)
{
	attrs__add(attrs, arena, (struct attr){.key = key, .type = ATTR_BOOL, .b = b});
}

/* NULL if not there. */
const struct attr *attrs__find(const struct attrs *attrs, struct str key);

#endif
