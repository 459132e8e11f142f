// SPDX-License-Identifier: Apache-2.0
#include "export/zipkin_json.h"

#include "export/attr_text.h"
#include "export/json_writer.h"

/* W3C Trace Context 3.2.2.5 */
#define FLAG_SAMPLED 0x01

/* INTERNAL is no kind of Zipkin's. */
static const char *const kinds[] = {
	[SPAN_SERVER] = "SERVER",
	[SPAN_CLIENT] = "CLIENT",
	[SPAN_PRODUCER] = "PRODUCER",
	[SPAN_CONSUMER] = "CONSUMER",
};

/* Tags that say something of their own in Zipkin: no attribute may be taken for them. */
static const struct str reserved[] = {
	STR("error"),
	STR("otel.status_code"),
	STR("otel.dropped_attributes_count"),
	STR("otel.dropped_events_count"),
	STR("otel.library.name"),
	STR("otel.library.version"),
	STR("otel.scope.name"),
	STR("otel.scope.version"),
};

static bool is_reserved(struct str key)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (str_eq(key, reserved[i]))
			return true;
	return false;
}

static void print_id(struct json_writer *w, const char *key, const u8 *id, size_t len)
{
	json_writer__key(w, key);
	buf__char(w->out, '"');
	span_print_id(w->out, id, len);
	buf__char(w->out, '"');
}

/* ---- endpoints ---- */

static struct str text_of(const struct attrs *attrs, struct str key)
{
	const struct attr *attr = attrs__find(attrs, key);

	return attr && attr->type == ATTR_STR ? attr->s : STR_NONE;
}

static void print_local(struct json_writer *w, const struct span *span)
{
	struct str name = text_of(&span->resource->attrs, STR("service.name"));

	json_writer__key(w, "localEndpoint");
	json_writer__open(w, '{');
	json_writer__str(w, "serviceName", name.len ? name : STR("unknown_service"));
	json_writer__close(w, '}');
}

/* By what a client's span may tell of its server, the best first. */
static const struct {
	struct str name, port; /* port: of what is an address */
} remotes[] = {
	{STR("peer.service"), STR_NONE},
	{STR("server.address"), STR_NONE},
	{STR("net.peer.name"), STR_NONE},
	{STR("network.peer.address"), STR("network.peer.port")},
	{STR("server.socket.domain"), STR_NONE},
	{STR("server.socket.address"), STR("server.socket.port")},
	{STR("net.sock.peer.name"), STR_NONE},
	{STR("net.sock.peer.addr"), STR("net.sock.peer.port")},
	{STR("peer.hostname"), STR_NONE},
	{STR("peer.address"), STR_NONE},
	{STR("db.name"), STR_NONE},
};

static void print_remote(struct json_writer *w, const struct attrs *attrs)
{
	const struct attr *port = NULL;
	struct str name = STR_NONE;
	bool address = false;

	for (size_t i = 0; i < ARRAY_SIZE(remotes) && !name.len; i++) {
		name = text_of(attrs, remotes[i].name);
		address = remotes[i].port.len;
		port = address ? attrs__find(attrs, remotes[i].port) : NULL;
	}
	if (!name.len)
		return;
	json_writer__key(w, "remoteEndpoint");
	json_writer__open(w, '{');
	if (address)
		json_writer__str(w, str_find(name, ':', 0) < 0 ? "ipv4" : "ipv6", name);
	else
		json_writer__str(w, "serviceName", name);
	if (port && port->type == ATTR_INT)
		json_writer__int(w, "port", port->i);
	json_writer__close(w, '}');
}

/* ---- tags ---- */

static void print_tag(struct json_writer *w, const struct attr *attr)
{
	struct buf text __cleanup(buf__free) = {0};

	if (attr->type == ATTR_STR) {
		json_writer__member(w, attr->key, attr->s);
		return;
	}
	attr_text(&text, attr);
	json_writer__member(w, attr->key, buf__view(&text));
	w->out->failed |= text.failed;
}

static void print_status(struct json_writer *w, const struct span *span)
{
	if (span->status == SPAN_UNSET)
		return;
	json_writer__str(w, "otel.status_code", span->status == SPAN_OK ? STR("OK") : STR("ERROR"));
	if (span->status == SPAN_ERROR)
		json_writer__str(w, "error", span->status_message);
}

