// SPDX-License-Identifier: Apache-2.0
/* probe/python_counters.c: which counters an application's additions are to. */
#include "test.h"

#include <errno.h>
#include <stdio.h>

#include "probe/python_counters.h"

static struct python_count count_of(const char *name, s64 by)
{
	return (struct python_count){
		.name = str_from(name), .monotonic = true, .whole = true, .amount.i = by};
}

static int take(struct python_counters *counters, struct python_count count)
{
	return python_counters__take(counters, &count);
}

static void one_for_each_name(void)
{
	struct python_counters *counters;
	struct python_count count = count_of("dice.rolls", 1);
	const struct metric_info *infos;

	CHECK(!python_counters__new(&counters));
	infos = python_counters__infos(counters);
	count.unit = STR("s");
	count.description = STR("Rolls");
	CHECK(take(counters, count) == 0);
	CHECK(take(counters, count_of("other", 0)) == 1);
	count.name = STR("Dice.Rolls");
	CHECK(take(counters, count) == 0);
	CHECK_STR(str_from(infos[0].name), "dice.rolls");
	CHECK_STR(str_from(infos[0].unit), "s");
	CHECK_STR(str_from(infos[0].description), "Rolls");
	CHECK(infos[0].kind == METRIC_SUM && infos[0].monotonic && infos[0].whole);
	CHECK(!infos[2].name);
	python_counters__free(counters);
}

static void what_is_refused(void)
{
	static const char *const names[] = {"", "1st", "no name", "a:b"};
	struct python_counters *counters;
	struct python_count count = count_of("dice", -1);

	CHECK(!python_counters__new(&counters));
	CHECK(take(counters, count) == -EINVAL); /* it falls */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK(take(counters, count_of(names[i], 1)) == -EINVAL);
	CHECK(take(counters, count_of("dice", 1)) == 0);
	count.monotonic = false;
	CHECK(take(counters, count) == -EINVAL); /* another kind */
	count = count_of("dice", 1);
	count.unit = STR("s");
	CHECK(take(counters, count) == -EINVAL);
	count = count_of("dice", 0);
	count.whole = false;
	count.amount.d = 0.5;
	CHECK(take(counters, count) == -EINVAL); /* what has counted whole ones */
	count.amount.d = -0.5;
	count.name = STR("real");
	CHECK(take(counters, count) == -EINVAL);
	count.amount.d = 0.0 / 0.0;
	CHECK(take(counters, count) == -EINVAL);
	python_counters__free(counters);
}

static void whole_amounts_of_real_counters(void)
{
	struct python_count count = count_of("real", 0), whole = count_of("real", 2);
	struct python_counters *counters;

	CHECK(!python_counters__new(&counters));
	count.whole = false;
	count.amount.d = 0.5;
	CHECK(take(counters, count) == 0);
	CHECK(python_counters__take(counters, &whole) == 0);
	CHECK(!whole.whole && whole.amount.d == 2);
	python_counters__free(counters);
}

/* The order in which they are given says nothing. */
static void attributes(void)
{
	struct python_count count = count_of("dice", 1);
	struct python_counters *counters;
	char name[] = "bb";

	CHECK(!python_counters__new(&counters));
	count.attrs[0] = (struct attr){.key = STR("c"), .type = ATTR_INT, .i = 1};
	count.attrs[1] = (struct attr){.key = str_from(name), .type = ATTR_INT, .i = 2};
	count.attrs[2] = (struct attr){.key = STR("b"), .type = ATTR_INT, .i = 3};
	count.attr_cnt = 3;
	CHECK(python_counters__take(counters, &count) == 0);
	name[0] = '\0'; /* it was borrowed */
	CHECK(str_eq(count.attrs[0].key, STR("b")) && count.attrs[0].i == 3);
	CHECK(str_eq(count.attrs[1].key, STR("bb")) && count.attrs[1].i == 2);
	CHECK(str_eq(count.attrs[2].key, STR("c")) && count.attrs[2].i == 1);
	count.attrs[0].key = STR_NONE;
	CHECK(take(counters, count) == -EINVAL);
	python_counters__free(counters);
}

static void limits(void)
{
	struct python_counters *counters;
	struct python_count count;
	char name[16];

	CHECK(!python_counters__new(&counters));
	for (int i = 0; i <= PYTHON_COUNTERS_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		CHECK(take(counters, count_of(name, 1)) == (i < PYTHON_COUNTERS_MAX ? i : -ENOSPC));
	}
	CHECK(take(counters, count_of("c0", 1)) == 0);
	count = count_of("c1", 1);
	count.attr_cnt = 1;
	for (int i = 0; i <= PYTHON_COUNTER_KEYS_MAX; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		count.attrs[0] = (struct attr){.key = str_from(name), .type = ATTR_BOOL};
		CHECK(take(counters, count) == (i < PYTHON_COUNTER_KEYS_MAX ? 1 : -ENOSPC));
	}
	python_counters__free(counters);
}

int main(void)
{
	RUN(one_for_each_name);
	RUN(what_is_refused);
	RUN(whole_amounts_of_real_counters);
	RUN(attributes);
	RUN(limits);
	return test_status();
}
