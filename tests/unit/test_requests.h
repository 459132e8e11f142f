// SPDX-License-Identifier: Apache-2.0
/* Requests for tests of metrics: made, fed into struct span_metrics, and ended. */
#ifndef TEST_REQUESTS_H
#define TEST_REQUESTS_H

#include <stdlib.h>

#include "pipeline/span_metrics.h"

#define MS NSEC_PER_MSEC
#define T0 (1795220000 * NSEC_PER_SEC)

/* Every convention there is, for the whole program. */
static struct semconv *semconvs[SEMCONV_DUP + 1];

static inline void open_conventions(void)
{
	static const char *const opt_ins[] = {
		[SEMCONV_LEGACY] = "", [SEMCONV_STABLE] = "http", [SEMCONV_DUP] = "http/dup"};
	u32 set;

	for (set = SEMCONV_LEGACY; set <= SEMCONV_DUP; set++)
		if (semconv__new(&semconvs[set],
				 &(struct semconv_options){.stability_opt_in = opt_ins[set]}))
			abort();
}

static inline void close_conventions(void)
{
	u32 set;

	for (set = SEMCONV_LEGACY; set <= SEMCONV_DUP; set++)
		semconv__free(semconvs[set]);
}

static inline struct span_metrics *new_metrics(bool legacy, bool stable,
					       enum exemplar_filter filter)
{
	u32 set = (legacy ? SEMCONV_LEGACY : 0) | (stable ? SEMCONV_STABLE : 0);
	struct span_metrics_env env = {.semconv = semconvs[set], .exemplars = filter, .readers = 1};
	struct span_metrics *metrics;

	if (span_metrics__new(&metrics, &env))
		abort();
	return metrics;
}

static inline struct http_call *new_call(const char *method, const char *host, u16 status)
{
	struct http_call *call = http_call__new();

	call->peer.family = FAMILY_INET;
	memcpy(call->peer.listen_addr, "\x7f\0\0\1", 4);
	call->peer.server.port = 5000;
	call->method = str_from(method);
	call->target = STR("/");
	call->version = STR("1.1");
	call->host = str_from(host);
	call->status = status;
	call->start_ns = T0;
	call->context.flags = 1;
	return call;
}

/* Ends a call that began, ns after its start. The span's id is the low byte of the duration. */
static inline void end(struct span_metrics *metrics, struct resource *resource,
		       struct http_call *owned, u64 ns, const char *route)
{
	struct span *span;

	owned->end_ns = owned->start_ns + ns;
	owned->context.span_id[7] = (u8)ns;
	span = span__new(resource__get(resource), owned);
	span_metrics__end(metrics, span, str_from(route), NULL);
	span__free(span);
}

static inline void request(struct span_metrics *metrics, struct resource *resource,
			   const char *host, u64 ns)
{
	struct http_call *call = new_call("GET", host, 200);

	span_metrics__begin(metrics, call, resource);
	end(metrics, resource, call, ns, "/");
}

#endif
