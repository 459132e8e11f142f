// SPDX-License-Identifier: Apache-2.0
/*
 * model/exp_histogram: indexes by the specification's definition, base^i < value <= base^(i+1), and
 * what merging leaves; the last case is what the Python SDK sent for the same two measurements.
 */
#include "test.h"

#include <float.h>
#include <math.h>

#include "base/rng.h"
#include "model/exp_histogram.h"

static void powers_of_two_end_their_buckets(void)
{
	for (s32 exponent = -1074; exponent <= 1023; exponent++) {
		double power = ldexp(1, exponent);

		for (s32 scale = 0; scale <= EXP_SCALE_MAX; scale++) {
			s32 last = exponent * (1 << scale) - 1;

			CHECK(exp_histogram_index(power, scale) == last);
			if (exponent > -1022)
				CHECK(exp_histogram_index(nextafter(power, INFINITY), scale) ==
				      last + 1);
			CHECK(exponent == -1074 ||
			      exp_histogram_index(nextafter(power, 0), scale) <= last);
		}
		for (s32 scale = -10; scale < 0; scale++)
			CHECK(exp_histogram_index(power, scale) == (exponent - 1) >> -scale);
	}
}

static void indexes(void)
{
	static const struct {
		double value;
		s32 scale, index;
	} cases[] = {
		{1, 0, -1},
		{1.5, 0, 0},
		{2, 0, 0},
		{3, 0, 1},
		{4, 0, 1},
		{5, 0, 2},
		{0.5, 0, -2},
		{1.4142135623730949, 1, 0},
		{1.4142135623730954, 1, 1},
		{4, -1, 0},
		{4.000000000000001, -1, 1},
		{0.25, -1, -2},
		{0.26, -1, -1},
		{1.0000001, 20, 0},
		{1.000001, 20, 1},
		{1.9999999999999998, 20, (1 << 20) - 1},
		{DBL_MAX, 0, 1023},
		{DBL_MAX, -10, 0},
		{DBL_MIN, 0, -1023},
		{4.9406564584124654e-324, 0, -1075},
		{4.9406564584124654e-324, -10, -2},
		{0.0012266680000720953, 5, -310},
		{0.02384425599984752, 5, -173},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK(exp_histogram_index(cases[i].value, cases[i].scale) == cases[i].index);
}

static void add_all(struct exp_histogram *histogram, const double *values, size_t cnt)
{
	exp_histogram__init(histogram);
	for (size_t i = 0; i < cnt; i++)
		exp_histogram__add(histogram, values[i]);
}

static void zeros_and_one_value(void)
{
	struct exp_histogram histogram;

	add_all(&histogram, (double[]){0, 0}, 2);
	CHECK(histogram.zero_cnt == 2 && !histogram.bucket_cnt && histogram.scale == 20);
	add_all(&histogram, (double[]){3, 0, 3}, 3);
	CHECK(histogram.zero_cnt == 1 && histogram.scale == 20 && histogram.bucket_cnt == 1);
	CHECK(histogram.offset == exp_histogram_index(3, 20) && histogram.buckets[0] == 2);
}

/* A window of 160 is full at 2^160; one octave more halves the scale, and all counts with it. */
static void scale_changes(void)
{
	struct exp_histogram histogram;
	double values[161];

	for (int i = 0; i < 161; i++)
		values[i] = ldexp(1, i);
	add_all(&histogram, values, 160);
	CHECK(histogram.scale == 0 && histogram.offset == -1 && histogram.bucket_cnt == 160);
	for (u32 i = 0; i < 160; i++)
		CHECK(histogram.buckets[i] == 1);
	add_all(&histogram, values, 161);
	CHECK(histogram.scale == -1 && histogram.offset == -1 && histogram.bucket_cnt == 81);
	CHECK(histogram.buckets[0] == 1); /* 1 alone, (1/4, 1] */
	for (u32 i = 1; i < 81; i++)
		CHECK(histogram.buckets[i] == 2);
}

static void all_doubles_fit(void)
{
	struct exp_histogram histogram;

	add_all(&histogram, (double[]){DBL_MAX, 4.9406564584124654e-324, 1}, 3);
	CHECK(histogram.scale == -4 && histogram.bucket_cnt <= EXP_BUCKETS_MAX);
	CHECK(histogram.buckets[0] == 1 && histogram.buckets[histogram.bucket_cnt - 1] == 1);
	CHECK(histogram.buckets[-1 - histogram.offset] == 1);
}

static void as_the_sdk_has_it(void)
{
	struct exp_histogram histogram;

	add_all(&histogram, (double[]){0.02384425599984752, 0.0012266680000720953}, 2);
	CHECK(histogram.scale == 5 && histogram.offset == -310 && histogram.bucket_cnt == 138);
	CHECK(histogram.buckets[0] == 1 && histogram.buckets[137] == 1);
}

/* Whatever the order: each value is in the bucket that its index names, at the scale of the end. */
static void nothing_is_lost(void)
{
	struct exp_histogram histogram, want;
	double values[300];
	struct rng rng;

	rng__seed(&rng, 1);
	for (u32 round = 0; round < 200; round++) {
		int spread = 1 + (int)(rng__next(&rng) % 600);

		for (u32 i = 0; i < ARRAY_SIZE(values); i++)
			values[i] = ldexp(1 + (double)(rng__next(&rng) >> 12) * 0x1p-52,
					  (int)(rng__next(&rng) % (u64)spread) - spread / 2);
		add_all(&histogram, values, ARRAY_SIZE(values));
		want = histogram;
		memset(want.buckets, 0, sizeof(want.buckets));
		for (u32 i = 0; i < ARRAY_SIZE(values); i++)
			want.buckets[exp_histogram_index(values[i], want.scale) - want.offset]++;
		CHECK(!memcmp(&want, &histogram, sizeof(want)));
		CHECK(histogram.bucket_cnt <= EXP_BUCKETS_MAX);
		/* a scale more would not have held them */
		CHECK(histogram.scale == EXP_SCALE_MAX ||
		      2 * histogram.bucket_cnt > EXP_BUCKETS_MAX - 2);
	}
}

int main(void)
{
	RUN(powers_of_two_end_their_buckets);
	RUN(indexes);
	RUN(zeros_and_one_value);
	RUN(scale_changes);
	RUN(all_doubles_fit);
	RUN(as_the_sdk_has_it);
	RUN(nothing_is_lost);
	return test_status();
}
