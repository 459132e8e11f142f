// SPDX-License-Identifier: Apache-2.0
/* The facts of proc/facts.h about the host. rest is not used. 0 or -ENOENT. */
#ifndef HOST_FACTS_H
#define HOST_FACTS_H

#include "base/buf.h"

int fact_host_name(const char *rest, struct buf *out);
int fact_host_machine(const char *rest, struct buf *out);
int fact_host_release(const char *rest, struct buf *out);
int fact_host_id(const char *rest, struct buf *out);
int fact_host_os(const char *rest, struct buf *out);

#endif
