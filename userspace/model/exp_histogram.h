// SPDX-License-Identifier: Apache-2.0
/*
 * struct exp_histogram: the buckets of a base-2 exponential histogram (OpenTelemetry specification,
 * metrics/data-model, ExponentialHistogram). Of measurements that are never negative: lengths and
 * sizes.
 *
 * With base = 2^(2^-scale), the bucket of index i counts base^i < value <= base^(i+1). Buckets lie
 * in a window of at most EXP_BUCKETS_MAX; a value outside of it halves the scale's resolution
 * until all fit: two neighbours become one, their indexes halved.
 */
#ifndef EXP_HISTOGRAM_H
#define EXP_HISTOGRAM_H

#include "base/types.h"

/* The specification's defaults for base2_exponential_bucket_histogram. */
#define EXP_BUCKETS_MAX 160
#define EXP_SCALE_MAX	20

struct exp_histogram {
	s32 scale;	/* from EXP_SCALE_MAX down to -10, whose two buckets hold all doubles */
	s32 offset;	/* the index of buckets[0] */
	u32 bucket_cnt; /* of buckets, in use */
	u64 zero_cnt;
	u64 buckets[EXP_BUCKETS_MAX];
};

void exp_histogram__init(struct exp_histogram *histogram);
/* value: finite, not negative. */
void exp_histogram__add(struct exp_histogram *histogram, double value);
/* The index of the bucket that counts a value above zero. */
s32 exp_histogram_index(double value, s32 scale);

#endif
