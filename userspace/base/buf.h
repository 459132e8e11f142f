// SPDX-License-Identifier: Apache-2.0
/*
 * struct buf: a growing run of bytes with a limit.
 *
 * An append past the limit, or one for which there is no memory, stores nothing and sets `failed`;
 * so a caller may append many times and look once. Zero-initialised is empty and ready.
 */
#ifndef BUF_H
#define BUF_H

#include <stdarg.h>

#include "base/str.h"

/* Largest size of any buffer: 16 MiB, more than any head, record or document of ours. */
#define BUF_LIMIT (16u << 20)

struct buf {
	char *p;     /* owned */
	size_t len;  /* bytes in use */
	size_t cap;  /* bytes allocated */
	bool failed; /* an append did not fit; sticky until buf__reset() */
};

/* All return 0, -ENOMEM or -E2BIG (past BUF_LIMIT). */
int buf__reserve(struct buf *buf, size_t more);
int buf__append(struct buf *buf, const void *bytes, size_t len);
int buf__str(struct buf *buf, struct str s);
int buf__char(struct buf *buf, char c);
int buf__printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf__vprintf(struct buf *buf, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Drops the first len bytes and moves the rest down. */
void buf__consume(struct buf *buf, size_t len);
/* Empties it but keeps its memory. */
void buf__reset(struct buf *buf);
/* Frees its memory; the struct is then empty and usable again. */
void buf__free(struct buf *buf);

static inline struct str buf__view(const struct buf *buf)
{
	return (struct str){buf->p, buf->len};
}

#endif
