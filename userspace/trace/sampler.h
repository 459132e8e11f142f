// SPDX-License-Identifier: Apache-2.0
/*
 * Which traces are kept: OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG.
 *
 * app.c parses the two options once, from their texts as given, and hands the sampler to the tracer
 * (in struct tracer_env, by value). tracer.c asks it in on_begin(), after ids, parent and flags are
 * known and before any child could take over the flags:
 *
 *	sampled = sampler__decide(&tracer->env.sampler, &call->context);
 *
 * A call that is not sampled still ends and is still measured: metrics come before sampling. Its
 * span goes no further, which the flags in call->context tell at the end.
 */
#ifndef SAMPLER_H
#define SAMPLER_H

#include "model/http.h"

struct sampler {
	bool parent_based; /* a parent's decision is taken over, and the rest is for roots */
	bool always;	   /* else those whose trace id, its low 64 bits, is below bound */
	u64 bound;
};

/*
 * NULL or empty texts count as not given: parentbased_always_on, and a ratio of 1.0. So does what
 * is not understood, after a warning in the words of the Python SDK.
 */
void sampler_parse(const char *name, const char *arg, struct sampler *sampler);

/* Returns the decision and puts it into the sampled bit of context->flags; other bits stay. */
bool sampler__decide(const struct sampler *sampler, struct trace_context *context);

#endif
