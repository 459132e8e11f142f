// SPDX-License-Identifier: Apache-2.0
/*
 * What the semantic conventions say about the metrics of an HTTP server: their names, units and
 * bounds, and which attributes a call has in each of them. The sibling of semconv.h, for spans.
 */
#ifndef HTTP_METRIC_H
#define HTTP_METRIC_H

#include "model/metric.h"
#include "model/semconv.h"

/* In the order of Python's documents. */
enum http_metric {
	HTTP_ACTIVE,	    /* http.server.active_requests */
	HTTP_DURATION_MS,   /* http.server.duration, legacy */
	HTTP_DURATION,	    /* http.server.request.duration, stable */
	HTTP_REQUEST_SIZE,  /* http.server.request.body.size, stable, opt-in */
	HTTP_RESPONSE_SIZE, /* http.server.response.body.size, stable, opt-in */
	HTTP_METRIC_CNT
};

/* Attributes of one metric, at most. */
#define HTTP_METRIC_ATTRS_MAX 9

struct http_metric_source {
	const struct semconv *semconv;
	const struct http_call *call;
	struct str route;  /* the framework's own, empty if not known */
	struct arena *mem; /* for texts that are not the call's */
};

/* Static. */
const struct metric_info *http_metric_info(enum http_metric metric, enum semconv_set set);
/*
 * Fills *attrs, whose list has room for HTTP_METRIC_ATTRS_MAX, with what source yields; of
 * HTTP_ACTIVE only what is known when a request begins. 0 or -ENOMEM.
 */
int http_metric_attrs(enum http_metric metric, const struct http_metric_source *source,
		      struct attrs *attrs);

#endif
