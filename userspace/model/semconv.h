// SPDX-License-Identifier: Apache-2.0
/*
 * Semantic conventions of HTTP servers: which attributes a call yields, under which names, in which
 * order. A convention is a table of rows {attribute, how to get it from the call}; the legacy set is
 * what opentelemetry-instrument emits for Flask by default. Scope name and version belong to it.
 */
#ifndef SEMCONV_H
#define SEMCONV_H

#include "model/span.h"

/*
 * Fills span->attrs, scope and status from span->http. Secrets in the query of the target are
 * redacted (semconv 1.44, url.query); learned_route, if not empty, becomes our own attribute.
 */
void semconv_http_server(struct span *span, struct str learned_route);

/* `method` as span names and metrics show it: "HTTP" if it is not a known method (2.5 of RFC 9110's list). */
struct str semconv_method_name(struct str method);

/*
 * Copies url into arena with the values of sensitive query keys and the user information of an
 * absolute URL replaced by REDACTED; returns url itself where there is nothing to hide.
 */
struct str semconv_redact_url(struct arena *arena, struct str url);

#endif
