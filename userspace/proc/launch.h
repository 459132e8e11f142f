// SPDX-License-Identifier: Apache-2.0
/*
 * struct launch: what a process was given at its exec and says who it is. A fork shares it with its
 * parent; exec makes a new one. It is read at once, since a process may be gone, or have written
 * over its environment, when its first request is told.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "proc/facts.h"

struct launch {
	u32 refs;
	struct buf exe;			/* path of the executable */
	struct buf service_name;	/* its OTEL_SERVICE_NAME, empty if it has none */
	struct buf resource_attributes; /* its OTEL_RESOURCE_ATTRIBUTES, likewise */
};

/* One reference. NULL: its executable is not known (it is gone, or not ours to read), or no memory.
 */
struct launch *launch__read(struct facts *facts, u32 tgid);
/* NULL is fine, and is returned. */
struct launch *launch__get(struct launch *launch);
/* NULL is fine. */
void launch__put(struct launch *launch);

#endif
