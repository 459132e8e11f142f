// SPDX-License-Identifier: Apache-2.0
/* model/semconv: the stable set and both at once, in the words and the order of the goldens. */
#include <sys/mman.h>
#include <unistd.h>

#include "test_call.h"

static struct span *new_span(struct http_call *owned, const char *learned)
{
	return new_span_by(&(struct semconv_options){0}, owned, "", learned);
}

static struct span *new_stable(struct http_call *owned, const char *route)
{
	return new_span_by(&(struct semconv_options){.stability_opt_in = "http"}, owned, route, "");
}

/* The fourth span of the golden mix-http-now, but for the host, where Python leaves the port. */
static void stable_set(void)
{
	struct span *span = new_stable(new_call(), "/");

	check_attrs(span, "http.request.method='GET'\n"
			  "url.scheme='http'\n"
			  "server.address='localhost'\n"
			  "server.port=5000\n"
			  "url.path='/'\n"
			  "url.query='q=a+b&page=2'\n"
			  "client.address='127.0.0.1'\n"
			  "client.port=41007\n"
			  "user_agent.original='golden-client/1.0'\n"
			  "network.protocol.version='1.1'\n"
			  "http.route='/'\n"
			  "http.response.status_code=200\n");
	CHECK_STR(span->name, "GET /");
	CHECK_STR(str_from(span->scope->schema_url), "https://opentelemetry.io/schemas/1.21.0");
	span__free(span);
}

/* What a list of conventions says on stderr. */
static void unknown_conventions_are_named(void)
{
	int memory = memfd_create("stderr", 0), saved = dup(STDERR_FILENO);
	struct semconv *semconv;
	char said[256];
	ssize_t len;

	dup2(memory, STDERR_FILENO);
	CHECK(!semconv__new(&semconv, &(struct semconv_options){.stability_opt_in = "htpp,http"}));
	dup2(saved, STDERR_FILENO);
	len = pread(memory, said, sizeof(said), 0);
	CHECK_STR(((struct str){said, len > 0 ? (size_t)len : 0}),
		  "otel-ebpf: OTEL_SEMCONV_STABILITY_OPT_IN: \"htpp\" has no effect here, skipped; "
		  "there are http, http/dup\n");
	CHECK(semconv__set(semconv) == SEMCONV_STABLE);
	semconv__free(semconv);
	close(saved);
	close(memory);
}

/* Golden mix-dup-now: its first span, with a query, and its third. */
static void both_sets(void)
{
	struct semconv_options options = {.stability_opt_in = "database, http/dup ,http"};
	struct http_call *call = new_call();
	struct span *span;

	call->target = STR("/fail?x");
	call->status = 500;
	span = new_span_by(&options, call, "/fail", "/learned");
	check_attrs(span, "http.method='GET'\n"
			  "http.request.method='GET'\n"
			  "http.server_name='127.0.0.1'\n"
			  "http.scheme='http'\n"
			  "url.scheme='http'\n"
			  "net.host.name='localhost:5000'\n"
			  "server.address='localhost'\n"
			  "http.host='localhost:5000'\n"
			  "net.host.port=5000\n"
			  "server.port=5000\n"
			  "http.target='/fail?x'\n"
			  "url.path='/fail'\n"
			  "url.query='x'\n"
			  "net.peer.ip='127.0.0.1'\n"
			  "client.address='127.0.0.1'\n"
			  "net.peer.port=41007\n"
			  "client.port=41007\n"
			  "http.user_agent='golden-client/1.0'\n"
			  "user_agent.original='golden-client/1.0'\n"
			  "http.flavor='1.1'\n"
			  "network.protocol.version='1.1'\n"
			  "http.route='/fail'\n"
			  "http.status_code=500\n"
			  "http.response.status_code=500\n"
			  "error.type='500'\n");
	CHECK_STR(span->name, "GET /fail");
	CHECK_STR(str_from(span->scope->schema_url), "https://opentelemetry.io/schemas/1.21.0");
	span__free(span);

	call = new_call();
	call->method = STR("PROPFIND");
	span = new_span_by(&options, call, "", "");
	CHECK(span->attrs.cnt > 2);
	CHECK_STR(span->attrs.v[0].key, "http.request.method_original");
	CHECK_STR(span->attrs.v[1].key, "http.method");
	CHECK_STR(span->attrs.v[2].key, "http.request.method");
	CHECK_STR(span->name, "HTTP");
	span__free(span);
}

