// SPDX-License-Identifier: Apache-2.0
/* What --function may say, and what is said of what it may not. */
#include "probe/function_spec.h"

#include <errno.h>

#include "test.h"

static struct function_spec_text spec;
static const char *why;

static bool parse(const char *text)
{
	int err = function_spec_parse(str_from(text), &spec, &why);

	CHECK(err == (why ? -EINVAL : 0));
	return !err;
}

static void check_value(u32 i, u32 argument, enum function_value_kind kind, const char *attr)
{
	CHECK(spec.values[i].argument == argument);
	CHECK(spec.values[i].kind == kind);
	CHECK_STR(spec.values[i].attr, attr);
}

static void names_functions(void)
{
	CHECK(parse("todo_*"));
	CHECK_STR(spec.glob, "todo_*");
	CHECK(!spec.object.len && !spec.offset && !spec.values[0].kind);
	CHECK(parse("libsqlite3.so.0:sqlite3_step"));
	CHECK_STR(spec.object, "libsqlite3.so.0");
	CHECK_STR(spec.glob, "sqlite3_step");
	CHECK(parse(" lib*.so* : do_* "));
	CHECK_STR(spec.object, "lib*.so*");
	CHECK_STR(spec.glob, "do_*");
}

static void names_places(void)
{
	CHECK(parse("exe+0x1234"));
	CHECK(!spec.object.len && !spec.glob.len && spec.offset == 0x1234);
	CHECK(parse("+0x10"));
	CHECK(!spec.object.len && spec.offset == 0x10);
	CHECK(parse("libz.so.1+0XfFfFfFfFfFfFfFfF"));
	CHECK_STR(spec.object, "libz.so.1");
	CHECK(spec.offset == UINT64_MAX);
	CHECK(parse("exe+0x10(1:int=a)=>b:bool"));
	CHECK(spec.offset == 0x10);
	check_value(0, 1, VALUE_INT, "a");
	check_value(1, 0, VALUE_BOOL, "b");
	/* C++ has it in its names: ns::operator+ is _ZN2nsplEv */
	CHECK(parse("libstdc++.so.6:_ZN*"));
	CHECK_STR(spec.object, "libstdc++.so.6");
	CHECK_STR(spec.glob, "_ZN*");
	CHECK(parse("libstdc++.so.6+0x20"));
	CHECK_STR(spec.object, "libstdc++.so.6");
	CHECK(spec.offset == 0x20);
}

static void names_values(void)
{
	static const struct {
		const char *name;
		enum function_value_kind kind;
		u32 bits;
	} types[] = {
		{"int", VALUE_INT, 32},	    {"int8", VALUE_INT, 8},   {"int16", VALUE_INT, 16},
		{"int32", VALUE_INT, 32},   {"int64", VALUE_INT, 64}, {"bool", VALUE_BOOL, 8},
		{"string", VALUE_TEXT, 64},
	};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		snprintf(text, sizeof(text), "f=>x.y:%s", types[i].name);
		CHECK(parse(text));
		check_value(0, 0, types[i].kind, "x.y");
		CHECK(spec.values[0].bits == types[i].bits);
	}
	CHECK(parse("add(1:string=todo.text, 5:int8=n)=>todo.id:int64"));
	CHECK_STR(spec.glob, "add");
	check_value(0, 1, VALUE_TEXT, "todo.text");
	check_value(1, 5, VALUE_INT, "n");
	check_value(2, 0, VALUE_INT, "todo.id");
	CHECK(!spec.values[3].kind);
	CHECK(parse("f()"));
	CHECK_STR(spec.glob, "f");
	CHECK(parse("f(1:string=a,2:string=b,3:int=c,4:int=d)"));
	check_value(3, 4, VALUE_INT, "d");
	CHECK(parse("f(1:string=a)=>b:string"));
}

