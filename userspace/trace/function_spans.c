// SPDX-License-Identifier: Apache-2.0
#include "trace/function_spans.h"

#include <errno.h>
#include <stdlib.h>

#include "trace/function_attrs.h"
#include "trace/function_events.h"
#include "trace/function_request.h"

/* Requests and their ends are known within two ticks of the sweep, that is 160 ms; calls that have
 * only one request need no more than its begin. */
#define WAIT_NS	  NSEC_PER_SEC
#define SETTLE_NS (300 * NSEC_PER_MSEC)
/* A function may return long after the answer went out, but rarely. */
#define KEEP_NS (30 * NSEC_PER_SEC)

/* A call that waits: for its request to begin, or to be the only one left of several. */
struct waiting {
	struct function_call call;
	char texts[256];
	u64 since; /* the tick that saw it first */
	struct waiting *next;
};

struct function_spans {
	struct function_spans_env env;
	u64 key; /* span ids are made with it */
	struct function_requests requests;
	struct function_events events;
	struct waiting *first, **last;
	u32 waiting_cnt, held_cnt;
	u64 now; /* the last tick */
};

int function_spans__new(struct function_spans **out, const struct function_spans_env *env)
{
	struct function_spans *spans = calloc(1, sizeof(*spans));

	if (!spans)
		return -ENOMEM;
	spans->env = *env;
	spans->key = rng__next(env->rng);
	spans->events.env = &spans->env;
	spans->events.requests = &spans->requests;
	spans->last = &spans->first;
	*out = spans;
	return 0;
}

static void drop_calls(struct function_spans *spans, struct waiting *waiting)
{
	while (waiting) {
		struct waiting *next = waiting->next;

		stats__add(spans->env.stats, STAT_CALL_LOST, !waiting->call.counted);
		spans->env.settled(spans->env.owner, &waiting->call, NULL);
		free(waiting);
		waiting = next;
		spans->waiting_cnt--;
	}
}

/* The first of the spans that wait for it; its user owns it. */
static struct span *take_held(struct function_spans *spans, struct function_request *request)
{
	struct span *span = request->held;

	request->held = span->next;
	if (!request->held)
		request->held_end = &request->held;
	span->next = NULL;
	spans->held_cnt--;
	return span;
}

/* The spans that wait for it go out; not told: they would have no parent. */
static void release(struct function_spans *spans, struct function_request *request, bool told)
{
	while (request->held) {
		struct span *span = take_held(spans, request);

		stats__add(spans->env.stats, told ? STAT_CALL_SPANS : STAT_CALL_UNTOLD, 1);
		if (told)
			spans->env.span(spans->env.owner, span);
		else
			span__free(span);
	}
}

/* Calls return before those they were made in, so without the first of them none loses its parent.
 */
static void drop_oldest_held(struct function_spans *spans)
{
	struct function_request *request = spans->requests.pending;

	while (!request->held)
		request = request->pending_next;
	span__free(take_held(spans, request));
	stats__add(spans->env.stats, STAT_CALL_LOST, 1);
}

static void forget(struct function_spans *spans, struct function_request *request)
{
	release(spans, request, false);
	drop_calls(spans, request->first);
	function_requests__del(&spans->requests, request);
}

void function_spans__free(struct function_spans *spans)
{
	if (!spans)
		return;
	while (spans->requests.oldest)
		forget(spans, spans->requests.oldest);
	drop_calls(spans, spans->first);
	function_events__free(&spans->events);
	function_requests__free(&spans->requests);
	free(spans);
}

/* One that is not known yet; NULL when there is no memory, or its place in the map is taken. */
static struct function_request *add_request(struct function_spans *spans, u64 conn, u64 start_ns)
{
	struct function_request *request = function_requests__add(&spans->requests, conn, start_ns);

	if (request && spans->requests.by_key.cnt > FUNCTION_REQUESTS_KEPT)
		forget(spans, spans->requests.oldest);
	return request;
}

