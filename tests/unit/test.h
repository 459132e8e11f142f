// SPDX-License-Identifier: Apache-2.0
/*
 * The smallest test frame: each TEST is a function; CHECK notes a failure and goes on. A test
 *program prints "ok NAME" or "FAIL NAME: file:line: text", one line a test, and tests/run adds them
 *up.
 *
 *	static void splits(void) { CHECK(1 + 1 == 2); CHECK_STR(view, "x"); }
 *	int main(void) { RUN(splits); return test_status(); }
 */
#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

static int test_failed, test_any_failed;
static const char *test_name;

#define CHECK(cond)                                           \
	do {                                                  \
		if (!(cond))                                  \
			test_fail(__FILE__, __LINE__, #cond); \
	} while (0)

/* Compares a struct str with a C string. */
#define CHECK_STR(s, text) test_check_str((s), (text), __FILE__, __LINE__)

#define RUN(fn)                                       \
	do {                                          \
		test_name = __FILE__ ":" #fn;         \
		test_failed = 0;                      \
		fn();                                 \
		if (!test_failed)                     \
			printf("ok %s\n", test_name); \
		test_any_failed |= test_failed;       \
	} while (0)

static inline void test_fail(const char *file, int line, const char *what)
{
	if (!test_failed)
		printf("FAIL %s: %s:%d: %s\n", test_name, file, line, what);
	test_failed = 1;
}

static inline void test_check_str(struct str s, const char *text, const char *file, int line)
{
	char what[512];

	if (str_eq(s, str_from(text)))
		return;
	snprintf(what, sizeof(what), "got \"%.*s\", want \"%s\"", (int)(s.len > 200 ? 200 : s.len),
		 s.p ? s.p : "", text);
	test_fail(file, line, what);
}

static inline int test_status(void)
{
	return test_any_failed;
}

#endif
