// SPDX-License-Identifier: Apache-2.0
#include "export/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/utf8.h"

static void escape(struct buf *out, u32 code)
{
	static const char plain[] = "\"\\\b\f\n\r\t", shorts[] = "\"\\bfnrt";
	const char *hit = code && code < 0x80 ? strchr(plain, (int)code) : NULL;

	if (hit)
		buf__printf(out, "\\%c", shorts[hit - plain]);
	else if (code == UTF8_BAD)
		buf__str(out, STR("\\ufffd"));
	else if (code > 0xffff)
		buf__printf(out, "\\u%04x\\u%04x", 0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
	else
		buf__printf(out, "\\u%04x", code);
}

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void json_str(struct buf *out, struct str s)
{
	size_t run;

	buf__char(out, '"');
	while (s.len) {
		for (run = 0; run < s.len && is_plain(s.p[run]); run++)
			;
		buf__str(out, str_sub(s, 0, run));
		s = str_sub(s, run, s.len);
		if (s.len)
			escape(out, utf8_next(&s));
	}
	buf__char(out, '"');
}

int json_double_digits(double d, char text[JSON_DOUBLE_LEN], int *exponent)
{
	int precision = 0;

	/* 17 digits tell every double apart, so the search ends */
	do
		snprintf(text, JSON_DOUBLE_LEN, "%.*e", precision, d);
	while (strtod(text, NULL) != d && precision++ < 16);
	*exponent = atoi(strchr(text, 'e') + 1);
	return precision;
}

void json_double(struct buf *out, double d)
{
	char text[JSON_DOUBLE_LEN];
	int precision, exponent;

	if (isnan(d) || isinf(d)) {
		buf__str(out, str_from(isnan(d) ? "NaN" : d < 0 ? "-Infinity" : "Infinity"));
		return;
	}
	precision = json_double_digits(d, text, &exponent);
	if (exponent < -4 || exponent >= 16)
		buf__str(out, str_from(text));
	else
		buf__printf(out, "%.*f", precision > exponent ? precision - exponent : 1, d);
}