void function_spans__end(struct function_spans *spans, const struct http_call *call, bool told)
{
	struct function_request *request =
		function_requests__find(&spans->requests, call->peer.conn, call->start_ns);

	if (!request)
		return;
	request->end_ns = call->end_ns ? call->end_ns : call->start_ns;
	request->told &= told;
	if (!told)
		function_events__drop_request(&spans->events, call);
	release(spans, request, request->told);
	function_requests__done(&spans->requests, request);
}

/* Of a call in a trace; the one that it was made in has its own from the same numbers. */
static void make_id(const struct function_spans *spans, const struct function_request *request,
		    const struct function_call *call, u64 id, u8 out[8])
{
	u64 trace, value;

	memcpy(&trace, request->context.trace_id, sizeof(trace));
	value = hash_mix(hash_mix(hash_mix(spans->key, trace), call->tgid), id);
	value += !value;
	memcpy(out, &value, sizeof(value));
}

/* The context of the call's own span; its state is the request's. */
static struct trace_context identify(const struct function_spans *spans,
				     const struct function_request *request,
				     const struct function_call *call)
{
	struct trace_context context = request->context;

	memcpy(context.parent_id, request->context.span_id, sizeof(context.parent_id));
	if (call->parent)
		make_id(spans, request, call, call->parent, context.parent_id);
	make_id(spans, request, call, call->id, context.span_id);
	return context;
}

/* NULL, and counted: no memory. */
static struct span *new_span(struct function_spans *spans, const struct trace_context *context,
			     const struct function_call *call)
{
	const struct function *function = spans->env.function(spans->env.owner, call->function);
	struct resource *resource =
		function ? spans->env.resource(spans->env.owner, call->tgid) : NULL;
	struct span *span = resource ? span__new(resource, NULL) : NULL;

	if (!span) {
		resource__put(resource);
		stats__add(spans->env.stats, STAT_CALL_LOST, 1);
		return NULL;
	}
	span->context = *context;
	span->context.state = arena__dup(&span->mem, context->state);
	span->kind = SPAN_INTERNAL;
	span->scope = function_scope();
	span->start_ns = call->start_ns;
	span->end_ns = call->end_ns > call->start_ns ? call->end_ns : call->start_ns;
	span->name = arena__dup(&span->mem, function_call_name(function, call));
	function_attrs(&span->attrs, &span->mem, function, call);
	function_events__of_call(&spans->events, call, span);
	limits__apply(&spans->env.limits, span);
	return span;
}

/* Holds the span until its request ends. */
static void hold(struct function_spans *spans, struct function_request *request, struct span *owned)
{
	*request->held_end = owned;
	request->held_end = &owned->next;
	spans->held_cnt++;
	if (request->end_ns)
		release(spans, request, request->told);
	else
		function_requests__wait(&spans->requests, request);
	if (spans->held_cnt > FUNCTION_SPANS_HELD)
		drop_oldest_held(spans);
}

/* If its function stands for one; of several calls the first that was made. */
static void take_route(const struct function_spans *spans, struct function_request *request,
		       const struct function_call *call)
{
	struct str route = spans->env.route(spans->env.owner, call->function);

	if (!route.len)
		return;
	if (request->end_ns && !request->route.len) {
		stats__add(spans->env.stats, STAT_CALL_ROUTE_LATE, 1);
		return;
	}
	if (request->route.len && request->routed_ns <= call->start_ns)
		return;
	request->route = route;
	request->routed_ns = call->start_ns;
}

/* What returns when its request has ended is not asked for any more. */
static void note_run(struct function_request *request, const struct function_call *call)
{
	for (u32 i = 0; i < request->ran_cnt && i < FUNCTIONS_RAN_MAX; i++)
		if (request->ran[i] == call->function)
			return;
	if (request->ran_cnt < FUNCTIONS_RAN_MAX)
		request->ran[request->ran_cnt] = call->function;
	request->ran_cnt += request->ran_cnt <= FUNCTIONS_RAN_MAX;
}

