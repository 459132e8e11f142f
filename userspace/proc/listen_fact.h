// SPDX-License-Identifier: Apache-2.0
/* The fact of proc/facts.h about listeners, from /proc/TGID/net. */
#ifndef LISTEN_FACT_H
#define LISTEN_FACT_H

#include "base/buf.h"

/* TGID/FAMILY/PORT/ADDR; 0 or -ENOENT. */
int fact_listen(const char *rest, struct buf *out);

#endif
