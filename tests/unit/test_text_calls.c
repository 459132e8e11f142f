// SPDX-License-Identifier: Apache-2.0
/* Calls as the text exporter tells them. */
#include "test.h"

#include "test_export.h"

/* A call that began at that ms in the span with that id. */
static struct span *new_inner(const char *name, u64 ms, u8 id, u8 parent)
{
	struct span *span = span__new(resource__new(), NULL);

	span->name = str_from(name);
	span->start_ns = ms * NSEC_PER_MSEC;
	span->end_ns = span->start_ns + 1000;
	memset(span->context.span_id, id, sizeof(span->context.span_id));
	memset(span->context.parent_id, parent, sizeof(span->context.parent_id));
	return span;
}

/* Below what they were made in, in the order they began; or alone. */
static void text_of_calls(void)
{
	struct span *list[] = {new_inner("late", 3, 5, 2),  new_inner("inner", 2, 4, 3),
			       new_inner("early", 1, 3, 2), new_inner("alone", 4, 6, 99),
			       new_inner("outer", 0, 2, 1), new_inner("early_too", 1, 7, 2)};
#define ID " 1us 00000000000000000000000000000000\n"
	struct str text = export_spans("text", NULL, list, ARRAY_SIZE(list));

	CHECK_STR(text, "00:00:00.004   > alone" ID "00:00:00.000   > outer" ID
			"00:00:00.001     > early" ID "00:00:00.002       > inner" ID
			"00:00:00.001     > early_too" ID "00:00:00.003     > late" ID);
#undef ID
	free((char *)text.p);
}

int main(void)
{
	alarm(30);
	RUN(text_of_calls);
	return test_status();
}
