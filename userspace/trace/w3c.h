// SPDX-License-Identifier: Apache-2.0
/* W3C Trace Context (level 2): traceparent and tracestate, read strictly. */
#ifndef W3C_H
#define W3C_H

#include "base/str.h"

struct w3c_parent {
	u8 trace_id[16];
	u8 span_id[8];
	u8 flags;
};

/*
 * 0, or -EINVAL for anything the recommendation tells a receiver to ignore: section 3.2.2;
 * upper-case hex, version ff, all-zero ids, a tail after version 00.
 */
int w3c_parse_traceparent(struct str text, struct w3c_parent *parent);

/* True if the list obeys section 3.3.1: at most 32 members, valid keys and values, no key twice. */
bool w3c_tracestate_valid(struct str text);

#endif
