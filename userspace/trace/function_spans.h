// SPDX-License-Identifier: Apache-2.0
/*
 * Calls of functions, turned into spans below that of the request they were made in.
 *
 *	call  --requests open in its thread--> request --> INTERNAL span in its trace
 *	      --the call it was made in------> that call's span, whose id follows from its place
 *
 * A call may be told before the request it belongs to (which the kernel holds until it is answered)
 * and after that has ended; so requests are remembered for a while, and calls wait for theirs.
 * Which of several open requests a call belongs to is told by their ends, or not at all.
 *
 * A USDT probe that is no half of a pair is an event of the span it happened in, and waits for its
 * end (trace/function_events.h). Where that is the server's, only one request may be open then.
 */
#ifndef FUNCTION_SPANS_H
#define FUNCTION_SPANS_H

#include "base/rng.h"
#include "base/stats.h"
#include "model/function.h"
#include "model/limits.h"
#include "model/span.h"

/* Calls that wait for their requests; some 400 bytes each. */
#define FUNCTION_CALLS_MAX 8192
/* Spans that wait for the end of their request, so that they go out beside its own, or not at all;
 * some 2 KiB each. Of more, those of the request that waits longest are lost, its first ones first:
 * a stream that is open for hours keeps back no others. */
#define FUNCTION_SPANS_HELD 4096
/* Requests that are remembered; a server has fewer open, and ended ones go after a while. */
#define FUNCTION_REQUESTS_KEPT 65536
/* Functions of Python code of one request that are remembered for its route: middleware and the
 * like, and a view. */
#define FUNCTIONS_RAN_MAX 16

struct function_spans;

struct function_spans_env {
	struct stats *stats;
	struct rng *rng;
	struct limits limits;
	void *owner;
	/* One reference of the resource of a process; NULL when there is no memory. */
	struct resource *(*resource)(void *owner, u32 tgid);
	void (*span)(void *owner, struct span *owned);
	/* What the number of a function stands for; NULL: nothing any more. */
	const struct function *(*function)(void *owner, u32 number);
	/* The route that a request with a call of it has; empty: it says nothing of routes. */
	struct str (*route)(void *owner, u32 number);
	/*
	 * For who counts calls: each of them once, as soon as it is clear where it belongs. context
	 * is that of its span, or of what is counted (call->counted) that which it was made in;
	 * NULL: it has none.
	 */
	void (*settled)(void *owner, const struct function_call *call,
			const struct trace_context *context);
};

int function_spans__new(struct function_spans **out, const struct function_spans_env *env);
/* NULL is fine. Calls that wait are dropped. */
void function_spans__free(struct function_spans *spans);

/* A request begins; it has its context. told: its span will go out, else its calls make none. */
void function_spans__begin(struct function_spans *spans, const struct http_call *call, bool told);
/*
 * The route of a request that ends, by the calls that were made in it; empty: none of them tells.
 * Calls that return only later are counted.
 */
struct str function_spans__route(const struct function_spans *spans, const struct http_call *call);
/* The functions of Python code that ran in it, each once; none (0) if there are more. */
u32 function_spans__ran(const struct function_spans *spans, const struct http_call *call,
			const struct function *ran[FUNCTIONS_RAN_MAX]);
/* It ended at call->end_ns; told: as it turned out. */
void function_spans__end(struct function_spans *spans, const struct http_call *call, bool told);
/* Adds to the span of a request what happened in it. Behind __end(), before the span goes out. */
void function_spans__finish(struct function_spans *spans, struct span *span);
/* call is borrowed. */
void function_spans__call(struct function_spans *spans, const struct function_call *call);
/* Calls that waited get their spans or are given up. now: unix ns. last: there is nothing to wait
 * for. */
void function_spans__tick(struct function_spans *spans, u64 now, bool last);

#endif
