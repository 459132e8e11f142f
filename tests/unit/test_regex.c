// SPDX-License-Identifier: Apache-2.0
/* model/regex and model/regex_list: Python's syntax, Python's answers, and hostile texts. */
#include "test.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/regex_list.h"

#define CASELESS (1 << 0)
#define SEARCH	 (1 << 1) /* re.search() finds it, */
#define FULL	 (1 << 2) /* re.fullmatch() too */

static void answers(void)
{
	static const struct {
		const char *pattern, *text;
		u32 flags;
	} cases[] = {
		{"", "", SEARCH | FULL},
		{"", "x", SEARCH},
		{"delete", "http://localhost:5000/?x=delete", SEARCH},
		{"/slow\\?ms=1$", "http://localhost:5000/slow?ms=1", SEARCH},
		{"/slow\\?ms=1$", "http://localhost:5000/slow?ms=12", 0},
		{"^http://localhost:5000/imp", "http://localhost:5000/import", SEARCH},
		{"^http://localhost:5000/imp", "xhttp://localhost:5000/import", 0},
		{"x-task-.*", "X-Task-Count", CASELESS | SEARCH | FULL},
		{"x-task-.*", "X-Task-Count", 0},
		{"x-task-.*", "AX-Task-Count", CASELESS | SEARCH},
		{".*session.*", "my-session-id", SEARCH | FULL},
		{"a|b|", "b", SEARCH | FULL},
		{"a|ab", "ab", SEARCH | FULL},
		{"(a|b)*c", "abbac", SEARCH | FULL},
		{"(?:a|b)+?c", "abbac", SEARCH | FULL},
		{"(?P<word>a)", "a", SEARCH | FULL},
		{"(a*)*", "aaab", SEARCH},
		{"(|a)+$", "aaa", SEARCH | FULL},
		{"a{2}", "aa", SEARCH | FULL},
		{"a{2}", "a", 0},
		{"a{2,}", "aaaa", SEARCH | FULL},
		{"a{,2}", "aa", SEARCH | FULL},
		{"a{,2}", "aaa", SEARCH},
		{"a{1,3}b", "aaaab", SEARCH},
		{"(ab){2,3}", "ababab", SEARCH | FULL},
		{"(ab){2,3}", "abababab", SEARCH},
		{"xa{0}y", "xy", SEARCH | FULL},
		{"a{x}", "a{x}", SEARCH | FULL},
		{"a{1,x", "a{1,x", SEARCH | FULL},
		{"[a-c]+", "abcd", SEARCH},
		{"[^a-c]", "abc", 0},
		{"[^a]", "A", CASELESS},
		{"[]a]+", "]a", SEARCH | FULL},
		{"[a-]+", "a-", SEARCH | FULL},
		{"[\\d.-]+", "-1.5", SEARCH | FULL},
		{"[^\\W_]+", "a_b", SEARCH},
		{"\\d\\D\\w\\W\\s\\S", "1a_- x", SEARCH | FULL},
		{"\\x2f\\.\\t", "/.\t", SEARCH | FULL},
		{"\\bdel\\b", "a/del/b", SEARCH},
		{"\\bdel\\b", "a/delete", 0},
		{"e\\Bt", "delete", SEARCH},
		{"\\Aa\\Z", "a", SEARCH | FULL},
		{"a$", "a\n", SEARCH},
		{"a\\Z", "a\n", 0},
		{"a.c", "a\nc", 0},
		{"a.c",
		 "a\xff"
		 "c",
		 SEARCH | FULL},
		{"\xc3\xa4", "/\xc3\xa4", SEARCH},
	};
	struct regex *regex;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK(!regex__new(&regex, str_from(cases[i].pattern), cases[i].flags & CASELESS));
		if (test_failed)
			return;
		CHECK(regex__search(regex, str_from(cases[i].text)) == !!(cases[i].flags & SEARCH));
		CHECK(regex__matches_all(regex, str_from(cases[i].text)) ==
		      !!(cases[i].flags & FULL));
		regex__free(regex);
	}
}

static void refused(void)
{
	static const struct {
		const char *pattern;
		int err;
	} cases[] = {
		{"(", -EINVAL},
		{")", -EINVAL},
		{"a)", -EINVAL},
		{"[", -EINVAL},
		{"[a", -EINVAL},
		{"[]", -EINVAL},
		{"[b-a]", -EINVAL},
		{"[\\d-z]", -EINVAL},
		{"[a-\\d]", -EINVAL},
		{"*", -EINVAL},
		{"a|*", -EINVAL},
		{"a**", -EINVAL},
		{"a{2}{3}", -EINVAL},
		{"a{3,2}", -EINVAL},
		{"\\", -EINVAL},
		{"\\x1", -EINVAL},
		{"\\xzz", -EINVAL},
		{"(?P<", -EINVAL},
		{"(?P<>a)", -EINVAL},
		{"(?=a)", -ENOTSUP},
		{"(?!a)", -ENOTSUP},
		{"(?<=a)", -ENOTSUP},
		{"(?i)a", -ENOTSUP},
		{"(a)\\1", -ENOTSUP},
		{"\\q", -ENOTSUP},
		{"a*+", -ENOTSUP},
		{"(?P=n)", -ENOTSUP},
		{"a{1001}", -E2BIG},
		{"a{0,1001}", -E2BIG},
		{"(a{40}){40}", -E2BIG},
		{"((a{9}){9}){99}", -E2BIG},
		{"a{99999999999}", -E2BIG},
	};
	struct regex *regex;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK(regex__new(&regex, str_from(cases[i].pattern), false) == cases[i].err);
	regex__free(NULL);
}

