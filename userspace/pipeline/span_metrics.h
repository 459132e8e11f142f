// SPDX-License-Identifier: Apache-2.0
/*
 * The metrics of an HTTP server, made from its calls before any sampling: requests in flight, their
 * durations, sizes of bodies if asked for; for each traced process apart, by what the semantic
 * conventions say; and counters of whatever else was asked for. In this order, if recorded:
 *
 *	http.server.active_requests		always; the legacy or the stable one, or the latter
 *						with the attributes of both
 *	http.server.duration			legacy, whole milliseconds
 *	http.server.request.duration		stable, seconds
 *	http.server.request.body.size		opt-in, with the stable attributes
 *	http.server.response.body.size		opt-in, with the stable attributes
 *	counters				in a scope of their own
 *	counters of the application's		in its scope, whose name nobody knows
 *
 * To be called by whoever wires:
 *
 *	__begin()	in the tracer's begin, once listener and resource are known: one request
 *			more in flight. Excluded URLs count, too.
 *	__end()		in the tracer's end, for every span, sampled or not, with its context set
 *	__discard()	instead of __end(): no span comes of it (lost, discarded, excluded), so
 *			it was in flight, but has no duration
 *	__count()	for each call of a function that is counted
 *	__exit()	when a process exits, before the process table forgets it
 *	__collect()	at every export interval, and once more when all has ended: snapshot to each
 *			metrics exporter, then metrics__put()
 *	__peek()	in the place of __collect(), by a reader that asks when it likes: a scraper;
 *			with __expire() at every interval
 *
 * There is one of them for each reader that wants its metrics in another way, or at another time.
 *
 * What it wants from the configuration: metrics_exporter (none: do not call any of this),
 * metric_export_interval (when to collect), metrics_exemplar_filter, and whether body sizes are
 * wanted; which conventions apply, struct semconv knows.
 */
#ifndef SPAN_METRICS_H
#define SPAN_METRICS_H

#include "model/http_metric.h"
#include "pipeline/metric_table.h"

struct span_metrics;

/* OTEL_METRICS_EXEMPLAR_FILTER. TRACE_BASED: what was measured within a sampled span. */
enum exemplar_filter { EXEMPLAR_TRACE_BASED, EXEMPLAR_ALWAYS_ON, EXEMPLAR_ALWAYS_OFF };

struct span_metrics_env {
	const struct semconv *semconv; /* that of the spans; borrowed */
	bool body_sizes;
	enum exemplar_filter exemplars;
	struct metric_view view;
	const struct metric_info *counters; /* what is counted beside requests; outlives it */
	u32 counter_cnt;
	/* Those that applications bring along, behind these: not used before they are filled in. */
	const struct metric_info *own;
	u32 own_cnt; /* how many there can be */
	u32 readers; /* all of the same calls, this one included; each holds on to resources */
};

/* Bytes of the bodies without head and framing; -1: not known, so not recorded. */
struct body_sizes {
	s64 request, response;
};

/* An addition to a counter. */
struct span_count {
	u32 counter; /* its index */
	union metric_value by;
	const struct attrs *attrs;
	u64 ns;				     /* unix */
	const struct trace_context *context; /* NULL: within no span */
};

int span_metrics__new(struct span_metrics **out, const struct span_metrics_env *env);
/* NULL is fine. */
void span_metrics__free(struct span_metrics *metrics);

/* The call is known by its address until __end() or __discard(); resource is borrowed. */
void span_metrics__begin(struct span_metrics *metrics, const struct http_call *call,
			 struct resource *resource);
/*
 * Of a span of an HTTP server, so that span->http is set. route: the framework's own, empty if not
 * known. sizes may be NULL: neither is known.
 */
void span_metrics__end(struct span_metrics *metrics, const struct span *span, struct str route,
		       const struct body_sizes *sizes);
void span_metrics__count(struct span_metrics *metrics, struct resource *resource,
			 const struct span_count *count);
void span_metrics__discard(struct span_metrics *metrics, const struct http_call *call);
/* Its points stay for one more collection, or until its last open request has ended. */
void span_metrics__exit(struct span_metrics *metrics, const struct resource *resource);

/*
 * All that was recorded up to now (unix ns). NULL: nothing yet; or there was no memory, and the
 * next collection has it all.
 */
struct metrics *span_metrics__collect(struct span_metrics *metrics, u64 now);
/*
 * The same, and nothing starts over: whoever peeks finds it as it was, exemplars the latest of
 * their buckets.
 */
struct metrics *span_metrics__peek(const struct span_metrics *metrics, u64 now);
/* Processes that are gone since before the last call go: so they could be peeked at for a while. */
void span_metrics__expire(struct span_metrics *metrics);
/* Measurements lost for want of memory, or of processes beyond the limit. */
u64 span_metrics__lost(const struct span_metrics *metrics);

#endif
