// SPDX-License-Identifier: Apache-2.0
/* model/semconv: which attributes a call yields in the legacy set, and what all sets share. */
#include "test_call.h"

static struct span *new_span(struct http_call *owned, const char *learned)
{
	return new_span_by(&(struct semconv_options){0}, owned, "", learned);
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
	CHECK_STR(attr_text(span, "http.user_agent"), "a\xc3\xbf");
	CHECK_STR(attr_text(span, "otel_ebpf.learned_route"), "/\xef\xbf\xbd");
	CHECK_STR(span->name, "GET /\xef\xbf\xbd");
	span__free(span);
}

static void no_memory_drops_attributes(void)
{
	struct semconv_options options = {.stability_opt_in = "http/dup"};
	struct span *span = span__new(resource__new(), new_call());
	struct semconv *semconv;

	span->http->target = STR("/?token=secret");
	CHECK(arena__alloc(&span->mem, ARENA_LIMIT - 16));
	CHECK(!semconv__new(&semconv, &options));
	semconv__http_server(semconv, span, STR("/x"), STR_NONE);
	CHECK_STR(span->name, "HTTP");
	CHECK(!span->attrs.cnt && span->attrs.dropped >= 23);
	semconv__free(semconv);
	span__free(span);
}

/* With a route the legacy name is Python's, too, and what was learned is out. */
static void legacy_route(void)
{
	struct span *span = new_span_by(&(struct semconv_options){0}, new_call(),
					"/delete/<int:task_id>", "/delete/{id}");

	CHECK_STR(span->name, "GET /delete/<int:task_id>");
	CHECK_STR(attr_text(span, "http.route"), "/delete/<int:task_id>");
	CHECK(!attrs__find(&span->attrs, STR("otel_ebpf.learned_route")));
	CHECK_STR(span->attrs.v[span->attrs.cnt - 1].key, "http.status_code");
	CHECK_STR(span->attrs.v[span->attrs.cnt - 2].key, "http.route");
	span__free(span);
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
	RUN(legacy_route);
	return test_status();
}
