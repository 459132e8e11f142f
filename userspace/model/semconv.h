// SPDX-License-Identifier: Apache-2.0
/*
 * Semantic conventions of HTTP servers: which attributes a call yields, under which names, in which
 * order. A convention is a table of rows {attribute, how to get it from the call}; the legacy set
 * is what opentelemetry-instrument emits for Flask by default. Scope name and version belong to it.
 */
#ifndef SEMCONV_H
#define SEMCONV_H

#include "model/span.h"

/*
 * Fills span->name, kind, status, attrs and scope from span->http. Secrets in the target are
 * redacted (model/url.h) and what is not UTF-8 is replaced, since a receiver refuses a whole batch
 * for one bad string. learned_route, if not empty, becomes part of the name and an attribute of
 * our own.
 */
void semconv_http_server(struct span *span, struct str learned_route);

/*
 * The method as span names and metrics show it: upper case, as Python does, if it is a method of
 * RFC 9110 section 9, RFC 5789 (PATCH) or QUERY; else "HTTP". The result is static.
 */
struct str semconv_method_name(struct str method);

#endif
