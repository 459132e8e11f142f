// SPDX-License-Identifier: Apache-2.0
#include "model/attrs.h"

#define FIRST_CAP 16 /* a request's usual attributes */

/* The old list stays behind in the arena: it is never large, and gone with its owner. */
static bool grow(struct attrs *attrs, struct arena *arena)
{
	u32 cap = attrs->cap ? attrs->cap * 2 : FIRST_CAP;
	struct attr *v = arena__alloc(arena, cap * sizeof(*v));

	if (!v)
		return false;
	if (attrs->cnt)
		memcpy(v, attrs->v, attrs->cnt * sizeof(*v));
	attrs->v = v;
	attrs->cap = cap;
	return true;
}

void attrs__add(struct attrs *attrs, struct arena *arena, struct attr attr)
{
	if (attrs->cnt == attrs->cap && !grow(attrs, arena)) {
		attrs->dropped++;
		return;
	}
	attrs->v[attrs->cnt++] = attr;
}

static struct attr *find(const struct attrs *attrs, struct str key)
{
	u32 i;

	for (i = 0; i < attrs->cnt; i++)
		if (str_eq(attrs->v[i].key, key))
			return &attrs->v[i];
	return NULL;
}

const struct attr *attrs__find(const struct attrs *attrs, struct str key)
{
	return find(attrs, key);
}

void attrs__set(struct attrs *attrs, struct arena *arena, struct attr attr)
{
	struct attr *old = find(attrs, attr.key);

	if (old)
		*old = attr;
	else
		attrs__add(attrs, arena, attr);
}
