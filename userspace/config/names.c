// SPDX-License-Identifier: Apache-2.0
#include "config/names.h"

void names__add(struct names *names, const char *fmt, ...)
{
	va_list ap;

	if (names->text.len > NAMES_LEN_MAX || names->text.failed) {
		names->left_out++;
		return;
	}
	if (names->text.len)
		buf__str(&names->text, STR(", "));
	va_start(ap, fmt);
	buf__vprintf(&names->text, fmt, ap);
	va_end(ap);
}

const char *names__finish(struct names *names)
{
	if (names->left_out)
		buf__printf(&names->text, " and %u more", names->left_out);
	buf__char(&names->text, '\0');
	return names->text.failed ? "(no memory)" : names->text.p;
}

void names__free(struct names *names)
{
	buf__free(&names->text);
}
