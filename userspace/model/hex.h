// SPDX-License-Identifier: Apache-2.0
/* A byte written as two hexadecimal digits. */
#ifndef MODEL_HEX_H
#define MODEL_HEX_H

#include "base/str.h"

static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the first two characters of s spell; -1 if they do not. */
static inline int hex_byte(struct str s)
{
	int high = s.len > 1 ? hex_digit(s.p[0]) : -1, low = s.len > 1 ? hex_digit(s.p[1]) : -1;

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

#endif
