// SPDX-License-Identifier: Apache-2.0
#include "model/utf8.h"

#define REPLACEMENT STR("\xef\xbf\xbd")

static size_t continuation_cnt(u8 lead)
{
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

u32 utf8_next(struct str *s)
{
	const u8 *p = (const u8 *)s->p;
	size_t more = continuation_cnt(p[0]), i;
	/* narrower for the second byte where overlong forms, surrogates, > U+10FFFF begin */
	u8 low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
	u8 high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
	u32 code = p[0] < 0x80 ? p[0] : more ? p[0] & (0x3fu >> more) : UTF8_BAD;

	for (i = 1; i <= more; i++) {
		if (i == s->len || p[i] < low || p[i] > high) {
			code = UTF8_BAD;
			break;
		}
		code = code << 6 | (p[i] & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	*s = str_sub(*s, i, s->len);
	return code;
}

size_t utf8_put(char *out, u32 code)
{
	size_t len = 1;

	if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		code = 0xfffd;
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800)
		out[0] = (char)(0xc0 | code >> 6);
	else if (code < 0x10000)
		out[0] = (char)(0xe0 | code >> 12);
	else
		out[0] = (char)(0xf0 | code >> 18);
	for (int shift = code < 0x800 ? 0 : code < 0x10000 ? 6 : 12; shift >= 0; shift -= 6)
		out[len++] = (char)(0x80 | (code >> shift & 0x3f));
	return len;
}

/* Most text is; eight bytes at a time. */
static bool is_ascii(struct str s)
{
	u64 seen = 0, word;
	size_t i;

	for (i = 0; i + sizeof(word) <= s.len; i += sizeof(word)) {
		memcpy(&word, s.p + i, sizeof(word));
		seen |= word;
	}
	for (; i < s.len; i++)
		seen |= (u8)s.p[i];
	return !(seen & 0x8080808080808080ULL);
}

static size_t count_bad(struct str s)
{
	size_t bad = 0;

	if (is_ascii(s))
		return 0;
	while (s.len)
		bad += utf8_next(&s) == UTF8_BAD;
	return bad;
}

struct str utf8_clean(struct arena *arena, struct str s)
{
	struct str rest = s, from;
	size_t bad = count_bad(s);
	char *copy, *end;

	if (!bad)
		return s;
	copy = end = arena__alloc(arena, s.len + bad * REPLACEMENT.len);
	if (!copy)
		return STR_NONE;
	for (rest = s; rest.len;) {
		from = rest;
		bad = utf8_next(&rest) == UTF8_BAD;
		from = bad ? REPLACEMENT : str_sub(from, 0, from.len - rest.len);
		memcpy(end, from.p, from.len);
		end += from.len;
	}
	return (struct str){copy, (size_t)(end - copy)};
}

struct str utf8_field(struct arena *arena, struct str s)
{
	char *copy, *end;
	size_t i;

	if (!count_bad(s))
		return s;
	copy = end = arena__alloc(arena, 2 * s.len);
	if (!copy)
		return STR_NONE;
	for (i = 0; i < s.len; i++) {
		u8 c = (u8)s.p[i];

		if (c >= 0x80)
			*end++ = (char)(0xc0 | c >> 6);
		*end++ = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
	}
	return (struct str){copy, (size_t)(end - copy)};
}
