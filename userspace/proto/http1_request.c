// SPDX-License-Identifier: Apache-2.0
/*
 * The client's side. A request begins when its head is complete, whatever is still to be answered.
 *
 * Requests are untrusted and read strictly: where two servers could disagree about where one ends,
 * the connection is given up, and the request counted, rather than a call guessed.
 */
#include "proto/http1.h"

#include <errno.h>

static void next_head(struct http1 *h)
{
	h->requests = (struct stream){.state = STREAM_HEAD};
	h->reading = NULL;
	h->first_ns = 0;
	h->pending = 0;
	h->resync = false;
	h->before_turn = 0;
}

static void count(struct http1 *h, u64 n)
{
	if (h->reading)
		h->reading->call->request_size += n;
}

/* The body has ended by its framing. */
static void body_done(struct http1 *h)
{
	if (h->reading)
		h->reading->call->request_body = http1_body__size(&h->requests.body);
	next_head(h);
}

/* The draft, or a new one, filled with what text tells; where its first line is cut, with that. */
static int fill_draft(struct http1 *h, struct str text, struct http1_head *head)
{
	const struct http1_start *start = &h->requests.scan.start;
	struct http_call *call;
	int err = h->draft ? 0 : http1__exchange_new(&h->draft);

	if (err)
		return err;
	call = h->draft->call;
	call->request_head = arena__dup(&call->mem, text);
	if (!call->request_head.p)
		return -ENOMEM;
	if (http1_start__cut(start, text))
		http1_head__cut_request(head, call->request_head);
	else
		err = http1_head__request(head, call->request_head, start);
	return err ? err : http1_head__fill(head, call);
}

/* Begins the draft, whose head took len bytes of the stream. */
static int begin(struct http1 *h, size_t len)
{
	struct exchange *exchange = h->draft;

	h->draft = NULL;
	exchange->call->start_ns = h->first_ns;
	exchange->call->request_size = len;
	next_head(h);
	h->reading = exchange;
	http1__begin(h, exchange);
	if (h->closing) {
		http1__discard_all(h, DISCARD_CLOSING);
		return 0;
	}
	/* An answer that only a turn can end cannot be told from the next one. */
	if (h->cnt > 1 && h->answers.state == STREAM_BODY && h->answers.body.kind == BODY_BLIND)
		return http1__fail(h, -EPROTO);
	return h->cnt > HTTP1_OPEN_LIMIT ? http1__fail(h, -EPROTO) : 0;
}

static void read_body(struct http1 *h, struct http1_body body)
{
	h->requests.state = STREAM_BODY;
	h->requests.body = body;
}

static ssize_t head_done(struct http1 *h, struct str text)
{
	struct http1_head head;
	int err = fill_draft(h, text, &head);
	bool connect, ambiguous;

	if (err)
		return http1__fail(h, err);
	connect = str_eq(head.method, STR("CONNECT"));
	ambiguous = http1_head__ambiguous(&head);
	h->draft->asked_close = http1_head__closes(&head);
	h->draft->waits = head.flags & HEAD_EXPECT;
	err = begin(h, text.len);
	if (err)
		return err;
	/* From here on head's texts may be gone. */
	if (ambiguous)
		return http1__fail(h, -EPROTO);
	if (connect) /* a client may speak through the tunnel before it stands */
		read_body(h, (struct http1_body){.kind = BODY_BLIND});
	else if (head.flags & HEAD_CHUNKED)
		read_body(h, (struct http1_body){.kind = BODY_CHUNKED});
	else
		read_body(h, (struct http1_body){.kind = BODY_LENGTH, .left = head.length});
	if (h->requests.body.kind == BODY_LENGTH && !head.length)
		body_done(h);
	return text.len;
}

/* A line ends in LF alone. What came up to it is a request if its first line says so. */
static ssize_t head_bare_lf(struct http1 *h, struct str text)
{
	struct http1_head head;
	int err = fill_draft(h, text, &head);

	if (!err)
		err = begin(h, text.len);
	return http1__fail(h, err ? err : -EPROTO);
}

/* The head's rest will not come, or is too long. */
static ssize_t head_cut(struct http1 *h, struct str text, bool too_long)
{
	struct http1_head head;
	bool ambiguous;
	int err;

	if (!h->requests.scan.line && !too_long &&
	    !http1_start__cut(&h->requests.scan.start, text)) {
		/* No request yet: a close may follow. If bytes are missed, gap() gives up. */
		h->requests.state = STREAM_CUT;
		return text.len;
	}
	err = fill_draft(h, text, &head);
	if (err)
		return http1__fail(h, err);
	ambiguous = http1_head__ambiguous(&head);
	h->draft->call->marks |= HTTP_REQUEST_TRUNCATED;
	h->draft->asked_close = http1_head__closes(&head);
	err = begin(h, text.len);
	if (err)
		return err;
	if (ambiguous)
		return http1__fail(h, -EPROTO);
	read_body(h, (struct http1_body){.kind = BODY_BLIND});
	return text.len;
}

