// SPDX-License-Identifier: Apache-2.0
/*
 * export/: the bytes that come out. Console documents are compared with what Python prints, fixed
 * here as text. Whatever could wait for ever is ended by alarm(2), which fails the program.
 */
#include "test.h"
#include "test_export.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "export/export.h"
#include "model/semconv.h"

#define LONG_MS 60000 /* waits for what must happen; the alarm comes first */

static struct http_call *new_call(void)
{
	struct http_call *call = http_call__new();

	call->peer.family = FAMILY_INET;
	memcpy(call->peer.client.addr, "\x7f\0\0\1", 4);
	memcpy(call->peer.listen_addr, "\x7f\0\0\1", 4);
	call->peer.client.port = 41001;
	call->peer.server.port = 5000;
	call->method = STR("GET");
	call->target = STR("/add?x=1");
	call->version = STR("1.1");
	call->host = STR("localhost:5000");
	call->user_agent = STR("golden-client/1.0");
	call->status = 200;
	call->start_ns = 1795219552123456789; /* 2026-11-21 00:05:52 UTC */
	call->end_ns = call->start_ns + 1234567;
	call->request_size = 125;
	call->response_size = 312;
	call->context = (struct trace_context){
		.trace_id = {0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21,
			     0x1c, 0x80, 0x31, 0x9c},
		.span_id = {0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31},
	};
	return call;
}

static struct span *new_span(struct http_call *owned)
{
	struct resource *resource = resource__new();
	struct span *span = span__new(resource, owned);
	struct semconv *semconv;

	attrs__str(&resource->attrs, &resource->mem, STR("telemetry.sdk.language"), STR("c"));
	attrs__str(&resource->attrs, &resource->mem, STR("service.name"), STR("todo"));
	if (owned) {
		CHECK(!semconv__new(&semconv, &(struct semconv_options){0}));
		semconv__http_server(semconv, span, STR_NONE, STR_NONE);
		semconv__free(semconv);
	}
	return span;
}

static struct str export_span(const char *name, const struct export_env *like, struct span *owned)
{
	return export_spans(name, like, &owned, 1);
}

static void check_export(const char *name, const struct export_env *env, struct span *owned,
			 const char *want)
{
	struct str text = export_span(name, env, owned);

	CHECK_STR(text, want);
	free((char *)text.p);
}

static void check_contains(const char *name, struct span *owned, const char *want)
{
	struct str text = export_span(name, NULL, owned);

	if (!strstr(text.p, want))
		CHECK_STR(text, want);
	free((char *)text.p);
}

static void add_event(struct span *span)
{
	struct span_event *event = span__event(span, 1500 * NSEC_PER_MSEC, STR("a:b"));

	attrs__int(&event->attrs, &span->mem, STR("thread.id"), 41);
	attrs__int(&event->attrs, &span->mem, STR("arg0"), -7);
}

static void exporters_have_names(void)
{
	CHECK_STR(str_from(export_find(STR("console"))->name), "console");
	CHECK_STR(str_from(export_find(STR("text"))->name), "text");
	CHECK(!export_find(STR("none")) && !export_find(STR("")) && !export_find(STR("consol")));
}

