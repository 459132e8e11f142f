// SPDX-License-Identifier: Apache-2.0
/* Request-targets and authorities: their parts, and what in them must not be shown. */
#ifndef URL_H
#define URL_H

#include "model/arena.h"

/* "user:pw@host:80" of "http://user:pw@host:80/path"; p NULL if url is not in absolute form. */
struct str url_authority(struct str url);

/* "::1" of "user:pw@[::1]:80": no user information, no brackets, no port. */
struct str url_host(struct str authority);

/*
 * Path and query of a request-target in any form, without its fragment; query.p NULL if there is no
 * "?". The path of "*" is "*" (RFC 9112 section 3.2.4), that of "http://host" is "/".
 */
struct url_parts {
	struct str path, query;
};
struct url_parts url_split(struct str target);

/*
 * Replaces the values of sensitive query keys by REDACTED, user information by REDACTED:REDACTED,
 * in any form of request-target and in a Host field. Returns url itself where there is nothing to
 * hide, a copy in arena where there is, STR_NONE if there is no memory for that.
 */
struct str url_redact(struct arena *arena, struct str url);

#endif
