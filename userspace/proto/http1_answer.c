// SPDX-License-Identifier: Apache-2.0
/*
 * The server's side. Answers belong to the open calls in their order, and one ends by its framing.
 *
 * Answers come from the program that is traced, which knows what it means, so they are read as
 * clients do (RFC 9112 section 6.3): chunked wins over a length, lines may end in LF. Where even a
 * client could not tell the length, the end is inferred and marked: the status is still a fact.
 */
#include "proto/http1.h"

#include <errno.h>

/* Bytes that answer nobody (a connection joined midway, a 408 before close) are ignored. */
static int has_call(struct http1 *h)
{
	int err = 0;

	if (!h->first && h->draft && !h->closing)
		err = http1_request__begin_draft(h);
	return err ? err : h->first != NULL;
}

/* The first call's answer is complete; marks: what is to be said about its end. */
static void finish(struct http1 *h, u64 ts, u32 marks)
{
	h->closing |= h->first->closes;
	h->first->call->marks |= marks;
	if (h->answers.state == STREAM_BODY)
		h->first->call->response_body = http1_body__size(&h->answers.body);
	h->answers = (struct stream){.state = STREAM_HEAD};
	http1__end(h, ts, NULL);
	if (h->closing)
		http1__discard_all(h, DISCARD_CLOSING);
}

static void count(struct http1 *h, u64 n)
{
	h->first->call->response_size += n;
}

static struct http1_body framing(const struct http_call *call, const struct http1_head *head)
{
	u32 flags = head->flags;

	if (str_eq(call->method, STR("HEAD")) || call->status == 204 || call->status == 304)
		return (struct http1_body){.kind = BODY_LENGTH};
	if (flags & HEAD_BAD_FRAMING)
		return (struct http1_body){.kind = BODY_BLIND};
	if (flags & HEAD_CHUNKED)
		return (struct http1_body){.kind = BODY_CHUNKED};
	if (flags & HEAD_LENGTH && !(flags & HEAD_CODED))
		return (struct http1_body){.kind = BODY_LENGTH, .left = head->length};
	return (struct http1_body){.kind = BODY_CLOSE};
}

static bool opens_tunnel(const struct http_call *call)
{
	if (call->status == 101)
		return true;
	return call->status / 100 == 2 && str_eq(call->method, STR("CONNECT"));
}

static void finish_tunnel(struct http1 *h, u64 ts, u32 marks)
{
	h->tunnel = true;
	h->first->closes = true;
	finish(h, ts, marks);
}

/*
 * A client that waited for 100 Continue and was refused may send its body or leave it out (RFC 9110
 * section 10.1.1): its next bytes will tell.
 */
static void refuse_body(struct http1 *h)
{
	bool unread = h->requests.state == STREAM_BODY && h->reading == h->first &&
		      h->first->call->request_size == h->first->call->request_head.len;

	if (h->first->waits && unread)
		h->requests.body = (struct http1_body){.kind = BODY_BLIND};
}

/* Notes what a final answer's head says. -EPROTO: no status line; *final stays false for 1xx. */
static int take_head(struct http1 *h, struct str text, struct http1_head *head, bool *final)
{
	struct exchange *exchange = h->first;
	struct http_call *call = exchange->call;
	int err = http1_head__answer(head, text);

	if (err)
		return err;
	*final = head->status >= 200 || head->status == 101;
	if (!*final) {
		exchange->waits &= head->status != 100;
		return 0;
	}
	call->response_head = arena__dup(&call->mem, text);
	if (!call->response_head.p)
		return -ENOMEM;
	call->status = head->status;
	exchange->closes = exchange->asked_close || http1_head__closes(head);
	refuse_body(h);
	return 0;
}

/* From here on only the next turn or the close ends the first call's answer. */
static int go_blind(struct http1 *h)
{
	h->first->call->marks |= h->first->call->status ? HTTP_RESPONSE_TRUNCATED : HTTP_HOLE;
	h->answers.state = STREAM_BODY;
	h->answers.body = (struct http1_body){.kind = BODY_BLIND};
	return h->cnt > 1 ? http1__fail(h, -EPROTO) : 0;
}

/* The head's rest will not come (gap() or close() says why), or is too long. */
static ssize_t head_cut(struct http1 *h, struct str text, u64 ts, bool too_long)
{
	struct http1_head head;
	bool final = false;
	int err = take_head(h, text, &head, &final);

	if (err == -ENOMEM)
		return http1__fail(h, err);
	count(h, text.len);
	h->answers.state = STREAM_CUT;
	if (final && opens_tunnel(h->first->call))
		finish_tunnel(h, ts, HTTP_RESPONSE_TRUNCATED | HTTP_INFERRED_END);
	else if (too_long)
		err = go_blind(h);
	else
		err = 0;
	return err ? err : (ssize_t)text.len;
}

