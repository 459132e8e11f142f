// SPDX-License-Identifier: Apache-2.0
/*
 * struct map: u64 key -> pointer, open addressing with linear probing and backward-shift deletion.
 * Zero-initialised is empty. Holds the pointers, does not own what they point to.
 */
#ifndef MAP_H
#define MAP_H

#include "base/types.h"

struct map_slot {
	u64 key;
	void *value; /* NULL: the slot is free */
};

struct map {
	struct map_slot *slots; /* owned */
	u32 cap;		/* power of two, or 0 */
	u32 cnt;
};

/* NULL if not there. */
void *map__get(const struct map *map, u64 key);
/* value must not be NULL; replaces. 0 or -ENOMEM (the map is then as before). */
int map__set(struct map *map, u64 key, void *value);
/* Returns what was there, or NULL. */
void *map__del(struct map *map, u64 key);
void map__free(struct map *map);

/* for (u32 i = 0; (value = map__next(map, &i)); ) visits all; the map must not change meanwhile. */
void *map__next(const struct map *map, u32 *pos);

#endif
