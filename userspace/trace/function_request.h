// SPDX-License-Identifier: Apache-2.0
/*
 * Requests that calls of functions may belong to, by connection and by when their first byte was
 * read; for trace/function_spans.c. What waits in them is their user's.
 */
#ifndef FUNCTION_REQUEST_H
#define FUNCTION_REQUEST_H

#include "base/map.h"
#include "model/span.h"
#include "trace/function_spans.h"

struct waiting;

struct function_request {
	u64 conn, start_ns;
	bool begun;		       /* else only calls have told of it */
	struct waiting *first, **last; /* until then: owned, the calls made in it */
	u64 end_ns;		       /* 0: open */
	struct trace_context context;
	char *state;		       /* owned; the tracestate or NULL */
	bool told;		       /* its span went out, or will */
	bool shared;		       /* two of one read (pipelining): whose is a call? */
	struct str route;	       /* that a call in it stands for; empty: none so far */
	u64 routed_ns;		       /* when that call was made */
	u32 ran[FUNCTIONS_RAN_MAX];    /* functions of Python code, each once */
	u32 ran_cnt;		       /* one more than fit: of some it is not known */
	struct span *held, **held_end; /* owned, of the calls made in it */
	struct function_request *next, *before;		     /* the list of all, the oldest first */
	struct function_request *pending_next, **pending_at; /* pending; at: NULL if it is not */
	u64 since; /* while it is pending: the tick that saw it first */
};

struct function_requests {
	struct map by_key;
	struct function_request *oldest, *newest;
	/* Those that something waits for, by when that began. */
	struct function_request *pending, **pending_end;
};

u64 hash_mix(u64 a, u64 b);

/* None is left in it. */
void function_requests__free(struct function_requests *requests);
/* NULL: it is not known. */
struct function_request *function_requests__find(const struct function_requests *requests, u64 conn,
						 u64 start_ns);
/* One that is not known yet; NULL when there is no memory, or its place in the map is taken. */
struct function_request *function_requests__add(struct function_requests *requests, u64 conn,
						u64 start_ns);
/* Nothing waits in it any more. */
void function_requests__del(struct function_requests *requests, struct function_request *owned);

/* Something waits for it: it is pending. */
void function_requests__wait(struct function_requests *requests, struct function_request *request);
/* Nothing does. */
void function_requests__done(struct function_requests *requests, struct function_request *request);

#endif