static void console_document(void)
{
	check_export("console", NULL, new_span(new_call()),
		     "{\n"
		     "    \"name\": \"GET\",\n"
		     "    \"context\": {\n"
		     "        \"trace_id\": \"0x0af7651916cd43dd8448eb211c80319c\",\n"
		     "        \"span_id\": \"0xb7ad6b7169203331\",\n"
		     "        \"trace_state\": \"[]\"\n"
		     "    },\n"
		     "    \"kind\": \"SpanKind.SERVER\",\n"
		     "    \"parent_id\": null,\n"
		     "    \"start_time\": \"2026-11-21T00:05:52.123456Z\",\n"
		     "    \"end_time\": \"2026-11-21T00:05:52.124691Z\",\n"
		     "    \"status\": {\n"
		     "        \"status_code\": \"UNSET\"\n"
		     "    },\n"
		     "    \"attributes\": {\n"
		     "        \"http.method\": \"GET\",\n"
		     "        \"http.server_name\": \"127.0.0.1\",\n"
		     "        \"http.scheme\": \"http\",\n"
		     "        \"net.host.name\": \"localhost:5000\",\n"
		     "        \"http.host\": \"localhost:5000\",\n"
		     "        \"net.host.port\": 5000,\n"
		     "        \"http.target\": \"/add?x=1\",\n"
		     "        \"net.peer.ip\": \"127.0.0.1\",\n"
		     "        \"net.peer.port\": 41001,\n"
		     "        \"http.user_agent\": \"golden-client/1.0\",\n"
		     "        \"http.flavor\": \"1.1\",\n"
		     "        \"http.status_code\": 200\n"
		     "    },\n"
		     "    \"events\": [],\n"
		     "    \"links\": [],\n"
		     "    \"resource\": {\n"
		     "        \"attributes\": {\n"
		     "            \"telemetry.sdk.language\": \"c\",\n"
		     "            \"service.name\": \"todo\"\n"
		     "        },\n"
		     "        \"schema_url\": \"\"\n"
		     "    }\n"
		     "}\n");
}

/* No attributes of its own, a parent, a description, every type of value. */
static void console_other_shapes(void)
{
	struct str items[] = {STR("caf\xc3\xa9"), STR("")};
	struct span *span = span__new(resource__new(), NULL);

	memset(span->context.parent_id, 0x11, 8);
	span->name = STR("roll");
	span->status = SPAN_ERROR;
	span->status_message = STR("it \"broke\"");
	check_export("console", NULL, span,
		     "{\n"
		     "    \"name\": \"roll\",\n"
		     "    \"context\": {\n"
		     "        \"trace_id\": \"0x00000000000000000000000000000000\",\n"
		     "        \"span_id\": \"0x0000000000000000\",\n"
		     "        \"trace_state\": \"[]\"\n"
		     "    },\n"
		     "    \"kind\": \"SpanKind.INTERNAL\",\n"
		     "    \"parent_id\": \"0x1111111111111111\",\n"
		     "    \"start_time\": \"1970-01-01T00:00:00.000000Z\",\n"
		     "    \"end_time\": \"1970-01-01T00:00:00.000000Z\",\n"
		     "    \"status\": {\n"
		     "        \"status_code\": \"ERROR\",\n"
		     "        \"description\": \"it \\\"broke\\\"\"\n"
		     "    },\n"
		     "    \"attributes\": {},\n"
		     "    \"events\": [],\n"
		     "    \"links\": [],\n"
		     "    \"resource\": {\n"
		     "        \"attributes\": {},\n"
		     "        \"schema_url\": \"\"\n"
		     "    }\n"
		     "}\n");

	span = span__new(resource__new(), NULL);
	attrs__bool(&span->attrs, &span->mem, STR("t"), true);
	attrs__bool(&span->attrs, &span->mem, STR("f"), false);
	attrs__add(&span->attrs, &span->mem,
		   (struct attr){.key = STR("d"), .type = ATTR_DOUBLE, .d = 0.5});
	attrs__int(&span->attrs, &span->mem, STR("i\n"), INT64_MIN);
	attrs__add(&span->attrs, &span->mem,
		   (struct attr){.key = STR("l"), .type = ATTR_STR_LIST, .list = {items, 2}});
	attrs__add(&span->attrs, &span->mem, (struct attr){.key = STR("e"), .type = ATTR_STR_LIST});
	check_contains("console", span,
		       "    \"attributes\": {\n"
		       "        \"t\": true,\n"
		       "        \"f\": false,\n"
		       "        \"d\": 0.5,\n"
		       "        \"i\\n\": -9223372036854775808,\n"
		       "        \"l\": [\n"
		       "            \"caf\\u00e9\",\n"
		       "            \"\"\n"
		       "        ],\n"
		       "        \"e\": []\n"
		       "    },\n");
}