static void adds_up(void)
{
	struct function_spec_text sum = {0};
	static const struct {
		const char *text;
		bool all;
		u32 cnt;
	} list[] = {
		{"f", true, 0},
		{"f(1:int=a)", true, 1},
		{"*(1:int=a)=>b:bool", true, 2},
		{"f(2:int=a)", false, 2}, /* it stands for the first argument */
		{"f(1:string=c,2:string=d)", true, 4},
		{"f=>e:int", false, 4},
		{"g=>b:bool", true, 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		u32 cnt = 0;

		CHECK(parse(list[i].text));
		CHECK(function_spec__merge(&sum, &spec) == list[i].all);
		while (cnt < FUNCTION_VALUES_MAX && sum.values[cnt].kind)
			cnt++;
		CHECK(cnt == list[i].cnt);
	}
	CHECK_STR(sum.values[0].attr, "a");
	CHECK(sum.values[0].argument == 1);
}

static void says_what_is_wrong(void)
{
	static const struct {
		const char *text, *why;
	} list[] = {
		{"", "no function is named"},
		{"  ", "no function is named"},
		{"lib:", "no function is named"},
		{"(1:int=a)", "no function is named"},
		{"=>a:int", "no function is named"},
		{":f", "nothing before the :"},
		{"exe+1234", "an offset is not 0xHEX"},
		{"exe+0x", "an offset is not 0xHEX"},
		{"exe+0x12345678901234567", "an offset is not 0xHEX"},
		{"exe+0x12g", "an offset is not 0xHEX"},
		{"exe+", "an offset is not 0xHEX"},
		{"f(1:int=a", "a ) is missing"},
		{"f(", "a ) is missing"},
		{"f(1:int=a)x", "a ) is missing"},
		{"f(1)", "an argument is not N:TYPE=ATTRIBUTE"},
		{"f(1:int)", "an argument is not N:TYPE=ATTRIBUTE"},
		{"f(1:int=)", "an argument is not N:TYPE=ATTRIBUTE"},
		{"f(1:int=a,)", "an argument is not N:TYPE=ATTRIBUTE"},
		{"f(,1:int=a)", "an argument is not N:TYPE=ATTRIBUTE"},
		{"f(1:int=a,,2:int=b)", "an argument is not N:TYPE=ATTRIBUTE"},
		{"f(0:int=a)", "arguments are counted from 1 to 5"},
		{"f(6:int=a)", "arguments are counted from 1 to 5"},
		{"f(11:int=a)", "arguments are counted from 1 to 5"},
		{"f(:int=a)", "arguments are counted from 1 to 5"},
		{"f(1:char=a)", "types are int, int8, int16, int32, int64, bool and string"},
		{"f=>a:float", "types are int, int8, int16, int32, int64, bool and string"},
		{"f=>a", "the result is not ATTRIBUTE:TYPE"},
		{"f=>:int", "the result is not ATTRIBUTE:TYPE"},
		{"f=>", "the result is not ATTRIBUTE:TYPE"},
		{"f(1:string=a,2:string=b,3:string=c)", "more than two strings"},
		{"f(1:string=a,2:string=b)=>c:string", "more than two strings"},
		{"f(1:int=a,2:int=b,3:int=c,4:int=d,5:int=e)", "more than four values"},
		{"f(1:int=a,2:int=b,3:int=c,4:int=d)=>e:int", "more than four values"},
		{"f(1:int=a,2:int=a)", "two values for one attribute"},
		{"f(1:int=a)=>a:int", "two values for one attribute"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		parse(list[i].text);
		CHECK_STR(str_from(why), list[i].why);
		if (!why || strcmp(why, list[i].why))
			printf("   in: %s: %s\n", list[i].text, why ? why : "accepted");
	}
}

int main(void)
{
	RUN(names_functions);
	RUN(names_places);
	RUN(names_values);
	RUN(adds_up);
	RUN(says_what_is_wrong);
	return test_status();
}
