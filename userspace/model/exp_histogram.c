// SPDX-License-Identifier: Apache-2.0
#include "model/exp_histogram.h"

#include <math.h>
#include <string.h>

void exp_histogram__init(struct exp_histogram *histogram)
{
	*histogram = (struct exp_histogram){.scale = EXP_SCALE_MAX};
}

/*
 * From the finest scale down, since the buckets of a coarser one are whole groups of its buckets:
 * so an index never depends on the scale at which a value came.
 */
s32 exp_histogram_index(double value, s32 scale)
{
	const s32 per_octave = 1 << EXP_SCALE_MAX;
	s32 exponent, fraction;
	double significand = 2 * frexp(value, &exponent);

	exponent--; /* value = significand * 2^exponent, 1 <= significand < 2 */
	if (significand == 1) {
		/* a power of two is the upper end of its bucket, exactly */
		fraction = -1;
	} else {
		fraction = (s32)(log2(significand) * per_octave);
		/* rounded up to the next octave it would leave its own */
		if (fraction == per_octave)
			fraction--;
	}
	return (exponent * per_octave + fraction) >> (EXP_SCALE_MAX - scale);
}

/* Merges 2^by neighbours each. */
static void coarsen(struct exp_histogram *histogram, u32 by)
{
	s32 offset = histogram->offset >> by, last = histogram->offset;
	u64 merged[EXP_BUCKETS_MAX] = {0};

	for (u32 i = 0; i < histogram->bucket_cnt; i++) {
		last = (histogram->offset + (s32)i) >> by;
		merged[last - offset] += histogram->buckets[i];
	}
	memcpy(histogram->buckets, merged, sizeof(merged));
	histogram->bucket_cnt = (u32)(last - offset) + 1;
	histogram->offset = offset;
	histogram->scale -= (s32)by;
}

/* How often neighbours must merge so that all from low to high fit into the window. */
static u32 too_fine_by(s64 low, s64 high)
{
	u32 by = 0;

	while ((high >> by) - (low >> by) >= EXP_BUCKETS_MAX)
		by++;
	return by;
}

/* The window reaches to index, which fits. */
static void reach(struct exp_histogram *histogram, s32 index)
{
	u32 more;

	if (index < histogram->offset) {
		more = (u32)(histogram->offset - index);
		memmove(histogram->buckets + more, histogram->buckets,
			histogram->bucket_cnt * sizeof(*histogram->buckets));
		memset(histogram->buckets, 0, more * sizeof(*histogram->buckets));
		histogram->bucket_cnt += more;
		histogram->offset = index;
	} else if (index - histogram->offset >= (s32)histogram->bucket_cnt) {
		histogram->bucket_cnt = (u32)(index - histogram->offset) + 1;
	}
}

void exp_histogram__add(struct exp_histogram *histogram, double value)
{
	s32 index, low, high;
	u32 by;

	if (value <= 0) {
		histogram->zero_cnt++;
		return;
	}
	index = exp_histogram_index(value, histogram->scale);
	if (!histogram->bucket_cnt) {
		histogram->offset = index;
		histogram->bucket_cnt = 1;
	}
	low = histogram->offset;
	high = low + (s32)histogram->bucket_cnt - 1;
	by = too_fine_by(index < low ? index : low, index > high ? index : high);
	if (by)
		coarsen(histogram, by);
	index >>= by;
	reach(histogram, index);
	histogram->buckets[index - histogram->offset]++;
}
