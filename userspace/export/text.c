// SPDX-License-Identifier: Apache-2.0
/*
 * The text exporter: one line per request, for people, and below it what was called within.
 *
 *	02:05:52.123 GET /add?x=1 200 1.234ms 125B 312B 127.0.0.1:41001 0af7651916cd43dd84...
 *	02:05:52.123   > todo_add 98us 0af7651916cd43dd84...
 *	02:05:52.123     > sqlite3_step 61us sqlite.rc=101 0af7651916cd43dd84...
 *
 * Start of the request in local time, method, target, status, duration, bytes received and sent,
 * client, trace id, then why it failed and what is not known about it. A blank always ends a field,
 * and nothing a client sends can move the cursor, reverse the line or forge another one. A call
 * whose request is told in another batch stands alone; the trace id tells.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "export/export.h"
#include "export/safe_text.h"
#include "model/url.h"

struct text {
	struct exporter exporter;
	const struct export_env *env;
	struct buf line;
};

enum colour { RED = 31, GREEN = 32, YELLOW = 33, CYAN = 36, DIM = 2 };

static void print_clock(struct text *text, u64 ns)
{
	u64 ms = (ns + (u64)text->env->utc_offset_s * NSEC_PER_SEC) / NSEC_PER_MSEC;

	buf__printf(&text->line, "%02u:%02u:%02u.%03u ", (unsigned)(ms / 3600000 % 24),
		    (unsigned)(ms / 60000 % 60), (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000));
}

static void print_target(struct buf *line, struct str target)
{
	struct arena mem = {0};

	safe_text(line, url_redact(&mem, target));
	arena__free(&mem);
	buf__char(line, ' ');
}

static void colour(struct text *text, enum colour code)
{
	if (text->env->terminal)
		buf__printf(&text->line, "\033[%dm", code);
}

static void colour_end(struct text *text)
{
	if (text->env->terminal)
		buf__str(&text->line, STR("\033[0m"));
}

static enum colour status_colour(u16 status)
{
	switch (status / 100) {
	case 1:
	case 2:
		return GREEN;
	case 3:
		return CYAN;
	case 4:
		return YELLOW;
	default:
		return RED;
	}
}

static void print_status(struct text *text, u16 status)
{
	colour(text, status_colour(status));
	if (status)
		buf__printf(&text->line, "%u", status);
	else
		buf__char(&text->line, '-');
	colour_end(text);
	buf__char(&text->line, ' ');
}

static void print_duration(struct buf *line, u64 start_ns, u64 end_ns)
{
	u64 us = end_ns > start_ns ? (end_ns - start_ns) / 1000 : 0;

	if (us < 1000)
		buf__printf(line, "%" PRIu64 "us ", us);
	else if (us < 1000000)
		buf__printf(line, "%" PRIu64 ".%03" PRIu64 "ms ", us / 1000, us % 1000);
	else
		buf__printf(line, "%" PRIu64 ".%03" PRIu64 "s ", us / 1000000, us / 1000 % 1000);
}

static void print_client(struct buf *line, const struct peer *peer)
{
	bool inet6 = peer->family == FAMILY_INET6;
	struct str path = {peer->path, strnlen(peer->path, sizeof(peer->path))};

	if (peer->family == FAMILY_NONE) {
		buf__char(line, '-');
	} else if (peer->family == FAMILY_UNIX) {
		buf__str(line, STR("unix:"));
		if (path.len)
			safe_text(line, path);
	} else {
		buf__str(line, str_from(inet6 ? "[" : ""));
		peer_print_addr(line, peer->family, peer->client.addr);
		buf__printf(line, "%s:%u", inet6 ? "]" : "", peer->client.port);
	}
	buf__char(line, ' ');
}

static void print_trace(struct text *text, const struct span *span)
{
	colour(text, DIM);
	span_print_id(&text->line, span->context.trace_id, sizeof(span->context.trace_id));
	colour_end(text);
}

static void print_attr(struct buf *line, const struct attr *attr)
{
	if (str_starts(attr->key, STR("code.")) || str_eq(attr->key, STR("thread.id")))
		return;
	safe_text(line, attr->key);
	if (attr->type == ATTR_INT) {
		buf__printf(line, "=%" PRId64 " ", attr->i);
	} else if (attr->type == ATTR_BOOL) {
		buf__printf(line, "=%s ", attr->b ? "true" : "false");
	} else if (attr->type == ATTR_STR) {
		buf__char(line, '=');
		safe_text(line, attr->s);
		buf__char(line, ' ');
	}
}

/* What was taken of a call or an event, and the end of its line. */
static void print_details(struct text *text, const struct span *span, const struct attrs *attrs)
{
	for (u32 i = 0; i < attrs->cnt; i++)
		print_attr(&text->line, &attrs->v[i]);
	print_trace(text, span);
	buf__char(&text->line, '\n');
}

