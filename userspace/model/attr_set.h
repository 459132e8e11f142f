// SPDX-License-Identifier: Apache-2.0
/*
 * struct attr_set: an immutable, reference-counted list of attributes: what a metric's data point
 * is for. One allocation holds it with its texts; points and all snapshots of them share it.
 */
#ifndef ATTR_SET_H
#define ATTR_SET_H

#include "model/attrs.h"

struct attr_set {
	u32 refs;
	u64 hash;	    /* attr_set_hash() of attrs */
	struct attrs attrs; /* v and texts lie behind this struct; keys are static */
};

/* Copies texts, not keys, which must be static. One reference, the caller's; NULL: no memory. */
struct attr_set *attr_set__new(const struct attrs *attrs);
struct attr_set *attr_set__get(struct attr_set *set);
/* NULL is fine. */
void attr_set__put(struct attr_set *set);

/* Of the values in their order; equal lists have equal hashes. */
u64 attr_set_hash(const struct attrs *attrs);
/* Same keys, types and values in the same order. */
bool attr_set__equal(const struct attr_set *set, const struct attrs *attrs);
/* Bytes of all texts together. */
size_t attr_set_text_len(const struct attrs *attrs);

#endif
