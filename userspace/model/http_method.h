// SPDX-License-Identifier: Apache-2.0
/*
 * Which methods of HTTP have a name of their own in telemetry. Others are "_OTHER", so that clients
 * cannot make up any number of them.
 */
#ifndef HTTP_METHOD_H
#define HTTP_METHOD_H

#include "model/arena.h"

struct http_methods;

/*
 * known: OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS, a comma list in place of the usual ones, which
 * then have to be written as they are there; NULL or empty: the methods of RFC 9110 section 9,
 * PATCH (RFC 5789) and QUERY, in any case of letters. capture_all:
 * OTEL_PYTHON_INSTRUMENTATION_HTTP_CAPTURE_ALL_METHODS, the others in upper case, too.
 * 0 or -ENOMEM.
 */
int http_methods__new(struct http_methods **out, const char *known, bool capture_all);
void http_methods__free(struct http_methods *methods);

/* In mem or static; HTTP_METHOD_OTHER if not known, p NULL for want of memory. */
struct str http_methods__name(const struct http_methods *methods, struct arena *mem,
			      struct str method);

#define HTTP_METHOD_OTHER STR("_OTHER")

#endif
