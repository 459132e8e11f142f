// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzz target: the first line is a list of propagators, the others are the fields of a request.
 * What is found is a valid parent and bounded baggage; where nothing is, nothing changes.
 */
#include <stdlib.h>

#include "base/log.h"
#include "model/utf8.h"
#include "trace/fields.h"
#include "trace/propagators.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static bool any_set(const u8 *bytes, size_t len)
{
	u8 any = 0;

	for (size_t i = 0; i < len; i++)
		any |= bytes[i];
	return any;
}

static void check_parent(const struct propagators *set, const struct http_call *call)
{
	static const struct trace_context before = {.span_id = {1}, .flags = 0xee};
	struct trace_context context = before;

	if (!propagators__extract(set, call, &context)) {
		if (memcmp(&context, &before, sizeof(context)))
			abort();
		return;
	}
	if (!any_set(context.trace_id, 16) || !any_set(context.parent_id, 8) || context.flags > 3 ||
	    memcmp(context.span_id, before.span_id, 8))
		abort();
}

static bool is_utf8(struct str text)
{
	while (text.len)
		if (utf8_next(&text) == UTF8_BAD)
			return false;
	return true;
}

static void check_baggage(const struct propagators *set, const struct http_call *call)
{
	struct arena arena = {0};
	struct baggage baggage;

	propagators__baggage(set, call, &baggage, &arena);
	if (baggage.cnt > BAGGAGE_MEMBERS || baggage.bytes > BAGGAGE_BYTES)
		abort();
	for (u32 i = 0; i < baggage.cnt; i++) {
		if (!baggage.v[i].key.len || !is_utf8(baggage.v[i].value))
			abort();
		for (u32 j = 0; j < i; j++)
			if (str_eq(baggage.v[i].key, baggage.v[j].key))
				abort();
	}
	arena__free(&arena);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct str head = {(const char *)data, len};
	ssize_t line = str_find(head, '\n', 0);
	char *list = strndup(head.p, line < 0 ? len : (size_t)line);
	struct http_call call = {
		.request_head = head,
		.traceparent = fields_only(head, STR("traceparent")),
		.tracestate = fields_only(head, STR("tracestate")),
	};
	struct propagators set;

	if (!list)
		abort();
	log_set_level(LOG_ERROR);
	propagators__parse(list, &set);
	if (set.cnt > PROPAGATORS_MAX)
		abort();
	check_parent(&set, &call);
	check_baggage(&set, &call);
	free(list);
	return 0;
}
