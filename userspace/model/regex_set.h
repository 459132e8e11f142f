// SPDX-License-Identifier: Apache-2.0
/* struct regex_set: a set of bytes, one bit each. Zero-initialised it is empty. */
#ifndef REGEX_SET_H
#define REGEX_SET_H

#include "base/types.h"

struct regex_set {
	u64 bits[4];
};

static inline void regex_set__add(struct regex_set *set, u8 first, u8 last)
{
	u32 c;

	for (c = first; c <= last; c++)
		set->bits[c >> 6] |= 1ull << (c & 63);
}

static inline bool regex_set__has(const struct regex_set *set, u8 c)
{
	return set->bits[c >> 6] >> (c & 63) & 1;
}

static inline void regex_set__invert(struct regex_set *set)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(set->bits); i++)
		set->bits[i] = ~set->bits[i];
}

static inline void regex_set__unite(struct regex_set *set, const struct regex_set *other)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(set->bits); i++)
		set->bits[i] |= other->bits[i];
}

/* Letters of ASCII in both cases, where it has one. */
static inline void regex_set__fold(struct regex_set *set)
{
	u8 lower, upper;

	for (lower = 'a'; lower <= 'z'; lower++) {
		upper = (u8)(lower - 'a' + 'A');
		if (regex_set__has(set, lower) || regex_set__has(set, upper)) {
			regex_set__add(set, lower, lower);
			regex_set__add(set, upper, upper);
		}
	}
}

#endif
