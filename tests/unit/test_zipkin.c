// SPDX-License-Identifier: Apache-2.0
/*
 * Zipkin's JSON: the document that Python's exporter posted for a request of its rolldice server,
 * with our resource and scope; then what else a span may hold.
 */
#include "test.h"

#include "export/zipkin_json.h"

#define T0 1795218775536494123

static const struct scope scope = {"opentelemetry.instrumentation.flask", "0.66b1", ""};

static void add_str(struct span *span, const char *key, const char *text)
{
	attrs__str(&span->attrs, &span->mem, str_from(key), str_from(text));
}

static struct span *new_span(enum span_kind kind, const char *name)
{
	struct resource *resource = resource__new();
	struct span *span;

	attrs__str(&resource->attrs, &resource->mem, STR("telemetry.sdk.language"), STR("python"));
	attrs__str(&resource->attrs, &resource->mem, STR("service.name"), STR("dice-server"));
	span = span__new(resource, NULL);
	memcpy(span->context.trace_id,
	       "\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47", 15);
	span->context.trace_id[15] = 0x36;
	memcpy(span->context.span_id, "\x01\x71\x09\xe3\xc2\x77\xfd\x46", 8);
	memcpy(span->context.parent_id, "\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8);
	span->context.flags = 1;
	span->kind = kind;
	span->name = str_from(name);
	span->start_ns = T0;
	span->end_ns = T0 + 1095999;
	span->scope = &scope;
	return span;
}

#define HEAD(name)                                                                           \
	"{\"traceId\": \"4bf92f3577b34da6a3ce929d0e0e4736\", \"id\": \"017109e3c277fd46\", " \
	"\"name\": \"" name "\", \"timestamp\": 1795218775536494, \"duration\": 1095, "      \
	"\"localEndpoint\": {\"serviceName\": \"dice-server\"}, "
#define RESOURCE "\"telemetry.sdk.language\": \"python\", \"service.name\": \"dice-server\", "
#define SCOPE                                                              \
	"\"otel.library.name\": \"opentelemetry.instrumentation.flask\", " \
	"\"otel.library.version\": \"0.66b1\", "                           \
	"\"otel.scope.name\": \"opentelemetry.instrumentation.flask\", "   \
	"\"otel.scope.version\": \"0.66b1\""
#define TAIL "\"debug\": true, \"parentId\": \"00f067aa0ba902b7\"}"

/* The document of one span. */
static void check(struct span *owned, const char *want)
{
	struct buf got __cleanup(buf__free) = {0};
	const struct span *spans[] = {owned};

	zipkin_json(&got, spans, 1);
	CHECK(!got.failed && got.len > 2 && got.p[0] == '[' && got.p[got.len - 1] == ']');
	CHECK_STR(str_sub(buf__view(&got), 1, got.len - 2), want);
	span__free(owned);
}

static void server(void)
{
	struct span *span = new_span(SPAN_SERVER, "GET /rolldice");

	add_str(span, "http.method", "GET");
	attrs__int(&span->attrs, &span->mem, STR("http.status_code"), 200);
	check(span,
	      HEAD("GET /rolldice") "\"kind\": \"SERVER\", \"tags\": {\"http.method\": \"GET\", "
				    "\"http.status_code\": \"200\", " RESOURCE SCOPE "}, " TAIL);
}

static void internal_root(void)
{
	struct span *span = new_span(SPAN_INTERNAL, "roll");

	memset(span->context.parent_id, 0, sizeof(span->context.parent_id));
	span->context.flags = 0;
	check(span, HEAD("roll") "\"kind\": null, \"tags\": {" RESOURCE SCOPE "}}");
}

static void values(void)
{
	struct str list[] = {STR("a\"b"), STR("c")};
	struct span *span = new_span(SPAN_SERVER, "x");

	attrs__bool(&span->attrs, &span->mem, STR("b"), true);
	attrs__add(&span->attrs, &span->mem,
		   (struct attr){.key = STR("d"), .type = ATTR_DOUBLE, .d = 1.5});
	attrs__add(&span->attrs, &span->mem,
		   (struct attr){.key = STR("l"), .type = ATTR_STR_LIST, .list = {list, 2}});
	add_str(span, "s", "\xff\n");
	check(span, HEAD("x") "\"kind\": \"SERVER\", \"tags\": {\"b\": \"true\", \"d\": \"1.5\", "
			      "\"l\": \"[\\\"a\\\\\\\"b\\\", \\\"c\\\"]\", \"s\": "
			      "\"\\ufffd\\n\", " RESOURCE SCOPE "}, " TAIL);
}

static void errors(void)
{
	struct span *span = new_span(SPAN_SERVER, "x");

	span->status = SPAN_ERROR;
	span->attrs.dropped = 2;
	check(span, HEAD("x") "\"kind\": \"SERVER\", \"tags\": {" RESOURCE SCOPE
			      ", \"otel.status_code\": \"ERROR\", \"error\": \"\", "
			      "\"otel.dropped_attributes_count\": \"2\"}, " TAIL);
	span = new_span(SPAN_SERVER, "x");
	span->status = SPAN_OK;
	check(span, HEAD("x") "\"kind\": \"SERVER\", \"tags\": {" RESOURCE SCOPE
			      ", \"otel.status_code\": \"OK\"}, " TAIL);
}

/* A tag is there once: Zipkin's own win, then those of the span. */
static void tags_once(void)
{
	struct span *span = new_span(SPAN_SERVER, "x");

	add_str(span, "error", "false");
	add_str(span, "service.name", "mine");
	check(span, HEAD("x") "\"kind\": \"SERVER\", \"tags\": {\"service.name\": \"mine\", "
			      "\"telemetry.sdk.language\": \"python\", " SCOPE "}, " TAIL);
}

static void remotes(void)
{
	struct span *span = new_span(SPAN_CLIENT, "x");

	add_str(span, "network.peer.address", "::1");
	attrs__int(&span->attrs, &span->mem, STR("network.peer.port"), 80);
	check(span, HEAD("x") "\"kind\": \"CLIENT\", \"remoteEndpoint\": {\"ipv6\": \"::1\", "
			      "\"port\": 80}, \"tags\": {\"network.peer.address\": \"::1\", "
			      "\"network.peer.port\": \"80\", " RESOURCE SCOPE "}, " TAIL);
	span = new_span(SPAN_CLIENT, "x");
	add_str(span, "server.address", "db");
	check(span,
	      HEAD("x") "\"kind\": \"CLIENT\", \"remoteEndpoint\": {\"serviceName\": \"db\"}, "
			"\"tags\": {\"server.address\": \"db\", " RESOURCE SCOPE "}, " TAIL);
}

static void events(void)
{
	struct span *span = new_span(SPAN_SERVER, "x");
	struct span_event *event = span__event(span, T0 + 2000, STR("a:b"));

	attrs__int(&event->attrs, &span->mem, STR("arg0"), 7);
	span__event(span, T0 + 3000, STR("c\"d"));
	span->events_dropped = 3;
	check(span, HEAD("x") "\"kind\": \"SERVER\", \"tags\": {" RESOURCE SCOPE
			      ", \"otel.dropped_events_count\": \"3\"}, \"annotations\": ["
			      "{\"timestamp\": 1795218775536496, "
			      "\"value\": \"{\\\"a:b\\\": {\\\"arg0\\\": 7}}\"}, "
			      "{\"timestamp\": 1795218775536497, "
			      "\"value\": \"{\\\"c\\\\\\\"d\\\": {}}\"}], " TAIL);
}

static void short_and_nothing(void)
{
	struct span *span = new_span(SPAN_SERVER, "x");
	struct buf got __cleanup(buf__free) = {0};

	span->end_ns = span->start_ns + 999;
	zipkin_json(&got, (const struct span *const[]){span, span}, 2);
	buf__char(&got, '\0');
	CHECK(strstr(got.p, "\"duration\": 1, ") && strstr(got.p, "}, {\"traceId\""));
	span__free(span);
	buf__reset(&got);
	zipkin_json(&got, NULL, 0);
	CHECK_STR(buf__view(&got), "[]");
}

int main(void)
{
	RUN(server);
	RUN(internal_root);
	RUN(values);
	RUN(errors);
	RUN(tags_once);
	RUN(remotes);
	RUN(events);
	RUN(short_and_nothing);
	return test_status();
}
