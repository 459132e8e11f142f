// SPDX-License-Identifier: Apache-2.0
/* Request-targets and authorities: their parts, and what in them must not be shown. */
#ifndef URL_H
#define URL_H

#include "model/arena.h"

/* "user:pw@host:80" of "http://user:pw@host:80/path"; p NULL if url is not in absolute form. */
struct str url_authority(struct str url);

/*
 * Replaces the values of sensitive query keys by REDACTED, user information by REDACTED:REDACTED,
 * in any form of request-target and in a Host field. Returns url itself where there is nothing to
 * hide, a copy in arena where there is, STR_NONE if there is no memory for that.
 */
struct str url_redact(struct arena *arena, struct str url);

#endif
