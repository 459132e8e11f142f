// SPDX-License-Identifier: Apache-2.0
/* Decisions, to the last trace id of a ratio, and the words about what is not understood. */
#include "trace/sampler.h"

#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

#define LOW_MAX UINT64_MAX

static struct sampler sampler_of(const char *name, const char *arg)
{
	struct sampler sampler;

	sampler_parse(name, arg, &sampler);
	return sampler;
}

static struct trace_context context_of(u64 high, u64 low, bool parent, u8 flags)
{
	struct trace_context context = {.flags = flags, .parent_id = {[7] = parent}};

	for (int i = 0; i < 8; i++) {
		context.trace_id[i] = (u8)(high >> (56 - 8 * i));
		context.trace_id[8 + i] = (u8)(low >> (56 - 8 * i));
	}
	return context;
}

/* What sampler_parse() says on stderr, with the sampler that comes of it. */
static struct str said(const char *name, const char *arg, struct sampler *sampler)
{
	static char text[512];
	int memory = memfd_create("stderr", 0), saved = dup(STDERR_FILENO);
	ssize_t len;

	dup2(memory, STDERR_FILENO);
	sampler_parse(name, arg, sampler);
	dup2(saved, STDERR_FILENO);
	len = pread(memory, text, sizeof(text), 0);
	close(saved);
	close(memory);
	return (struct str){text, len > 0 ? (size_t)len : 0};
}

