// SPDX-License-Identifier: Apache-2.0
/*
 * The console exporter: spans as OpenTelemetry Python's ConsoleSpanExporter prints them, byte for
 * byte: json.dumps(span, indent=4) and a newline, one write per span.
 *
 *	{
 *	    "name": "GET /",
 *	    "context": {
 *	        "trace_id": "0x0af7651916cd43dd8448eb211c80319c",
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "export/export.h"
#include "export/json_writer.h"

struct console {
	struct exporter exporter;
	struct output *output;
	struct buf doc;
};

static const char *const kinds[] = {
	[SPAN_INTERNAL] = "SpanKind.INTERNAL", [SPAN_SERVER] = "SpanKind.SERVER",
	[SPAN_CLIENT] = "SpanKind.CLIENT",     [SPAN_PRODUCER] = "SpanKind.PRODUCER",
	[SPAN_CONSUMER] = "SpanKind.CONSUMER",
};

static const char *const statuses[] = {
	[SPAN_UNSET] = "UNSET",
	[SPAN_OK] = "OK",
	[SPAN_ERROR] = "ERROR",
};

static void print_id(struct json_writer *w, const char *key, const u8 *id, size_t len)
{
	json_writer__key(w, key);
	buf__str(w->out, STR("\"0x"));
	span_print_id(w->out, id, len);
	buf__char(w->out, '"');
}

static void print_time(struct json_writer *w, const char *key, u64 ns)
{
	time_t seconds = (time_t)(ns / NSEC_PER_SEC);
	char text[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	json_writer__key(w, key);
	buf__printf(w->out, "\"%s.%06uZ\"", text, (unsigned)(ns % NSEC_PER_SEC / 1000));
}

/* Python's repr() of a text of printable ASCII: in double quotes only if that saves a backslash. */
static void print_repr(struct buf *out, struct str s)
{
	char quote = str_find(s, '\'', 0) >= 0 && str_find(s, '"', 0) < 0 ? '"' : '\'';
	size_t i;

	buf__char(out, quote);
	for (i = 0; i < s.len; i++) {
		if (s.p[i] == quote || s.p[i] == '\\')
			buf__char(out, '\\');
		buf__char(out, s.p[i]);
	}
	buf__char(out, quote);
}

static void print_state_member(struct buf *list, struct str member)
{
	ssize_t equals = str_find(member, '=', 0);
	struct buf text = {0};

	if (equals < 0)
		return;
	buf__str(&text, STR("{key="));
	buf__str(&text, str_sub(member, 0, (size_t)equals));
	buf__str(&text, STR(", value="));
	buf__str(&text, str_sub(member, (size_t)equals + 1, member.len));
	buf__char(&text, '}');
	if (list->len > 1)
		buf__str(list, STR(", "));
	print_repr(list, buf__view(&text));
	list->failed |= text.failed;
	buf__free(&text);
}

/* Python prints str(TraceState): "[]" or "['{key=a, value=1}', '{key=b, value=2}']". */
static void print_state(struct buf *doc, struct str state)
{
	struct buf list = {0};
	ssize_t comma;
	size_t end;

	buf__char(&list, '[');
	while (state.len) {
		comma = str_find(state, ',', 0);
		end = comma < 0 ? state.len : (size_t)comma;
		print_state_member(&list, str_trim(str_sub(state, 0, end)));
		state = str_sub(state, end + 1, state.len);
	}
	buf__char(&list, ']');
	json_str(doc, buf__view(&list));
	doc->failed |= list.failed;
	buf__free(&list);
}

static void print_context(struct json_writer *w, const struct span *span)
{
	json_writer__key(w, "context");
	json_writer__open(w, '{');
	print_id(w, "trace_id", span->context.trace_id, sizeof(span->context.trace_id));
	print_id(w, "span_id", span->context.span_id, sizeof(span->context.span_id));
	json_writer__key(w, "trace_state");
	print_state(w->out, span->context.state);
	json_writer__close(w, '}');
}

static void print_parent(struct json_writer *w, const struct span *span)
{
	static const u8 none[sizeof(span->context.parent_id)];

	if (memcmp(span->context.parent_id, none, sizeof(none))) {
		print_id(w, "parent_id", span->context.parent_id, sizeof(none));
		return;
	}
	json_writer__key(w, "parent_id");
	buf__str(w->out, STR("null"));
}

static void print_status(struct json_writer *w, const struct span *span)
{
	json_writer__key(w, "status");
	json_writer__open(w, '{');
	json_writer__str(w, "status_code", str_from(statuses[span->status]));
	if (span->status_message.len)
		json_writer__str(w, "description", span->status_message);
	json_writer__close(w, '}');
}

/* The model has no links. */
static void print_links(struct json_writer *w)
{
	json_writer__key(w, "links");
	json_writer__open(w, '[');
	json_writer__close(w, ']');
}

static void print_events(struct json_writer *w, const struct span *span)
{
	json_writer__key(w, "events");
	json_writer__open(w, '[');
	for (u32 i = 0; i < span->event_cnt; i++) {
		const struct span_event *event = &span->events[i];

		json_writer__item(w);
		json_writer__open(w, '{');
		json_writer__str(w, "name", event->name);
		print_time(w, "timestamp", event->ts);
		json_writer__attrs(w, STR("attributes"), &event->attrs);
		json_writer__close(w, '}');
	}
	json_writer__close(w, ']');
}

static void print_resource(struct json_writer *w, const struct resource *resource)
{
	json_writer__key(w, "resource");
	json_writer__open(w, '{');
	json_writer__attrs(w, STR("attributes"), &resource->attrs);
	json_writer__str(w, "schema_url", STR(""));
	json_writer__close(w, '}');
}

static void print_span(struct buf *doc, const struct span *span)
{
	struct json_writer w = {.out = doc};

	json_writer__open(&w, '{');
	json_writer__str(&w, "name", span->name);
	print_context(&w, span);
	json_writer__str(&w, "kind", str_from(kinds[span->kind]));
	print_parent(&w, span);
	print_time(&w, "start_time", span->start_ns);
	print_time(&w, "end_time", span->end_ns);
	print_status(&w, span);
	json_writer__attrs(&w, STR("attributes"), &span->attrs);
	print_events(&w, span);
	print_links(&w);
	print_resource(&w, span->resource);
	json_writer__close(&w, '}');
	buf__char(doc, '\n');
}

static int console_open(struct exporter **out, const struct export_env *env)
{
	struct console *console = calloc(1, sizeof(*console));

	if (!console)
		return -ENOMEM;
	console->exporter.ops = &export_console;
	console->exporter.component = "console_span_exporter";
	console->output = env->output;
	*out = &console->exporter;
	return 0;
}

static enum export_result console_send(struct exporter *exporter, const struct batch *batch)
{
	struct console *console = container_of(exporter, struct console, exporter);
	enum export_result result = EXPORT_OK;
	u32 i;

	for (i = 0; i < batch->cnt; i++) {
		buf__reset(&console->doc);
		print_span(&console->doc, batch->spans[i]);
		if (exporter__count(exporter, 1, output__write_buf(console->output, &console->doc)))
			result = EXPORT_DROP;
	}
	return result;
}

static void console_close(struct exporter *exporter)
{
	struct console *console = container_of(exporter, struct console, exporter);

	buf__free(&console->doc);
	free(console);
}

const struct export_ops export_console = {
	.name = "console",
	.open = console_open,
	.send = console_send,
	.close = console_close,
	.tell = export_tell,
};
