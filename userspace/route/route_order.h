// SPDX-License-Identifier: Apache-2.0
/*
 * Which of several rules that match Werkzeug takes. Its matcher goes down a tree of segments, the
 * static ones first, then the others by weight: many literals before few, long before short ones,
 * many converters before few, int before string before path; of equal weight, who came first. That
 * is the order of these keys, byte by byte.
 */
#ifndef ROUTE_ORDER_H
#define ROUTE_ORDER_H

#include "base/buf.h"
#include "route/route_pattern.h"

/* The segments seen so far: which of equal weight came first. Zero-initialised is empty. */
struct route_order {
	struct buf seen;
	u32 cnt;
};

/* Appends the key of a rule; to be called in the order in which the rules were added. */
void route_order__print_key(struct route_order *order, const struct route_pattern *pattern,
			    struct buf *out);
void route_order__free(struct route_order *order);

#endif
