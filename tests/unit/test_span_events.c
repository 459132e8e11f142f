// SPDX-License-Identifier: Apache-2.0
/* USDT probes, and calls of which one end is known, as events of the spans they are in. */
#include "trace/function_spans.h"

#include <stdlib.h>

#include "test.h"
#include "trace/pending_events.h"

#define MS NSEC_PER_MSEC

enum { OUTER, EVENT, WORK, NAMED };
static const struct function functions[] = {
	[OUTER] = {.name = STR("outer")},
	[EVENT] = {.name = STR("a:event"),
		   .kind = FUNCTION_EVENT,
		   .values = {{VALUE_INT, 64, 0, STR("arg0")}, {VALUE_INT, 64, 1, STR("arg1")}}},
	[WORK] = {.name = STR("a:work"), .kind = FUNCTION_SPAN},
	[NAMED] = {.named = true},
};

struct fixture {
	struct stats stats;
	struct rng rng;
	struct resource *resource;
	struct function_spans *spans;
	struct span *sent[8]; /* owned */
	u32 cnt;
	u64 now;
};

static struct resource *on_resource(void *owner, u32 tgid)
{
	(void)tgid;
	return resource__get(((struct fixture *)owner)->resource);
}

static void on_span(void *owner, struct span *owned)
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

static struct str on_route(void *owner, u32 number)
{
	(void)owner, (void)number;
	return STR_NONE;
}

static void on_settled(void *owner, const struct function_call *call,
		       const struct trace_context *context)
{
	(void)owner, (void)context;
	CHECK(!call->moment && functions[call->function].kind != FUNCTION_EVENT);
}

