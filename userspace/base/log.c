// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Longest line; the rest of a longer message is cut. */
#define LOG_LINE_MAX 2048

static enum log_level threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

enum log_level log_get_level(void)
{
	return threshold;
}

/* One write(2) a line, so that lines of several threads do not mix. */
void log_print(enum log_level level, const char *fmt, ...)
{
	static const char prefix[] = "otel-ebpf: ";
	char text[LOG_LINE_MAX], line[sizeof(prefix) + 4 * LOG_LINE_MAX + 1];
	size_t len = sizeof(prefix) - 1;
	va_list ap;

	if (level > threshold)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memcpy(line, prefix, len);
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			len += (size_t)sprintf(line + len, "\\x%02x", (unsigned char)*c);
		else
			line[len++] = *c;
	}
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nobody listens: nothing better can be done with a diagnostic */
}