static void ratio_decides_by_the_low_half(void)
{
	static const struct {
		const char *ratio;
		u64 high, low;
		bool sampled;
	} rows[] = {
		/* seen of the Python SDK */
		{"0.5", 0x0af7651916cd43dd, 0x8000000000000000, false},
		{"0.5", 0x0af7651916cd43dd, 0x7fffffffffffffff, true},
		{"0.5", 0xffffffffffffffff, 0x0000000000000001, true},
		{"0.5", 0x0000000000000001, 0x0000000000000002, true},
		{"0.5", 0x0af7651916cd43dd, 0xffffffffffffffff, false},
		/* the ends */
		{"0", 1, 0, false},
		{"0.0", 0, 1, false},
		{"-0.0", 1, 0, false},
		{"1", 1, LOW_MAX, true},
		{"1.0", 0, 1, true},
		{"1e0", 1, 0, true},
		/* round(ratio * 2^64), as Python computes it */
		{"0.25", 1, 0x3fffffffffffffff, true},
		{"0.25", 1, 0x4000000000000000, false},
		{"0.1", 1, 0x1999999999999fff, false},
		{"0.1", 1, 0x19999999999999ff, true},
		{"0.1", 1, 0x1999999999999a00, false},
		{"1e-3", 1, 0x004189374bc6a7ef, true},
		{"1e-3", 1, 0x004189374bc6a7f0, false},
		/* the last double below 1 */
		{"0.9999999999999999", 1, 0xfffffffffffff7ff, true},
		{"0.9999999999999999", 1, 0xfffffffffffff800, false},
		/* 2^-64, and 0.5, 1.5, 2.5 and 0.75 times it */
		{"5.421010862427522e-20", 1, 0, true},
		{"5.421010862427522e-20", 1, 1, false},
		{"2.710505431213761e-20", 1, 0, false},
		{"8.131516293641283e-20", 1, 1, true},
		{"8.131516293641283e-20", 1, 2, false},
		{"1.3552527156068805e-19", 1, 1, true},
		{"1.3552527156068805e-19", 1, 2, false},
		{"4.0657581468206416e-20", 1, 0, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sampler plain = sampler_of("traceidratio", rows[i].ratio);
		struct sampler based = sampler_of("parentbased_traceidratio", rows[i].ratio);

		/* with a parent of either mind, and without */
		for (u8 flags = 0; flags < 4; flags++) {
			struct trace_context child =
				context_of(rows[i].high, rows[i].low, 1, flags);
			struct trace_context root = context_of(rows[i].high, rows[i].low, 0, flags);
			u8 want = (flags & 2) | rows[i].sampled;

			if (sampler__decide(&plain, &child) != rows[i].sampled ||
			    child.flags != want ||
			    sampler__decide(&based, &root) != rows[i].sampled || root.flags != want)
				test_fail(__FILE__, __LINE__, rows[i].ratio);
		}
	}
}

static void parents_are_obeyed_or_not(void)
{
	static const struct {
		const char *name, *arg;
		bool root, sampled, unsampled;
	} rows[] = {
		{"always_on", NULL, true, true, true},
		{"always_off", NULL, false, false, false},
		{"traceidratio", "0", false, false, false},
		{"traceidratio", "1", true, true, true},
		{"parentbased_always_on", NULL, true, true, false},
		{"parentbased_always_off", NULL, false, true, false},
		{"parentbased_traceidratio", "0.0", false, true, false},
		{"parentbased_traceidratio", "1.0", true, true, false},
		/* an argument is for ratios alone */
		{"always_on", "0", true, true, true},
		{"always_off", "half", false, false, false},
		/* not given, and any case */
		{NULL, NULL, true, true, false},
		{"", "0", true, true, false},
		{"traceidratio", NULL, true, true, true},
		{"traceidratio", "", true, true, true},
		{" Always_OFF\t", NULL, false, false, false},
		{"traceidratio", " 0 ", false, false, false},
	};
	static const u64 lows[] = {0, 1, 0x7fffffffffffffff, 0x8000000000000000, LOW_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(lows); i++) {
		size_t row = i / ARRAY_SIZE(lows);
		u64 low = lows[i % ARRAY_SIZE(lows)];
		struct trace_context root = context_of(1, low, false, 0x03);
		struct trace_context sampled = context_of(1, low, true, 0x01);
		struct trace_context unsampled = context_of(1, low, true, 0x02);
		struct sampler sampler;

		CHECK_STR(said(rows[row].name, rows[row].arg, &sampler), "");
		if (sampler__decide(&sampler, &root) != rows[row].root ||
		    sampler__decide(&sampler, &sampled) != rows[row].sampled ||
		    sampler__decide(&sampler, &unsampled) != rows[row].unsampled)
			test_fail(__FILE__, __LINE__, rows[row].name ? rows[row].name : "NULL");
		CHECK(root.flags == (0x02 | rows[row].root));
		CHECK(sampled.flags == rows[row].sampled);
		CHECK(unsampled.flags == (0x02 | rows[row].unsampled));
	}
}

static void bad_name_is_the_default(void)
{
	struct trace_context root = context_of(1, LOW_MAX, false, 0x03);
	struct trace_context child = context_of(1, 0, true, 0x00);
	struct sampler sampler;

	CHECK_STR(
		said("sometimes", NULL, &sampler),
		"otel-ebpf: OTEL_TRACES_SAMPLER: unknown sampler \"sometimes\"; using the default "
		"parentbased_always_on\n");
	CHECK(sampler__decide(&sampler, &root));
	CHECK(!sampler__decide(&sampler, &child));
	CHECK(said("traceidratio ,", "0", &sampler).len);
	CHECK(sampler.parent_based && sampler.always);
}

static void bad_argument_is_one(void)
{
	static const char *const malformed[] = {"half", "0,5",	 "0x0", "nan", "inf", "0 0",
						" ",	"0.5.0", "e",	"-",   "50%"};
	static const char *const outside[] = {"-1", "-1e-300", "1.0000000000000002", "2", "1e999"};
	struct sampler sampler;
	char want[128];

	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		snprintf(want, sizeof(want),
			 "otel-ebpf: OTEL_TRACES_SAMPLER_ARG: \"%s\" is no number; using the "
			 "default 1.0\n",
			 malformed[i]);
		CHECK_STR(said("traceidratio", malformed[i], &sampler), want);
		CHECK(sampler.always && !sampler.parent_based);
	}
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		snprintf(want, sizeof(want),
			 "otel-ebpf: OTEL_TRACES_SAMPLER_ARG: %s is not from 0 to 1; using the "
			 "default 1.0\n",
			 outside[i]);
		CHECK_STR(said("parentbased_traceidratio", outside[i], &sampler), want);
		CHECK(sampler.always && sampler.parent_based);
	}
}

int main(void)
{
	RUN(ratio_decides_by_the_low_half);
	RUN(parents_are_obeyed_or_not);
	RUN(bad_name_is_the_default);
	RUN(bad_argument_is_one);
	return test_status();
}