static void fill(char *text, size_t len, const char *with)
{
	size_t i;

	for (i = 0; i < len; i++)
		text[i] = with[i % strlen(with)];
}

static void depth(void)
{
	char deep[2 * 33 + 1] = "";
	struct regex *regex;

	fill(deep, 32, "(");
	fill(deep + 32, 32, ")");
	CHECK(!regex__new(&regex, (struct str){deep, 64}, false));
	regex__free(regex);
	fill(deep, 33, "(");
	fill(deep + 33, 33, ")");
	CHECK(regex__new(&regex, (struct str){deep, 66}, false) == -E2BIG);
}

/* As many states as there may be, all of them alive at each byte: done at once, or never. */
static void hostile_text(void)
{
	static const char *const patterns[] = {
		"x.*y", "(x+x+)+y", "(x*)*y", "((x?){30}){10}y", "x.{200}y", "(x|x|x|x)*y"};
	static char text[REGEX_TEXT_MAX + 9];
	struct regex *regex;
	size_t i;

	fill(text, sizeof(text), "x");
	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		CHECK(!regex__new(&regex, str_from(patterns[i]), false));
		CHECK(!regex__search(regex, (struct str){text, REGEX_TEXT_MAX}));
		regex__free(regex);
	}
}

/* What is beyond the limit is not there. */
static void long_text(void)
{
	static char text[REGEX_TEXT_MAX + 1];
	struct regex *regex;

	fill(text, REGEX_TEXT_MAX, "x");
	text[REGEX_TEXT_MAX] = 'y';
	CHECK(!regex__new(&regex, STR("x+$"), false));
	CHECK(regex__matches_all(regex, (struct str){text, sizeof(text)}));
	regex__free(regex);
	CHECK(!regex__new(&regex, STR("y"), false));
	CHECK(!regex__search(regex, (struct str){text, sizeof(text)}));
	regex__free(regex);
}

static void list(void)
{
	struct regex_list *urls;

	CHECK(!regex_list__new(&urls, "X", " /busy,, /slow ,\t", false));
	CHECK(regex_list__search(urls, STR("http://h/slow?ms=2")));
	CHECK(regex_list__search(urls, STR("http://h/busy")));
	CHECK(!regex_list__search(urls, STR("http://h/")));
	CHECK(regex_list__matches_all(urls, STR("/slow")));
	CHECK(!regex_list__matches_all(urls, STR("/slower")));
	CHECK(regex_list__spells(urls, STR("/SLOW")) && !regex_list__spells(urls, STR("/slo")));
	CHECK(!regex_list__empty(urls));
	regex_list__free(urls);

	CHECK(!regex_list__new(&urls, "X", NULL, false));
	CHECK(regex_list__empty(urls));
	CHECK(!regex_list__search(urls, STR("")) && !regex_list__matches_all(urls, STR("")));
	regex_list__free(urls);
	regex_list__free(NULL);
}

/* What the list says on stderr, NUL-terminated. */
static void list_quietly(const char *text, struct regex_list **out, char *said, size_t size)
{
	int said_fd = memfd_create("stderr", 0), old = dup(STDERR_FILENO);

	dup2(said_fd, STDERR_FILENO);
	CHECK(!regex_list__new(out, "OTEL_X", text, false));
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	said[pread(said_fd, said, size - 1, 0)] = '\0';
	close(said_fd);
	close(old);
}

static void bad_patterns_are_named(void)
{
	struct regex_list *list;
	char said[4096];

	list_quietly("a(b,/ok,(?=c)", &list, said, sizeof(said));
	CHECK(strstr(said, "OTEL_X: ignoring \"a(b\": not a regular expression\n"));
	CHECK(strstr(said, "OTEL_X: ignoring \"(?=c)\": look-around"));
	CHECK(regex_list__search(list, STR("/ok")));
	CHECK(!regex_list__search(list, STR("a(b")));
	regex_list__free(list);
}

static void too_many_patterns(void)
{
	char many[8 * (REGEX_LIST_MAX + 1)] = "", said[4096];
	struct regex_list *list;
	size_t i;

	for (i = 0; i <= REGEX_LIST_MAX; i++)
		sprintf(many + strlen(many), "<%zu>,", i);
	list_quietly(many, &list, said, sizeof(said));
	CHECK(strstr(said, "ignoring \"<128>\": "));
	CHECK(regex_list__search(list, STR("<127>")));
	CHECK(!regex_list__search(list, STR("<128>")));
	regex_list__free(list);
}

int main(void)
{
	RUN(answers);
	RUN(refused);
	RUN(depth);
	RUN(hostile_text);
	RUN(long_text);
	RUN(list);
	RUN(bad_patterns_are_named);
	RUN(too_many_patterns);
	return test_status();
}
