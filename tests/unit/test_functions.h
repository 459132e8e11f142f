// SPDX-License-Identifier: Apache-2.0
/* Requests and calls of functions in them, without a process, and what comes of them. */
#ifndef TEST_FUNCTIONS_H
#define TEST_FUNCTIONS_H

#include <stdlib.h>

#include "test.h"
#include "trace/function_spans.h"

#define MS NSEC_PER_MSEC

struct fixture {
	struct stats stats;
	struct rng rng;
	struct resource *resource;
	struct function_spans *spans;
	struct span *sent[8]; /* owned */
	u32 cnt;
	u64 now;
	u32 settled, within; /* calls, and those with a span */
	u8 span_id[8];	     /* of the last of those */
};

static const struct function functions[] = {
	{.name = STR("outer")},
	{.name = STR("inner"),
	 .file = STR("a.c"),
	 .line = 12,
	 .values = {{VALUE_TEXT, 64, 1, STR("who")}, {VALUE_INT, 8, 0, STR("roll.value")}}},
	{.name = STR("other")},
};

static inline struct resource *on_resource(void *owner, u32 tgid)
{
	struct fixture *f = owner;

	CHECK(tgid == 40);
	return resource__get(f->resource);
}

static inline void on_span(void *owner, struct span *owned)
{
	struct fixture *f = owner;

	CHECK(f->cnt < ARRAY_SIZE(f->sent));
	f->sent[f->cnt++] = owned;
}

static const struct function *on_function(void *owner, u32 number)
{
	(void)owner;
	return number < ARRAY_SIZE(functions) ? &functions[number] : NULL;
}

static inline struct str on_route(void *owner, u32 number)
{
	(void)owner;
	return number == 1 ? STR("/inner/{x}") : number == 2 ? STR("/other") : STR_NONE;
}

static inline void on_settled(void *owner, const struct function_call *call,
			      const struct trace_context *context)
{
	struct fixture *f = owner;

	CHECK(call->tgid == 40);
	f->settled++;
	if (!context)
		return;
	f->within++;
	memcpy(f->span_id, context->span_id, sizeof(f->span_id));
}

static inline void begin(struct fixture *f)
{
	struct function_spans_env env = {
		.stats = &f->stats,
		.rng = &f->rng,
		.limits = {.attr_cnt = LIMITS_NONE, .value_len = LIMITS_NONE},
		.owner = f,
		.resource = on_resource,
		.span = on_span,
		.function = on_function,
		.route = on_route,
		.settled = on_settled,
	};

	*f = (struct fixture){.now = 1000 * MS, .resource = resource__new()};
	rng__seed(&f->rng, 1);
	if (!f->resource || function_spans__new(&f->spans, &env))
		abort();
}

static inline void end(struct fixture *f)
{
	function_spans__free(f->spans); /* what it held goes out */
	while (f->cnt)
		span__free(f->sent[--f->cnt]);
	resource__put(f->resource);
}

/* Requests are told apart by connection and by when they began, in ms. */
static inline struct http_call request(u64 conn, u64 start)
{
	struct http_call call = {.peer = {.tgid = 40, .conn = conn}, .start_ns = start * MS};

	memset(call.context.trace_id, (int)conn, sizeof(call.context.trace_id));
	memset(call.context.span_id, (int)start, sizeof(call.context.span_id));
	call.context.flags = 1;
	return call;
}

static inline struct function_call a_call(u32 function, u64 id, u64 parent)
{
	return (struct function_call){
		.tgid = 40,
		.tid = 41,
		.start_ns = 20 * MS,
		.end_ns = 21 * MS,
		.id = id,
		.parent = parent,
		.function = function,
	};
}

static inline void open_in(struct function_call *call, u64 conn, u64 start)
{
	call->requests[call->request_cnt].conn = conn;
	call->requests[call->request_cnt++].ts = start * MS;
}

static inline void end_at(struct fixture *f, struct http_call *call, u64 ms, bool told)
{
	call->end_ns = ms * MS;
	function_spans__end(f->spans, call, told);
}

static inline void ticks(struct fixture *f, u32 cnt)
{
	while (cnt--)
		function_spans__tick(f->spans, f->now += 80 * MS, false);
}

#endif