u32 function_spans__ran(const struct function_spans *spans, const struct http_call *call,
			const struct function *ran[FUNCTIONS_RAN_MAX])
{
	const struct function_request *request =
		function_requests__find(&spans->requests, call->peer.conn, call->start_ns);
	u32 cnt = 0;

	if (!request || request->shared || request->ran_cnt > FUNCTIONS_RAN_MAX)
		return 0;
	for (u32 i = 0; i < request->ran_cnt; i++) {
		ran[cnt] = spans->env.function(spans->env.owner, request->ran[i]);
		cnt += !!ran[cnt];
	}
	return cnt;
}

struct str function_spans__route(const struct function_spans *spans, const struct http_call *call)
{
	const struct function_request *request =
		function_requests__find(&spans->requests, call->peer.conn, call->start_ns);

	return request && !request->shared ? request->route : STR_NONE;
}

enum verdict { WAIT, FOUND, GIVEN_UP };

/* Whose call was it? Those that had ended before it began are out of question. */
static enum verdict judge(struct function_spans *spans, const struct waiting *waiting, bool last,
			  struct function_request **out)
{
	const struct function_call *call = &waiting->call;
	u64 waited = waiting->since ? spans->now - waiting->since : 0;
	u32 open = 0, unknown = 0;

	if (call->request_cnt > 1 && waited < SETTLE_NS && !last)
		return WAIT;
	for (u32 i = 0; i < call->request_cnt; i++) {
		struct function_request *request = function_requests__find(
			&spans->requests, call->requests[i].conn, call->requests[i].ts);

		if (!request || !request->begun) {
			unknown++;
		} else if (!request->end_ns || request->end_ns > call->start_ns ||
			   request->shared) {
			*out = request;
			open++;
		}
	}
	if (open == 1 && (*out)->shared)
		return GIVEN_UP;
	if (open == 1 && (!unknown || last || waited >= WAIT_NS))
		return FOUND;
	if (open > 1 || !(open + unknown) || last || waited >= WAIT_NS)
		return GIVEN_UP;
	return WAIT;
}

/* It was added in that request, and in the span of the call that it was made in. */
static void tell_counted(struct function_spans *spans, const struct function_request *request,
			 const struct function_call *call)
{
	struct trace_context context = identify(spans, request, call);

	memcpy(context.span_id, context.parent_id, sizeof(context.span_id));
	spans->env.settled(spans->env.owner, call, request->told ? &context : NULL);
}

/* It is that request's. */
static void tell(struct function_spans *spans, struct function_request *request,
		 const struct function_call *call)
{
	struct trace_context context = identify(spans, request, call);
	bool wanted = request->told && context.flags & 1;
	struct span *span = wanted ? new_span(spans, &context, call) : NULL;

	take_route(spans, request, call);
	if (call->python)
		note_run(request, call);
	if (!request->told)
		stats__add(spans->env.stats, STAT_CALL_UNTOLD, 1);
	if (span)
		hold(spans, request, span);
	else
		function_events__drop_call(&spans->events, call);
	spans->env.settled(spans->env.owner, call, request->told ? &context : NULL);
}

/* True: the call is done with. */
static bool settle(struct function_spans *spans, const struct waiting *waiting, bool last)
{
	struct function_request *request = NULL;

	switch (judge(spans, waiting, last, &request)) {
	case WAIT:
		return false;
	case FOUND:
		if (waiting->call.counted)
			tell_counted(spans, request, &waiting->call);
		else
			tell(spans, request, &waiting->call);
		return true;
	case GIVEN_UP:
		break;
	}
	if (!waiting->call.counted)
		stats__add(spans->env.stats, request ? STAT_CALL_AMBIGUOUS : STAT_CALL_OUTSIDE,
			   1 + function_events__drop_call(&spans->events, &waiting->call));
	spans->env.settled(spans->env.owner, &waiting->call, NULL);
	return true;
}

/* A copy, with its texts; NULL, and counted, if there is no room. */
static struct waiting *new_waiting(struct function_spans *spans, const struct function_call *call)
{
	struct waiting *waiting =
		spans->waiting_cnt < FUNCTION_CALLS_MAX ? malloc(sizeof(*waiting)) : NULL;

