// SPDX-License-Identifier: Apache-2.0
/*
 * struct quantiles: counts of values, from which quantiles are read that are less than 0.8 % off,
 * in constant memory: each power of two is cut into 64 buckets, values below 64 have one each.
 */
#ifndef QUANTILES_H
#define QUANTILES_H

#include "base/types.h"

#define QUANTILES_SUB_BITS 6
#define QUANTILES_BUCKETS  ((65 - QUANTILES_SUB_BITS) << QUANTILES_SUB_BITS)

/* Zero-initialised is empty; 30 KB. */
struct quantiles {
	u64 count, min, max; /* exact */
	u64 buckets[QUANTILES_BUCKETS];
};

void quantiles__add(struct quantiles *quantiles, u64 value);
/*
 * A value that the share q (0..1) of all does not exceed, of rank ceil(q * count): the middle of
 * its bucket, never outside minimum and maximum. 0 if there are none.
 */
u64 quantiles__at(const struct quantiles *quantiles, double q);

#endif