static void opt_in(void)
{
	static const struct {
		const char *text;
		enum semconv_set set;
	} cases[] = {
		{NULL, SEMCONV_LEGACY},		{"", SEMCONV_LEGACY},
		{"http", SEMCONV_STABLE},	{" database,http ", SEMCONV_STABLE},
		{"http,http/dup", SEMCONV_DUP}, {"http/dup,http", SEMCONV_DUP},
		{"HTTP", SEMCONV_LEGACY},	{"httpx,database/dup", SEMCONV_LEGACY},
	};
	struct semconv_options options = {0};
	struct semconv *semconv;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		options.stability_opt_in = cases[i].text;
		CHECK(!semconv__new(&semconv, &options));
		CHECK(semconv__set(semconv) == cases[i].set);
		semconv__free(semconv);
	}
	semconv__free(NULL);
}

/* Goldens methods-http and methods-all-http. */
static void stable_methods(void)
{
	static const struct {
		const char *method, *attr, *original, *name, *name_with_route;
		bool capture_all;
	} cases[] = {
		{"HEAD", "HEAD", "", "HEAD", "HEAD /x", false},
		{"get", "GET", "get", "GET", "GET /x", false},
		{"BREW", "_OTHER", "BREW", "HTTP", "HTTP /x", false},
		{"PROPFIND", "PROPFIND", "", "PROPFIND", "PROPFIND /x", true},
		{"get", "GET", "get", "GET", "GET /x", true},
	};
	struct semconv_options options = {.stability_opt_in = "http"};
	struct http_call *call;
	struct span *span;
	size_t i;
	bool route;

	for (i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		route = i & 1;
		options.capture_all_methods = cases[i / 2].capture_all;
		call = new_call();
		call->method = str_from(cases[i / 2].method);
		span = new_span_by(&options, call, route ? "/x" : "", "/learned");
		CHECK_STR(attr_text(span, "http.request.method"), cases[i / 2].attr);
		CHECK_STR(attr_text(span, "http.request.method_original"), cases[i / 2].original);
		CHECK_STR(span->name, route ? cases[i / 2].name_with_route : cases[i / 2].name);
		CHECK(!attrs__find(&span->attrs, STR("otel_ebpf.learned_route")) == route);
		span__free(span);
	}
}

static void stable_hosts(void)
{
	static const char *const cases[][3] = {
		/* golden http10-http */
		{"/", "localhost:5000", "localhost"},
		{"/", "todo.example", "todo.example"},
		{"/", "todo.example:80", "todo.example"},
		{"/", NULL, NULL},
		/* golden ipv6-http */
		{"/", "[::1]:5000", "::1"},
		/* golden secrets-http */
		{"http://user:pw@localhost:5000/", "x", "localhost"},
	};
	struct http_call *call;
	struct span *span;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		call = new_call();
		call->target = str_from(cases[i][0]);
		call->host = str_from(cases[i][1]);
		span = new_stable(call, "");
		CHECK_STR(attr_text(span, "server.address"), cases[i][2] ? cases[i][2] : "");
		CHECK(!attrs__find(&span->attrs, STR("server.address")) == !cases[i][2]);
		span__free(span);
	}
}

