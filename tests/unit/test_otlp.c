// SPDX-License-Identifier: Apache-2.0
/*
 * export/otlp: messages against bytes written by hand from OTLP's field numbers, and against JSON
 * as the SDK and the Collector write it.
 */
#include "test.h"
#include "test_file.h"
#include "test_wire_proto.h"

#include <sys/mman.h>
#include <unistd.h>

#include "export/export.h"
#include "export/otlp.h"

#define START_NS 1795220142991069845
#define END_NS	 1795220143025461296

static const struct scope scope_a = {"scope.a", "1.2", "https://opentelemetry.io/schemas/1.11.0"};
static const struct scope scope_b = {"scope.b", NULL, NULL};
static const u8 trace_id[16] = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
				0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
static const u8 span_id[8] = {0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
static const u8 parent_id[8] = {0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31};

static struct resource *new_resource(const char *name)
{
	struct resource *resource = resource__new();

	attrs__str(&resource->attrs, &resource->mem, STR("service.name"), str_from(name));
	return resource;
}

static struct span *new_span(struct resource *owned, const struct scope *scope, const char *name)
{
	struct span *span = span__new(owned, NULL);

	span->scope = scope;
	span->name = str_from(name);
	span->kind = SPAN_SERVER;
	span->start_ns = START_NS;
	span->end_ns = END_NS;
	memcpy(span->context.trace_id, trace_id, sizeof(trace_id));
	memcpy(span->context.span_id, span_id, sizeof(span_id));
	return span;
}

/* All that a span can have. */
static struct span *new_full_span(void)
{
	struct span *span = new_span(new_resource("todo"), &scope_a, "GET /slow");
	struct str *list = arena__alloc(&span->mem, 2 * sizeof(*list));
	struct span_event *event;

	list[0] = STR("x");
	list[1] = STR_NONE;
	memcpy(span->context.parent_id, parent_id, sizeof(parent_id));
	span->context.state = STR("a=1");
	span->context.flags = 1;
	span->status = SPAN_ERROR;
	span->status_message = STR("ValueError: \xff");
	attrs__str(&span->attrs, &span->mem, STR("s"), STR("v\"\xc3\xa9"));
	attrs__int(&span->attrs, &span->mem, STR("i"), -2);
	attrs__bool(&span->attrs, &span->mem, STR("b"), false);
	attrs__add(&span->attrs, &span->mem,
		   (struct attr){.key = STR("d"), .type = ATTR_DOUBLE, .d = 0.5});
	attrs__add(&span->attrs, &span->mem,
		   (struct attr){.key = STR("l"), .type = ATTR_STR_LIST, .list = {list, 2}});
	span->attrs.dropped = 3;
	event = span__event(span, START_NS + 1, STR("a:b"));
	attrs__int(&event->attrs, &span->mem, STR("arg0"), 7);
	event->attrs.dropped = 1;
	span->events_dropped = 2;
	return span;
}

static void add_attr(struct buf *span, const char *key, struct buf *value)
{
	struct buf pair = {0};

	wire_text(&pair, 1, key);
	wire_message(&pair, 2, value);
	wire_message(span, 9, &pair);
}

static void write_attrs(struct buf *span)
{
	struct buf value = {0}, list = {0}, item = {0};

	wire_pair(span, 9, "s", "v\"\xc3\xa9");
	wire_uint(&value, 3, (u64)-2);
	add_attr(span, "i", &value);
	wire_uint(&value, 2, 0); /* of a oneof a default is there, too */
	add_attr(span, "b", &value);
	wire_double(&value, 4, 0.5);
	add_attr(span, "d", &value);
	wire_text(&item, 1, "x");
	wire_message(&list, 1, &item);
	wire_text(&item, 1, "");
	wire_message(&list, 1, &item);
	wire_message(&value, 5, &list);
	add_attr(span, "l", &value);
}

static void write_event(struct buf *span)
{
	struct buf event = {0}, pair = {0}, value = {0};

	wire_fixed64(&event, 1, START_NS + 1);
	wire_text(&event, 2, "a:b");
	wire_uint(&value, 3, 7);
	wire_text(&pair, 1, "arg0");
	wire_message(&pair, 2, &value);
	wire_message(&event, 3, &pair);
	wire_uint(&event, 4, 1);
	wire_message(span, 11, &event);
	wire_uint(span, 12, 2);
}

static void write_span(struct buf *span)
{
	struct buf status = {0};

	wire_bytes(span, 1, trace_id, sizeof(trace_id));
	wire_bytes(span, 2, span_id, sizeof(span_id));
	wire_text(span, 3, "a=1");
	wire_bytes(span, 4, parent_id, sizeof(parent_id));
	wire_text(span, 5, "GET /slow");
	wire_uint(span, 6, 2);
	wire_fixed64(span, 7, START_NS);
	wire_fixed64(span, 8, END_NS);
	write_attrs(span);
	wire_uint(span, 10, 3);
	write_event(span);
	wire_text(&status, 2, "ValueError: \xef\xbf\xbd");
	wire_uint(&status, 3, 2);
	wire_message(span, 15, &status);
	wire_fixed32(span, 16, 0x301);
}

static void span_as_protobuf(void)
{
	struct span *span = new_full_span();
	struct buf want = {0}, group = {0}, scoped = {0}, part = {0}, got = {0};

	wire_pair(&part, 1, "service.name", "todo");
	wire_message(&group, 1, &part);
	wire_text(&part, 1, "scope.a");
	wire_text(&part, 2, "1.2");
	wire_message(&scoped, 1, &part);
	write_span(&part);
	wire_message(&scoped, 2, &part);
	wire_text(&scoped, 3, scope_a.schema_url);
	wire_message(&group, 2, &scoped);
	wire_message(&want, 1, &group);

	buf__str(&got, STR("before"));
	CHECK(!otlp_encode_traces(&got, OTLP_PROTOBUF, (const struct span *const *)&span, 1));
	buf__consume(&got, 6);
	CHECK(str_eq(buf__view(&got), buf__view(&want)));
	buf__free(&got);
	buf__free(&want);
	span__free(span);
}

static void check_json(struct span *const *spans, u32 cnt, const char *want)
{
	struct buf got = {0};

	CHECK(!otlp_encode_traces(&got, OTLP_JSON, (const struct span *const *)spans, cnt));
	CHECK_STR(buf__view(&got), want);
	buf__free(&got);
}

static void span_as_json(void)
{
	struct span *span = new_full_span();

	check_json(&span, 1,
		   "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
		   "\"value\":{\"stringValue\":\"todo\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":"
		   "\"scope.a\",\"version\":\"1.2\"},\"spans\":[{"
		   "\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
		   "\"spanId\":\"00f067aa0ba902b7\",\"traceState\":\"a=1\","
		   "\"parentSpanId\":\"b7ad6b7169203331\",\"name\":\"GET /slow\",\"kind\":2,"
		   "\"startTimeUnixNano\":\"1795220142991069845\","
		   "\"endTimeUnixNano\":\"1795220143025461296\",\"attributes\":["
		   "{\"key\":\"s\",\"value\":{\"stringValue\":\"v\\\"\\u00e9\"}},"
		   "{\"key\":\"i\",\"value\":{\"intValue\":\"-2\"}},"
		   "{\"key\":\"b\",\"value\":{\"boolValue\":false}},"
		   "{\"key\":\"d\",\"value\":{\"doubleValue\":0.5}},"
		   "{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"x\"},"
		   "{\"stringValue\":\"\"}]}}}],\"droppedAttributesCount\":3,"
		   "\"events\":[{\"timeUnixNano\":\"1795220142991069846\",\"name\":\"a:b\","
		   "\"attributes\":[{\"key\":\"arg0\",\"value\":{\"intValue\":\"7\"}}],"
		   "\"droppedAttributesCount\":1}],\"droppedEventsCount\":2,"
		   "\"status\":{\"message\":\"ValueError: \\ufffd\",\"code\":2},\"flags\":769}],"
		   "\"schemaUrl\":\"https://opentelemetry.io/schemas/1.11.0\"}]}]}");
	span__free(span);
}

/* A root span of the SDK: no parent, an empty status, flags 256. */
static void root_span_as_json(void)
{
	struct span *span = new_span(resource__new(), &scope_b, "GET /");

	check_json(
		&span, 1,
		"{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"scope\":{\"name\":"
		"\"scope.b\"},\"spans\":[{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
		"\"spanId\":\"00f067aa0ba902b7\",\"name\":\"GET /\",\"kind\":2,"
		"\"startTimeUnixNano\":\"1795220142991069845\","
		"\"endTimeUnixNano\":\"1795220143025461296\",\"status\":{},\"flags\":256}]}]}]}");
	span__free(span);
}

static void child_of_a_local_span_is_not_remote(void)
{
	struct span *span = new_span(resource__new(), &scope_b, "roll");
	struct buf got = {0};

	memcpy(span->context.parent_id, parent_id, sizeof(parent_id));
	span->kind = SPAN_INTERNAL;
	CHECK(!otlp_encode_traces(&got, OTLP_JSON, (const struct span *const *)&span, 1));
	buf__char(&got, '\0');
	CHECK(strstr(got.p, "\"flags\":256}"));
	buf__free(&got);
	span__free(span);
}

/* "todo{scope.a{1 4 }scope.b{3 }}" of a message in JSON: what each group holds. */
static void print_groups(struct buf *out, const char *json)
{
	static const struct {
		const char *key, *before, *after;
	} keys[] = {
		{"\"resource\":", "\n", ""},
		{"\"stringValue\":\"", "", "{"},
		{"\"scope\":{\"name\":\"", "", "{"},
		{"\"name\":\"", "", " "},
	};

	while (*json) {
		size_t i = 0;

		while (i < ARRAY_SIZE(keys) && strncmp(json, keys[i].key, strlen(keys[i].key)) != 0)
			i++;
		if (i == ARRAY_SIZE(keys)) {
			json++;
			continue;
		}
		json += strlen(keys[i].key);
		buf__str(out, str_from(keys[i].before));
		if (i)
			buf__append(out, json, strcspn(json, "\""));
		buf__str(out, str_from(keys[i].after));
	}
}

static void groups_in_order_of_their_first_spans(void)
{
	struct resource *a = new_resource("A"), *b = new_resource("B");
	struct span *spans[] = {
		new_span(resource__get(a), &scope_a, "1"),
		new_span(resource__get(b), &scope_a, "2"),
		new_span(resource__get(a), &scope_b, "3"),
		new_span(resource__get(a), &scope_a, "4"),
		new_span(b, &scope_a, "5"),
		new_span(a, &scope_b, "6"),
	};
	struct buf json = {0}, groups = {0};

	CHECK(!otlp_encode_traces(&json, OTLP_JSON, (const struct span *const *)spans,
				  ARRAY_SIZE(spans)));
	buf__char(&json, '\0');
	print_groups(&groups, json.p);
	CHECK_STR(buf__view(&groups), "\nA{scope.a{1 4 scope.b{3 6 \nB{scope.a{2 5 ");
	for (size_t i = 0; i < ARRAY_SIZE(spans); i++)
		span__free(spans[i]);
	buf__free(&json);
	buf__free(&groups);
}

static void no_spans(void)
{
	struct buf got = {0};

	check_json(NULL, 0, "{}");
	CHECK(!otlp_encode_traces(&got, OTLP_PROTOBUF, NULL, 0) && !got.len);
	buf__free(&got);
}

/* What no buffer holds is refused, in either encoding. */
static void too_long(void)
{
	struct span *spans[2] = {new_span(new_resource("A"), &scope_a, "1"),
				 new_span(new_resource("B"), &scope_a, "2")};
	char *text = malloc(BUF_LIMIT);
	struct buf got = {0};

	memset(text, 'x', BUF_LIMIT);
	spans[1]->name = (struct str){text, BUF_LIMIT};
	CHECK(otlp_encode_traces(&got, OTLP_PROTOBUF, (const struct span *const *)spans, 2) < 0);
	CHECK(got.failed);
	buf__reset(&got);
	CHECK(otlp_encode_traces(&got, OTLP_JSON, (const struct span *const *)spans, 2) < 0);
	CHECK(got.failed);
	span__free(spans[0]);
	span__free(spans[1]);
	buf__free(&got);
	free(text);
}

static struct str print_debug(struct span *owned)
{
	const struct export_ops *ops = export_find(STR("debug"));
	struct batch *batch = batch__new(1);
	int fd = memfd_create("out", 0);
	struct export_env env = {0};
	struct exporter *exporter;
	struct str text;

	batch__add(batch, owned);
	CHECK(!output__new(&env.output, fd, 1 << 20, false));
	CHECK(!ops->open(&exporter, &env));
	CHECK(ops->send(exporter, batch) == EXPORT_OK);
	ops->close(exporter);
	CHECK(!output__flush(env.output, 60000));
	output__free(env.output);
	batch__put(batch);
	text = read_all(fd);
	close(fd);
	return text;
}

static void span_as_debug_text(void)
{
	struct span *span = new_full_span();
	struct str text;

	attrs__str(&span->attrs, &span->mem, STR("c"), STR("\x1b[2J\n\xc2\x85<\xc3\xa9>"));
	attrs__add(&span->attrs, &span->mem,
		   (struct attr){.key = STR("e"), .type = ATTR_DOUBLE, .d = 1e-7});
	attrs__add(&span->attrs, &span->mem,
		   (struct attr){.key = STR("w"), .type = ATTR_DOUBLE, .d = 300000});
	span->attrs.v[4].list.v[1] = STR("<\"\n\xc3\xa9");
	text = print_debug(span);
	CHECK_STR(text, "Traces\t{\"resource spans\": 1, \"spans\": 1}\n"
			"ResourceSpans #0\nResource SchemaURL: \nResource attributes:\n"
			"     -> service.name: Str(todo)\nScopeSpans #0\n"
			"ScopeSpans SchemaURL: https://opentelemetry.io/schemas/1.11.0\n"
			"InstrumentationScope scope.a 1.2\nSpan #0\n"
			"    Trace ID       : 4bf92f3577b34da6a3ce929d0e0e4736\n"
			"    Parent ID      : b7ad6b7169203331\n"
			"    ID             : 00f067aa0ba902b7\n"
			"    Name           : GET /slow\n"
			"    Kind           : Server\n"
			"    TraceState     : a=1\n"
			"    Start time     : 2026-11-21 00:15:42.991069845 +0000 UTC\n"
			"    End time       : 2026-11-21 00:15:43.025461296 +0000 UTC\n"
			"    Status code    : Error\n"
			"    Status message : ValueError: \xef\xbf\xbd\n"
			"    DroppedAttributesCount: 3\n"
			"    DroppedEventsCount: 2\n"
			"    DroppedLinksCount: 0\n"
			"Attributes:\n"
			"     -> s: Str(v\"\xc3\xa9)\n"
			"     -> i: Int(-2)\n"
			"     -> b: Bool(false)\n"
			"     -> d: Double(0.5)\n"
			"     -> l: Slice([\"x\",\"<\\\"\\n\xc3\xa9\"])\n"
			"     -> c: Str(\\x1b[2J\\x0a\\x85<\xc3\xa9>)\n"
			"     -> e: Double(1e-7)\n"
			"     -> w: Double(300000)\n"
			"Events:\nSpanEvent #0\n     -> Name: a:b\n"
			"     -> Timestamp: 2026-11-21 00:15:42.991069846 +0000 UTC\n"
			"     -> DroppedAttributesCount: 1\n     -> Attributes::\n"
			"          -> arg0: Int(7)\n\n");
	free((char *)text.p);
}

int main(void)
{
	alarm(60);
	RUN(span_as_protobuf);
	RUN(span_as_json);
	RUN(root_span_as_json);
	RUN(child_of_a_local_span_is_not_remote);
	RUN(groups_in_order_of_their_first_spans);
	RUN(no_spans);
	RUN(too_long);
	RUN(span_as_debug_text);
	return test_status();
}
