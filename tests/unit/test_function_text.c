// SPDX-License-Identifier: Apache-2.0
/* Functions as recordings keep them, and values of their calls as attributes. */
#include "model/function_text.h"

#include <errno.h>

#include "test.h"

static const struct function full = {
	.name = STR("todo_add"),
	.object = STR("libtodo.so*"),
	.offset = 0x4c10,
	.size = 0xa1,
	.file = STR("demo_todo/routes.c"),
	.line = 57,
	.values = {{VALUE_TEXT, 64, 1, STR("todo text")},
		   {VALUE_INT, 16, 2, STR("n")},
		   {VALUE_BOOL, 8, 3, STR("done")},
		   {VALUE_TEXT, 64, 0, STR("result")}},
};

/* Printed, parsed and printed again it is the same. */
static void check_round(const struct function *function, const char *text)
{
	struct buf first = {0}, second = {0};
	struct function parsed;
	struct arena mem = {0};

	function_print(&first, function);
	CHECK_STR(buf__view(&first), text);
	CHECK(!function_parse(buf__view(&first), &mem, &parsed));
	function_print(&second, &parsed);
	CHECK_STR(buf__view(&second), text);
	CHECK(parsed.offset == function->offset && parsed.size == function->size);
	CHECK(str_eq(parsed.values[0].attr, function->values[0].attr));
	arena__free(&mem);
	buf__free(&first);
	buf__free(&second);
}

static void there_and_back(void)
{
	const struct function bare = {.name = STR("0x1234"), .offset = 0x1234};

	check_round(&full, "todo_add\nlibtodo.so*\ndemo_todo/routes.c\n57 4c10 a1 0\n"
			   "3 64 1 todo text\n1 16 2 n\n2 8 3 done\n3 64 0 result\n");
	check_round(&bare, "0x1234\n\n\n0 1234 0 0\n");
}

/* ELF files hold any bytes for names. */
static void names_with_line_ends(void)
{
	const struct function odd = {.name = STR("a\nb"), .file = STR("c\n")};

	check_round(&(struct function){.name = STR("a?b"), .file = STR("c?")},
		    "a?b\n\nc?\n0 0 0 0\n");
	struct buf text = {0};

	function_print(&text, &odd);
	CHECK_STR(buf__view(&text), "a?b\n\nc?\n0 0 0 0\n");
	buf__free(&text);
}

static void damaged(void)
{
	static const char *const texts[] = {
		"",
		"a\n",
		"a\n\n\n",
		"a\n\n\n1 2\n",
		"a\n\n\nx 2 3\n",
		"a\n\n\n1 2 3 0",
		"a\n\n\n1 2 3 3\n",
		"a\n\n\n1 2 3 0\n1 32 0\n",
		"a\n\n\n1 2 3 0\n0 32 0 x\n",
		"a\n\n\n1 2 3 0\n5 32 0 x\n",
		"a\n\n\n1 2 3 0\n1 7 0 x\n",
		"a\n\n\n1 2 3 0\n1 65 0 x\n",
		"a\n\n\n1 2 3 0\n1 32 6 x\n",
		"a\n\n\n1 2 3 0\n1 32 0 x\n1 32 0 x\n1 32 0 x\n1 32 0 x\n1 32 0 x\n",
	};
	struct function function;
	struct arena mem = {0};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK(function_parse(str_from(texts[i]), &mem, &function) == -EINVAL);
	arena__free(&mem);
}

static void values_as_attributes(void)
{
	const struct function_call call = {
		.values = {3, 0xffff, 0x100, UINT64_MAX},
		.texts = {STR("egg"), STR("not read")},
	};
	struct attr attr;

	CHECK(function_attr(&full, &call, 0, &attr) && attr.type == ATTR_STR);
	CHECK_STR(attr.key, "todo text");
	CHECK_STR(attr.s, "egg");
	CHECK(function_attr(&full, &call, 1, &attr) && attr.type == ATTR_INT && attr.i == -1);
	CHECK(function_attr(&full, &call, 2, &attr) && attr.type == ATTR_BOOL && !attr.b);
	CHECK(!function_attr(&full, &call, 3, &attr));
	CHECK(!function_attr(&(struct function){0}, &call, 0, &attr));
}

static void floating_point(void)
{
	const struct function function = {.values = {{VALUE_DOUBLE, 64, 0, STR("wide")},
						     {VALUE_DOUBLE, 32, 1, STR("narrow")}}};
	const struct function_call call = {.values = {0xbff8000000000000, 0xffffffff3f000000}};
	struct attr attr;

	CHECK(function_attr(&function, &call, 0, &attr) && attr.type == ATTR_DOUBLE);
	CHECK(attr.d == -1.5);
	CHECK(function_attr(&function, &call, 1, &attr) && attr.d == 0.5);
}

int main(void)
{
	RUN(there_and_back);
	RUN(names_with_line_ends);
	RUN(damaged);
	RUN(values_as_attributes);
	RUN(floating_point);
	return test_status();
}