static void console_event(void)
{
	struct span *span = span__new(resource__new(), NULL);

	add_event(span);
	check_contains("console", span,
		       "    \"events\": [\n"
		       "        {\n"
		       "            \"name\": \"a:b\",\n"
		       "            \"timestamp\": \"1970-01-01T00:00:01.500000Z\",\n"
		       "            \"attributes\": {\n"
		       "                \"thread.id\": 41,\n"
		       "                \"arg0\": -7\n"
		       "            }\n"
		       "        }\n"
		       "    ],\n");
}

static void console_trace_state(void)
{
	static const char *const cases[][2] = {
		{"vendor=a:1,other=b", "\"['{key=vendor, value=a:1}', '{key=other, value=b}']\""},
		{" a=1 ,\t,b=x=y,", "\"['{key=a, value=1}', '{key=b, value=x=y}']\""},
		{"a=it's", "\"[\\\"{key=a, value=it's}\\\"]\""},
		{"a=\"q\"", "\"['{key=a, value=\\\"q\\\"}']\""},
		{"a='\"\\", "\"['{key=a, value=\\\\'\\\"\\\\\\\\}']\""},
		{",", "\"[]\""},
	};
	struct http_call *call;
	char want[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		call = new_call();
		call->context.state = str_from(cases[i][0]);
		snprintf(want, sizeof(want), "        \"trace_state\": %s\n    },\n", cases[i][1]);
		check_contains("console", new_span(call), want);
	}
}

static void text_lines(void)
{
	struct http_call *call = new_call();
	struct span *inner = span__new(resource__new(), NULL);
	struct export_env east = {.utc_offset_s = 7200}, west = {.utc_offset_s = -1800};

#define TAIL "127.0.0.1:41001 0af7651916cd43dd8448eb211c80319c"
	check_export("text", &east, new_span(call),
		     "02:05:52.123 GET /add?x=1 200 1.234ms 125B 312B " TAIL "\n");
	call = new_call();
	call->end_ns = call->start_ns + 812999;
	call->target = STR("/?token=abc");
	check_export("text", &west, new_span(call),
		     "23:35:52.123 GET /?token=REDACTED 200 812us 125B 312B " TAIL "\n");
	call = new_call();
	call->end_ns = call->start_ns + 61 * NSEC_PER_SEC + 2999999;
	call->status = 0;
	call->error = "ECONNRESET";
	call->marks = HTTP_REQUEST_TRUNCATED | HTTP_HOLE;
	call->request_size = UINT64_MAX;
	check_export("text", NULL, new_span(call),
		     "00:05:52.123 GET /add?x=1 - 61.002s 18446744073709551615B 312B " TAIL
		     " error=ECONNRESET truncated_request hole\n");
	call = new_call();
	call->end_ns = call->start_ns - 1;
	call->target = call->method = STR_NONE;
	check_export("text", NULL, new_span(call), "00:05:52.123 - - 200 0us 125B 312B " TAIL "\n");
#undef TAIL
	inner->name = STR("roll");
	inner->end_ns = 42000;
	attrs__str(&inner->attrs, &inner->mem, STR("code.function.name"), STR("roll"));
	attrs__int(&inner->attrs, &inner->mem, STR("roll.value"), 4);
	add_event(inner);
	check_export("text", NULL, inner,
		     "00:00:00.000   > roll 42us roll.value=4 00000000000000000000000000000000\n"
		     "00:00:01.500     * a:b arg0=-7 00000000000000000000000000000000\n");
}

