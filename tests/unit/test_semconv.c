// SPDX-License-Identifier: Apache-2.0
/* model/semconv and model/url: which attributes a call yields, and what must not be in them. */
#include "test.h"

#include "model/semconv.h"
#include "model/url.h"

static struct http_call *new_call(void)
{
	struct http_call *call = http_call__new();

	call->peer.family = FAMILY_INET;
	memcpy(call->peer.client.addr, "\x7f\0\0\1", 4);
	memcpy(call->peer.server.addr, "\x7f\0\0\1", 4);
	memcpy(call->peer.listen_addr, "\x7f\0\0\1", 4);
	call->peer.client.port = 41007;
	call->peer.server.port = 5000;
	call->method = STR("GET");
	call->target = STR("/?q=a+b&page=2");
	call->version = STR("1.1");
	call->host = STR("localhost:5000");
	call->user_agent = STR("golden-client/1.0");
	call->status = 200;
	return call;
}

static struct span *new_span(struct http_call *owned, const char *route)
{
	struct span *span = span__new(resource__new(), owned);

	semconv_http_server(span, str_from(route));
	return span;
}

/* "key=value" lines, texts in quotes, so that a whole set is one comparison. */
static void check_attrs(const struct span *span, const char *want)
{
	const struct attr *attr;
	struct buf got = {0};
	u32 i;

	for (i = 0; i < span->attrs.cnt; i++) {
		attr = &span->attrs.v[i];
		if (attr->type == ATTR_STR)
			buf__printf(&got, "%.*s='%.*s'\n", STR_ARG(attr->key), STR_ARG(attr->s));
		else
			buf__printf(&got, "%.*s=%d\n", STR_ARG(attr->key), (int)attr->i);
	}
	CHECK_STR(buf__view(&got), want);
	buf__free(&got);
}

static struct str attr_text(const struct span *span, const char *key)
{
	const struct attr *attr = attrs__find(&span->attrs, str_from(key));

	return attr ? attr->s : STR_NONE;
}

/* The seventh span of Python's mix of requests, without its http.route. */
static void legacy_set(void)
{
	struct span *span = new_span(new_call(), "");

	check_attrs(span, "http.method='GET'\n"
			  "http.server_name='127.0.0.1'\n"
			  "http.scheme='http'\n"
			  "net.host.name='localhost:5000'\n"
			  "http.host='localhost:5000'\n"
			  "net.host.port=5000\n"
			  "http.target='/?q=a+b&page=2'\n"
			  "net.peer.ip='127.0.0.1'\n"
			  "net.peer.port=41007\n"
			  "http.user_agent='golden-client/1.0'\n"
			  "http.flavor='1.1'\n"
			  "http.status_code=200\n");
	CHECK_STR(span->name, "GET");
	CHECK(span->kind == SPAN_SERVER && span->status == SPAN_UNSET && !span->status_message.len);
	CHECK_STR(str_from(span->scope->name), "otel-ebpf");
	CHECK_STR(str_from(span->scope->version), VERSION);
	CHECK_STR(str_from(span->scope->schema_url), "https://opentelemetry.io/schemas/1.11.0");
	span__free(span);
}

static void absent_attributes(void)
{
	struct http_call *call = new_call();
	struct span *span;

	call->host = STR_NONE;
	call->user_agent = STR("");
	call->status = 0;
	call->error = "ECONNRESET";
	call->marks = HTTP_REQUEST_TRUNCATED | HTTP_INFERRED_END;
	call->target = STR("/delete/7");
	span = new_span(call, "/delete/{id}");
	check_attrs(span, "http.method='GET'\n"
			  "http.server_name='127.0.0.1'\n"
			  "http.scheme='http'\n"
			  "net.host.port=5000\n"
			  "http.target='/delete/7'\n"
			  "net.peer.ip='127.0.0.1'\n"
			  "net.peer.port=41007\n"
			  "http.flavor='1.1'\n"
			  "error.type='ECONNRESET'\n"
			  "otel_ebpf.learned_route='/delete/{id}'\n"
			  "otel_ebpf.marks='truncated_request,inferred_end'\n");
	CHECK_STR(span->name, "GET /delete/{id}");
	CHECK(span->status == SPAN_ERROR);
	span__free(span);
}

static void nothing_known(void)
{
	struct span *span = new_span(http_call__new(), "");

	check_attrs(span, "http.method='_OTHER'\nhttp.scheme='http'\n");
	span__free(span);
}

static void unix_socket(void)
{
	struct http_call *call = new_call();
	struct span *span;

	call->peer = (struct peer){.family = FAMILY_UNIX};
	memset(call->peer.path, 'p', sizeof(call->peer.path)); /* full: no NUL at its end */
	call->peer.path[0] = '/';
	span = new_span(call, "");
	CHECK(attr_text(span, "http.server_name").len == sizeof(call->peer.path));
	CHECK(!attrs__find(&span->attrs, STR("net.host.port")));
	CHECK(!attrs__find(&span->attrs, STR("net.peer.ip")));
	CHECK(!attrs__find(&span->attrs, STR("net.peer.port")));
	span__free(span);

	call = new_call();
	call->peer = (struct peer){.family = FAMILY_UNIX};
	span = new_span(call, "");
	CHECK(!attrs__find(&span->attrs, STR("http.server_name")));
	span__free(span);
}

