// SPDX-License-Identifier: Apache-2.0
#include "model/span.h"

#include <stdlib.h>

struct span *span__new(struct resource *owned_resource, struct http_call *owned_call)
{
	struct span *span = calloc(1, sizeof(*span));

	if (!span)
		return NULL;
	span->kind = SPAN_INTERNAL;
	span->resource = owned_resource;
	span->http = owned_call;
	if (owned_call) {
		span->context = owned_call->context;
		span->start_ns = owned_call->start_ns;
		span->end_ns = owned_call->end_ns;
		/* one memory for both: they live and die together */
		span->mem = owned_call->mem;
		owned_call->mem = (struct arena){0};
	}
	return span;
}

void span__free(struct span *span)
{
	if (!span)
		return;
	http_call__free(span->http);
	resource__put(span->resource);
	arena__free(&span->mem);
	free(span);
}

struct span_event *span__event(struct span *span, u64 ts, struct str name)
{
	struct span_event *event;

	if (span->event_cnt == span->event_cap) {
		u32 cap = span->event_cap ? span->event_cap * 2 : 8;
		struct span_event *events = arena__alloc(&span->mem, cap * sizeof(*events));

		if (!events) {
			span->events_dropped++;
			return NULL;
		}
		if (span->event_cnt)
			memcpy(events, span->events, span->event_cnt * sizeof(*events));
		span->events = events;
		span->event_cap = cap;
	}
	event = &span->events[span->event_cnt++];
	*event = (struct span_event){.ts = ts, .name = name};
	return event;
}

void span_print_id(struct buf *out, const u8 *id, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		const char pair[] = {digits[id[i] >> 4], digits[id[i] & 15]};

		buf__append(out, pair, sizeof(pair));
	}
}
