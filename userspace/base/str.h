// SPDX-License-Identifier: Apache-2.0
/* struct str: borrowed text of known length, not NUL-terminated. It never owns its bytes. */
#ifndef STR_H
#define STR_H

#include <string.h>
#include <strings.h>

#include "base/types.h"

struct str {
	const char *p;
	size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})
/* The same in tables, where STR() is no constant. */
#define STR_INIT(literal)                      \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}
/* For printf: "%.*s", STR_ARG(s) */
#define STR_ARG(s) (int)(s).len, (s).p

static inline struct str str_from(const char *c)
{
	return (struct str){c, c ? strlen(c) : 0};
}

static inline struct str str_sub(struct str s, size_t from, size_t len)
{
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct str){s.p ? s.p + from : NULL, len};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

/* ASCII case is ignored, whatever the locale's opinion; callers never set one. */
static inline bool str_caseeq(struct str a, struct str b)
{
	return a.len == b.len && (!a.len || !strncasecmp(a.p, b.p, a.len));
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && (!prefix.len || !memcmp(s.p, prefix.p, prefix.len));
}

/* Index of the first c at or after from, or -1. */
static inline ssize_t str_find(struct str s, char c, size_t from)
{
	const char *hit = from < s.len ? memchr(s.p + from, c, s.len - from) : NULL;

	return hit ? hit - s.p : -1;
}

/* Blanks and tabs at both ends removed (RFC 9110 section 5.6.3, OWS). */
static inline struct str str_trim(struct str s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t'))
		s.p++, s.len--;
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

#endif
