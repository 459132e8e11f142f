// SPDX-License-Identifier: Apache-2.0
/*
 * conn/: events as the kernel tells them, made by hand, into a table of connections with the real
 * parser; what the parser says is noted in words, one line each:
 *
 *	begin /a 3                      the request's first byte was read at time 3
 *	end /a 200 3-5 19+38            answered from 3 to 5: sizes of request and answer
 *	end /a 200 3-5 19+38 hole !ECONNRESET
 *	discard /a unsynchronised
 *
 * A struct wire plays the socket: it counts both streams and the time, one step a call. After each
 * test no request may be unaccounted for.
 */
#ifndef TEST_WIRE_H
#define TEST_WIRE_H

#include "test.h"

#include <errno.h>

#include "base/log.h"
#include "base/rng.h"
#include "conn/table.h"

#define HEAD 64 /* --capture_head of most tests */

struct fixture {
	struct call_sink sink;
	struct stats stats;
	struct conn_env env;
	struct conn_table *table;
	struct buf text;
	u32 muted, listens;
	u64 last_muted, lost;
};

static inline void on_begin(struct call_sink *sink, struct http_call *call)
{
	struct fixture *f = container_of(sink, struct fixture, sink);

	stats__add(&f->stats, STAT_REQUESTS, 1);
	stats__add(&f->stats, STAT_OPEN, 1);
	buf__printf(&f->text, "begin %.*s %llu\n", STR_ARG(call->target),
		    (unsigned long long)call->start_ns);
}

static inline void on_end(struct call_sink *sink, struct http_call *owned)
{
	struct fixture *f = container_of(sink, struct fixture, sink);

	stats__add(&f->stats, STAT_SPANS, 1);
	stats__add(&f->stats, STAT_OPEN, (u64)-1);
	buf__printf(&f->text, "end %.*s %u %llu-%llu %llu+%llu", STR_ARG(owned->target),
		    owned->status, (unsigned long long)owned->start_ns,
		    (unsigned long long)owned->end_ns, (unsigned long long)owned->request_size,
		    (unsigned long long)owned->response_size);
	if (owned->marks)
		buf__char(&f->text, ' ');
	http_print_marks(&f->text, owned->marks, ',');
	if (owned->error)
		buf__printf(&f->text, " !%s", owned->error);
	buf__char(&f->text, '\n');
	http_call__free(owned);
}

static inline void on_discard(struct call_sink *sink, struct http_call *owned, enum discard why)
{
	static const struct {
		enum stat stat;
		const char *text;
	} causes[] = {
		[DISCARD_CLOSING] = {STAT_DISCARDED, "closing"},
		[DISCARD_UNSYNC] = {STAT_LOST_UNSYNC, "unsynchronised"},
		[DISCARD_FORGOTTEN] = {STAT_LOST_END, "forgotten"},
	};
	struct fixture *f = container_of(sink, struct fixture, sink);

	stats__add(&f->stats, causes[why].stat, 1);
	stats__add(&f->stats, STAT_OPEN, (u64)-1);
	buf__printf(&f->text, "discard %.*s %s\n", STR_ARG(owned->target), causes[why].text);
	http_call__free(owned);
}

static inline void on_mute(void *owner, u64 cookie)
{
	struct fixture *f = owner;

	f->muted++;
	f->last_muted = cookie;
}

static inline void on_listen_addr(void *owner, u32 tgid, enum family family,
				  const struct endpoint *local, u8 addr[16])
{
	(void)tgid;
	(void)family;
	((struct fixture *)owner)->listens++;
	memcpy(addr, local->addr, 16);
}

static inline void begin_limited(struct fixture *f, struct conn_limits limits)
{
	*f = (struct fixture){.sink = {on_begin, on_end, on_discard}};
	f->env = (struct conn_env){&f->sink, &f->stats, f, on_mute, on_listen_addr, HEAD};
	if (conn_table__new(&f->table, &f->env, limits))
		abort();
}

static inline void begin(struct fixture *f)
{
	begin_limited(f, (struct conn_limits){0});
}

/* Checks what was said and that every request is accounted for, before and after all is let go. */
static inline void finish(struct fixture *f, const char *want)
{
	const u64 *v = f->stats.v;

	CHECK_STR(buf__view(&f->text), want);
	CHECK(v[STAT_REQUESTS] ==
	      v[STAT_SPANS] + stats__sum(&f->stats, STAT_LOST) + v[STAT_DISCARDED] + v[STAT_OPEN]);
	conn_table__free(f->table);
	CHECK(v[STAT_OPEN] == 0);
	CHECK(v[STAT_REQUESTS] ==
	      v[STAT_SPANS] + stats__sum(&f->stats, STAT_LOST) + v[STAT_DISCARDED]);
	buf__free(&f->text);
}

