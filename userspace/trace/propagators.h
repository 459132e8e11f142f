// SPDX-License-Identifier: Apache-2.0
/*
 * Which headers hand on a trace: OTEL_PROPAGATORS.
 *
 *	tracecontext	traceparent: 00-<32 hex>-<16 hex>-<flags>, tracestate
 *	b3, b3multi	b3: <16 or 32 hex>-<16 hex>[-<1|0|d>[-<parent>]]
 *			or x-b3-traceid, x-b3-spanid, x-b3-sampled, x-b3-flags
 *	jaeger		uber-trace-id: <hex>:<hex>:<parent>:<flags>, uberctx-<key>: <value>
 *	xray		x-amzn-trace-id: Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0|1>
 *	baggage		baggage: <key>=<value>,...; no parent
 *	none		beside any others too: nothing is read
 *
 * app.c parses the option once, from its text as given, and hands the set to the tracer (in struct
 * tracer_env, by value). tracer.c, in on_begin(), asks for the parent and else starts a trace:
 *
 *	if (!propagators__extract(&tracer->env.propagators, call, &call->context))
 *		fill trace_id at random, flags = FLAGS_ROOT
 *
 * Each propagator starts from what the one before it found, as in the SDKs' composite propagator: a
 * later one that finds a valid parent replaces an earlier one's, with its tracestate; one that
 * finds nothing or nonsense changes nothing. B3's two names differ only in what they would send.
 * Where nothing is said of sampling, "b3" counts as sampled, "x-b3-" and xray do not, as in Python.
 */
#ifndef PROPAGATORS_H
#define PROPAGATORS_H

#include "model/http.h"
#include "trace/baggage.h"

/* All there are. */
#define PROPAGATORS_MAX 6

struct propagators {
	u8 order[PROPAGATORS_MAX]; /* rows of the table in propagators.c, each once */
	u32 cnt;
};

/*
 * A comma list; the case of names does not matter. Unknown names are warned of and skipped. A list
 * that is NULL or names nothing known is the default, tracecontext and baggage.
 */
void propagators__parse(const char *list, struct propagators *set);

/*
 * True if the call names a parent: out's trace_id, parent_id, flags and state (borrowed from call)
 * are then set and its span_id stays; else out is untouched.
 */
bool propagators__extract(const struct propagators *set, const struct http_call *call,
			  struct trace_context *out);

/* What baggage and jaeger of the set find; asked for by who needs it, as no span does. */
void propagators__baggage(const struct propagators *set, const struct http_call *call,
			  struct baggage *baggage, struct arena *arena);

#endif
