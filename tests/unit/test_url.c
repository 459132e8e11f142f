// SPDX-License-Identifier: Apache-2.0
/* model/url: the parts of request-targets, and what must not be shown of them. */
#include "test.h"

#include "model/url.h"

static void redaction(void)
{
	static const char *const cases[][2] = {
		/* sensitive as they are written */
		{"/?AWSAccessKeyId=1", "/?AWSAccessKeyId=REDACTED"},
		{"/?Signature=1", "/?Signature=REDACTED"},
		{"/?sig=1", "/?sig=REDACTED"},
		{"/?X-Goog-Signature=1", "/?X-Goog-Signature=REDACTED"},
		{"/?X-Amz-Signature=1", "/?X-Amz-Signature=REDACTED"},
		{"/?X-Amz-Credential=1", "/?X-Amz-Credential=REDACTED"},
		{"/?X-Amz-Security-Token=1", "/?X-Amz-Security-Token=REDACTED"},
		{"/?SIG=1&signature=2&awsaccesskeyid=3", NULL},
		/* sensitive in any case */
		{"/?token=1&Key=2&PASSWORD=3&secret=4&code=5&session=6",
		 "/?token=REDACTED&Key=REDACTED&PASSWORD=REDACTED&secret=REDACTED&code=REDACTED"
		 "&session=REDACTED"},
		{"/?access_token=1&api_key=2&apikey=3&passwd=4&Pwd=5",
		 "/?access_token=REDACTED&api_key=REDACTED&apikey=REDACTED&passwd=REDACTED"
		 "&Pwd=REDACTED"},
		{"/?a=1&token=x&b=2", "/?a=1&token=REDACTED&b=2"},
		{"/?token=a&token=b", "/?token=REDACTED&token=REDACTED"},
		{"/?tokens=1&my_token=2&tok=3", NULL},
		/* what separates pairs */
		{"/?a=1;token=b;c=d&e=f", "/?a=1;token=REDACTED&e=f"},
		{"/?next=/b?token=c&d=e", "/?next=/b?token=REDACTED&d=e"},
		{"/?token=a=b==&c=d", "/?token=REDACTED&c=d"},
		{"/?token=a?b", "/?token=REDACTED"},
		{"/nowhere?key=1#frag", "/nowhere?key=REDACTED#frag"},
		{"/?a=1#token=2", "/?a=1#token=REDACTED"},
		/* nothing to hide */
		{"/", NULL},
		{"/?", NULL},
		{"/?&&;;##?&==", NULL},
		{"/?token", NULL},
		{"/?token=", NULL},
		{"/?token=&a=b", NULL},
		{"/?=token", NULL},
		{"/?q=%E2%82%AC&empty=&=x&sig", NULL},
		{"/token=a", NULL},
		{"*", NULL},
		{"", NULL},
		{"/a@b", NULL},
		{"/?m=a@b", NULL},
		{"/http://u:p@h/", NULL},
		{"http://host/a@b?c=d@e", NULL},
		{"host:443", NULL},
		/* user information */
		{"http://user:pw@localhost:5000/?sig=abc",
		 "http://REDACTED:REDACTED@localhost:5000/?sig=REDACTED"},
		{"http://user@host", "http://REDACTED:REDACTED@host"},
		{"http://a:b@c@host/", "http://REDACTED:REDACTED@host/"},
		{"http://@host/", "http://REDACTED:REDACTED@host/"},
		{"http://u:p@host?x", "http://REDACTED:REDACTED@host?x"},
		{"//u:p@host/x", "//REDACTED:REDACTED@host/x"},
		{"u:p@host:443", "REDACTED:REDACTED@host:443"},
	};
	struct arena arena = {0};
	struct str url, redacted;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		url = str_from(cases[i][0]);
		redacted = url_redact(&arena, url);
		CHECK_STR(redacted, cases[i][1] ? cases[i][1] : cases[i][0]);
		CHECK((redacted.p == url.p) == !cases[i][1]);
	}
	arena__free(&arena);
}

static void redaction_without_memory(void)
{
	struct arena arena = {0};
	struct str longer = {calloc(1, ARENA_LIMIT + 1), ARENA_LIMIT + 1};

	memcpy((char *)longer.p, "/?sig=1&", 8);
	CHECK(!url_redact(&arena, longer).p);
	free((char *)longer.p);
	arena__free(&arena);
}

static void authorities(void)
{
	CHECK_STR(url_authority(STR("http://a:1/b")), "a:1");
	CHECK_STR(url_authority(STR("http://a?b")), "a");
	CHECK_STR(url_authority(STR("http://")), "");
	CHECK(!url_authority(STR("/http://a")).p);
	CHECK(!url_authority(STR("://a")).p);
	CHECK(!url_authority(STR("//a/b")).p);
	CHECK(!url_authority(STR("a:80")).p);
	CHECK(!url_authority(STR("http:/")).p);
	CHECK(!url_authority(STR_NONE).p);
}

static void hosts(void)
{
	static const char *const cases[][2] = {
		{"localhost:5000", "localhost"},
		{"todo.example", "todo.example"},
		{"[::1]:5000", "::1"},
		{"[::1]", "::1"},
		{"[::1", "::1"},
		{"::1", "::1"},
		{"user:pw@localhost:5000", "localhost"},
		{"a@b@[fe80::1%25eth0]:1", "fe80::1%25eth0"},
		{":80", ""},
		{"user@", ""},
		{"[", ""},
		{"", ""},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(url_host(str_from(cases[i][0])), cases[i][1]);
	CHECK(!url_host(STR_NONE).len);
}

static void parts(void)
{
	static const struct {
		const char *target, *path, *query;
	} cases[] = {
		{"/", "/", NULL},
		{"/?q=a+b&page=2", "/", "q=a+b&page=2"},
		{"/?", "/", ""},
		{"/nowhere?key=1#frag", "/nowhere", "key=1"},
		{"/nowhere#frag?x", "/nowhere", NULL},
		{"/a;b=c/d?e?f", "/a;b=c/d", "e?f"},
		{"//host/path", "//host/path", NULL},
		{"http://user:pw@localhost:5000/?sig=abc", "/", "sig=abc"},
		{"http://host", "/", NULL},
		{"http://host?x", "/", "x"},
		{"*", "*", NULL},
		{"?x", "", "x"},
		{"", "", NULL},
	};
	struct url_parts got;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		got = url_split(str_from(cases[i].target));
		CHECK_STR(got.path, cases[i].path);
		CHECK_STR(got.query, cases[i].query ? cases[i].query : "");
		CHECK(!got.query.p == !cases[i].query);
	}
}

int main(void)
{
	RUN(redaction);
	RUN(redaction_without_memory);
	RUN(authorities);
	RUN(hosts);
	RUN(parts);
	return test_status();
}