static void inet6(void)
{
	struct http_call *call = new_call();
	struct span *span;

	call->peer.family = FAMILY_INET6;
	memset(call->peer.listen_addr, 0, 16);
	memcpy(call->peer.client.addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	span = new_span(call, "");
	CHECK_STR(attr_text(span, "http.server_name"), "::");
	CHECK_STR(attr_text(span, "net.peer.ip"), "::ffff:127.0.0.1");
	span__free(span);
}

static void methods(void)
{
	static const char *const cases[][3] = {
		{"GET", "GET", "GET /x"},	{"get", "GET", "GET /x"},
		{"QUERY", "QUERY", "QUERY /x"}, {"HEAD", "HEAD", "HEAD /x"},
		{"BREW", "_OTHER", "HTTP"},	{"PROPFIND", "_OTHER", "HTTP"},
		{"HTTP", "_OTHER", "HTTP"},	{"GETS", "_OTHER", "HTTP"},
		{"", "_OTHER", "HTTP"},
	};
	struct http_call *call;
	struct span *span;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		call = new_call();
		call->method = str_from(cases[i][0]);
		span = new_span(call, "/x");
		CHECK_STR(attr_text(span, "http.method"), cases[i][1]);
		CHECK_STR(span->name, cases[i][2]);
		span__free(span);
	}
	CHECK_STR(semconv_method_name(STR("patch")), "PATCH");
	CHECK_STR(semconv_method_name(STR("PURGE")), "HTTP");
}

static void statuses(void)
{
	static const struct {
		u16 code;
		enum span_status status;
	} cases[] = {{101, SPAN_UNSET}, {302, SPAN_UNSET}, {404, SPAN_UNSET}, {499, SPAN_UNSET},
		     {500, SPAN_ERROR}, {503, SPAN_ERROR}, {0, SPAN_UNSET}};
	struct http_call *call;
	struct span *span;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		call = new_call();
		call->status = cases[i].code;
		span = new_span(call, "");
		CHECK(span->status == cases[i].status);
		span__free(span);
	}
}

static void absolute_target_names_the_host(void)
{
	struct http_call *call = new_call();
	struct span *span;

	call->target = STR("http://user:pw@other:80/?sig=abc");
	span = new_span(call, "");
	CHECK_STR(attr_text(span, "net.host.name"), "REDACTED:REDACTED@other:80");
	CHECK_STR(attr_text(span, "http.host"), "REDACTED:REDACTED@other:80");
	CHECK_STR(attr_text(span, "http.target"),
		  "http://REDACTED:REDACTED@other:80/?sig=REDACTED");
	span__free(span);

	call = new_call();
	call->host = STR("user:pw@localhost");
	span = new_span(call, "");
	CHECK_STR(attr_text(span, "http.host"), "REDACTED:REDACTED@localhost");
	span__free(span);
}

static void texts_become_utf8(void)
{
	struct http_call *call = new_call();
	char route[] = "/\xff";
	struct span *span;

	call->target = STR("/\xc3\xa4\xc3?token=\xff&a=\xe2\x82");
	call->user_agent = STR("a\xff");
	span = new_span(call, route);
	route[0] = 'x'; /* it was borrowed */
	CHECK_STR(attr_text(span, "http.target"),
		  "/\xc3\xa4\xef\xbf\xbd?token=REDACTED&a=\xef\xbf\xbd");
	CHECK_STR(attr_text(span, "http.user_agent"), "a\xef\xbf\xbd");
	CHECK_STR(attr_text(span, "otel_ebpf.learned_route"), "/\xef\xbf\xbd");
	CHECK_STR(span->name, "GET /\xef\xbf\xbd");
	span__free(span);
}

static void no_memory_drops_attributes(void)
{
	struct span *span = span__new(resource__new(), new_call());
	u32 cnt;

	span->http->target = STR("/?token=secret");
	CHECK(arena__alloc(&span->mem, ARENA_LIMIT - 64));
	semconv_http_server(span, STR("/longer/than/what/is/left/after/the/header/of/a/chunk"));
	cnt = span->attrs.cnt;
	CHECK_STR(span->name, "GET");
	CHECK(!cnt && span->attrs.dropped >= 12);
	span__free(span);
}

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

int main(void)
{
	RUN(legacy_set);
	RUN(absent_attributes);
	RUN(nothing_known);
	RUN(unix_socket);
	RUN(inet6);
	RUN(methods);
	RUN(statuses);
	RUN(absolute_target_names_the_host);
	RUN(texts_become_utf8);
	RUN(no_memory_drops_attributes);
	RUN(redaction);
	RUN(redaction_without_memory);
	RUN(authorities);
	return test_status();
}