/* Golden secrets-http, whose secrets Python shows. */
static void stable_urls(void)
{
	static const char *const cases[][3] = {
		{"/?token=abc&sig=s1&q=1", "/", "token=REDACTED&sig=REDACTED&q=1"},
		{"http://user:pw@localhost:5000/?sig=abc", "/", "sig=REDACTED"},
		{"/?q=%E2%82%AC&empty=&=x&sig", "/", "q=%E2%82%AC&empty=&=x&sig"},
		{"/?", "/", NULL},
		{"/nowhere?key=1#frag", "/nowhere", "key=REDACTED"},
		{"//u:p@h/a;b", "//REDACTED:REDACTED@h/a;b", NULL},
		{"*", "*", NULL},
		{"/\xff?\xff", "/\xef\xbf\xbd", "\xef\xbf\xbd"},
	};
	struct http_call *call;
	struct span *span;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		call = new_call();
		call->target = str_from(cases[i][0]);
		span = new_stable(call, "");
		CHECK_STR(attr_text(span, "url.path"), cases[i][1]);
		CHECK_STR(attr_text(span, "url.query"), cases[i][2] ? cases[i][2] : "");
		CHECK(!attrs__find(&span->attrs, STR("url.query")) == !cases[i][2]);
		span__free(span);
	}
	call = new_call();
	call->method = STR("CONNECT");
	call->target = STR("host:443");
	span = new_stable(call, "");
	CHECK(!attrs__find(&span->attrs, STR("url.path")));
	span__free(span);
}

/* Golden agents. */
static void agents(void)
{
	static const char *const cases[][2] = {
		{"Mozilla/5.0 (compatible; Googlebot/2.1)", "bot"},
		{"check AlwaysOn 1", "test"},
		{"BINGBOT", "bot"},
		{"Googlebot AlwaysOn", "test"},
		{"googlebo", ""},
		{"", ""},
	};
	struct http_call *call;
	struct span *span;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		call = new_call();
		call->user_agent = str_from(cases[i][0]);
		span = new_stable(call, "");
		CHECK_STR(attr_text(span, "user_agent.synthetic.type"), cases[i][1]);
		CHECK(!attrs__find(&span->attrs, STR("user_agent.original")) == !*cases[i][0]);
		span__free(span);
	}
	call = new_call();
	call->user_agent = STR("bingbot");
	span = new_span(call, "");
	CHECK(!attrs__find(&span->attrs, STR("user_agent.synthetic.type")));
	span__free(span);
}

static void error_types(void)
{
	static const struct {
		u16 status;
		const char *error, *legacy, *stable;
	} cases[] = {
		{200, NULL, "", ""},
		{404, NULL, "", ""},
		{503, NULL, "", "503"},
		{503, "ECONNRESET", "ECONNRESET", "503"},
		{200, "ECONNRESET", "ECONNRESET", "ECONNRESET"},
		{0, "timeout", "timeout", "timeout"},
	};
	struct http_call *call;
	struct span *span;
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		call = new_call();
		call->status = cases[i / 2].status;
		call->error = cases[i / 2].error;
		span = i & 1 ? new_stable(call, "") : new_span(call, "");
		CHECK_STR(attr_text(span, "error.type"),
			  i & 1 ? cases[i / 2].stable : cases[i / 2].legacy);
		span__free(span);
	}
}

/* As in the goldens headers-*, behind the rows of their side. */
static void captured_headers(void)
{
	struct semconv_options options = {
		.stability_opt_in = "http/dup",
		.headers = {.request = "x-team,accept", .response = "x-task-.*"},
	};
	struct http_call *call = new_call();
	struct span *span;

	call->target = STR("/");
	call->request_head = STR("GET / HTTP/1.1\r\nX-Team: red\r\nAccept: a/b\r\n\r\n");
	call->response_head = STR("HTTP/1.1 500 No\r\nX-Task-Count: 3\r\n\r\n");
	call->status = 500;
	span = new_span_by(&options, call, "/", "");
	CHECK(span->attrs.cnt > 9);
	span->attrs.v += span->attrs.cnt - 9;
	span->attrs.cnt = 9;
	check_attrs(span, "http.route='/'\n"
			  "http.request.header.x_team=['red']\n"
			  "http.request.header.x-team=['red']\n"
			  "http.request.header.accept=['a/b']\n"
			  "http.status_code=500\n"
			  "http.response.status_code=500\n"
			  "error.type='500'\n"
			  "http.response.header.x_task_count=['3']\n"
			  "http.response.header.x-task-count=['3']\n");
	span__free(span);
}

int main(void)
{
	RUN(stable_set);
	RUN(unknown_conventions_are_named);
	RUN(both_sets);
	RUN(opt_in);
	RUN(stable_methods);
	RUN(stable_hosts);
	RUN(stable_urls);
	RUN(agents);
	RUN(error_types);
	RUN(captured_headers);
	return test_status();
}
