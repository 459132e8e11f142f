// SPDX-License-Identifier: Apache-2.0
#include "model/attr_set.h"

#include <stdlib.h>

size_t attr_set_text_len(const struct attrs *attrs)
{
	size_t len = 0;
	u32 i;

	for (i = 0; i < attrs->cnt; i++)
		if (attrs->v[i].type == ATTR_STR)
			len += attrs->v[i].s.len;
	return len;
}

struct attr_set *attr_set__new(const struct attrs *attrs)
{
	size_t list = attrs->cnt * sizeof(*attrs->v);
	struct attr_set *set = calloc(1, sizeof(*set) + list + attr_set_text_len(attrs));
	char *text;
	u32 i;

	if (!set)
		return NULL;
	set->refs = 1;
	set->hash = attr_set_hash(attrs);
	set->attrs = (struct attrs){.v = (struct attr *)(set + 1), .cnt = attrs->cnt};
	text = (char *)(set + 1) + list;
	for (i = 0; i < attrs->cnt; i++) {
		struct attr *attr = &set->attrs.v[i];

		*attr = attrs->v[i];
		if (attr->type != ATTR_STR || !attr->s.len)
			continue;
		memcpy(text, attr->s.p, attr->s.len);
		attr->s.p = text;
		text += attr->s.len;
	}
	return set;
}

struct attr_set *attr_set__get(struct attr_set *set)
{
	set->refs++;
	return set;
}

void attr_set__put(struct attr_set *set)
{
	if (set && !--set->refs)
		free(set);
}

/* FNV-1a (Fowler, Noll, Vo): the texts are short. Collisions cost time only, and within a limit. */
static u64 hash_bytes(u64 hash, const void *bytes, size_t len)
{
	const u8 *p = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3ULL;
	return hash;
}

u64 attr_set_hash(const struct attrs *attrs)
{
	u64 hash = 0xcbf29ce484222325ULL;
	u32 i;

	for (i = 0; i < attrs->cnt; i++) {
		const struct attr *attr = &attrs->v[i];

		if (attr->type == ATTR_STR)
			hash = hash_bytes(hash, attr->s.p, attr->s.len);
		else if (attr->type == ATTR_BOOL)
			hash = hash_bytes(hash, &attr->b, sizeof(attr->b));
		else
			hash = hash_bytes(hash, &attr->i, sizeof(attr->i));
		hash = hash_bytes(hash, &attr->type, 1); /* so that "a", "b" is not "ab", "" */
	}
	return hash;
}

/* The same literal, mostly. */
static bool same_key(struct str a, struct str b)
{
	return (a.p == b.p && a.len == b.len) || str_eq(a, b);
}

static bool same_value(const struct attr *a, const struct attr *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case ATTR_STR:
		return str_eq(a->s, b->s);
	case ATTR_BOOL:
		return a->b == b->b;
	default:
		return a->i == b->i;
	}
}

bool attr_set__equal(const struct attr_set *set, const struct attrs *attrs)
{
	u32 i;

	if (set->attrs.cnt != attrs->cnt)
		return false;
	for (i = 0; i < attrs->cnt; i++)
		if (!same_key(set->attrs.v[i].key, attrs->v[i].key) ||
		    !same_value(&set->attrs.v[i], &attrs->v[i]))
			return false;
	return true;
}