static void print_dropped(struct json_writer *w, struct str key, u32 dropped)
{
	const struct attr attr = {.key = key, .type = ATTR_INT, .i = dropped};

	if (dropped)
		print_tag(w, &attr);
}

static void print_tags(struct json_writer *w, const struct span *span)
{
	const struct attrs *of_resource = &span->resource->attrs;
	struct str name = str_from(span->scope->name), version = str_from(span->scope->version);

	json_writer__key(w, "tags");
	json_writer__open(w, '{');
	for (u32 i = 0; i < span->attrs.cnt; i++)
		if (!is_reserved(span->attrs.v[i].key))
			print_tag(w, &span->attrs.v[i]);
	for (u32 i = 0; i < of_resource->cnt; i++)
		if (!is_reserved(of_resource->v[i].key) &&
		    !attrs__find(&span->attrs, of_resource->v[i].key))
			print_tag(w, &of_resource->v[i]);
	json_writer__str(w, "otel.library.name", name);
	json_writer__str(w, "otel.library.version", version);
	json_writer__str(w, "otel.scope.name", name);
	json_writer__str(w, "otel.scope.version", version);
	print_status(w, span);
	print_dropped(w, STR("otel.dropped_attributes_count"), span->attrs.dropped);
	print_dropped(w, STR("otel.dropped_events_count"), span->events_dropped);
	json_writer__close(w, '}');
}

/* An annotation is a text: that of a document, {"name": {"arg0": 1}}. */
static void print_annotation(struct json_writer *w, const struct span_event *event)
{
	struct buf text __cleanup(buf__free) = {0};
	struct json_writer inner = {.out = &text, .compact = true};

	json_writer__open(&inner, '{');
	json_writer__attrs(&inner, event->name, &event->attrs);
	json_writer__close(&inner, '}');
	json_writer__item(w);
	json_writer__open(w, '{');
	json_writer__u64(w, "timestamp", event->ts / 1000);
	json_writer__str(w, "value", buf__view(&text));
	json_writer__close(w, '}');
	w->out->failed |= text.failed;
}

static void print_annotations(struct json_writer *w, const struct span *span)
{
	if (!span->event_cnt)
		return;
	json_writer__key(w, "annotations");
	json_writer__open(w, '[');
	for (u32 i = 0; i < span->event_cnt; i++)
		print_annotation(w, &span->events[i]);
	json_writer__close(w, ']');
}

/* ---- spans ---- */

/* Zipkin takes a duration of 0 for none: what is shorter is 1 us. */
static u64 duration_us(const struct span *span)
{
	u64 us = (span->end_ns - span->start_ns) / 1000;

	return us ? us : 1;
}

static void print_span(struct json_writer *w, const struct span *span)
{
	static const u8 none[sizeof(span->context.parent_id)];

	json_writer__item(w);
	json_writer__open(w, '{');
	print_id(w, "traceId", span->context.trace_id, sizeof(span->context.trace_id));
	print_id(w, "id", span->context.span_id, sizeof(span->context.span_id));
	json_writer__str(w, "name", span->name);
	json_writer__u64(w, "timestamp", span->start_ns / 1000);
	json_writer__u64(w, "duration", duration_us(span));
	print_local(w, span);
	json_writer__key(w, "kind");
	if (kinds[span->kind])
		json_str(w->out, str_from(kinds[span->kind]));
	else
		buf__str(w->out, STR("null"));
	if (span->kind == SPAN_CLIENT || span->kind == SPAN_PRODUCER)
		print_remote(w, &span->attrs);
	print_tags(w, span);
	print_annotations(w, span);
	if (span->context.flags & FLAG_SAMPLED) {
		json_writer__key(w, "debug");
		buf__str(w->out, STR("true"));
	}
	if (memcmp(span->context.parent_id, none, sizeof(none)))
		print_id(w, "parentId", span->context.parent_id, sizeof(none));
	json_writer__close(w, '}');
}

void zipkin_json(struct buf *out, const struct span *const *spans, u32 cnt)
{
	struct json_writer w = {.out = out, .compact = true};

	json_writer__open(&w, '[');
	for (u32 i = 0; i < cnt; i++)
		print_span(&w, spans[i]);
	json_writer__close(&w, ']');
}
