// SPDX-License-Identifier: Apache-2.0
/* trace/tracer.c: identity of calls, their parents, and what becomes of them in the counters. */
#include "test.h"

#include "model/excluded_urls.h"
#include "model/semconv.h"
#include "trace/tracer.h"

struct fixture {
	struct stats stats;
	struct rng rng;
	struct semconv *semconv;
	struct excluded_urls *excluded;
	struct tracer *tracer;
	struct call_sink *sink;
	struct resource *resource; /* NULL: none is to be had */
	struct span *last;	   /* owned */
	u32 spans, truncated, asked_tgid;
	u64 measured; /* begun, neither ended nor discarded */
};

static struct resource *on_resource(void *owner, u32 tgid)
{
	struct fixture *f = owner;

	f->asked_tgid = tgid;
	return f->resource ? resource__get(f->resource) : NULL;
}

static void on_span(void *owner, struct span *owned)
{
	struct fixture *f = owner;

	span__free(f->last);
	f->last = owned;
	f->spans++;
}

static void on_truncated(void *owner)
{
	((struct fixture *)owner)->truncated++;
}

static void on_begun(void *owner, const struct http_call *call)
{
	(void)call;
	((struct fixture *)owner)->measured++;
}

/* As a framework that knows one path would say. */
static struct str on_route(void *owner, const struct http_call *call, bool by_path)
{
	(void)owner;
	return by_path && str_eq(call->target, STR("/item/7")) ? STR("/item/<int:n>") : STR_NONE;
}

static void on_ended(void *owner, const struct span *span, struct str route, struct str learned,
		     bool sent)
{
	CHECK_STR(route, on_route(owner, span->http, true).len ? "/item/<int:n>" : "");
	CHECK(sent == !(span->resource->own_signals & RESOURCE_TRACES));
	CHECK_STR(learned, "/item/{id}");
	((struct fixture *)owner)->measured--;
}

static void on_discarded(void *owner, const struct http_call *call)
{
	(void)call;
	((struct fixture *)owner)->measured--;
}

static void begin_with(struct fixture *f, u64 seed, const char *propagators, bool unread)
{
	struct tracer_env env = {
		.stats = &f->stats,
		.rng = &f->rng,
		.unread = unread,
		.owner = f,
		.resource = on_resource,
		.span = on_span,
		.begun = on_begun,
		.ended = on_ended,
		.discarded = on_discarded,
		.route = on_route,
		.response_truncated = on_truncated,
	};

	*f = (struct fixture){.resource = resource__new()};
	rng__seed(&f->rng, seed);
	if (semconv__new(&f->semconv, &(struct semconv_options){0}) ||
	    excluded_urls__new(&f->excluded, NULL, NULL))
		abort();
	sampler_parse(NULL, NULL, &env.sampler);
	propagators__parse(propagators, &env.propagators);
	limits_parse(&(struct limit_texts){0}, true, &env.limits);
	env.semconv = f->semconv;
	env.excluded = f->excluded;
	if (tracer__new(&f->tracer, &env))
		abort();
	f->sink = tracer__sink(f->tracer);
}

static void begin(struct fixture *f, u64 seed, bool tracecontext)
{
	begin_with(f, seed, tracecontext ? "tracecontext" : "none", false);
}

/* Nothing is ever unaccounted for. */
static void finish(struct fixture *f)
{
	const u64 *v = f->stats.v;

	CHECK(v[STAT_REQUESTS] == v[STAT_SPANS] + stats__sum(&f->stats, STAT_LOST) +
					  v[STAT_DISCARDED] + v[STAT_LEFT] + v[STAT_OPEN]);
	CHECK(v[STAT_SPANS] == f->spans);
	CHECK(f->measured == v[STAT_OPEN]);
	span__free(f->last);
	resource__put(f->resource);
	tracer__free(f->tracer);
	semconv__free(f->semconv);
	excluded_urls__free(f->excluded);
}

static struct http_call *call_begin(struct fixture *f, const char *traceparent,
				    const char *tracestate)
{
	struct http_call *call = http_call__new();

	if (!call)
		abort();
	call->method = STR("GET");
	call->target = STR("/item/12?x=1");
	call->version = STR("1.1");
	call->traceparent = str_from(traceparent);
	call->tracestate = str_from(tracestate);
	call->start_ns = 1000;
	call->peer.tgid = 42;
	f->sink->begin(f->sink, call);
	return call;
}

