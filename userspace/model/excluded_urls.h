// SPDX-License-Identifier: Apache-2.0
/*
 * Requests that make no span: the user lists regular expressions, and one of them is found in
 *
 *	http://localhost:5000/delete/7?force=1
 *
 * which is the URL as Flask's request.url spells it: host and port as the client named them,
 * without ":80" (if it named none, where the server listens), escapes resolved where that changes
 * no meaning, no fragment, no "?" with nothing behind it.
 */
#ifndef EXCLUDED_URLS_H
#define EXCLUDED_URLS_H

#include "model/http.h"

struct excluded_urls;

/*
 * OTEL_PYTHON_FLASK_EXCLUDED_URLS and OTEL_PYTHON_EXCLUDED_URLS; the former, if not empty, takes
 * the latter's place. Either may be NULL. 0 or -ENOMEM.
 */
int excluded_urls__new(struct excluded_urls **out, const char *flask, const char *general);
void excluded_urls__free(struct excluded_urls *urls);

/* Known as soon as the request has begun. For want of memory no. */
bool excluded_urls__match(const struct excluded_urls *urls, const struct http_call *call);

#endif
