// SPDX-License-Identifier: Apache-2.0
/* Whose request a call was made in, and the spans that come of it. */
#include "test.h"
#include "test_functions.h"

static void nested_calls(void)
{
	struct http_call http = request(1, 10);
	struct function_call inner = a_call(1, 2, 1), outer = a_call(0, 1, 0);
	struct fixture f;

	begin(&f);
	open_in(&inner, 1, 10);
	open_in(&outer, 1, 10);
	inner.values[1] = 0xfe; /* -2 in 8 bits */
	inner.texts[0] = STR("bob");
	function_spans__begin(f.spans, &http, true);
	function_spans__call(f.spans, &inner);
	function_spans__call(f.spans, &outer);
	CHECK(!f.cnt && f.settled == 2 && f.within == 2);
	end_at(&f, &http, 30, true);
	CHECK(!memcmp(f.span_id, f.sent[1]->context.span_id, 8));
	CHECK(f.cnt == 2 && f.stats.v[STAT_CALL_SPANS] == 2);
	CHECK(!memcmp(f.sent[0]->context.trace_id, http.context.trace_id, 16));
	CHECK(!memcmp(f.sent[0]->context.parent_id, f.sent[1]->context.span_id, 8));
	CHECK(!memcmp(f.sent[1]->context.parent_id, http.context.span_id, 8));
	CHECK(memcmp(f.sent[0]->context.span_id, f.sent[1]->context.span_id, 8) != 0);
	CHECK(f.sent[0]->kind == SPAN_INTERNAL && f.sent[0]->start_ns == 20 * MS);
	CHECK_STR(f.sent[0]->name, "inner");
	CHECK_STR(attrs__find(&f.sent[0]->attrs, STR("code.file.path"))->s, "a.c");
	CHECK(attrs__find(&f.sent[0]->attrs, STR("code.line.number"))->i == 12);
	CHECK(attrs__find(&f.sent[0]->attrs, STR("thread.id"))->i == 41);
	CHECK_STR(attrs__find(&f.sent[0]->attrs, STR("who"))->s, "bob");
	CHECK(attrs__find(&f.sent[0]->attrs, STR("roll.value"))->i == -2);
	CHECK(!attrs__find(&f.sent[1]->attrs, STR("code.file.path")));
	end(&f);
}

/* The kernel holds a request until it is answered, and tells of calls at once. */
static void call_before_its_request(void)
{
	struct http_call http = request(1, 10);
	struct function_call call = a_call(1, 1, 0);
	char text[] = "bob";
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	call.texts[0] = (struct str){text, 3};
	function_spans__call(f.spans, &call);
	text[0] = '?'; /* it was borrowed */
	ticks(&f, 2);
	CHECK(!f.cnt);
	function_spans__begin(f.spans, &http, true);
	end_at(&f, &http, 30, true);
	CHECK(f.cnt == 1 && f.settled == 1);
	CHECK_STR(attrs__find(&f.sent[0]->attrs, STR("who"))->s, "bob");
	end(&f);
}

static void request_that_never_comes(void)
{
	struct function_call call = a_call(0, 1, 0);
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	function_spans__call(f.spans, &call);
	ticks(&f, 20);
	CHECK(!f.cnt && f.stats.v[STAT_CALL_OUTSIDE] == 1);
	end(&f);
}

static void no_request_at_all(void)
{
	struct function_call call = a_call(0, 1, 0);
	struct fixture f;

	begin(&f);
	function_spans__call(f.spans, &call);
	CHECK(!f.cnt && f.stats.v[STAT_CALL_OUTSIDE] == 1);
	end(&f);
}

/* A thread that read a request which another one answered. */
static void request_that_had_ended(void)
{
	struct http_call http = request(1, 10);
	struct function_call call = a_call(0, 1, 0);
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	function_spans__begin(f.spans, &http, true);
	end_at(&f, &http, 15, true);
	function_spans__call(f.spans, &call);
	CHECK(!f.cnt && f.stats.v[STAT_CALL_OUTSIDE] == 1);
	end(&f);
}