	if (!waiting) {
		stats__add(spans->env.stats, STAT_CALL_LOST, !call->counted);
		spans->env.settled(spans->env.owner, call, NULL);
		return NULL;
	}
	*waiting = (struct waiting){.call = *call};
	function_call__move_texts(&waiting->call, waiting->texts, sizeof(waiting->texts));
	spans->waiting_cnt++;
	return waiting;
}

void function_spans__finish(struct function_spans *spans, struct span *span)
{
	function_events__of_request(&spans->events, span);
}

void function_spans__call(struct function_spans *spans, const struct function_call *call)
{
	const struct function *function = spans->env.function(spans->env.owner, call->function);
	struct waiting now = {.call = *call}, *waiting;
	struct function_request *request = NULL;

	if (function && (call->moment || function->kind == FUNCTION_EVENT)) {
		function_events__add(&spans->events, call);
		return;
	}
	if (call->request_cnt == 1) {
		request = function_requests__find(&spans->requests, call->requests[0].conn,
						  call->requests[0].ts);
		if (!request)
			request = add_request(spans, call->requests[0].conn, call->requests[0].ts);
		if (request && !request->begun)
			function_requests__wait(&spans->requests, request);
	}
	if ((!request || request->begun) && settle(spans, &now, false))
		return;
	waiting = new_waiting(spans, call);
	if (!waiting)
		return;
	*(request ? request->last : spans->last) = waiting;
	*(request ? &request->last : &spans->last) = &waiting->next;
}

/* Settles what has waited for this request alone. */
static void settle_calls(struct function_spans *spans, struct function_request *request, bool last)
{
	struct waiting *waiting = request->first, *next;

	request->first = NULL;
	request->last = &request->first;
	for (; waiting; waiting = next) {
		next = waiting->next;
		settle(spans, waiting, last);
		free(waiting);
		spans->waiting_cnt--;
	}
}

void function_spans__begin(struct function_spans *spans, const struct http_call *call, bool told)
{
	struct function_request *request =
		function_requests__find(&spans->requests, call->peer.conn, call->start_ns);

	if (request && request->begun) {
		request->shared = true;
		return;
	}
	if (!request)
		request = add_request(spans, call->peer.conn, call->start_ns);
	if (!request)
		return;
	request->begun = true;
	request->told = told;
	request->context = call->context;
	if (call->context.state.len)
		request->state = strndup(call->context.state.p, call->context.state.len);
	request->context.state = request->state ? call->context.state : STR_NONE;
	request->context.state.p = request->state;
	function_requests__done(&spans->requests, request);
	settle_calls(spans, request, false);
}

static void settle_all(struct function_spans *spans, bool last)
{
	struct waiting **at = &spans->first, *waiting;

	while ((waiting = *at)) {
		if (!waiting->since)
			waiting->since = spans->now;
		if (!settle(spans, waiting, last)) {
			at = &waiting->next;
			continue;
		}
		*at = waiting->next;
		free(waiting);
		spans->waiting_cnt--;
	}
	spans->last = at;
}

/* It does not begin, or will not be seen to end: what waits for it has waited long enough. */
static void give_up(struct function_spans *spans, struct function_request *request, bool last)
{
	if (!request->since)
		request->since = spans->now;
	if (!last && (request->begun || spans->now - request->since < WAIT_NS))
		return;
	function_requests__done(&spans->requests, request);
	if (request->begun) {
		release(spans, request, false);
		return;
	}
	settle_calls(spans, request, true);
	forget(spans, request);
}

void function_spans__tick(struct function_spans *spans, u64 now, bool last)
{
	struct function_request *request, *next;

	spans->now = now;
	settle_all(spans, last);
	if (last)
		function_events__free(&spans->events);
	else
		function_events__expire(&spans->events, KEEP_NS, now);
	for (request = spans->requests.pending; request; request = next) {
		next = request->pending_next;
		give_up(spans, request, last);
	}
	for (request = spans->requests.oldest; request; request = next) {
		next = request->next;
		if (!request->end_ns)
			continue;
		if (request->end_ns + KEEP_NS >= now)
			break; /* those behind it ended later, by and large */
		forget(spans, request);
	}
}
