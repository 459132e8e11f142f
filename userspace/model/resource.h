// SPDX-License-Identifier: Apache-2.0
/* struct resource: what produced telemetry, one per traced process. Immutable once shared. */
#ifndef RESOURCE_H
#define RESOURCE_H

#include "model/attrs.h"

struct resource {
	u32 refs;
	struct arena mem; /* owns keys and values */
	struct attrs attrs;
};

/* One reference, the caller's; NULL when there is no memory. */
struct resource *resource__new(void);
struct resource *resource__get(struct resource *resource);
/* NULL is fine. */
void resource__put(struct resource *resource);

#endif