static void one_of_two_had_ended(void)
{
	struct http_call first = request(1, 10), second = request(2, 11);
	struct function_call call = a_call(0, 1, 0);
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	open_in(&call, 2, 11);
	function_spans__begin(f.spans, &first, true);
	function_spans__begin(f.spans, &second, true);
	function_spans__call(f.spans, &call);
	end_at(&f, &first, 15, true);
	ticks(&f, 6);
	end_at(&f, &second, 300, true);
	CHECK(f.cnt == 1);
	CHECK(!memcmp(f.sent[0]->context.trace_id, second.context.trace_id, 16));
	end(&f);
}

static void two_at_once(void)
{
	struct http_call first = request(1, 10), second = request(2, 11);
	struct function_call call = a_call(0, 1, 0);
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	open_in(&call, 2, 11);
	function_spans__begin(f.spans, &first, true);
	function_spans__begin(f.spans, &second, true);
	function_spans__call(f.spans, &call);
	ticks(&f, 20);
	CHECK(!f.cnt && f.stats.v[STAT_CALL_AMBIGUOUS] == 1);
	end(&f);
}

static void pipelined_in_one_read(void)
{
	struct http_call first = request(1, 10), second = request(1, 10);
	struct function_call call = a_call(0, 1, 0);
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	function_spans__begin(f.spans, &first, true);
	function_spans__begin(f.spans, &second, true);
	function_spans__call(f.spans, &call);
	CHECK(!f.cnt && f.stats.v[STAT_CALL_AMBIGUOUS] == 1);
	end_at(&f, &first, 15, true);
	function_spans__call(f.spans, &call);
	CHECK(!f.cnt && f.stats.v[STAT_CALL_AMBIGUOUS] == 2);
	end(&f);
}

/* It will not be told, as is known at its begin or at its end; or it is not sampled. */
static void requests_without_a_span(void)
{
	struct http_call excluded = request(1, 10), lost = request(2, 10),
			 unsampled = request(3, 10);
	struct function_call a = a_call(0, 1, 0), b = a_call(0, 2, 0), c = a_call(0, 3, 0);
	struct fixture f;

	begin(&f);
	open_in(&a, 1, 10);
	open_in(&b, 2, 10);
	open_in(&c, 3, 10);
	unsampled.context.flags = 0;
	function_spans__begin(f.spans, &excluded, false);
	function_spans__begin(f.spans, &lost, true);
	function_spans__begin(f.spans, &unsampled, true);
	function_spans__call(f.spans, &a);
	function_spans__call(f.spans, &b);
	function_spans__call(f.spans, &c);
	end_at(&f, &excluded, 30, true);
	end_at(&f, &lost, 30, false);
	end_at(&f, &unsampled, 30, false);
	CHECK(!f.cnt && !f.stats.v[STAT_CALL_LOST] && !f.stats.v[STAT_CALL_SPANS]);
	CHECK(f.stats.v[STAT_CALL_UNTOLD] == 2);
	CHECK(f.settled == 3 && f.within == 2);
	end(&f);
}

/* Only its end tells whether there is a span that they stand below. */
static void request_that_takes_long(void)
{
	struct http_call http = request(1, 10);
	struct function_call call = a_call(0, 1, 0), again = a_call(0, 2, 0);
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	open_in(&again, 1, 10);
	function_spans__begin(f.spans, &http, true);
	function_spans__call(f.spans, &call);
	ticks(&f, 2000);
	function_spans__call(f.spans, &again);
	CHECK(!f.cnt);
	end_at(&f, &http, 2000, true);
	CHECK(f.cnt == 2 && f.stats.v[STAT_CALL_SPANS] == 2);
	end(&f);
}

/* Found out after a while that it has none; or we leave before it has ended. */
static void long_requests_without_a_span(void)
{
	struct http_call lost = request(1, 10), open = request(2, 10);
	struct function_call a = a_call(0, 1, 0), b = a_call(0, 2, 0);
	struct fixture f;

	begin(&f);
	open_in(&a, 1, 10);
	open_in(&b, 2, 10);
	function_spans__begin(f.spans, &lost, true);
	function_spans__begin(f.spans, &open, true);
	function_spans__call(f.spans, &a);
	function_spans__call(f.spans, &b);
	ticks(&f, 20);
	function_spans__end(f.spans, &lost, false);
	CHECK(!f.cnt && f.stats.v[STAT_CALL_UNTOLD] == 1);
	function_spans__tick(f.spans, f.now, true);
	CHECK(!f.cnt && f.stats.v[STAT_CALL_UNTOLD] == 2);
	end(&f);
}

