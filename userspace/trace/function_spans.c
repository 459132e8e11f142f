// SPDX-License-Identifier: Apache-2.0
#include "trace/function_spans.h"

#include <errno.h>
#include <stdlib.h>

#include "base/map.h"

/* Requests and their ends are known within two ticks of the sweep, that is 160 ms; calls that have
 * only one request need no more than its begin. */
#define WAIT_NS	  NSEC_PER_SEC
#define SETTLE_NS (300 * NSEC_PER_MSEC)
/* A function may return long after the answer went out, but rarely. */
#define KEEP_NS (30 * NSEC_PER_SEC)

struct request {
	u64 conn, start_ns;
	bool begun;		       /* else only calls have told of it */
	u64 since;		       /* until then: the tick that saw it first */
	struct waiting *first, **last; /* until then: owned, the calls made in it */
	u64 end_ns;		       /* 0: open */
	struct trace_context context;
	char *state;		       /* owned; the tracestate or NULL */
	bool told;		       /* its span went out, or will */
	bool shared;		       /* two of one read (pipelining): whose is a call? */
	struct request *next, *before; /* the list of all, the oldest first */
};

/* A call that waits: for its request to begin, or to be the only one left of several. */
struct waiting {
	struct function_call call;
	u8 texts[2][64];
	u64 since; /* the tick that saw it first */
	struct waiting *next;
};

struct function_spans {
	struct function_spans_env env;
	u64 key; /* span ids are made with it */
	struct map requests;
	struct request *oldest, *newest;
	struct waiting *first, **last;
	u32 waiting_cnt;
	u64 now; /* the last tick */
};

static const struct scope scope = {
	.name = "otel-ebpf.functions",
	.version = VERSION,
	.schema_url = "",
};

static u64 mix(u64 a, u64 b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15ULL;
	a = (a ^ a >> 32) * 0xd6e8feb86659fd93ULL;
	return a ^ a >> 32;
}

static u64 key_of(u64 conn, u64 start_ns)
{
	return mix(conn, start_ns);
}

int function_spans__new(struct function_spans **out, const struct function_spans_env *env)
{
	struct function_spans *spans = calloc(1, sizeof(*spans));

	if (!spans)
		return -ENOMEM;
	spans->env = *env;
	spans->key = rng__next(env->rng);
	spans->last = &spans->first;
	*out = spans;
	return 0;
}

static void drop_calls(struct function_spans *spans, struct waiting *waiting)
{
	while (waiting) {
		struct waiting *next = waiting->next;

		free(waiting);
		waiting = next;
		spans->waiting_cnt--;
		stats__add(spans->env.stats, STAT_CALL_LOST, 1);
	}
}

static void forget(struct function_spans *spans, struct request *request)
{
	*(request->before ? &request->before->next : &spans->oldest) = request->next;
	*(request->next ? &request->next->before : &spans->newest) = request->before;
	map__del(&spans->requests, key_of(request->conn, request->start_ns));
	drop_calls(spans, request->first);
	free(request->state);
	free(request);
}

void function_spans__free(struct function_spans *spans)
{
	if (!spans)
		return;
	while (spans->oldest)
		forget(spans, spans->oldest);
	drop_calls(spans, spans->first);
	map__free(&spans->requests);
	free(spans);
}

static struct request *find(struct function_spans *spans, u64 conn, u64 start_ns)
{
	struct request *request = map__get(&spans->requests, key_of(conn, start_ns));

	return request && request->conn == conn && request->start_ns == start_ns ? request : NULL;
}

/* One that is not known yet; NULL when there is no memory, or its place in the map is taken. */
static struct request *add_request(struct function_spans *spans, u64 conn, u64 start_ns)
{
	u64 key = key_of(conn, start_ns);
	struct request *request =
		map__get(&spans->requests, key) ? NULL : calloc(1, sizeof(*request));

	if (!request || map__set(&spans->requests, key, request)) {
		free(request);
		return NULL;
	}
	request->conn = conn;
	request->start_ns = start_ns;
	request->last = &request->first;
	request->before = spans->newest;
	*(spans->newest ? &spans->newest->next : &spans->oldest) = request;
	spans->newest = request;
	if (spans->requests.cnt > FUNCTION_REQUESTS_KEPT)
		forget(spans, spans->oldest);
	return request;
}