struct wire {
	struct fixture *f;
	u64 conn, now;
	u64 rx, tx, moved_ts;
	bool sending; /* so the next read is a turn */
};

static inline void opened_as(struct wire *w, struct fixture *f, u64 conn, enum family family)
{
	struct capture_open event = {.conn = conn, .tgid = 1, .family = family};

	*w = (struct wire){.f = f, .conn = conn, .sending = true};
	conn_table__open(f->table, &event);
}

static inline void opened(struct wire *w, struct fixture *f, u64 conn)
{
	opened_as(w, f, conn, FAMILY_INET);
}

/* The process reads len bytes, of which text was captured. */
static inline struct capture_data read_event(struct wire *w, struct str text, u32 len)
{
	struct capture_data event = {.conn = w->conn,
				     .ts = ++w->now,
				     .tgid = 1,
				     .tid = 1,
				     .turn = w->sending,
				     .rx_off = w->rx,
				     .tx_off = w->tx,
				     .moved_ts = w->moved_ts,
				     .len = len,
				     .head = text};

	w->rx += len;
	w->sending = false;
	return event;
}

static inline void reads_part(struct wire *w, struct str text, u32 len)
{
	struct capture_data event = read_event(w, text, len);

	conn_table__data(w->f->table, &event);
}

static inline void reads(struct wire *w, const char *text)
{
	reads_part(w, str_from(text), (u32)strlen(text));
}

static inline struct capture_data want_event(struct wire *w, struct str head, u32 len,
					     struct str tail)
{
	struct capture_data event = {.conn = w->conn,
				     .ts = ++w->now,
				     .tgid = 1,
				     .tid = 1,
				     .out = true,
				     .rx_off = w->rx,
				     .tx_off = w->tx,
				     .moved_ts = w->moved_ts,
				     .len = len,
				     .head = head,
				     .tail = tail};

	w->sending = true;
	return event;
}

/* The process wants len bytes sent; its first and last are known. */
static inline void wants_part(struct wire *w, struct str head, u32 len, struct str tail)
{
	struct capture_data event = want_event(w, head, len, tail);

	conn_table__data(w->f->table, &event);
}

static inline void wants(struct wire *w, const char *text)
{
	wants_part(w, str_from(text), (u32)strlen(text), STR_NONE);
}

/* That many bytes of what it wants go, or of what nobody told of; no event says so yet. */
static inline void moves(struct wire *w, u64 n)
{
	w->tx += n;
	w->moved_ts = ++w->now;
}

static inline void sends(struct wire *w, const char *text)
{
	wants(w, text);
	moves(w, strlen(text));
}

/* As on unix sockets: what is told has moved. */
static inline void sent(struct wire *w, const char *text)
{
	struct capture_data event = want_event(w, str_from(text), (u32)strlen(text), STR_NONE);

	event.confirmed = true;
	w->tx += event.len;
	w->moved_ts = w->now;
	conn_table__data(w->f->table, &event);
}

static inline struct capture_state state_event(struct wire *w)
{
	return (struct capture_state){.conn = w->conn,
				      .ts = ++w->now,
				      .rx_off = w->rx,
				      .tx_off = w->tx,
				      .moved_ts = w->moved_ts};
}

static inline void is_swept(struct wire *w)
{
	struct capture_state event = state_event(w);

	conn_table__state(w->f->table, &event);
}

/* The last 16 bytes of sends nobody told of. */
static inline void is_swept_with_tail(struct wire *w, const char *tail)
{
	struct capture_state event = state_event(w);

	event.tail_end = w->tx;
	event.tail = str_from(tail);
	conn_table__state(w->f->table, &event);
}

static inline void closes(struct wire *w, int err)
{
	struct capture_state event = state_event(w);

	event.closed = true;
	event.err = err;
	conn_table__state(w->f->table, &event);
}

/* Records are dropped from here to the next event. */
static inline void loses_records(struct wire *w)
{
	conn_table__lost(w->f->table, ++w->f->lost);
}

#define GET_A "GET /a HTTP/1.1\r\n\r\n"
#define GET_B "GET /b HTTP/1.1\r\n\r\n"
#define GET_C "GET /c HTTP/1.1\r\n\r\n"
#define OK    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define NONE  "HTTP/1.1 204 N\r\n\r\n"

#endif