static void begin(struct fixture *f)
{
	struct function_spans_env env = {
		.stats = &f->stats,
		.rng = &f->rng,
		.limits = {LIMITS_NONE, LIMITS_NONE, false, 2, LIMITS_NONE},
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

static void end(struct fixture *f)
{
	while (f->cnt)
		span__free(f->sent[--f->cnt]);
	function_spans__free(f->spans);
	resource__put(f->resource);
}

static struct http_call request(u64 conn)
{
	struct http_call call = {.peer = {.tgid = 40, .conn = conn}, .start_ns = 10 * MS};

	call.context.trace_id[0] = (u8)conn;
	call.context.flags = 1;
	return call;
}

/* In a request, or in none (0). */
static struct function_call a_call(u32 function, u64 id, u64 parent, u64 conn)
{
	struct function_call call = {
		.tgid = 40,
		.tid = 41,
		.start_ns = 20 * MS,
		.end_ns = 20 * MS,
		.id = id,
		.parent = parent,
		.function = function,
	};

	if (conn) {
		call.requests[0].conn = conn;
		call.requests[0].ts = 10 * MS;
		call.request_cnt = 1;
	}
	return call;
}

/* As the tracer sends it; to be freed. */
static struct span *finish(struct fixture *f, struct http_call *call)
{
	struct http_call *copy = malloc(sizeof(*copy));
	struct span *span;

	call->end_ns = 30 * MS;
	*copy = *call;
	function_spans__end(f->spans, call, true);
	span = span__new(resource__get(f->resource), copy);
	function_spans__finish(f->spans, span);
	return span;
}

static void tick(struct fixture *f, u64 ms)
{
	function_spans__tick(f->spans, f->now += ms * MS, false);
}

static void event_of_a_request(void)
{
	struct http_call http = request(1);
	struct function_call call = a_call(EVENT, 1, 0, 1);
	struct span *span;
	struct fixture f;

	begin(&f);
	call.values[0] = (u64)-7;
	call.values[1] = 5;
	call.missing = 1 << 1;
	function_spans__call(f.spans, &call); /* told before its request */
	function_spans__begin(f.spans, &http, true);
	tick(&f, 80);
	span = finish(&f, &http);
	CHECK(!f.cnt && f.stats.v[STAT_CALL_EVENTS] == 1 && span->event_cnt == 1);
	CHECK(span->events[0].ts == 20 * MS);
	CHECK_STR(span->events[0].name, "a:event");
	CHECK(attrs__find(&span->events[0].attrs, STR("thread.id"))->i == 41);
	CHECK(attrs__find(&span->events[0].attrs, STR("arg0"))->i == -7);
	CHECK(!attrs__find(&span->events[0].attrs, STR("arg1")));
	CHECK(!attrs__find(&span->events[0].attrs, STR("code.function.name")));
	span__free(span);
	end(&f);
}

/* Begun, and told, before the event's own request is over: each to its own. */
static void event_of_a_call(void)
{
	struct http_call http = request(1);
	struct function_call inner = a_call(EVENT, 2, 1, 1), outer = a_call(WORK, 1, 0, 1);
	struct span *span;
	struct fixture f;

	begin(&f);
	function_spans__begin(f.spans, &http, true);
	function_spans__call(f.spans, &inner);
	function_spans__call(f.spans, &outer);
	span = finish(&f, &http);
	CHECK(f.cnt == 1 && f.sent[0]->event_cnt == 1 && !span->event_cnt);
	CHECK(!attrs__find(&f.sent[0]->attrs, STR("code.function.name")));
	CHECK_STR(f.sent[0]->name, "a:work");
	span__free(span);
	end(&f);
}

/* Calls of which only one end is known; another thread's may be their parent. */
static void moments(void)
{
	struct http_call http = request(1);
	struct function_call named = a_call(NAMED, 2, 1, 1), plain = a_call(OUTER, 3, 0, 1),
			     work = a_call(WORK, 1, 0, 1);
	char name[] = "by hand";
	struct span *span;
	struct fixture f;

	begin(&f);
	named.moment = plain.moment = true;
	named.texts[0] = str_from(name);
	named.tid = 42;
	function_spans__begin(f.spans, &http, true);
	function_spans__call(f.spans, &named);
	memset(name, 'x', sizeof(name) - 1); /* borrowed */
	function_spans__call(f.spans, &plain);
	function_spans__call(f.spans, &work);
	span = finish(&f, &http);
	CHECK(f.cnt == 1 && f.sent[0]->event_cnt == 1 && span->event_cnt == 1);
	CHECK_STR(f.sent[0]->events[0].name, "by hand");
	CHECK(attrs__find(&f.sent[0]->events[0].attrs, STR("thread.id"))->i == 42);
	CHECK_STR(span->events[0].name, "outer");
	CHECK_STR(attrs__find(&span->events[0].attrs, STR("code.function.name"))->s, "outer");
	span__free(span);
	end(&f);
}

static void more_than_a_span_may_have(void)
{
	struct http_call http = request(1);
	struct function_call call = a_call(EVENT, 1, 0, 1);
	struct span *span;
	struct fixture f;

	begin(&f);
	function_spans__begin(f.spans, &http, true);
	for (u32 i = 0; i < 5; i++)
		function_spans__call(f.spans, &call);
	span = finish(&f, &http);
	CHECK(span->event_cnt == 2 && span->events_dropped == 3);
	span__free(span);
	end(&f);
}

static void outside_of_requests(void)
{
	struct http_call http = request(1);
	struct function_call call = a_call(EVENT, 1, 0, 0), late = a_call(EVENT, 2, 0, 1);
	struct fixture f;

	begin(&f);
	function_spans__call(f.spans, &call);
	CHECK(f.stats.v[STAT_CALL_OUTSIDE] == 1);
	function_spans__begin(f.spans, &http, true);
	span__free(finish(&f, &http));
	function_spans__call(f.spans, &late);
	CHECK(f.stats.v[STAT_CALL_OUTSIDE] == 2);
	end(&f);
}

static void within_several(void)
{
	struct http_call first = request(1), second = request(2);
	struct function_call call = a_call(EVENT, 1, 0, 1);
	struct span *span;
	struct fixture f;

	begin(&f);
	call.requests[1].conn = 2;
	call.requests[1].ts = 10 * MS;
	call.request_cnt = 2;
	function_spans__call(f.spans, &call);
	CHECK(f.stats.v[STAT_CALL_AMBIGUOUS] == 1);
	function_spans__begin(f.spans, &first, true);
	function_spans__begin(f.spans, &second, true);
	span__free(finish(&f, &first));
	function_spans__call(f.spans, &call); /* the first is over: it is the second's */
	span = finish(&f, &second);
	CHECK(span->event_cnt == 1 && f.stats.v[STAT_CALL_AMBIGUOUS] == 1);
	span__free(span);
	end(&f);
}

static void pipelined_in_one_read(void)
{
	struct http_call http = request(1);
	struct function_call call = a_call(EVENT, 1, 0, 1);
	struct span *span;
	struct fixture f;

	begin(&f);
	function_spans__call(f.spans, &call);
	function_spans__begin(f.spans, &http, true);
	function_spans__begin(f.spans, &http, true);
	span = finish(&f, &http);
	CHECK(!span->event_cnt && f.stats.v[STAT_CALL_AMBIGUOUS] == 1);
	span__free(span);
	end(&f);
}

/* No span, so no events, and nothing is lost. */
static void requests_without_a_span(void)
{
	struct http_call http = request(1);
	struct function_call call = a_call(EVENT, 1, 0, 1), inner = a_call(EVENT, 3, 2, 1);
	struct function_call outer = a_call(OUTER, 2, 0, 1);
	struct fixture f;

	begin(&f);
	function_spans__begin(f.spans, &http, true);
	function_spans__call(f.spans, &call);
	function_spans__call(f.spans, &inner);
	http.end_ns = 30 * MS;
	function_spans__end(f.spans, &http, false);
	function_spans__call(f.spans, &outer);
	tick(&f, 60000);
	CHECK(!f.cnt && !f.stats.v[STAT_CALL_EVENTS] && !f.stats.v[STAT_CALL_LOST]);
	end(&f);
}

/* Kept as long as the request is open, however long; a call that never returns is given up. */
static void waiting(void)
{
	struct http_call http = request(1);
	struct function_call call = a_call(EVENT, 1, 0, 1), stray = a_call(EVENT, 3, 2, 9);
	struct span *span;
	struct fixture f;

	begin(&f);
	function_spans__begin(f.spans, &http, true);
	function_spans__call(f.spans, &call);
	function_spans__call(f.spans, &stray);
	for (u32 i = 0; i < 3; i++)
		tick(&f, 40000);
	CHECK(f.stats.v[STAT_CALL_LOST] == 1);
	span = finish(&f, &http);
	CHECK(span->event_cnt == 1);
	span__free(span);
	end(&f);
}

static void more_than_can_wait(void)
{
	struct http_call http = request(1);
	struct function_call call = a_call(EVENT, 1, 0, 1);
	struct fixture f;

	begin(&f);
	function_spans__begin(f.spans, &http, true);
	for (u32 i = 0; i < PENDING_EVENTS_MAX + 5; i++)
		function_spans__call(f.spans, &call);
	CHECK(f.stats.v[STAT_CALL_LOST] == 5);
	function_spans__tick(f.spans, f.now, true);
	CHECK(f.stats.v[STAT_CALL_LOST] == PENDING_EVENTS_MAX + 5);
	end(&f);
}

int main(void)
{
	RUN(event_of_a_request);
	RUN(event_of_a_call);
	RUN(moments);
	RUN(more_than_a_span_may_have);
	RUN(outside_of_requests);
	RUN(within_several);
	RUN(pipelined_in_one_read);
	RUN(requests_without_a_span);
	RUN(waiting);
	RUN(more_than_can_wait);
	return test_status();
}