/* A span within a request, with what was taken of the call: "  > roll 12us roll.value=4". */
static void print_inner(struct text *text, const struct span *span, u32 depth)
{
	struct buf *line = &text->line;

	print_clock(text, span->start_ns);
	buf__printf(line, "%*s> ", (int)(2 * depth), "");
	safe_text(line, span->name);
	buf__char(line, ' ');
	print_duration(line, span->start_ns, span->end_ns);
	print_details(text, span, &span->attrs);
}

/* Below its span: "  * python:gc__start arg0=2". */
static void print_events(struct text *text, const struct span *span, u32 depth)
{
	for (u32 i = 0; i < span->event_cnt; i++) {
		const struct span_event *event = &span->events[i];

		print_clock(text, event->ts);
		buf__printf(&text->line, "%*s* ", (int)(2 * depth + 2), "");
		safe_text(&text->line, event->name);
		buf__char(&text->line, ' ');
		print_details(text, span, &event->attrs);
	}
}

static void print_call(struct text *text, const struct span *span)
{
	const struct http_call *call = span->http;
	struct buf *line = &text->line;

	print_clock(text, call->start_ns);
	safe_text(line, call->method);
	buf__char(line, ' ');
	print_target(line, call->target);
	print_status(text, call->status);
	print_duration(line, call->start_ns, call->end_ns);
	buf__printf(line, "%" PRIu64 "B %" PRIu64 "B ", call->request_size, call->response_size);
	print_client(line, &call->peer);
	print_trace(text, span);
	if (call->error)
		buf__printf(line, " error=%s", call->error);
	if (call->marks)
		buf__char(line, ' ');
	http_print_marks(line, call->marks, ' ');
	buf__char(line, '\n');
}

static int text_open(struct exporter **out, const struct export_env *env)
{
	struct text *text = calloc(1, sizeof(*text));

	if (!text)
		return -ENOMEM;
	text->exporter.ops = &export_text;
	text->exporter.component = "text_span_exporter";
	text->env = env;
	*out = &text->exporter;
	return 0;
}

static bool was_called_in(const struct span *span, const struct span *parent)
{
	const struct trace_context *inner = &span->context, *outer = &parent->context;

	return !span->http && span != parent &&
	       !memcmp(inner->parent_id, outer->span_id, sizeof(outer->span_id)) &&
	       !memcmp(inner->trace_id, outer->trace_id, sizeof(outer->trace_id));
}

static bool parent_is_there(const struct batch *batch, const struct span *span)
{
	for (u32 i = 0; i < batch->cnt; i++)
		if (was_called_in(span, batch->spans[i]))
			return true;
	return false;
}

/* By start, then as they ended. */
static bool comes_before(const struct batch *batch, u32 a, u32 b)
{
	u64 x = batch->spans[a]->start_ns, y = batch->spans[b]->start_ns;

	return x < y || (x == y && a < b);
}

/* The first call in parent that comes behind `last`, none if that is cnt; cnt: there is none. */
static u32 next_call(const struct batch *batch, u32 parent, u32 last)
{
	u32 next = batch->cnt;

	for (u32 i = 0; i < batch->cnt; i++)
		if (was_called_in(batch->spans[i], batch->spans[parent]) &&
		    (last == batch->cnt || comes_before(batch, last, i)) &&
		    (next == batch->cnt || comes_before(batch, i, next)))
			next = i;
	return next;
}

/* A span, and below it those of its calls. */
static enum export_result send_tree(struct text *text, const struct batch *batch, u32 at, u32 depth)
{
	const struct span *span = batch->spans[at];
	enum export_result result = EXPORT_OK;

	buf__reset(&text->line);
	if (span->http)
		print_call(text, span);
	else
		print_inner(text, span, depth);
	print_events(text, span, depth);
	if (exporter__count(&text->exporter, 1, output__write_buf(text->env->output, &text->line)))
		result = EXPORT_DROP;
	for (u32 i = batch->cnt; (i = next_call(batch, at, i)) < batch->cnt;)
		if (send_tree(text, batch, i, depth + 1) != EXPORT_OK)
			result = EXPORT_DROP;
	return result;
}

static enum export_result text_send(struct exporter *exporter, const struct batch *batch)
{
	struct text *text = container_of(exporter, struct text, exporter);
	enum export_result result = EXPORT_OK;

	for (u32 i = 0; i < batch->cnt; i++) {
		const struct span *span = batch->spans[i];

		if (!span->http && parent_is_there(batch, span))
			continue;
		if (send_tree(text, batch, i, !span->http) != EXPORT_OK)
			result = EXPORT_DROP;
	}
	return result;
}

static void text_close(struct exporter *exporter)
{
	struct text *text = container_of(exporter, struct text, exporter);

	buf__free(&text->line);
	free(text);
}

const struct export_ops export_text = {
	.name = "text",
	.open = text_open,
	.send = text_send,
	.close = text_close,
	.tell = export_tell,
};
