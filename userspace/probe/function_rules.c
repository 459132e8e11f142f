// SPDX-License-Identifier: Apache-2.0
#include "probe/function_rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/comma_list.h"
#include "probe/functions.h"

/* OpenTelemetry's limit of instrument names (specification, metrics/api). */
#define METRIC_NAME_MAX 255

struct count_rule {
	struct function_spec_text spec;
	u32 counter;
	struct str attrs[FUNCTION_VALUES_MAX];
	u32 attr_cnt;
	bool said; /* that an attribute is not taken */
};

struct route_rule {
	struct function_spec_text spec;
	struct str route;
};

/* What the rules have to say of a function: found out at its first call. */
struct verdict {
	bool known;
	u32 counts;	/* a bit for each rule that counts it */
	s32 route_rule; /* -1: none */
};
_Static_assert(FUNCTION_RULES_MAX <= 32, "a bit each");

struct function_rules {
	struct count_rule counts[FUNCTION_RULES_MAX];
	u32 count_cnt;
	struct route_rule routes[FUNCTION_RULES_MAX];
	u32 route_cnt;
	struct metric_info counters[FUNCTION_RULES_MAX];
	char names[FUNCTION_RULES_MAX][METRIC_NAME_MAX + 1];
	u32 counter_cnt;
	struct verdict verdicts[FUNCTIONS_LIMIT]; /* by number */
};

int function_rules__new(struct function_rules **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void function_rules__free(struct function_rules *rules)
{
	free(rules);
}

/* ---- what they say ---- */

static bool is_metric_name(struct str name)
{
	if (!name.len || name.len > METRIC_NAME_MAX || !isalpha((unsigned char)name.p[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!isalnum((unsigned char)name.p[i]) && !strchr("_.-/", name.p[i]))
			return false;
	return true;
}

/* Prometheus keeps letters and digits; names are told apart without regard to case. */
static bool same_metric(struct str a, struct str b)
{
	bool same = a.len == b.len;

	for (size_t i = 0; same && i < a.len; i++) {
		int x = tolower((unsigned char)a.p[i]), y = tolower((unsigned char)b.p[i]);

		same = x == y || (!isalnum(x) && !isalnum(y));
	}
	return same;
}

/* Rules may share a counter. */
static const char *find_counter(struct function_rules *rules, struct str name, u32 *index)
{
	char *kept = rules->names[rules->counter_cnt];

	if (!is_metric_name(name))
		return "the metric's name is not a letter, then letters, digits and _.-/";
	if (str_starts(name, STR("http.")) || str_starts(name, STR("otel")))
		return "the metric's name is one of those that are there without it";
	for (*index = 0; *index < rules->counter_cnt; ++*index) {
		struct str other = str_from(rules->names[*index]);

		if (str_eq(other, name))
			return NULL;
		if (same_metric(other, name))
			return "the metric's name differs from another by signs or case only";
	}
	memcpy(kept, name.p, name.len);
	rules->counters[rules->counter_cnt++] = (struct metric_info){
		.name = kept,
		.description = "",
		.unit = "",
		.kind = METRIC_SUM,
		.monotonic = true,
		.whole = true,
	};
	return NULL;
}

static const char *parse_attrs(struct str list, struct count_rule *rule)
{
	struct str name;

	while ((name = comma_list_next(&list)).p) {
		for (u32 i = 0; i < rule->attr_cnt; i++)
			if (str_eq(rule->attrs[i], name))
				return "an attribute is named twice";
		if (rule->attr_cnt == ARRAY_SIZE(rule->attrs))
			return "more than four attributes";
		rule->attrs[rule->attr_cnt++] = name;
	}
	return NULL;
}

/* The last = that is none of =>: attributes' names are apart by then, metrics' have none. */
static ssize_t find_metric(struct str text)
{
	for (size_t i = text.len; i-- > 0;)
		if (text.p[i] == '=')
			return i + 1 < text.len && text.p[i + 1] == '>' ? -1 : (ssize_t)i;
	return -1;
}

/* Cuts {ATTRIBUTE,...} off the end of text. */
static const char *split_attrs(struct str *text, struct count_rule *rule)
{
	ssize_t brace = str_find(*text, '{', 0);
	struct str list;

	if (brace < 0)
		return NULL;
	if (text->p[text->len - 1] != '}')
		return "a } is missing";
	list = str_sub(*text, (size_t)brace + 1, text->len - (size_t)brace - 2);
	*text = str_trim(str_sub(*text, 0, (size_t)brace));
	return parse_attrs(list, rule);
}

int function_rules__add_count(struct function_rules *rules, struct str text, const char **why)
{
	struct count_rule *rule = &rules->counts[rules->count_cnt];
	ssize_t equals;

	*why = "more than 32 of them";
	if (rules->count_cnt == FUNCTION_RULES_MAX)
		return -EINVAL;
	*rule = (struct count_rule){0};
	text = str_trim(text);
	*why = split_attrs(&text, rule);
	equals = find_metric(text);
	if (!*why && equals < 0)
		*why = "it is not FUNCTION=METRIC{ATTRIBUTE,...}";
	if (*why || function_spec_parse(str_sub(text, 0, (size_t)equals), &rule->spec, why))
		return -EINVAL;
	*why = find_counter(rules, str_trim(str_sub(text, (size_t)equals + 1, text.len)),
			    &rule->counter);
	if (*why)
		return -EINVAL;
	rules->count_cnt++;
	return 0;
}

static bool has_blanks(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] <= ' ')
			return true;
	return false;
}

int function_rules__add_route(struct function_rules *rules, struct str text, const char **why)
{
	struct route_rule *rule = &rules->routes[rules->route_cnt];

	*why = "more than 32 of them";
	if (rules->route_cnt == FUNCTION_RULES_MAX)
		return -EINVAL;
	*rule = (struct route_rule){0};
	*why = "it is not FUNCTION=/ROUTE";
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.p[i] != '=' || text.p[i + 1] != '/')
			continue;
		rule->route = str_trim(str_sub(text, i + 1, text.len));
		*why = "a route has blanks";
		if (has_blanks(rule->route))
			return -EINVAL;
		if (function_spec_parse(str_sub(text, 0, i), &rule->spec, why))
			return -EINVAL;
		rules->route_cnt++;
		return 0;
	}
	return -EINVAL;
}

