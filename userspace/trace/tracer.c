// SPDX-License-Identifier: Apache-2.0
#include "trace/tracer.h"

#include <errno.h>
#include <stdlib.h>

#include "model/excluded_urls.h"
#include "model/semconv.h"
#include "trace/path_template.h"

struct tracer {
	struct call_sink sink;
	struct tracer_env env;
	struct path_templates *templates;
};

/* W3C Trace Context: 0x01 sampled; 0x02, of level 2, says that the id is random. */
#define FLAG_SAMPLED 0x01
#define FLAGS_ROOT   0x03

static void identify(struct tracer *tracer, struct http_call *call)
{
	struct trace_context *context = &call->context;

	rng__fill(tracer->env.rng, context->span_id, sizeof(context->span_id));
	if (!propagators__extract(&tracer->env.propagators, call, context)) {
		rng__fill(tracer->env.rng, context->trace_id, sizeof(context->trace_id));
		context->flags = FLAGS_ROOT;
	}
	sampler__decide(&tracer->env.sampler, context);
}

static void on_begin(struct call_sink *sink, struct http_call *call)
{
	struct tracer *tracer = container_of(sink, struct tracer, sink);

	stats__add(tracer->env.stats, STAT_REQUESTS, 1);
	stats__add(tracer->env.stats, STAT_OPEN, 1);
	identify(tracer, call);
	tracer->env.begun(tracer->env.owner, call);
}

static void count_marks(struct tracer *tracer, const struct http_call *call)
{
	if (call->marks & (HTTP_REQUEST_TRUNCATED | HTTP_RESPONSE_TRUNCATED))
		stats__add(tracer->env.stats, STAT_MARK_TRUNCATED, 1);
	if (call->marks & HTTP_HOLE)
		stats__add(tracer->env.stats, STAT_MARK_HOLE, 1);
	if (call->marks & HTTP_INFERRED_END)
		stats__add(tracer->env.stats, STAT_MARK_INFERRED, 1);
	if (call->marks & HTTP_RESPONSE_TRUNCATED)
		tracer->env.response_truncated(tracer->env.owner);
}

/* A request of which nothing will be told. */
static void drop(struct tracer *tracer, struct http_call *owned, enum stat cause)
{
	stats__add(tracer->env.stats, STAT_OPEN, (u64)-1);
	stats__add(tracer->env.stats, cause, 1);
	tracer->env.discarded(tracer->env.owner, owned);
	http_call__free(owned);
}

/* NULL when there is no memory: then the call is still the caller's. */
static struct span *new_span(struct tracer *tracer, struct http_call *owned)
{
	struct resource *resource = tracer->env.resource(tracer->env.owner, owned->peer.tgid);
	struct span *span = resource ? span__new(resource, owned) : NULL;

	if (!span) {
		resource__put(resource);
		return NULL;
	}
	span->context = owned->context;
	span->kind = SPAN_SERVER;
	span->start_ns = owned->start_ns;
	/* one clock, so an end before the start could only come from a bad record */
	span->end_ns = owned->end_ns > owned->start_ns ? owned->end_ns : owned->start_ns;
	return span;
}

static void send(struct tracer *tracer, struct span *owned, struct str route, struct str learned)
{
	count_marks(tracer, owned->http);
	if (!tracer->env.unread) {
		semconv__http_server(tracer->env.semconv, owned, route, learned);
		limits__apply(&tracer->env.limits, owned);
	}
	tracer->env.span(tracer->env.owner, owned);
}

/* What becomes of a call that ended. */
static enum stat fate_of(const struct span *span)
{
	if (span->resource->own_signals & RESOURCE_TRACES)
		return STAT_LEFT;
	return span->context.flags & FLAG_SAMPLED ? STAT_SPANS : STAT_SAMPLED_OUT;
}

/* False where the request's line is longer than what was captured, and ends within the path. */
static bool has_path(const struct http_call *call)
{
	return call->version.len || str_find(call->target, '?', 0) >= 0;
}

static void on_end(struct call_sink *sink, struct http_call *owned)
{
	struct tracer *tracer = container_of(sink, struct tracer, sink);
	struct str route, learned = STR_NONE;
	struct span *span;
	enum stat fate;

	if (excluded_urls__match(tracer->env.excluded, owned)) {
		drop(tracer, owned, STAT_EXCLUDED);
		return;
	}
	span = new_span(tracer, owned);
	if (!span) {
		drop(tracer, owned, STAT_LOST_MEMORY);
		return;
	}
	stats__add(tracer->env.stats, STAT_OPEN, (u64)-1);
	/* from all of them, so that routes do not depend on the sampler */
	if (has_path(owned))
		learned = path_templates__learn(tracer->templates, owned->target, &span->mem);
	/* 405: there are routes of that path, but none took the request */
	route = tracer->env.route(tracer->env.owner, owned,
				  owned->status != 405 && has_path(owned));
	fate = fate_of(span);
	tracer->env.ended(tracer->env.owner, span, route, learned, fate == STAT_SPANS);
	stats__add(tracer->env.stats, fate, 1);
	if (fate == STAT_SPANS)
		send(tracer, span, route, learned);
	else
		span__free(span);
}

static void on_discard(struct call_sink *sink, struct http_call *owned, enum discard why)
{
	static const enum stat causes[] = {
		[DISCARD_CLOSING] = STAT_DISCARDED,
		[DISCARD_UNSYNC] = STAT_LOST_UNSYNC,
		[DISCARD_FORGOTTEN] = STAT_LOST_END,
	};

	drop(container_of(sink, struct tracer, sink), owned, causes[why]);
}

int tracer__new(struct tracer **out, const struct tracer_env *env)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));
	int err;

	if (!tracer)
		return -ENOMEM;
	tracer->sink = (struct call_sink){on_begin, on_end, on_discard};
	tracer->env = *env;
	err = path_templates__new(&tracer->templates);
	if (err) {
		tracer__free(tracer);
		return err;
	}
	*out = tracer;
	return 0;
}

void tracer__free(struct tracer *tracer)
{
	if (!tracer)
		return;
	path_templates__free(tracer->templates);
	free(tracer);
}

struct call_sink *tracer__sink(struct tracer *tracer)
{
	return &tracer->sink;
}
