// SPDX-License-Identifier: Apache-2.0
/* What scripts cannot say: limits, linear search, who read a request. */
#include <errno.h>

#include "base/buf.h"
#include "proto/http1.h"
#include "test.h"

struct conn {
	struct call_sink sink;
	const struct proto *proto;
	void *state;
	struct peer peer;
	u32 begun, ended, closing, unsync;
	u32 marks; /* of the last that ended */
	u32 tid;
	u64 request_size;
	size_t tracestate_len;
	char response_head[64]; /* its first bytes */
};

static void on_begin(struct call_sink *sink, struct http_call *call)
{
	struct conn *conn = container_of(sink, struct conn, sink);

	conn->begun++;
	conn->tid = call->peer.tid;
	conn->tracestate_len = call->tracestate.len;
}

static void on_end(struct call_sink *sink, struct http_call *owned)
{
	struct conn *conn = container_of(sink, struct conn, sink);

	conn->ended++;
	conn->marks = owned->marks;
	conn->request_size = owned->request_size;
	snprintf(conn->response_head, sizeof(conn->response_head), "%.*s",
		 STR_ARG(owned->response_head));
	http_call__free(owned);
}

static void on_discard(struct call_sink *sink, struct http_call *owned, enum discard why)
{
	struct conn *conn = container_of(sink, struct conn, sink);

	conn->closing += why == DISCARD_CLOSING;
	conn->unsync += why == DISCARD_UNSYNC;
	http_call__free(owned);
}

static void conn_open(struct conn *conn)
{
	enum match match;

	*conn = (struct conn){.sink = {on_begin, on_end, on_discard}};
	conn->proto = proto_match(STR("GET / HTTP/1.1"), false, &match);
	CHECK(match == MATCH_YES);
	CHECK(!conn->proto->open(&conn->state, &conn->peer, &conn->sink));
}

static ssize_t client(struct conn *conn, struct str in)
{
	return conn->proto->feed(conn->state, SIDE_CLIENT, in, 1, 0);
}

static ssize_t server(struct conn *conn, struct str in)
{
	return conn->proto->feed(conn->state, SIDE_SERVER, in, 2, 0);
}

static void conn_close(struct conn *conn)
{
	conn->proto->close(conn->state, 3, NULL);
}

#define GET STR("GET / HTTP/1.1\r\n\r\n")
#define OK  STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

static void open_calls_are_limited(void)
{
	struct conn conn;

	conn_open(&conn);
	for (u32 i = 0; i < HTTP1_OPEN_LIMIT; i++)
		CHECK(client(&conn, GET) == (ssize_t)GET.len);
	CHECK(conn.proto->open_cnt(conn.state) == HTTP1_OPEN_LIMIT);
	CHECK(client(&conn, GET) == -EPROTO);
	CHECK(conn.begun == HTTP1_OPEN_LIMIT + 1 && conn.unsync == conn.begun);
	conn_close(&conn);
}

/* A head of len bytes, complete. */
static void make_head(struct buf *head, const char *start, size_t len)
{
	buf__printf(head, "%sX: ", start);
	while (head->len < len - 4)
		buf__char(head, 'x');
	buf__str(head, STR("\r\n\r\n"));
}

static void long_request_is_truncated(void)
{
	struct buf head = {0};
	struct conn conn;

	make_head(&head, "GET / HTTP/1.1\r\n", HTTP1_HEAD_LIMIT + 1);
	conn_open(&conn);
	CHECK(client(&conn, buf__view(&head)) == (ssize_t)head.len);
	CHECK(server(&conn, OK) == (ssize_t)OK.len);
	CHECK(conn.ended == 1 && conn.marks == HTTP_REQUEST_TRUNCATED);
	CHECK(conn.request_size == head.len);
	conn_close(&conn);
	buf__free(&head);
}

static void long_answer_is_truncated(void)
{
	struct buf head = {0};
	struct conn conn;

	make_head(&head, "HTTP/1.1 200 OK\r\n", HTTP1_HEAD_LIMIT + 1);
	conn_open(&conn);
	client(&conn, GET);
	CHECK(server(&conn, buf__view(&head)) == (ssize_t)head.len);
	conn_close(&conn);
	CHECK(conn.ended == 1 && conn.marks == (HTTP_RESPONSE_TRUNCATED | HTTP_INFERRED_END));
	buf__free(&head);
}

static void longest_heads_are_whole(void)
{
	struct buf request = {0}, answer = {0};
	struct conn conn;

	make_head(&request, "GET / HTTP/1.1\r\n", HTTP1_HEAD_LIMIT);
	make_head(&answer, "HTTP/1.1 204 No\r\n", HTTP1_HEAD_LIMIT);
	conn_open(&conn);
	CHECK(client(&conn, buf__view(&request)) == HTTP1_HEAD_LIMIT);
	CHECK(server(&conn, buf__view(&answer)) == HTTP1_HEAD_LIMIT);
	CHECK(conn.ended == 1 && !conn.marks);
	CHECK(str_starts(str_from(conn.response_head), STR("HTTP/1.1 204 No\r\nX: xxx")));
	conn_close(&conn);
	buf__free(&request);
	buf__free(&answer);
}

