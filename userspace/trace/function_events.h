// SPDX-License-Identifier: Apache-2.0
/*
 * What happened within requests and calls, for trace/function_spans.h: each event waits until its
 * span goes out, that of the call it happened in or else the server's.
 */
#ifndef FUNCTION_EVENTS_H
#define FUNCTION_EVENTS_H

#include "trace/function_request.h"
#include "trace/function_spans.h"
#include "trace/pending_events.h"

struct function_events {
	const struct function_spans_env *env;	  /* borrowed */
	const struct function_requests *requests; /* borrowed */
	struct pending_events pending;
};

/* What waits is dropped, and counted. */
void function_events__free(struct function_events *events);
/* call is the event. */
void function_events__add(struct function_events *events, const struct function_call *call);
/* The span of a call gets what happened in it. */
void function_events__of_call(struct function_events *events, const struct function_call *call,
			      struct span *span);
/* The same of a request's. */
void function_events__of_request(struct function_events *events, struct span *span);
/* They are no spans. Returns how many events go. */
u32 function_events__drop_call(struct function_events *events, const struct function_call *call);
u32 function_events__drop_request(struct function_events *events, const struct http_call *call);
/* Drops what has waited for keep_ns and whose request is over. */
void function_events__expire(struct function_events *events, u64 keep_ns, u64 now);

#endif
