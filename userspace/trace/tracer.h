// SPDX-License-Identifier: Apache-2.0
/*
 * The tracer gives calls their identity and turns them into spans: ids at the request's begin, the
 * parent that a header names, the sampler's decision, the route or a learned one, the attributes of
 * the semantic conventions.
 */
#ifndef TRACER_H
#define TRACER_H

#include "base/rng.h"
#include "base/stats.h"
#include "model/limits.h"
#include "model/span.h"
#include "proto/proto.h"
#include "trace/propagators.h"
#include "trace/sampler.h"

struct excluded_urls;
struct semconv;
struct tracer;

struct tracer_env {
	struct stats *stats;
	struct rng *rng;
	struct sampler sampler;
	struct propagators propagators;
	struct limits limits;
	bool unread; /* nobody takes spans: they are counted, and get no name and no attributes */
	void *owner;
	/* One reference of the resource of a process, for a span; NULL when there is no memory. */
	struct resource *(*resource)(void *owner, u32 tgid);
	void (*span)(void *owner, struct span *owned);
	/*
	 * For who measures: each call begins, then ends or is discarded. What ends has its context
	 * and times, its route and what was learned of it (empty: nothing), but no name and no
	 * attributes yet; sent: span() comes next.
	 */
	void (*begun)(void *owner, const struct http_call *call);
	void (*ended)(void *owner, const struct span *span, struct str route, struct str learned,
		      bool sent);
	void (*discarded)(void *owner, const struct http_call *call);
	/*
	 * The framework's own route of a call, empty if it is not known for certain. by_path: rules
	 * may be asked of its path.
	 */
	struct str (*route)(void *owner, const struct http_call *call, bool by_path);
	/* The head of an answer reached beyond what was captured. */
	void (*response_truncated)(void *owner);
	const struct semconv *semconv;	      /* what spans say of a call; outlives the tracer */
	const struct excluded_urls *excluded; /* calls that make no span; outlives the tracer */
};

int tracer__new(struct tracer **out, const struct tracer_env *env);
void tracer__free(struct tracer *tracer);
/* What parsers report to; lives as long as the tracer. */
struct call_sink *tracer__sink(struct tracer *tracer);

#endif
