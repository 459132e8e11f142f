// SPDX-License-Identifier: Apache-2.0
/* model/excluded_urls: which requests make no span. */
#include "test.h"

#include "model/excluded_urls.h"

static bool excludes(const char *flask, const char *general, const char *target, const char *host)
{
	struct http_call call = {.target = str_from(target), .host = str_from(host)};
	struct excluded_urls *urls;
	bool match;

	call.peer.family = FAMILY_INET;
	memcpy(call.peer.listen_addr, "\x7f\0\0\1", 4);
	call.peer.server.port = 5000;
	CHECK(!excluded_urls__new(&urls, flask, general));
	match = excluded_urls__match(urls, &call);
	excluded_urls__free(urls);
	return match;
}

/* Goldens excluded and excluded-general. */
static void goldens(void)
{
	static const char flask[] = "delete,/slow\\?ms=1$,^http://localhost:5000/imp";
	static const struct {
		const char *target;
		bool flask, general;
	} cases[] = {
		{"/", false, false},	    {"/delete/7", true, false},
		{"/slow?ms=1", true, true}, {"/slow?ms=2", false, true},
		{"/busy", false, true},	    {"/?x=delete", true, false},
		{"/import", true, false},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK(excludes(flask, "/busy", cases[i].target, "localhost:5000") ==
		      cases[i].flask);
		CHECK(excludes(NULL, "/busy, /slow", cases[i].target, "localhost:5000") ==
		      cases[i].general);
		CHECK(excludes("", "/busy, /slow", cases[i].target, "localhost:5000") ==
		      cases[i].general);
		CHECK(!excludes(NULL, NULL, cases[i].target, "localhost:5000"));
	}
}

/* The URL as Flask spells it, whole. */
static void urls(void)
{
	static const char *const cases[][3] = {
		{"/", "localhost:5000", "http://localhost:5000/"},
		{"/", "todo.example:80", "http://todo.example/"},
		{"/", NULL, "http://127.0.0.1:5000/"},
		{"/?", "h", "http://h/"},
		{"/a#b?c", "h", "http://h/a"},
		{"/%64el%65te%2F7%3f%20%25%zz%2", "h", "http://h/delete/7%3f%20%25%zz%2"},
		{"/?a=%2f%26%3D%2b%41", "h", "http://h/?a=/%26%3D%2bA"},
		{"/%c3%a4", "h", "http://h/\xc3\xa4"},
		{"http://u:p@other:81/x?y", "h", "http://u:p@other:81/x?y"},
	};
	char pattern[200], c[2] = "";
	const char *p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		strcpy(pattern, "^");
		for (p = cases[i][2]; (c[0] = *p); p++) {
			strcat(pattern, strchr("?+.", *p) ? "\\" : "");
			strcat(pattern, c);
		}
		CHECK(excludes(NULL, strcat(pattern, "$"), cases[i][0], cases[i][1]));
		if (test_failed)
			return;
	}
}

static void listeners(void)
{
	struct http_call call = {.target = STR("/x")};
	struct excluded_urls *urls6, *urls_unix;

	CHECK(!excluded_urls__new(&urls6, NULL, "^http://\\[::\\]:8080/x$"));
	CHECK(!excluded_urls__new(&urls_unix, NULL, "^http:///x$"));
	call.peer.family = FAMILY_INET6;
	call.peer.server.port = 8080;
	CHECK(excluded_urls__match(urls6, &call) && !excluded_urls__match(urls_unix, &call));
	call.peer.family = FAMILY_UNIX;
	CHECK(!excluded_urls__match(urls6, &call) && excluded_urls__match(urls_unix, &call));
	excluded_urls__free(urls6);
	excluded_urls__free(urls_unix);
	excluded_urls__free(NULL);
}

int main(void)
{
	RUN(goldens);
	RUN(urls);
	RUN(listeners);
	return test_status();
}
