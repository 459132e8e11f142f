// SPDX-License-Identifier: Apache-2.0
/* Reading UTF-8 that nobody promised to be UTF-8. */
#ifndef UTF8_H
#define UTF8_H

#include "model/arena.h"

#define UTF8_BAD UINT32_MAX

/*
 * Takes the next code point off s, which must not be empty. UTF8_BAD where the bytes are
 * ill-formed (Unicode table 3-7); then as many are taken as Python and Unicode section 3.9 replace
 * by one U+FFFD.
 */
u32 utf8_next(struct str *s);

/* Puts the code point, at most UTF8_LEN_MAX bytes, and returns how many; what is none is U+FFFD. */
#define UTF8_LEN_MAX 4
size_t utf8_put(char *out, u32 code);

/* s itself if it is well-formed, else a copy with U+FFFD; STR_NONE if there is no memory for it. */
struct str utf8_clean(struct arena *arena, struct str s);

/* The same for the value of a header field: what is not UTF-8 is ISO-8859-1 there, as for WSGI. */
struct str utf8_field(struct arena *arena, struct str s);

#endif
