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
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "export/export.h"
#include "export/json.h"

#define NL4 "\n    "
#define NL8 "\n        "

struct console {
	struct exporter exporter;
	struct output *output;
	struct buf doc;
};

static const char *const kinds[] = {
	[SPAN_INTERNAL] = "INTERNAL", [SPAN_SERVER] = "SERVER",	    [SPAN_CLIENT] = "CLIENT",
	[SPAN_PRODUCER] = "PRODUCER", [SPAN_CONSUMER] = "CONSUMER",
};

static const char *const statuses[] = {
	[SPAN_UNSET] = "UNSET",
	[SPAN_OK] = "OK",
	[SPAN_ERROR] = "ERROR",
};

static void print_id(struct buf *doc, const u8 *id, size_t len)
{
	buf__str(doc, STR("\"0x"));
	span_print_id(doc, id, len);
	buf__char(doc, '"');
}

static void print_time(struct buf *doc, u64 ns)
{
	time_t seconds = (time_t)(ns / NSEC_PER_SEC);
	char text[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf__printf(doc, "\"%s.%06uZ\"", text, (unsigned)(ns % NSEC_PER_SEC / 1000));
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

/* newline: a line break and the indent of the line that closes the list. */
static void print_list(struct buf *doc, const struct attr_list *list, const char *newline)
{
	u32 i;

	buf__char(doc, '[');
	for (i = 0; i < list->cnt; i++) {
		buf__printf(doc, "%s%s    ", i ? "," : "", newline);
		json_str(doc, list->v[i]);
	}
	if (list->cnt)
		buf__str(doc, str_from(newline));
	buf__char(doc, ']');
}

static void print_value(struct buf *doc, const struct attr *attr, const char *newline)
{
	switch (attr->type) {
	case ATTR_STR:
		json_str(doc, attr->s);
		break;
	case ATTR_INT:
		buf__printf(doc, "%" PRId64, attr->i);
		break;
	case ATTR_DOUBLE:
		json_double(doc, attr->d);
		break;
	case ATTR_BOOL:
		buf__str(doc, str_from(attr->b ? "true" : "false"));
		break;
	case ATTR_STR_LIST:
		print_list(doc, &attr->list, newline);
		break;
	}
}

/* newline: a line break and the indent of the line that closes the object. */
static void print_attrs(struct buf *doc, const struct attrs *attrs, const char *newline)
{
	char deeper[16];
	u32 i;

	snprintf(deeper, sizeof(deeper), "%s    ", newline);
	buf__char(doc, '{');
	for (i = 0; i < attrs->cnt; i++) {
		buf__printf(doc, "%s%s", i ? "," : "", deeper);
		json_str(doc, attrs->v[i].key);
		buf__str(doc, STR(": "));
		print_value(doc, &attrs->v[i], deeper);
	}
	if (attrs->cnt)
		buf__str(doc, str_from(newline));
	buf__char(doc, '}');
}

static void print_context(struct buf *doc, const struct span *span)
{
	static const u8 none[sizeof(span->context.parent_id)];

	buf__str(doc, STR("{" NL8 "\"trace_id\": "));
	print_id(doc, span->context.trace_id, sizeof(span->context.trace_id));
	buf__str(doc, STR("," NL8 "\"span_id\": "));
	print_id(doc, span->context.span_id, sizeof(span->context.span_id));
	buf__str(doc, STR("," NL8 "\"trace_state\": "));
	print_state(doc, span->context.state);
	buf__printf(doc, NL4 "}," NL4 "\"kind\": \"SpanKind.%s\"," NL4 "\"parent_id\": ",
		    kinds[span->kind]);
	if (!memcmp(span->context.parent_id, none, sizeof(none)))
		buf__str(doc, STR("null"));
	else
		print_id(doc, span->context.parent_id, sizeof(none));
}

static void print_status(struct buf *doc, const struct span *span)
{
	buf__printf(doc, "{" NL8 "\"status_code\": \"%s\"", statuses[span->status]);
	if (span->status_message.len) {
		buf__str(doc, STR("," NL8 "\"description\": "));
		json_str(doc, span->status_message);
	}
	buf__str(doc, STR(NL4 "}"));
}

static void print_span(struct buf *doc, const struct span *span)
{
	buf__str(doc, STR("{" NL4 "\"name\": "));
	json_str(doc, span->name);
	buf__str(doc, STR("," NL4 "\"context\": "));
	print_context(doc, span);
	buf__str(doc, STR("," NL4 "\"start_time\": "));
	print_time(doc, span->start_ns);
	buf__str(doc, STR("," NL4 "\"end_time\": "));
	print_time(doc, span->end_ns);
	buf__str(doc, STR("," NL4 "\"status\": "));
	print_status(doc, span);
	buf__str(doc, STR("," NL4 "\"attributes\": "));
	print_attrs(doc, &span->attrs, NL4);
	buf__str(doc, STR("," NL4 "\"events\": []," NL4 "\"links\": []," NL4 "\"resource\": {" NL8
			  "\"attributes\": "));
	print_attrs(doc, &span->resource->attrs, NL8);
	buf__str(doc, STR("," NL8 "\"schema_url\": \"\"" NL4 "}\n}\n"));
}

static int console_open(struct exporter **out, const struct export_env *env)
{
	struct console *console = calloc(1, sizeof(*console));

	if (!console)
		return -ENOMEM;
	console->exporter.ops = &export_console;
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
		if (output__write_buf(console->output, &console->doc))
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
};