static void long_first_line_is_truncated(void)
{
	struct buf line = {0};
	struct conn conn;

	buf__str(&line, STR("GET /"));
	while (line.len < HTTP1_HEAD_LIMIT)
		buf__char(&line, 'a');
	conn_open(&conn);
	CHECK(client(&conn, str_sub(buf__view(&line), 0, line.len - 1)) == 0);
	CHECK(client(&conn, buf__view(&line)) == HTTP1_HEAD_LIMIT);
	CHECK(conn.begun == 1);
	server(&conn, STR("HTTP/1.1 414 Too Long\r\nContent-Length: 0\r\n\r\n"));
	conn_close(&conn);
	CHECK(conn.ended == 1 && conn.marks == HTTP_REQUEST_TRUNCATED);
	buf__free(&line);
}

/* What was searched once is not looked at again: it could even change. */
static void no_byte_is_searched_twice(void)
{
	char head[] = "GET / HTTP/1.1\r\nX: yyyyyyyy\r\n\r\n";
	struct str whole = {head, sizeof(head) - 1}, most = {head, sizeof(head) - 4};
	struct http1_scan scan = {0}, answer = {0};
	size_t len = 0;

	CHECK(http1_start__match(&scan.start, str_sub(whole, 0, 5)) == MATCH_MAYBE);
	memset(head, ' ', 4);
	CHECK(http1_start__match(&scan.start, most) == MATCH_YES);
	CHECK(http1_scan__request(&scan, most, &len) == SCAN_MORE);
	CHECK(http1_scan__answer(&answer, most, &len) == SCAN_MORE);
	memcpy(head + 18, "\n\n\r\n\r\n", 6);
	CHECK(http1_scan__request(&scan, whole, &len) == SCAN_DONE && len == whole.len);
	CHECK(http1_scan__answer(&answer, whole, &len) == SCAN_DONE && len == whole.len);
}

/* Without a turn: a second process reads while the first answers. */
static void request_behind_blind_answer(void)
{
	struct conn conn;

	conn_open(&conn);
	CHECK(conn.proto->feed(conn.state, SIDE_CLIENT, GET, 1, FEED_TURN) == (ssize_t)GET.len);
	CHECK(!conn.proto->gap(conn.state, SIDE_SERVER, 100, 2, true));
	CHECK(client(&conn, GET) == -EPROTO);
	CHECK(conn.begun == 2 && conn.unsync == 2);
	conn_close(&conn);
}

static void reader_is_of_each_request(void)
{
	struct conn conn;

	conn_open(&conn);
	conn.peer.tid = 7;
	client(&conn, GET);
	CHECK(conn.tid == 7);
	conn.peer.tid = 8;
	client(&conn, GET);
	CHECK(conn.tid == 8);
	server(&conn, OK);
	server(&conn, OK);
	CHECK(conn.ended == 2);
	conn_close(&conn);
}

static void partial_head_asks_for_more(void)
{
	struct str head = STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	struct conn conn;

	conn_open(&conn);
	for (size_t i = 1; i < head.len; i++)
		CHECK(client(&conn, str_sub(head, 0, i)) == 0);
	CHECK(!conn.begun);
	CHECK(client(&conn, head) == (ssize_t)head.len);
	CHECK(conn.begun == 1 && !conn.proto->tunnel(conn.state));
	conn_close(&conn);
}

/* A header of many small tracestates must neither fail nor take more than the head. */
static void many_tracestates_are_joined(void)
{
	struct buf head = {0};
	struct conn conn;
	size_t cnt = 0;

	buf__str(&head, STR("GET / HTTP/1.1\r\n"));
	for (; head.len < HTTP1_HEAD_LIMIT - 20; cnt++)
		buf__str(&head, STR("tracestate:a=1\r\n"));
	buf__str(&head, STR("\r\n"));
	conn_open(&conn);
	CHECK(client(&conn, buf__view(&head)) == (ssize_t)head.len);
	CHECK(conn.begun == 1 && conn.tracestate_len == cnt * sizeof("a=1") - 1);
	conn_close(&conn);
	buf__free(&head);
}

/* Servers take most of them, and none ends a line; NUL and CR may be the end to some. */
static void control_bytes_in_a_value(void)
{
	for (int c = 0; c < ' '; c++) {
		char head[] = "GET / HTTP/1.1\r\nX: a_b\r\nY: c\r\n d_e\r\n\r\n";
		struct str in = {head, sizeof(head) - 1};
		bool ends = c == '\0' || c == '\r';
		struct conn conn;

		if (c == '\n')
			continue;
		*strrchr(head, '_') = (char)c;
		*strchr(head, '_') = (char)c;
		conn_open(&conn);
		CHECK(client(&conn, in) == (ends ? -EPROTO : (ssize_t)in.len));
		CHECK(conn.begun == 1 && conn.unsync == ends);
		conn_close(&conn);
	}
}

int main(void)
{
	RUN(open_calls_are_limited);
	RUN(long_request_is_truncated);
	RUN(long_answer_is_truncated);
	RUN(longest_heads_are_whole);
	RUN(long_first_line_is_truncated);
	RUN(no_byte_is_searched_twice);
	RUN(request_behind_blind_answer);
	RUN(reader_is_of_each_request);
	RUN(partial_head_asks_for_more);
	RUN(many_tracestates_are_joined);
	RUN(control_bytes_in_a_value);
	return test_status();
}
