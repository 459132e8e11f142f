// SPDX-License-Identifier: Apache-2.0
#include "model/quantiles.h"

#define SUB_CNT (1u << QUANTILES_SUB_BITS)

/* How far values are shifted in the power of two that the bucket belongs to. */
static u32 shift_of(u32 bucket)
{
	return bucket < SUB_CNT ? 0 : (bucket >> QUANTILES_SUB_BITS) - 1;
}

/* The leading bits of value, QUANTILES_SUB_BITS of them behind the first one, name its bucket. */
static u32 bucket_of(u64 value)
{
	u32 shift;

	if (value < SUB_CNT)
		return (u32)value;
	shift = 63 - (u32)__builtin_clzll(value) - QUANTILES_SUB_BITS;
	return (shift << QUANTILES_SUB_BITS) + (u32)(value >> shift);
}

static u64 middle_of(u32 bucket)
{
	u32 shift = shift_of(bucket);
	u64 first = bucket - (shift << QUANTILES_SUB_BITS);

	return (first << shift) + ((1ULL << shift) >> 1);
}

void quantiles__add(struct quantiles *quantiles, u64 value)
{
	if (!quantiles->count || value < quantiles->min)
		quantiles->min = value;
	if (value > quantiles->max)
		quantiles->max = value;
	quantiles->count++;
	quantiles->buckets[bucket_of(value)]++;
}

u64 quantiles__at(const struct quantiles *quantiles, double q)
{
	double rank = q * (double)quantiles->count;
	u64 below = 0, middle;
	u32 i;

	if (!quantiles->count)
		return 0;
	for (i = 0; i < QUANTILES_BUCKETS - 1; i++) {
		below += quantiles->buckets[i];
		if (below && (double)below >= rank)
			break;
	}
	middle = middle_of(i);
	if (middle < quantiles->min)
		return quantiles->min;
	return middle > quantiles->max ? quantiles->max : middle;
}
