// SPDX-License-Identifier: Apache-2.0
#include "model/arena.h"

#include <stdlib.h>

/* A usual request with its attributes fits; a larger one doubles its memory each time. */
#define FIRST_CHUNK 2048

struct arena_chunk {
	struct arena_chunk *next; /* older */
	size_t cap;		  /* bytes after this header */
	char bytes[] __attribute__((aligned(8)));
};

static size_t limit_of(const struct arena *arena)
{
	return arena->limit ? arena->limit : ARENA_LIMIT;
}

static int grow(struct arena *arena, size_t len)
{
	size_t size = arena->total ? arena->total : FIRST_CHUNK;
	size_t left = limit_of(arena) - arena->total;
	struct arena_chunk *chunk;

	if (size < sizeof(*chunk) + len || size > left)
		size = sizeof(*chunk) + len;
	if (size > left)
		return -1;
	chunk = malloc(size);
	if (!chunk)
		return -1;
	chunk->next = arena->chunks;
	chunk->cap = size - sizeof(*chunk);
	arena->chunks = chunk;
	arena->used = 0;
	arena->total += size;
	return 0;
}

void *arena__alloc(struct arena *arena, size_t len)
{
	void *p;

	if (len > limit_of(arena))
		return NULL;
	len = (len + 7) & ~(size_t)7;
	if ((!arena->chunks || len > arena->chunks->cap - arena->used) && grow(arena, len))
		return NULL;
	p = arena->chunks->bytes + arena->used;
	arena->used += len;
	return p;
}

struct str arena__dup(struct arena *arena, struct str s)
{
	char *copy;

	if (!s.p)
		return s;
	copy = arena__alloc(arena, s.len);
	if (!copy)
		return STR_NONE;
	memcpy(copy, s.p, s.len);
	return (struct str){copy, s.len};
}

void arena__free(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunks, *next;

	for (; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	*arena = (struct arena){.limit = arena->limit};
}
