// SPDX-License-Identifier: Apache-2.0
/*
 * Six names, two questions: does a parent decide, and what becomes of the others? A ratio is
 * Python's rule: keep what has low64(trace_id) < round(ratio * 2^64), whatever the parent's flags.
 */
#include "trace/sampler.h"

#include <stdlib.h>

#include "base/log.h"

#define FLAG_SAMPLED 0x01
#define TWO_TO_64    18446744073709551616.0

enum rule { RULE_ON, RULE_OFF, RULE_RATIO };

static const struct named_sampler {
	const char *name;
	bool parent_based;
	enum rule rule;
} samplers[] = {
	{"parentbased_always_on", true, RULE_ON},
	{"parentbased_always_off", true, RULE_OFF},
	{"parentbased_traceidratio", true, RULE_RATIO},
	{"always_on", false, RULE_ON},
	{"always_off", false, RULE_OFF},
	{"traceidratio", false, RULE_RATIO},
};

static const struct named_sampler *find(const char *name)
{
	struct str text = str_trim(str_from(name));

	if (!text.len)
		return &samplers[0];
	for (size_t i = 0; i < ARRAY_SIZE(samplers); i++)
		if (str_caseeq(text, str_from(samplers[i].name)))
			return &samplers[i];
	log_warn("OTEL_TRACES_SAMPLER: unknown sampler \"%.200s\"; using the default %s", name,
		 samplers[0].name);
	return &samplers[0];
}

/* False for what is no decimal number: strtod(3) alone would also take hexadecimal and "nan". */
static bool parse_ratio(const char *text, double *ratio)
{
	char *end;

	text += strspn(text, " \t");
	*ratio = strtod(text, &end);
	if (end == text || text + strspn(text, "0123456789.eE+-") != end)
		return false;
	return !end[strspn(end, " \t")];
}

static double ratio_of(const char *arg)
{
	double ratio;

	if (!arg || !*arg)
		return 1.0;
	if (!parse_ratio(arg, &ratio)) {
		log_warn("OTEL_TRACES_SAMPLER_ARG: \"%.200s\" is no number; using the default 1.0",
			 arg);
		return 1.0;
	}
	if (ratio < 0 || ratio > 1) {
		log_warn(
			"OTEL_TRACES_SAMPLER_ARG: %.200s is not from 0 to 1; using the default 1.0",
			arg);
		return 1.0;
	}
	return ratio;
}

/* Half goes to the even number, as in Python. */
static u64 round_even(double number)
{
	u64 whole = (u64)number;
	double rest = number - (double)whole;

	return whole + (rest > 0.5 || (rest == 0.5 && whole & 1));
}

void sampler_parse(const char *name, const char *arg, struct sampler *sampler)
{
	const struct named_sampler *named = find(name);
	double ratio = named->rule == RULE_RATIO ? ratio_of(arg) : named->rule == RULE_ON;

	*sampler = (struct sampler){.parent_based = named->parent_based, .always = ratio >= 1};
	if (!sampler->always)
		sampler->bound = round_even(ratio * TWO_TO_64);
}

static u64 low_half(const u8 trace_id[16])
{
	u64 low = 0;

	for (int i = 8; i < 16; i++)
		low = low << 8 | trace_id[i];
	return low;
}

static bool has_parent(const struct trace_context *context)
{
	static const u8 none[sizeof(context->parent_id)];

	return memcmp(context->parent_id, none, sizeof(none));
}

bool sampler__decide(const struct sampler *sampler, struct trace_context *context)
{
	bool sampled;

	if (sampler->parent_based && has_parent(context))
		return context->flags & FLAG_SAMPLED;
	sampled = sampler->always || low_half(context->trace_id) < sampler->bound;
	context->flags = (u8)((context->flags & ~FLAG_SAMPLED) | (sampled ? FLAG_SAMPLED : 0));
	return sampled;
}
