// SPDX-License-Identifier: Apache-2.0
/*
 * Header fields as attributes, if the user lists them:
 *
 *	X-Team: red		http.request.header.x-team = ["red,blue"]
 *	x-team: blue		(legacy: http.request.header.x_team, as Python spells it)
 *
 * Names match as a whole and in any case, in the order in which the fields were sent. What the user
 * has sanitised becomes "[REDACTED]". Authorization, Cookie, Set-Cookie, Proxy-... and X-Api-Key
 * carry secrets: a pattern that matches them is not enough. They are left out unless the list of
 * what to sanitise spells out their name, too; then they are there, redacted.
 */
#ifndef HEADER_CAPTURE_H
#define HEADER_CAPTURE_H

#include "model/attrs.h"

/* Fields of a head that are looked at; Python's http.client and gunicorn refuse more than 100. */
#define HEADER_CAPTURE_MAX 128

/* Comma lists of regular expressions; NULL: nothing. */
struct header_capture_options {
	const char *request;  /* OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST */
	const char *response; /* ..._SERVER_RESPONSE */
	const char *sanitize; /* ..._SANITIZE_FIELDS: a match within the name is enough */
};

enum header_side { HEADER_REQUEST, HEADER_RESPONSE };

/* How names are spelt in keys; both: twice, where that differs. */
enum header_spelling { HEADER_UNDERSCORES = 1 << 0, HEADER_DASHES = 1 << 1 };

struct header_capture;

/* 0 or -ENOMEM. */
int header_capture__new(struct header_capture **out, const struct header_capture_options *options);
void header_capture__free(struct header_capture *capture);

/* Where fields of a head go. */
struct header_target {
	struct attrs *attrs;
	struct arena *mem;
	u32 spellings; /* enum header_spelling */
};

void header_capture__add(const struct header_capture *capture, enum header_side side,
			 struct str head, const struct header_target *target);

#endif
