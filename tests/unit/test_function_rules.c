// SPDX-License-Identifier: Apache-2.0
/* --count and --function-route: what they may say, and what they mean for a call. */
#include "probe/function_rules.h"

#include <errno.h>

#include "test.h"

static const struct function dice = {
	.name = STR("roll"),
	.offset = 0x100,
	.size = 0x20,
	.values = {{VALUE_INT, 32, 0, STR("roll.value")}, {VALUE_TEXT, 64, 1, STR("player")}},
};

static struct function_rules *new_rules(void)
{
	struct function_rules *rules;

	if (function_rules__new(&rules))
		abort();
	return rules;
}

static const char *add_count(struct function_rules *rules, const char *text)
{
	const char *why = NULL;
	int err = function_rules__add_count(rules, str_from(text), &why);

	CHECK(err == (why ? -EINVAL : 0));
	return why;
}

static const char *add_route(struct function_rules *rules, const char *text)
{
	const char *why = NULL;
	int err = function_rules__add_route(rules, str_from(text), &why);

	CHECK(err == (why ? -EINVAL : 0));
	return why;
}

static void counts_by_attributes(void)
{
	const struct function_call call = {
		.function = 7,
		.values = {5, 3},
		.texts = {STR("Ada")},
	};
	struct function_rules *rules = new_rules();
	const struct metric_info *infos;
	struct function_count count;
	u32 at = 0, cnt;

	CHECK(!add_count(rules, "roll=dice.rolls{roll.value}"));
	CHECK(!add_count(rules, "other=others"));
	CHECK(!add_count(rules, " r* = dice.by { player , roll.value } "));
	CHECK(!add_count(rules, "exe+0x110=dice.rolls"));
	infos = function_rules__counters(rules, &cnt);
	CHECK(cnt == 3 && !strcmp(infos[0].name, "dice.rolls"));
	CHECK(infos[0].kind == METRIC_SUM && infos[0].monotonic && infos[0].whole);
	CHECK(!*infos[0].unit && !*infos[0].description);

	CHECK(function_rules__count(rules, &dice, &call, &at, &count) && count.counter == 0);
	CHECK(count.attrs.cnt == 1 && count.list[0].i == 5);
	CHECK_STR(count.list[0].key, "roll.value");
	CHECK(function_rules__count(rules, &dice, &call, &at, &count) && count.counter == 2);
	CHECK(count.attrs.cnt == 2);
	CHECK_STR(count.list[0].s, "Ada");
	CHECK(count.list[1].i == 5);
	CHECK(function_rules__count(rules, &dice, &call, &at, &count) && count.counter == 0);
	CHECK(!count.attrs.cnt);
	CHECK(!function_rules__count(rules, &dice, &call, &at, &count));
	function_rules__free(rules);
}

/* It counts all the same, by what there is. */
static void attributes_that_are_not_taken(void)
{
	const struct function_call call = {.values = {5, UINT64_MAX}};
	struct function_rules *rules = new_rules();
	struct function_count count;
	u32 at = 0;

	CHECK(!add_count(rules, "roll=rolls{colour,player,roll.value}"));
	CHECK(function_rules__count(rules, &dice, &call, &at, &count));
	CHECK(count.attrs.cnt == 1);
	CHECK_STR(count.list[0].key, "roll.value");
	function_rules__free(rules);
}

static void values_of_its_own(void)
{
	struct function_spec_text specs[2 * FUNCTION_RULES_MAX];
	struct function_rules *rules = new_rules();

	CHECK(!add_count(rules, "lib.so:roll(1:string=player)=>roll.value:int=dice.rolls{player}"));
	CHECK(!add_route(rules, "add(1:int=x)=>y:bool=/add/{x}"));
	CHECK(function_rules__specs(rules, specs) == 2);
	CHECK_STR(specs[0].object, "lib.so");
	CHECK_STR(specs[0].glob, "roll");
	CHECK_STR(specs[0].values[0].attr, "player");
	CHECK_STR(specs[0].values[1].attr, "roll.value");
	CHECK_STR(specs[1].values[1].attr, "y");
	function_rules__free(rules);
}

static void counts_that_say_nothing(void)
{
	static const char *const texts[] = {
		"",
		"roll",
		"roll=",
		"=dice",
		"roll=>roll.value:int",
		"roll=1dice",
		"roll=di ce",
		"roll=dice{a",
		"roll=dice{a}b",
		"roll=dice{a,b,a}",
		"roll=dice{a,b,c,d,e}",
		"roll={a}",
		"roll=http.server.duration",
		"roll=otel.sdk.span.live",
		"roll(1:int=a)",
	};
	struct function_rules *rules = new_rules();
	u32 cnt;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK(add_count(rules, texts[i]));
	CHECK(!add_count(rules, "roll=dice.rolls{}"));
	CHECK(add_count(rules, "roll=dice_rolls"));
	CHECK(add_count(rules, "roll=Dice.Rolls"));
	for (u32 i = 1; i < FUNCTION_RULES_MAX; i++)
		CHECK(!add_count(rules, "roll=dice.rolls"));
	CHECK(add_count(rules, "roll=dice.rolls"));
	function_rules__counters(rules, &cnt);
	CHECK(cnt == 1);
	function_rules__free(rules);
}

static void routes(void)
{
	static const char *const texts[] = {"",	      "roll",  "roll=",	 "roll=dice",
					    "=/dice", "a(=/x", "a=/b c", "a=/b\tc"};
	const struct function other = {.name = STR("other"), .object = STR("lib.so")};
	struct function_rules *rules = new_rules();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK(add_route(rules, texts[i]));
	CHECK(!add_route(rules, "roll=/dice/{n}"));
	CHECK(!add_route(rules, "*=/any"));
	CHECK(!add_route(rules, "lib.so:*=/lib=/x"));
	CHECK_STR(function_rules__route(rules, &dice, 0), "/dice/{n}");
	CHECK_STR(function_rules__route(rules, &other, 1), "/lib=/x");
	CHECK(!function_rules__route(rules, &(struct function){.object = STR("z")}, 2).len);
	for (u32 i = 3; i < FUNCTION_RULES_MAX; i++)
		CHECK(!add_route(rules, "a=/a"));
	CHECK(add_route(rules, "a=/a"));
	function_rules__free(rules);
}

/* A function is named by any offset in its code. */
static void by_offset(void)
{
	static const struct {
		u64 offset;
		bool named;
	} cases[] = {{0xff, false}, {0x100, true}, {0x11f, true}, {0x120, false}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct function_spec_text spec = {.offset = cases[i].offset};

		CHECK(function_spec__names(&spec, &dice) == cases[i].named);
	}
	CHECK(function_spec__names(&(struct function_spec_text){.offset = 8},
				   &(struct function){.offset = 8}));
}

int main(void)
{
	RUN(counts_by_attributes);
	RUN(attributes_that_are_not_taken);
	RUN(values_of_its_own);
	RUN(counts_that_say_nothing);
	RUN(routes);
	RUN(by_offset);
	return test_status();
}
