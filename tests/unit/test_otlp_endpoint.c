// SPDX-License-Identifier: Apache-2.0
/* Endpoints and headers as users write them. */
#include "test.h"

#include <errno.h>

#include "base/log.h"
#include "export/otlp_endpoint.h"
#include "deliver/header_list.h"

static void good_endpoints(void)
{
	static const struct {
		const char *text;
		bool insecure;
		const char *url, *path;
	} rows[] = {
		{"http://localhost:4317", false, "http://localhost:4317", ""},
		{"https://localhost:4317", true, "https://localhost:4317", ""},
		{"HTTP://Collector", false, "http://Collector:80", ""},
		{"https://collector/", true, "https://collector:443", "/"},
		{"0.0.0.0:4317", true, "http://0.0.0.0:4317", ""},
		{"0.0.0.0:4317", false, "https://0.0.0.0:4317", ""},
		{"localhost", true, "http://localhost:4317", ""},
		{" localhost:1 ", true, "http://localhost:1", ""},
		{"collector:65535/base?a=b", true, "http://collector:65535", "/base?a=b"},
		{"http://[::1]:4318/v1/traces", false, "http://[::1]:4318", "/v1/traces"},
		{"[fe80::1]", true, "http://[fe80::1]:4317", ""},
		{"http://user:pw@host:1/x", false, "http://user:pw@host:1", "/x"},
		{"http://host?q", false, "http://host:80", "?q"},
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct otlp_endpoint endpoint;
		struct buf url = {0};

		CHECK(!otlp_endpoint_parse(&endpoint, rows[i].text, rows[i].insecure, "4317"));
		otlp_endpoint__print_url(&endpoint, &url);
		CHECK_STR(buf__view(&url), rows[i].url);
		CHECK_STR(endpoint.path, rows[i].path);
		buf__free(&url);
	}
}

static void bad_endpoints(void)
{
	static const char *const rows[] = {
		"",	      "http://",    "ftp://host",    "unix:///run/x", "host:",
		"host:0",     "host:65536", "host:99999999", "host:4x",	      ":4317",
		"[::1",	      "[::1]x:1",   "http://[]:1",   "ho st:1",	      "http://a\nb",
		"http://@:1", "::1",
	};
	char longest[400];

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct otlp_endpoint endpoint;
		int err = otlp_endpoint_parse(&endpoint, rows[i], true, "4317");

		if (err != -EINVAL)
			printf("FAIL %s: endpoint \"%s\" was accepted\n", test_name, rows[i]);
		CHECK(err == -EINVAL);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	CHECK(otlp_endpoint_parse(&(struct otlp_endpoint){0}, longest, true, "1") == -EINVAL);
}

static void good_headers(void)
{
	struct header_list list = {0};

	CHECK(!header_list__parse(&list, NULL, "test") && !list.cnt);
	CHECK(!header_list__parse(&list, " Api-Key = a b%20c ,,x=1=2,y=,Authorization=Bearer%20t",
				  "test"));
	CHECK(list.cnt == 4);
	CHECK_STR(str_from(list.headers[0].name), "api-key");
	CHECK_STR(str_from(list.headers[0].value), "a b c");
	CHECK_STR(str_from(list.headers[1].value), "1=2");
	CHECK_STR(str_from(list.headers[2].value), "");
	CHECK_STR(str_from(list.headers[3].value), "Bearer t");
	CHECK(!header_list__set(&list, STR("X"), STR("new")) && list.cnt == 4);
	CHECK_STR(str_from(list.headers[1].value), "new");
	header_list__free(&list);
}

/* What would become another header, or none, is left out; the rest is kept. */
static void bad_headers(void)
{
	struct header_list list = {0};

	CHECK(!header_list__parse(&list, "novalue,a%0d=1,b=x%0d%0aevil: 1,=x,a b=1,c=%00,d=4,:e=5",
				  "test"));
	CHECK(list.cnt == 1);
	CHECK_STR(str_from(list.headers[0].name), "d");
	header_list__free(&list);
}

/* Two lengths of one body are two requests to who believes the other one. */
static void headers_of_the_protocol(void)
{
	struct header_list list = {0};

	CHECK(!header_list__parse(&list,
				  "Content-Length=3,te=x,transfer-encoding=chunked,"
				  "content-type=text/plain,grpc-timeout=1S,host=a.test",
				  "test"));
	CHECK(list.cnt == 1);
	CHECK_STR(str_from(list.headers[0].name), "host");
	CHECK(header_list__set(&list, STR("authorization"), STR("Bearer a\r\nx: y")) == -EINVAL);
	CHECK(list.cnt == 1);
	header_list__free(&list);
}

static void too_many_headers(void)
{
	struct header_list list = {0};
	struct buf text = {0};

	for (u32 i = 0; i < HEADERS_MAX + 5; i++)
		buf__printf(&text, "h%u=%u,", i, i);
	buf__char(&text, '\0');
	CHECK(!header_list__parse(&list, text.p, "test") && list.cnt == HEADERS_MAX);
	header_list__free(&list);
	buf__free(&text);
}

int main(void)
{
	log_set_level(LOG_ERROR);
	RUN(good_endpoints);
	RUN(bad_endpoints);
	RUN(good_headers);
	RUN(bad_headers);
	RUN(headers_of_the_protocol);
	RUN(too_many_headers);
	return test_status();
}
