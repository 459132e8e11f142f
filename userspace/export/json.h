// SPDX-License-Identifier: Apache-2.0
/* JSON scalars, byte for byte as Python's json.dumps() prints them. */
#ifndef JSON_H
#define JSON_H

#include "base/buf.h"

/* A string in quotes, all ASCII: others as \uXXXX, past U+FFFF in pairs, bad UTF-8 as \ufffd. */
void json_str(struct buf *out, struct str s);
/* The shortest digits that read back as d: 0.1, 1.0, 1e-07, NaN, Infinity. */
void json_double(struct buf *out, double d);

/* The fewest digits that read back as d, which is finite, as "1.25e-07": how many stand behind the
 * point, and its exponent. */
#define JSON_DOUBLE_LEN 32
int json_double_digits(double d, char text[JSON_DOUBLE_LEN], int *exponent);

#endif