static void text_clients(void)
{
	struct http_call *call = new_call();

	call->peer.family = FAMILY_INET6;
	memcpy(call->peer.client.addr, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	check_contains("text", new_span(call), "312B [::1]:41001 0af7");
	call = new_call();
	call->peer = (struct peer){.family = FAMILY_UNIX, .path = "/run/a b\n.sock"};
	check_contains("text", new_span(call), "312B unix:/run/a\\x20b\\x0a.sock 0af7");
	call = new_call();
	call->peer = (struct peer){.family = FAMILY_UNIX};
	check_contains("text", new_span(call), "312B unix: 0af7");
	call = new_call();
	call->peer = (struct peer){.family = FAMILY_NONE};
	check_contains("text", new_span(call), "312B - 0af7");
}

static void text_is_harmless(void)
{
	static const char *const cases[][2] = {
		{"/\x01\x1b[2J\r\n\t\x7f", "/\\x01\\x1b[2J\\x0d\\x0a\\x09\\x7f"},
		{"/a 200 b", "/a\\x20200\\x20b"},
		{"/\xc2\x80\xc2\x9f\xc2\xa0", "/\\u{80}\\u{9f}\xc2\xa0"},
		{"/\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9", "/\xe2\x80\xa7\\u{2028}\\u{2029}"},
		{"/\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf", "/\\u{202a}\\u{202e}\xe2\x80\xaf"},
		{"/\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa",
		 "/\xe2\x81\xa5\\u{2066}\\u{2069}\xe2\x81\xaa"},
		{"/\xff\xe2\x82x\xc3\xa4\xf0\x9f\x98\x80",
		 "/\\xff\\xe2\\x82x\xc3\xa4\xf0\x9f\x98\x80"},
	};
	struct http_call *call;
	char want[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		call = new_call();
		call->target = call->method = str_from(cases[i][0]);
		snprintf(want, sizeof(want), ".123 %s %s 200 ", cases[i][1], cases[i][1]);
		check_contains("text", new_span(call), want);
	}
}

static void text_colours(void)
{
	static const struct {
		u16 status;
		const char *text;
	} cases[] = {{101, "\033[32m101"}, {200, "\033[32m200"}, {302, "\033[36m302"},
		     {404, "\033[33m404"}, {500, "\033[31m500"}, {0, "\033[31m-"}};
	struct export_env env = {.terminal = true};
	struct http_call *call;
	char want[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		call = new_call();
		call->status = cases[i].status;
		snprintf(want, sizeof(want),
			 "00:05:52.123 GET /add?x=1 %s\033[0m 1.234ms 125B 312B 127.0.0.1:41001 "
			 "\033[2m0af7651916cd43dd8448eb211c80319c\033[0m\n",
			 cases[i].text);
		check_export("text", &env, new_span(call), want);
	}
}

static void exporters_tell_of_loss(void)
{
	static const char *const names[] = {"console", "text"};
	struct export_env env = {0};
	struct output_counts counts;
	const struct export_ops *ops;
	struct exporter *exporter;
	struct batch *batch = batch__new(1);
	int fd = memfd_create("out", 0);
	size_t i;

	batch__add(batch, new_span(new_call()));
	CHECK(!output__new(&env.output, fd, 8, false)); /* too small for any record */
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ops = export_find(str_from(names[i]));
		CHECK(!ops->open(&exporter, &env));
		CHECK(ops->send(exporter, batch) == EXPORT_DROP);
		ops->close(exporter);
	}
	output__counts(env.output, &counts);
	CHECK(counts.full == 2 && !counts.written);
	output__free(env.output);
	batch__put(batch);
	close(fd);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(LONG_MS / 1000 / 2);
	RUN(exporters_have_names);
	RUN(console_document);
	RUN(console_other_shapes);
	RUN(console_event);
	RUN(console_trace_state);
	RUN(text_lines);
	RUN(text_clients);
	RUN(text_is_harmless);
	RUN(text_colours);
	RUN(exporters_tell_of_loss);
	return test_status();
}
