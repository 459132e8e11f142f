// SPDX-License-Identifier: Apache-2.0
/* What calls of functions say of the route of the request that they were made in. */
#include "test.h"
#include "test_functions.h"

static void routes(void)
{
	struct http_call http = request(1, 10), bare = request(2, 10);
	struct function_call first = a_call(1, 1, 0), second = a_call(2, 2, 0),
			     none = a_call(0, 3, 0);
	struct fixture f;

	begin(&f);
	open_in(&first, 1, 10);
	open_in(&second, 1, 10);
	open_in(&none, 2, 10);
	first.start_ns--;
	function_spans__call(f.spans, &second);
	function_spans__call(f.spans, &first);
	function_spans__call(f.spans, &none);
	CHECK(!function_spans__route(f.spans, &http).len);
	function_spans__begin(f.spans, &http, true);
	function_spans__begin(f.spans, &bare, true);
	CHECK_STR(function_spans__route(f.spans, &http), "/inner/{x}");
	CHECK(!function_spans__route(f.spans, &bare).len);
	CHECK(!f.stats.v[STAT_CALL_ROUTE_LATE]);
	end_at(&f, &bare, 30, true);
	none.function = 2;
	function_spans__call(f.spans, &none);
	CHECK(f.stats.v[STAT_CALL_ROUTE_LATE] == 1);
	CHECK(!function_spans__route(f.spans, &bare).len);
	end(&f);
}

/* Which of the two ran it? */
static void no_route_of_pipelined_ones(void)
{
	struct http_call http = request(1, 10);
	struct function_call call = a_call(1, 1, 0);
	const struct function *ran[FUNCTIONS_RAN_MAX];
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	call.python = true;
	function_spans__call(f.spans, &call);
	function_spans__begin(f.spans, &http, true);
	CHECK(function_spans__ran(f.spans, &http, ran) == 1);
	function_spans__begin(f.spans, &http, true);
	CHECK(!function_spans__ran(f.spans, &http, ran));
	CHECK(!function_spans__route(f.spans, &http).len);
	end(&f);
}

/* Of Python code each function once, and of a request's own. */
static void what_ran(void)
{
	struct http_call http = request(1, 10), bare = request(2, 10);
	const struct function *ran[FUNCTIONS_RAN_MAX];
	struct function_call call = a_call(1, 1, 0);
	struct fixture f;

	begin(&f);
	open_in(&call, 1, 10);
	function_spans__begin(f.spans, &bare, true);
	function_spans__call(f.spans, &call);
	function_spans__begin(f.spans, &http, false);
	CHECK(!function_spans__ran(f.spans, &http, ran));
	call.python = true;
	function_spans__call(f.spans, &call);
	function_spans__call(f.spans, &call);
	call.function = 2;
	function_spans__call(f.spans, &call);
	CHECK(function_spans__ran(f.spans, &http, ran) == 2);
	CHECK(ran[0] == &functions[1] && ran[1] == &functions[2]);
	CHECK(!function_spans__ran(f.spans, &bare, ran));
	/* what no longer stands for anything counts as well */
	for (u32 i = 0; i < FUNCTIONS_RAN_MAX - 2; i++) {
		call.function = 100 + i;
		function_spans__call(f.spans, &call);
		CHECK(function_spans__ran(f.spans, &http, ran) == 2);
	}
	call.function = 0;
	function_spans__call(f.spans, &call);
	CHECK(!function_spans__ran(f.spans, &http, ran));
	end(&f);
}

int main(void)
{
	RUN(routes);
	RUN(no_route_of_pipelined_ones);
	RUN(what_ran);
	return test_status();
}