void function_spans__end(struct function_spans *spans, const struct http_call *call, bool told)
{
	struct request *request = find(spans, call->peer.conn, call->start_ns);

	if (!request)
		return;
	request->end_ns = call->end_ns ? call->end_ns : call->start_ns;
	request->told &= told;
}

/* Of a call in a trace; the one that it was made in has its own from the same numbers. */
static void make_id(const struct function_spans *spans, const struct request *request,
		    const struct function_call *call, u64 id, u8 out[8])
{
	u64 trace, value;

	memcpy(&trace, request->context.trace_id, sizeof(trace));
	value = mix(mix(mix(spans->key, trace), (u64)call->tid << 32 | call->tgid), id);
	value += !value;
	memcpy(out, &value, sizeof(value));
}

static void add_value(struct span *span, const struct function_value *value, u64 raw,
		      struct str text)
{
	u32 unused = 64 - value->bits;

	switch (value->kind) {
	case VALUE_INT:
		attrs__int(&span->attrs, &span->mem, value->attr, (s64)(raw << unused) >> unused);
		break;
	case VALUE_BOOL:
		attrs__bool(&span->attrs, &span->mem, value->attr, raw & 0xff);
		break;
	case VALUE_TEXT:
		if (raw != UINT64_MAX)
			attrs__str(&span->attrs, &span->mem, value->attr,
				   arena__dup(&span->mem, text));
		break;
	case VALUE_NONE:
		break;
	}
}

static void add_attributes(struct span *span, const struct function *function,
			   const struct function_call *call)
{
	struct arena *mem = &span->mem;
	u32 text = 0;

	attrs__str(&span->attrs, mem, STR("code.function.name"), arena__dup(mem, function->name));
	if (function->file.len)
		attrs__str(&span->attrs, mem, STR("code.file.path"),
			   arena__dup(mem, function->file));
	if (function->line)
		attrs__int(&span->attrs, mem, STR("code.line.number"), function->line);
	attrs__int(&span->attrs, mem, STR("thread.id"), call->tid);
	for (u32 i = 0; i < FUNCTION_VALUES_MAX && function->values[i].kind; i++) {
		struct function_value value = function->values[i];

		value.attr = arena__dup(mem, value.attr);
		add_value(span, &value, call->values[i],
			  value.kind == VALUE_TEXT && text < ARRAY_SIZE(call->texts)
				  ? call->texts[text]
				  : STR_NONE);
		text += value.kind == VALUE_TEXT;
	}
}

static void send(struct function_spans *spans, const struct request *request,
		 const struct function_call *call)
{
	const struct function *function = spans->env.function(spans->env.owner, call->function);
	struct resource *resource =
		function ? spans->env.resource(spans->env.owner, call->tgid) : NULL;
	struct span *span = resource ? span__new(resource, NULL) : NULL;

	if (!span) {
		resource__put(resource);
		stats__add(spans->env.stats, STAT_CALL_LOST, 1);
		return;
	}
	span->context = request->context;
	span->context.state = arena__dup(&span->mem, request->context.state);
	memcpy(span->context.parent_id, request->context.span_id, sizeof(span->context.parent_id));
	if (call->parent)
		make_id(spans, request, call, call->parent, span->context.parent_id);
	make_id(spans, request, call, call->id, span->context.span_id);
	span->kind = SPAN_INTERNAL;
	span->scope = &scope;
	span->start_ns = call->start_ns;
	span->end_ns = call->end_ns > call->start_ns ? call->end_ns : call->start_ns;
	span->name = arena__dup(&span->mem, function->name);
	add_attributes(span, function, call);
	limits__apply(&spans->env.limits, span);
	stats__add(spans->env.stats, STAT_CALL_SPANS, 1);
	spans->env.span(spans->env.owner, span);
}

enum verdict { WAIT, FOUND, GIVEN_UP };

