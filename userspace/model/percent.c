// SPDX-License-Identifier: Apache-2.0
#include "model/percent.h"

#include "model/hex.h"
#include "model/utf8.h"

struct str percent_decode(struct arena *arena, struct str text)
{
	char *copy = arena__alloc(arena, text.len);
	size_t len = 0;

	if (!copy)
		return STR_NONE;
	for (size_t i = 0; i < text.len; i++) {
		int byte = text.p[i] == '%' ? hex_byte(str_sub(text, i + 1, 2)) : -1;

		copy[len++] = byte < 0 ? text.p[i] : (char)byte;
		i += byte < 0 ? 0 : 2;
	}
	return utf8_clean(arena, (struct str){copy, len});
}
