// SPDX-License-Identifier: Apache-2.0
/* struct resource: what produced telemetry, one per traced process. Immutable once shared. */
#ifndef RESOURCE_H
#define RESOURCE_H

#include "model/attrs.h"

enum resource_signal { RESOURCE_TRACES = 1 << 0, RESOURCE_METRICS = 1 << 1 };

struct resource {
	u32 refs;
	u32 own_signals;  /* enum resource_signal: the process sends these itself, so we do not */
	struct arena mem; /* owns keys and values */
	struct attrs attrs;
};

/* One reference, the caller's; NULL when there is no memory. */
struct resource *resource__new(void);
struct resource *resource__get(struct resource *resource);
/* NULL is fine. */
void resource__put(struct resource *resource);

/* Attributes of one resource: as many as a span may have; the traced process chooses some. */
#define RESOURCE_ATTRS_MAX 128

/*
 * Gives key this value, or another one than before: a copy of both, of the value in well-formed
 * UTF-8. Past RESOURCE_ATTRS_MAX, or without memory, it is counted in attrs.dropped.
 */
void resource__set(struct resource *resource, struct str key, struct str value);

#endif
