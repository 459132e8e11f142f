// SPDX-License-Identifier: Apache-2.0
/* model/http_method: which methods have a name. */
#include "test.h"

#include "model/http_method.h"

static void check(const char *known, bool capture_all, const char *const (*cases)[2], size_t cnt)
{
	struct http_methods *methods;
	struct arena mem = {0};
	size_t i;

	CHECK(!http_methods__new(&methods, known, capture_all));
	for (i = 0; i < cnt; i++)
		CHECK_STR(http_methods__name(methods, &mem, str_from(cases[i][0])), cases[i][1]);
	http_methods__free(methods);
	arena__free(&mem);
}

static void usual(void)
{
	static const char *const cases[][2] = {
		{"GET", "GET"},	    {"get", "GET"},	   {"QUERY", "QUERY"}, {"pAtCh", "PATCH"},
		{"BREW", "_OTHER"}, {"GETS", "_OTHER"},	   {"GE", "_OTHER"},   {"", "_OTHER"},
		{",", "_OTHER"},    {"GET,HEAD", "_OTHER"}};

	check(NULL, false, cases, ARRAY_SIZE(cases));
	check("", false, cases, ARRAY_SIZE(cases));
}

/* The user's list takes the place of the usual one, and case matters. */
static void listed(void)
{
	static const char *const cases[][2] = {{"GET", "GET"},		 {"get", "_OTHER"},
					       {"Propfind", "Propfind"}, {"PROPFIND", "_OTHER"},
					       {"POST", "_OTHER"},	 {"", "_OTHER"}};

	check(" GET,,Propfind ,", false, cases, ARRAY_SIZE(cases));
	check(",", false, &(const char *const[2]){"GET", "_OTHER"}, 1);
}

/* Golden methods-all-http. */
static void captured(void)
{
	static const char *const cases[][2] = {
		{"PROPFIND", "PROPFIND"}, {"brew-x1", "BREW-X1"}, {"get", "GET"}, {"", "_OTHER"}};
	static const char *const both[][2] = {{"get", "get"}, {"brew", "BREW"}};

	check(NULL, true, cases, ARRAY_SIZE(cases));
	check("get", true, both, ARRAY_SIZE(both));
}

static void limits(void)
{
	char many[1000] = "";
	struct http_methods *methods;
	struct arena mem = {0};
	size_t i;

	for (i = 0; i < 65; i++)
		sprintf(many + strlen(many), "M%zu,", i);
	CHECK(!http_methods__new(&methods, many, false));
	CHECK_STR(http_methods__name(methods, &mem, STR("M63")), "M63");
	CHECK_STR(http_methods__name(methods, &mem, STR("M64")), "_OTHER");
	while (arena__alloc(&mem, 1024))
		;
	while (arena__alloc(&mem, 8))
		;
	CHECK(!http_methods__name(methods, &mem, STR("M1")).p);
	http_methods__free(methods);
	http_methods__free(NULL);
	arena__free(&mem);
}

int main(void)
{
	RUN(usual);
	RUN(listed);
	RUN(captured);
	RUN(limits);
	return test_status();
}
