// SPDX-License-Identifier: Apache-2.0
/* HTTP/1.0 and 1.1 (RFC 9112), a server's connections: the protocol's table and its open calls. */
#include "proto/http1.h"

#include <errno.h>
#include <stdlib.h>

int http1__exchange_new(struct exchange **out)
{
	struct http_call *call = http_call__new();
	struct exchange *exchange = call ? arena__alloc(&call->mem, sizeof(*exchange)) : NULL;

	if (!exchange) {
		http_call__free(call);
		return -ENOMEM;
	}
	*exchange = (struct exchange){.call = call};
	*out = exchange;
	return 0;
}

void http1__begin(struct http1 *h, struct exchange *owned)
{
	if (h->last)
		h->last->next = owned;
	else
		h->first = owned;
	h->last = owned;
	h->cnt++;
	owned->call->peer = *h->peer;
	h->sink->begin(h->sink, owned->call);
}

static struct http_call *take_first(struct http1 *h)
{
	struct exchange *first = h->first;

	h->first = first->next;
	if (!h->first)
		h->last = NULL;
	h->cnt--;
	if (h->reading == first)
		h->reading = NULL;
	return first->call;
}

void http1__end(struct http1 *h, u64 ts, const char *error)
{
	struct http_call *call = take_first(h);

	call->end_ns = ts;
	call->error = error;
	h->sink->end(h->sink, call);
}

void http1__discard_all(struct http1 *h, enum discard why)
{
	while (h->first)
		h->sink->discard(h->sink, take_first(h), why);
}

static void drop_draft(struct http1 *h)
{
	if (h->draft)
		http_call__free(h->draft->call);
	h->draft = NULL;
}

int http1__fail(struct http1 *h, int err)
{
	drop_draft(h);
	http1__discard_all(h, DISCARD_UNSYNC);
	return err;
}

static enum match http1_match(struct str head, bool cut)
{
	struct http1_start start = {0};
	enum match match = http1_start__match(&start, head);

	if (match != MATCH_MAYBE || !cut)
		return match;
	return http1_start__cut(&start, head) ? MATCH_YES : MATCH_NO;
}

static int http1_open(void **state, const struct peer *peer, struct call_sink *sink)
{
	struct http1 *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->peer = peer;
	h->sink = sink;
	*state = h;
	return 0;
}

static ssize_t http1_feed(void *state, enum side from, struct str in, u64 ts, u32 flags)
{
	struct http1 *h = state;

	if (h->tunnel)
		return in.len;
	if (from == SIDE_CLIENT)
		return http1_request__feed(h, in, ts, flags);
	return http1_answer__feed(h, in, ts, flags);
}

static int http1_gap(void *state, enum side from, u64 n, u64 ts, bool lost)
{
	struct http1 *h = state;

	if (h->tunnel || !n)
		return 0;
	if (from == SIDE_CLIENT)
		return http1_request__gap(h, n, lost);
	return http1_answer__gap(h, n, ts, lost);
}

static void http1_close(void *state, u64 ts, const char *why)
{
	struct http1 *h = state;

	if (h->first && h->answers.state != STREAM_HEAD)
		http1_answer__close(h, ts, why);
	if (h->closing)
		http1__discard_all(h, DISCARD_CLOSING);
	while (h->first)
		http1__end(h, ts, why ? why : "connection_closed");
	drop_draft(h);
	free(h);
}

static u32 http1_open_cnt(void *state)
{
	return ((struct http1 *)state)->cnt;
}

static bool http1_tunnel(void *state)
{
	return ((struct http1 *)state)->tunnel;
}

const struct proto proto_http1 = {
	.name = "http1",
	.match = http1_match,
	.open = http1_open,
	.feed = http1_feed,
	.gap = http1_gap,
	.close = http1_close,
	.open_cnt = http1_open_cnt,
	.tunnel = http1_tunnel,
};