u32 function_rules__specs(const struct function_rules *rules, struct function_spec_text *out)
{
	u32 cnt = 0;

	for (u32 i = 0; i < rules->count_cnt; i++)
		out[cnt++] = rules->counts[i].spec;
	for (u32 i = 0; i < rules->route_cnt; i++)
		out[cnt++] = rules->routes[i].spec;
	return cnt;
}

const struct metric_info *function_rules__counters(const struct function_rules *rules, u32 *cnt)
{
	*cnt = rules->counter_cnt;
	return rules->counters;
}

/* ---- what they mean for a call ---- */

static bool find_value(const struct function *function, struct str attr, u32 *index)
{
	for (*index = 0; *index < FUNCTION_VALUES_MAX; ++*index)
		if (function->values[*index].kind && str_eq(function->values[*index].attr, attr))
			return true;
	return false;
}

static void check_attrs(const struct function_rules *rules, struct count_rule *rule,
			const struct function *function)
{
	u32 index;

	for (u32 i = 0; i < rule->attr_cnt && !rule->said; i++) {
		if (find_value(function, rule->attrs[i], &index))
			continue;
		rule->said = true;
		log_warn("--count: %s has no attribute %.*s of function %.*s, of whose calls no "
			 "such value is taken; --function '%.*s=>%.*s:int' would take its result",
			 rules->counters[rule->counter].name, STR_ARG(rule->attrs[i]),
			 STR_ARG(function->name), STR_ARG(function->name), STR_ARG(rule->attrs[i]));
	}
}

static const struct verdict *judge(struct function_rules *rules, const struct function *function,
				   u32 number)
{
	struct verdict *verdict = &rules->verdicts[number];

	if (verdict->known)
		return verdict;
	verdict->known = true;
	verdict->route_rule = -1;
	for (u32 i = 0; i < rules->count_cnt; i++) {
		if (!function_spec__names(&rules->counts[i].spec, function))
			continue;
		verdict->counts |= 1u << i;
		check_attrs(rules, &rules->counts[i], function);
	}
	for (u32 i = rules->route_cnt; i-- > 0;)
		if (function_spec__names(&rules->routes[i].spec, function))
			verdict->route_rule = (s32)i;
	return verdict;
}

void function_rules__found(struct function_rules *rules, const struct function *function,
			   u32 number)
{
	rules->verdicts[number].known = false; /* it may have been another's */
	judge(rules, function, number);
}

static void fill(const struct count_rule *rule, const struct function *function,
		 const struct function_call *call, struct function_count *out)
{
	out->counter = rule->counter;
	out->attrs = (struct attrs){.v = out->list, .cap = ARRAY_SIZE(out->list)};
	for (u32 i = 0; i < rule->attr_cnt; i++) {
		struct attr *attr = &out->list[out->attrs.cnt];
		u32 index;

		if (!find_value(function, rule->attrs[i], &index) ||
		    !function_attr(function, call, index, attr))
			continue;
		attr->key = rule->attrs[i]; /* which lives as long as the metric */
		out->attrs.cnt++;
	}
}

bool function_rules__count(struct function_rules *rules, const struct function *function,
			   const struct function_call *call, u32 *at, struct function_count *out)
{
	const struct verdict *verdict = judge(rules, function, call->function);

	for (; *at < rules->count_cnt; ++*at) {
		if (!(verdict->counts & 1u << *at))
			continue;
		fill(&rules->counts[(*at)++], function, call, out);
		return true;
	}
	return false;
}

struct str function_rules__route(struct function_rules *rules, const struct function *function,
				 u32 number)
{
	const struct verdict *verdict = judge(rules, function, number);

	return verdict->route_rule < 0 ? STR_NONE : rules->routes[verdict->route_rule].route;
}
