// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

#define MAP_FIRST_CAP 64

/* Fibonacci hashing: consecutive keys (cookies, pids) spread well. */
static u32 home(const struct map *map, u64 key)
{
	return (u32)((key * 0x9e3779b97f4a7c15ULL) >> 32) & (map->cap - 1);
}

static u32 probe(const struct map *map, u64 key)
{
	u32 i = home(map, key);

	while (map->slots[i].value && map->slots[i].key != key)
		i = (i + 1) & (map->cap - 1);
	return i;
}

void *map__get(const struct map *map, u64 key)
{
	return map->cap ? map->slots[probe(map, key)].value : NULL;
}

static int grow(struct map *map)
{
	struct map bigger = {.cap = map->cap ? map->cap * 2 : MAP_FIRST_CAP, .cnt = map->cnt};

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (u32 i = 0; i < map->cap; i++)
		if (map->slots[i].value)
			bigger.slots[probe(&bigger, map->slots[i].key)] = map->slots[i];
	free(map->slots);
	*map = bigger;
	return 0;
}

int map__set(struct map *map, u64 key, void *value)
{
	u32 i;

	if ((map->cnt + 1) * 4 > map->cap * 3) {
		int err = grow(map);

		if (err)
			return err;
	}
	i = probe(map, key);
	if (!map->slots[i].value)
		map->cnt++;
	map->slots[i] = (struct map_slot){key, value};
	return 0;
}

void *map__del(struct map *map, u64 key)
{
	u32 i, j, mask = map->cap - 1;
	void *old;

	if (!map->cap)
		return NULL;
	i = probe(map, key);
	old = map->slots[i].value;
	if (!old)
		return NULL;
	for (j = (i + 1) & mask; map->slots[j].value; j = (j + 1) & mask) {
		/* what sits at j may move to the hole at i unless its home lies between them */
		if (((j - home(map, map->slots[j].key)) & mask) >= ((j - i) & mask)) {
			map->slots[i] = map->slots[j];
			i = j;
		}
	}
	map->slots[i].value = NULL;
	map->cnt--;
	return old;
}

void *map__next(const struct map *map, u32 *pos)
{
	while (*pos < map->cap) {
		void *value = map->slots[(*pos)++].value;

		if (value)
			return value;
	}
	return NULL;
}

void map__free(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}