int http1_request__begin_draft(struct http1 *h)
{
	struct exchange *exchange = h->draft;
	size_t pending = h->pending;
	int err;

	exchange->call->marks |= HTTP_REQUEST_TRUNCATED;
	err = begin(h, pending);
	if (err)
		return err;
	h->counted = pending;
	read_body(h, (struct http1_body){.kind = BODY_BLIND});
	return 0;
}

/* A head that is not complete. Its request line is kept: the server may answer that alone. */
static ssize_t head_wait(struct http1 *h, struct str text)
{
	struct http1_head head;
	int err;

	h->pending = text.len;
	if (h->draft || !h->requests.scan.line)
		return 0;
	err = fill_draft(h, str_sub(text, 0, str_find(text, '\n', 0) + 1), &head);
	return err ? http1__fail(h, err) : 0;
}

static ssize_t head_step(struct http1 *h, struct str in, u64 ts, u32 flags)
{
	struct http1_scan *scan = &h->requests.scan;
	struct str text = str_sub(in, 0, HTTP1_HEAD_LIMIT);
	bool ends = flags & FEED_GAP_FOLLOWS, too_long = text.len == HTTP1_HEAD_LIMIT;
	size_t len;

	if (str_starts(in, STR("\r\n")))
		return 2;
	if (!ends && str_eq(in, STR("\r")))
		return 0;
	if (!h->first_ns)
		h->first_ns = ts;
	if (http1_start__match(&scan->start, text) == MATCH_NO)
		return http1__fail(h, -EPROTO);
	switch (http1_scan__request(scan, text, &len)) {
	case SCAN_DONE:
		return head_done(h, str_sub(text, 0, len));
	case SCAN_BARE_LF:
		return head_bare_lf(h, str_sub(text, 0, len));
	case SCAN_MORE:
		break;
	}
	if (ends || too_long)
		return head_cut(h, text, too_long);
	return head_wait(h, text);
}

static ssize_t body_step(struct http1 *h, struct str in)
{
	bool done = false;
	ssize_t n = http1_body__feed(&h->requests.body, in, &done);

	if (n < 0)
		return http1__fail(h, n);
	count(h, n);
	if (done)
		body_done(h);
	return n;
}

/* Is its answer begun? Before that, what comes cannot be the next request. */
static bool answered(const struct http1 *h)
{
	return !h->reading || (h->reading == h->first && h->answers.state == STREAM_BODY);
}

/*
 * Bytes after a turn, where the body's framing is unknown: a request? MAYBE: ask for more. How far
 * that look got is in requests.scan, which a body does not use.
 */
static enum match lost_body_ends(struct http1 *h, struct str in, u64 ts, u32 flags)
{
	enum match match;

	if (!h->resync || !answered(h) || !http1_body__lost(&h->requests.body)) {
		h->resync = false;
		return MATCH_NO;
	}
	match = http1_start__match(&h->requests.scan.start, in);
	if (match == MATCH_MAYBE && !(flags & FEED_GAP_FOLLOWS)) {
		if (!h->first_ns)
			h->first_ns = ts;
		return MATCH_MAYBE;
	}
	h->requests.scan = (struct http1_scan){0};
	if (match != MATCH_NO)
		return MATCH_YES;
	/* If another turn came meanwhile, a request may still begin there. */
	h->resync = h->before_turn;
	h->first_ns = 0;
	return MATCH_NO;
}

static ssize_t step(struct http1 *h, struct str in, u64 ts, u32 flags)
{
	u64 first_ns;
	size_t len;

	if (h->requests.state == STREAM_CUT)
		return http1__fail(h, -EPROTO);
	if (h->requests.state == STREAM_BODY) {
		switch (lost_body_ends(h, in, ts, flags)) {
		case MATCH_NO:
			len = h->before_turn ? h->before_turn : in.len;
			h->before_turn = 0;
			return body_step(h, str_sub(in, 0, len));
		case MATCH_MAYBE:
			return 0;
		case MATCH_YES:
			first_ns = h->first_ns;
			next_head(h);
			h->first_ns = first_ns;
		}
	}
	if (h->turn) {
		int err = http1_answer__turn(h);

		if (err)
			return err;
	}
	return head_step(h, in, ts, flags);
}

ssize_t http1_request__feed(struct http1 *h, struct str in, u64 ts, u32 flags)
{
	size_t used = h->counted < in.len ? h->counted : in.len;

	h->counted = 0;
	if (flags & FEED_TURN) {
		h->turn = h->resync = true;
		if (h->requests.state == STREAM_BODY)
			h->before_turn = h->requests.scan.start.pos;
	}
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

int http1_request__gap(struct http1 *h, u64 n, bool lost)
{
	while (n) {
		bool done = false;
		u64 passed;

		/* A head went unseen, so how many requests did is unknown. */
		if (h->requests.state != STREAM_BODY)
			return http1__fail(h, -EPROTO);
		passed = http1_body__gap(&h->requests.body, n, &done);
		count(h, passed);
		if (lost && h->reading && http1_body__lost(&h->requests.body))
			h->reading->call->marks |= HTTP_HOLE;
		if (done)
			body_done(h);
		n -= passed;
	}
	return 0;
}