static ssize_t head_done(struct http1 *h, struct str text, u64 ts)
{
	struct http1_head head;
	bool final = false;
	int err = take_head(h, text, &head, &final);

	if (err)
		return http1__fail(h, err);
	count(h, text.len);
	h->answers.scan = (struct http1_scan){0};
	if (!final)
		return text.len;
	if (opens_tunnel(h->first->call)) {
		finish_tunnel(h, ts, 0);
		return text.len;
	}
	h->answers.state = STREAM_BODY;
	h->answers.body = framing(h->first->call, &head);
	if (h->answers.body.kind == BODY_CLOSE)
		h->first->closes = true;
	if (h->answers.body.kind == BODY_LENGTH && !h->answers.body.left)
		finish(h, ts, 0);
	else if (h->answers.body.kind == BODY_BLIND && h->cnt > 1)
		return http1__fail(h, -EPROTO);
	return text.len;
}

static ssize_t head_step(struct http1 *h, struct str in, u64 ts, u32 flags)
{
	struct str text = str_sub(in, 0, HTTP1_HEAD_LIMIT);
	bool too_long = text.len == HTTP1_HEAD_LIMIT;
	size_t len;

	if (http1_status_match(text) == MATCH_NO)
		return http1__fail(h, -EPROTO);
	if (http1_scan__answer(&h->answers.scan, text, &len) == SCAN_DONE)
		return head_done(h, str_sub(text, 0, len), ts);
	if (too_long || flags & FEED_GAP_FOLLOWS)
		return head_cut(h, text, ts, too_long);
	return 0;
}

static ssize_t body_step(struct http1 *h, struct str in, u64 ts)
{
	struct http1_body *body = &h->answers.body;
	bool done = false;
	ssize_t n = http1_body__feed(body, in, &done);

	if (n < 0)
		return http1__fail(h, n);
	count(h, n);
	if (done)
		finish(h, ts, body->kind == BODY_TAIL ? HTTP_INFERRED_END : 0);
	return n;
}

static ssize_t step(struct http1 *h, struct str in, u64 ts, u32 flags)
{
	int called = has_call(h);

	if (called < 0)
		return called;
	if (!called || h->tunnel)
		return in.len;
	h->answer_ns = ts;
	switch (h->answers.state) {
	case STREAM_HEAD:
		return head_step(h, in, ts, flags);
	case STREAM_BODY:
		return body_step(h, in, ts);
	case STREAM_CUT:
		break;
	}
	return http1__fail(h, -EPROTO);
}

ssize_t http1_answer__feed(struct http1 *h, struct str in, u64 ts, u32 flags)
{
	size_t used = 0;

	h->turn = false;
	while (used < in.len) {
		ssize_t n = step(h, str_sub(in, used, in.len), ts, flags);

		if (n < 0)
			return n;
		if (!n)
			break;
		used += n;
	}
	return used;
}

/* Takes from *n the unseen bytes that are of the first call's answer. */
static int gap_step(struct http1 *h, u64 *n, u64 ts, bool lost)
{
	struct http1_body *body = &h->answers.body;
	bool done = false;
	u64 passed;

	h->answer_ns = ts;
	if (h->answers.state != STREAM_BODY) {
		int err = go_blind(h);

		if (err)
			return err;
	}
	passed = http1_body__gap(body, *n, &done);
	count(h, passed);
	if (lost && http1_body__lost(body))
		h->first->call->marks |= HTTP_HOLE;
	if (done)
		finish(h, ts, 0);
	*n -= passed;
	return 0;
}

int http1_answer__gap(struct http1 *h, u64 n, u64 ts, bool lost)
{
	int called = has_call(h);

	h->turn = false;
	while (called > 0 && n) {
		int err = gap_step(h, &n, ts, lost);

		if (err)
			return err;
		called = h->first != NULL;
	}
	return called < 0 ? called : 0;
}

int http1_answer__turn(struct http1 *h)
{
	if (!h->first || h->answers.state != STREAM_BODY || !http1_body__lost(&h->answers.body))
		return 0;
	if (h->cnt > 1)
		return http1__fail(h, -EPROTO);
	finish(h, h->answer_ns, HTTP_INFERRED_END);
	return 0;
}

void http1_answer__close(struct http1 *h, u64 ts, const char *why)
{
	struct http1_body *body = &h->answers.body;
	bool whole = h->answers.state == STREAM_BODY;

	if (whole && http1_body__lost(body) && h->cnt > 1) {
		http1__fail(h, 0);
	} else if (whole && http1_body__lost(body)) {
		finish(h, h->answer_ns, HTTP_INFERRED_END);
	} else if (whole && body->kind == BODY_CLOSE && !why) {
		finish(h, h->answer_ns, 0);
	} else {
		h->closing |= h->first->closes;
		http1__end(h, ts, why ? why : "connection_closed");
	}
}
