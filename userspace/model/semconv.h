// SPDX-License-Identifier: Apache-2.0
/*
 * Semantic conventions of HTTP servers: which attributes a call yields, under which names, in which
 * order. A convention is a table of rows {who has it, attribute, how to get it from the call}. The
 * order, and the whole legacy set, is what opentelemetry-instrument emits for Flask.
 *
 * Where Python departs from the specification, the legacy set follows Python, the stable one (also
 * the stable part of http/dup) the specification:
 *
 *	server.address	without port and user information; Python leaves both in
 *	header keys	http.request.header.x-team; Python says x_team, as the legacy set does
 *	span name	without a route the method alone; Python adds the path, our legacy set what
 *			was learned of it
 *	url.path	"/a;b" whole, "/" of "http://h"; Python cuts at the ";", and has none
 *	url.query	redacted, as is all that shows a target, in the legacy set too
 *	error.type	the status from 500 on; in both sets why an answer is incomplete
 *
 * Where both sets depart from Python: header values that are UTF-8 are read as that, not as
 * ISO-8859-1; Content-Type and Content-Length of requests can be captured; fields that carry
 * secrets cannot, unless asked for twice (model/header_capture.h); an empty item in a list of
 * patterns matches nothing, not everything.
 */
#ifndef SEMCONV_H
#define SEMCONV_H

#include "model/header_capture.h"
#include "model/span.h"

enum semconv_set {
	SEMCONV_LEGACY = 1 << 0,
	SEMCONV_STABLE = 1 << 1,
	SEMCONV_DUP = SEMCONV_LEGACY | SEMCONV_STABLE,
};

/* As the user wrote them; NULL: not given. */
struct semconv_options {
	const char *stability_opt_in; /* OTEL_SEMCONV_STABILITY_OPT_IN */
	const char *known_methods;    /* model/http_method.h */
	bool capture_all_methods;
	struct header_capture_options headers;
};

struct semconv;

/* options are not kept. 0 or -ENOMEM. */
int semconv__new(struct semconv **out, const struct semconv_options *options);
void semconv__free(struct semconv *semconv);

enum semconv_set semconv__set(const struct semconv *semconv);
/* Static. */
const struct scope *semconv__scope(const struct semconv *semconv);
/* http.request.method, as http_methods__name() gives it. */
struct str semconv__method(const struct semconv *semconv, struct arena *mem, struct str method);

/*
 * Fills span->name, kind, status, attrs and scope from span->http. Secrets in the target are
 * redacted (model/url.h) and what is not UTF-8 is replaced, since a receiver refuses a whole batch
 * for one bad string. route: the framework's own, or empty; then learned_route, if not empty, is an
 * attribute of ours, and in the legacy set part of the name.
 */
void semconv__http_server(const struct semconv *semconv, struct span *span, struct str route,
			  struct str learned_route);

#endif
