// SPDX-License-Identifier: Apache-2.0
/*
 * struct backoff: how long to wait before the next attempt: about 1, 2, 4, 8, 8 ... s, or as long
 * as the server says, within limits.
 */
#ifndef BACKOFF_H
#define BACKOFF_H

#include "base/rng.h"
#include "deliver/transport.h"

struct backoff {
	struct rng rng; /* of the jitter alone */
	u32 failures;	/* since the last answer; the owner sets it back to 0 */
};

/* 0 or negative errno. */
int backoff__init(struct backoff *backoff);
/* ns after this SEND_RETRY, which is one failure more. */
u64 backoff__pause(struct backoff *backoff, const struct send_result *result);

#endif