static void call_end(struct fixture *f, struct http_call *call, u64 end_ns)
{
	call->status = 200;
	call->end_ns = end_ns;
	f->sink->end(f->sink, call);
}

static bool is_zero(const u8 *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

static void check_id(const u8 *id, size_t len, const char *want)
{
	struct buf out = {0};

	span_print_id(&out, id, len);
	CHECK_STR(buf__view(&out), want);
	buf__free(&out);
}

/* ---- identity ---- */

static void ids_come_from_the_seed(void)
{
	struct fixture a, b, c;
	struct http_call *of_a, *of_b, *of_c, *second;

	begin(&a, 1, true);
	begin(&b, 1, true);
	begin(&c, 2, true);
	of_a = call_begin(&a, NULL, NULL);
	of_b = call_begin(&b, NULL, NULL);
	of_c = call_begin(&c, NULL, NULL);
	second = call_begin(&a, NULL, NULL);
	CHECK(!memcmp(&of_a->context, &of_b->context, offsetof(struct trace_context, state)));
	CHECK(memcmp(of_a->context.trace_id, of_c->context.trace_id, 16));
	CHECK(memcmp(of_a->context.trace_id, second->context.trace_id, 16));
	CHECK(memcmp(of_a->context.span_id, second->context.span_id, 8));
	call_end(&a, second, 2000);
	call_end(&a, of_a, 2000);
	call_end(&b, of_b, 2000);
	call_end(&c, of_c, 2000);
	finish(&a);
	finish(&b);
	finish(&c);
}

/* A child may ask for its parent before the answer: the ids are there at the begin and stay. */
static void a_root(void)
{
	struct trace_context begun;
	struct http_call *call;
	struct fixture f;

	begin(&f, 3, true);
	call = call_begin(&f, NULL, NULL);
	begun = call->context;
	CHECK(!is_zero(begun.trace_id, 16) && !is_zero(begun.span_id, 8));
	CHECK(is_zero(begun.parent_id, 8) && begun.flags == 3 && !begun.state.len);
	call_end(&f, call, 2000);
	CHECK(f.last && !memcmp(f.last->context.trace_id, begun.trace_id, 16));
	CHECK(f.last && !memcmp(f.last->context.span_id, begun.span_id, 8));
	CHECK(f.last && f.last->kind == SPAN_SERVER && f.last->start_ns == 1000 &&
	      f.last->end_ns == 2000);
	CHECK(f.last && f.last->resource == f.resource && f.asked_tgid == 42);
	if (f.last)
		CHECK_STR(f.last->name, "GET /item/{id}");
	finish(&f);
}

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void a_parent(void)
{
	struct http_call *call;
	struct fixture f;

	begin(&f, 3, true);
	call = call_begin(&f, PARENT, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
	check_id(call->context.trace_id, 16, "0af7651916cd43dd8448eb211c80319c");
	check_id(call->context.parent_id, 8, "b7ad6b7169203331");
	CHECK(!is_zero(call->context.span_id, 8) &&
	      memcmp(call->context.span_id, call->context.parent_id, 8));
	CHECK(call->context.flags == 1);
	CHECK_STR(call->context.state, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
	call_end(&f, call, 2000);
	finish(&f);
}

static void parents_that_do_not_count(void)
{
	static const char *const bad[] = {
		"",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		PARENT "-x",
	};
	struct fixture f;

	begin(&f, 3, true);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct http_call *call = call_begin(&f, bad[i], "rojo=1");

		CHECK(is_zero(call->context.parent_id, 8) && !is_zero(call->context.trace_id, 16));
		/* section 3.3: tracestate goes with its traceparent */
		CHECK(call->context.flags == 3 && !call->context.state.len);
		call_end(&f, call, 2000);
	}
	finish(&f);
}

static void a_tracestate_that_does_not_count(void)
{
	struct http_call *call;
	struct fixture f;

	begin(&f, 3, true);
	call = call_begin(&f, PARENT, "not a list");
	check_id(call->context.parent_id, 8, "b7ad6b7169203331");
	CHECK(!call->context.state.len);
	call_end(&f, call, 2000);
	finish(&f);
}

static void propagation_can_be_off(void)
{
	struct http_call *call;
	struct fixture f;

	begin(&f, 3, false);
	call = call_begin(&f, PARENT, "rojo=1");
	CHECK(is_zero(call->context.parent_id, 8) && call->context.flags == 3 &&
	      !call->context.state.len);
	call_end(&f, call, 2000);
	finish(&f);
}

/* ---- counting ---- */

static void no_end_before_the_start(void)
{
	struct fixture f;

	begin(&f, 3, true);
	call_end(&f, call_begin(&f, NULL, NULL), 999);
	CHECK(f.last && f.last->end_ns == 1000);
	finish(&f);
}

static void marks_are_counted(void)
{
	static const struct {
		u32 marks;
		u32 truncated, hole, inferred, said;
	} cases[] = {
		{0, 0, 0, 0, 0},
		{HTTP_REQUEST_TRUNCATED, 1, 0, 0, 0},
		{HTTP_RESPONSE_TRUNCATED, 1, 0, 0, 1},
		{HTTP_REQUEST_TRUNCATED | HTTP_RESPONSE_TRUNCATED, 1, 0, 0, 1},
		{HTTP_HOLE | HTTP_INFERRED_END, 0, 1, 1, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_call *call;
		struct fixture f;

		begin(&f, 3, true);
		call = call_begin(&f, NULL, NULL);
		call->marks = cases[i].marks;
		call_end(&f, call, 2000);
		CHECK(f.stats.v[STAT_MARK_TRUNCATED] == cases[i].truncated);
		CHECK(f.stats.v[STAT_MARK_HOLE] == cases[i].hole);
		CHECK(f.stats.v[STAT_MARK_INFERRED] == cases[i].inferred);
		CHECK(f.truncated == cases[i].said);
		finish(&f);
	}
}

static void discards_are_counted(void)
{
	static const struct {
		enum discard why;
		enum stat stat;
	} cases[] = {
		{DISCARD_CLOSING, STAT_DISCARDED},
		{DISCARD_UNSYNC, STAT_LOST_UNSYNC},
		{DISCARD_FORGOTTEN, STAT_LOST_END},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_call *call;
		struct fixture f;

		begin(&f, 3, true);
		call = call_begin(&f, NULL, NULL);
		CHECK(f.stats.v[STAT_REQUESTS] == 1 && f.stats.v[STAT_OPEN] == 1);
		f.sink->discard(f.sink, call, cases[i].why);
		CHECK(f.stats.v[cases[i].stat] == 1 && !f.stats.v[STAT_OPEN] && !f.spans);
		finish(&f);
	}
}

/* Measured, but not told: its process does that. */
static void left_to_its_own_sdk(void)
{
	struct fixture f;

	begin(&f, 3, true);
	f.resource->own_signals = RESOURCE_TRACES;
	call_end(&f, call_begin(&f, NULL, NULL), 2000);
	CHECK(f.stats.v[STAT_LEFT] == 1 && !f.stats.v[STAT_OPEN] && !f.spans);
	f.resource->own_signals = RESOURCE_METRICS;
	call_end(&f, call_begin(&f, NULL, NULL), 2000);
	CHECK(f.stats.v[STAT_LEFT] == 1 && f.spans == 1);
	finish(&f);
}

static void a_span_there_is_no_memory_for(void)
{
	struct fixture f;

	begin(&f, 3, true);
	resource__put(f.resource);
	f.resource = NULL;
	call_end(&f, call_begin(&f, NULL, NULL), 2000);
	CHECK(f.stats.v[STAT_LOST_MEMORY] == 1 && !f.stats.v[STAT_OPEN] && !f.spans);
	finish(&f);
}

static void spans_that_nobody_reads(void)
{
	struct http_call *call;
	struct fixture f;

	begin_with(&f, 3, "none", true);
	call = call_begin(&f, NULL, NULL);
	call->marks = HTTP_RESPONSE_TRUNCATED;
	call_end(&f, call, 2000);
	CHECK(f.last && !f.last->name.len && !f.last->attrs.cnt && f.last->end_ns == 2000);
	CHECK(f.truncated == 1 && f.stats.v[STAT_MARK_TRUNCATED] == 1);
	finish(&f);
}

int main(void)
{
	RUN(ids_come_from_the_seed);
	RUN(a_root);
	RUN(a_parent);
	RUN(parents_that_do_not_count);
	RUN(a_tracestate_that_does_not_count);
	RUN(propagation_can_be_off);
	RUN(no_end_before_the_start);
	RUN(marks_are_counted);
	RUN(discards_are_counted);
	RUN(left_to_its_own_sdk);
	RUN(a_span_there_is_no_memory_for);
	RUN(spans_that_nobody_reads);
	return test_status();
}
