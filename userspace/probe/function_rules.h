// SPDX-License-Identifier: Apache-2.0
/*
 * What is made of calls beside spans:
 *
 *	--count FUNCTION=METRIC[{ATTRIBUTE,...}]	a counter of them, by values of theirs
 *	--function-route FUNCTION=/ROUTE		the route of the request they were made in
 *
 * FUNCTION is as --function has it, and is probed as if it was given there, too.
 */
#ifndef FUNCTION_RULES_H
#define FUNCTION_RULES_H

#include "model/metric.h"
#include "probe/function_spec.h"

/* Rules of each kind: as often as a flag may be given. */
#define FUNCTION_RULES_MAX 32

struct function_rules;

/* One more of a counter. */
struct function_count {
	u32 counter; /* its index */
	struct attr list[FUNCTION_VALUES_MAX];
	struct attrs attrs; /* in list; texts are the call's */
};

int function_rules__new(struct function_rules **out);
/* NULL is fine. */
void function_rules__free(struct function_rules *rules);

/* text is borrowed for life. 0, or -EINVAL and *why says what is wrong, in static words. */
int function_rules__add_count(struct function_rules *rules, struct str text, const char **why);
int function_rules__add_route(struct function_rules *rules, struct str text, const char **why);

/* The functions of all rules, at most twice FUNCTION_RULES_MAX. Returns how many. */
u32 function_rules__specs(const struct function_rules *rules, struct function_spec_text *out);
/* The counters, in the order of their indices. They live as long as the rules. */
const struct metric_info *function_rules__counters(const struct function_rules *rules, u32 *cnt);

/*
 * A function is probed under that number from now on. Complains, once, of a rule whose attributes
 * are not taken of it.
 */
void function_rules__found(struct function_rules *rules, const struct function *function,
			   u32 number);
/*
 * Counters that count a call of that function: to be asked with *at 0 first, until it says false.
 */
bool function_rules__count(struct function_rules *rules, const struct function *function,
			   const struct function_call *call, u32 *at, struct function_count *out);
/* Empty: it stands for none. The first rule that names it decides. */
struct str function_rules__route(struct function_rules *rules, const struct function *function,
				 u32 number);

#endif
