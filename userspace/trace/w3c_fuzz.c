// SPDX-License-Identifier: Apache-2.0
/* Fuzz target: bytes as traceparent and as tracestate; what is accepted obeys the grammar. */
#include <stdio.h>
#include <stdlib.h>

#include "trace/w3c.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

/* Printed again, the ids are the text that was read. */
static void check_ids(struct str text, const struct w3c_parent *parent)
{
	char ids[50], *out = ids;

	text = str_trim(text);
	for (size_t i = 0; i < sizeof(parent->trace_id); i++)
		out += sprintf(out, "%02x", parent->trace_id[i]);
	out += sprintf(out, "-");
	for (size_t i = 0; i < sizeof(parent->span_id); i++)
		out += sprintf(out, "%02x", parent->span_id[i]);
	if (memcmp(text.p + 3, ids, 49) || parent->flags > 3)
		abort();
}

static void check_state(struct str text)
{
	int commas = 0;

	for (size_t i = 0; i < text.len; i++) {
		if ((text.p[i] < ' ' && text.p[i] != '\t') || text.p[i] > '~')
			abort();
		commas += text.p[i] == ',';
	}
	if (commas > 31)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct str text = {(const char *)data, len};
	struct w3c_parent parent;

	if (!w3c_parse_traceparent(text, &parent))
		check_ids(text, &parent);
	if (w3c_tracestate_valid(text))
		check_state(text);
	return 0;
}
