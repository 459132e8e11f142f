// SPDX-License-Identifier: Apache-2.0
#include "export/safe_text.h"

#include "model/utf8.h"

static bool is_harmless(u32 code)
{
	if (code < 0xa0)
		return code > ' ' && code < 0x7f;
	/* separators of lines and paragraphs; embeddings, overrides, isolates of direction */
	return !(code == 0x2028 || code == 0x2029 || (code >= 0x202a && code <= 0x202e) ||
		 (code >= 0x2066 && code <= 0x2069));
}

void safe_text(struct buf *line, struct str s)
{
	struct str from;
	size_t plain;
	u32 code;

	if (!s.len)
		buf__char(line, '-');
	while (s.len) {
		for (plain = 0; plain < s.len && s.p[plain] > ' ' && s.p[plain] < 0x7f; plain++)
			;
		buf__str(line, str_sub(s, 0, plain));
		from = s = str_sub(s, plain, s.len);
		if (!s.len)
			break;
		code = utf8_next(&s);
		from.len -= s.len;
		if (code != UTF8_BAD && is_harmless(code))
			buf__str(line, from);
		else if (code != UTF8_BAD && code >= 0x80)
			buf__printf(line, "\\u{%x}", code);
		else
			for (; from.len; from = str_sub(from, 1, from.len))
				buf__printf(line, "\\x%02x", (u8)from.p[0]);
	}
}