/* A stream that is open for long loses its first ones to others. */
static void more_than_is_held(void)
{
	struct http_call stream = request(1, 10), http = request(2, 10);
	struct function_call call = a_call(0, 1, 0), other = a_call(0, 2, 0);
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	open_in(&other, 2, 10);
	function_spans__begin(f.spans, &stream, true);
	for (call.id = 1; call.id <= FUNCTION_SPANS_HELD; call.id++)
		function_spans__call(f.spans, &call);
	function_spans__begin(f.spans, &http, true);
	function_spans__call(f.spans, &other);
	CHECK(f.stats.v[STAT_CALL_LOST] == 1);
	end_at(&f, &http, 30, true);
	CHECK(f.cnt == 1 && f.stats.v[STAT_CALL_SPANS] == 1);
	function_spans__end(f.spans, &stream, false);
	CHECK(f.stats.v[STAT_CALL_UNTOLD] == FUNCTION_SPANS_HELD - 1);
	end(&f);
}

/* Those before it in the list of requests do not keep what waits from its turn. */
static void never_begun_behind_one_that_ended(void)
{
	struct http_call http = request(1, 10);
	struct function_call call = a_call(0, 1, 0);
	struct fixture f;

	begin(&f);
	function_spans__begin(f.spans, &http, true);
	end_at(&f, &http, 15, true);
	ticks(&f, 20);
	open_in(&call, 2, 3000);
	function_spans__call(f.spans, &call);
	ticks(&f, 20);
	CHECK(f.stats.v[STAT_CALL_OUTSIDE] == 1 && f.settled == 1 && !f.within);
	end(&f);
}

static void more_than_can_wait(void)
{
	struct function_call call = a_call(0, 1, 0);
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	for (u32 i = 0; i < FUNCTION_CALLS_MAX + 5; i++)
		function_spans__call(f.spans, &call);
	CHECK(f.stats.v[STAT_CALL_LOST] == 5 && f.settled == 5);
	function_spans__tick(f.spans, f.now, true);
	CHECK(f.stats.v[STAT_CALL_OUTSIDE] == FUNCTION_CALLS_MAX);
	CHECK(f.settled == FUNCTION_CALLS_MAX + 5 && !f.within);
	end(&f);
}

/* It has no span, but is made in one. */
static void what_is_counted(void)
{
	static struct counted *const counted = (struct counted *)&counted;
	struct http_call http = request(1, 10);
	struct function_call outer = a_call(0, 1, 0), added = a_call(1, 2, 1);
	struct fixture f;

	begin(&f);
	added.counted = counted;
	open_in(&added, 1, 10);
	open_in(&outer, 1, 10);
	function_spans__call(f.spans, &outer);
	function_spans__call(f.spans, &added);
	CHECK(!f.settled);
	function_spans__begin(f.spans, &http, true);
	end_at(&f, &http, 30, true);
	CHECK(f.cnt == 1 && f.settled == 2 && f.within == 2);
	CHECK(!memcmp(f.span_id, f.sent[0]->context.span_id, sizeof(f.span_id)));
	added.request_cnt = 0;
	function_spans__call(f.spans, &added);
	CHECK(f.settled == 3 && f.within == 2 && !f.stats.v[STAT_CALL_OUTSIDE]);
	end(&f);
}

int main(void)
{
	RUN(what_is_counted);
	RUN(nested_calls);
	RUN(call_before_its_request);
	RUN(request_that_never_comes);
	RUN(no_request_at_all);
	RUN(request_that_had_ended);
	RUN(one_of_two_had_ended);
	RUN(two_at_once);
	RUN(pipelined_in_one_read);
	RUN(requests_without_a_span);
	RUN(request_that_takes_long);
	RUN(long_requests_without_a_span);
	RUN(more_than_is_held);
	RUN(never_begun_behind_one_that_ended);
	RUN(more_than_can_wait);
	return test_status();
}
