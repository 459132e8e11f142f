// SPDX-License-Identifier: Apache-2.0
/*
 * struct arena: memory that is freed all at once. Telemetry owns its own bytes: each request keeps
 * its texts and attributes in one arena, which travels with it from parser to exporter.
 */
#ifndef ARENA_H
#define ARENA_H

#include "base/str.h"

struct arena_chunk;

/* Zero-initialised is empty and ready. */
struct arena {
	struct arena_chunk *chunks; /* owned, newest first */
	size_t used;		    /* bytes taken from the newest chunk */
	size_t total;		    /* bytes allocated for all chunks */
	size_t limit;		    /* of total; 0: ARENA_LIMIT */
};

/* 8-byte aligned, uninitialised; NULL when there is no memory or the arena reached its limit. */
void *arena__alloc(struct arena *arena, size_t len);
/* A copy that lives as long as the arena; STR_NONE-like (p NULL, len 0) when there is no memory. */
struct str arena__dup(struct arena *arena, struct str s);
/* Frees its memory; the struct is then empty and usable again. */
void arena__free(struct arena *arena);

/* No request of ours needs more: 16 KiB of head twice, its attributes, and room. */
#define ARENA_LIMIT (1u << 20)

#endif