/* Whose call was it? Those that had ended before it began are out of question. */
static enum verdict judge(struct function_spans *spans, const struct waiting *waiting, bool last,
			  struct request **out)
{
	const struct function_call *call = &waiting->call;
	u64 waited = waiting->since ? spans->now - waiting->since : 0;
	u32 open = 0, unknown = 0;

	if (call->request_cnt > 1 && waited < SETTLE_NS && !last)
		return WAIT;
	for (u32 i = 0; i < call->request_cnt; i++) {
		struct request *request = find(spans, call->requests[i].conn, call->requests[i].ts);

		if (!request || !request->begun) {
			unknown++;
		} else if (!request->end_ns || request->end_ns > call->start_ns) {
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

/* True: the call is done with. */
static bool settle(struct function_spans *spans, const struct waiting *waiting, bool last)
{
	struct request *request = NULL;

	switch (judge(spans, waiting, last, &request)) {
	case WAIT:
		return false;
	case FOUND:
		if (request->told && request->context.flags & 1)
			send(spans, request, &waiting->call);
		return true;
	case GIVEN_UP:
		break;
	}
	stats__add(spans->env.stats, request ? STAT_CALL_AMBIGUOUS : STAT_CALL_OUTSIDE, 1);
	return true;
}

/* A copy, with its texts; NULL, and counted, if there is no room. */
static struct waiting *new_waiting(struct function_spans *spans, const struct function_call *call)
{
	struct waiting *waiting =
		spans->waiting_cnt < FUNCTION_CALLS_MAX ? malloc(sizeof(*waiting)) : NULL;

	if (!waiting) {
		stats__add(spans->env.stats, STAT_CALL_LOST, 1);
		return NULL;
	}
	*waiting = (struct waiting){.call = *call};
	for (u32 i = 0; i < ARRAY_SIZE(waiting->texts); i++) {
		struct str text = str_sub(call->texts[i], 0, sizeof(waiting->texts[i]));

		if (text.len)
			memcpy(waiting->texts[i], text.p, text.len);
		waiting->call.texts[i] = (struct str){(char *)waiting->texts[i], text.len};
	}
	spans->waiting_cnt++;
	return waiting;
}

void function_spans__call(struct function_spans *spans, const struct function_call *call)
{
	struct waiting now = {.call = *call}, *waiting;
	struct request *request = NULL;

	if (call->request_cnt == 1) {
		request = find(spans, call->requests[0].conn, call->requests[0].ts);
		if (!request)
			request = add_request(spans, call->requests[0].conn, call->requests[0].ts);
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
static void settle_calls(struct function_spans *spans, struct request *request, bool last)
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

void function_spans__begin(struct function_spans *spans, const struct http_call *call)
{
	struct request *request = find(spans, call->peer.conn, call->start_ns);

	if (request && request->begun) {
		request->shared = true;
		return;
	}
	if (!request)
		request = add_request(spans, call->peer.conn, call->start_ns);
	if (!request)
		return;
	request->begun = request->told = true;
	request->context = call->context;
	if (call->context.state.len)
		request->state = strndup(call->context.state.p, call->context.state.len);
	request->context.state = request->state ? call->context.state : STR_NONE;
	request->context.state.p = request->state;
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

/* Calls told of it, but its begin does not come. */
static bool never_begun(struct function_spans *spans, struct request *request, bool last)
{
	if (request->begun)
		return false;
	if (!request->since)
		request->since = spans->now;
	if (!last && spans->now - request->since < WAIT_NS)
		return false;
	settle_calls(spans, request, true);
	return true;
}

void function_spans__tick(struct function_spans *spans, u64 now, bool last)
{
	struct request *request, *next;

	spans->now = now;
	settle_all(spans, last);
	for (request = spans->oldest; request; request = next) {
		bool ended = request->begun && request->end_ns;

		next = request->next;
		if (never_begun(spans, request, last) || (ended && request->end_ns + KEEP_NS < now))
			forget(spans, request);
		else if (ended && !last && request->end_ns + WAIT_NS < now)
			break; /* those behind it came later, by and large */
	}
}
