// SPDX-License-Identifier: Apache-2.0
/*
 * The contract of a parser: bytes in, calls out. A parser reads no clock, knows no socket, keeps no
 * global state; so the same bytes cut at any place yield the same calls.
 *
 *	conn --feed()/gap()/close()--> parser --begin()/end()/discard()--> sink (trace/)
 *
 * To add a protocol: one file that defines a `struct proto`, and one line in proto/list.h.
 */
#ifndef PROTO_H
#define PROTO_H

#include "model/http.h"

/* Whose bytes: the client's requests, or the server's answers. */
enum side { SIDE_CLIENT, SIDE_SERVER };

enum match { MATCH_NO, MATCH_MAYBE, MATCH_YES }; /* MAYBE: a prefix too short to tell */

enum feed_flag {
	/*
	 * The new bytes are the first that the server's process read since it last sent something:
	 * where an answer's end is not known from its framing, it ended before them.
	 */
	FEED_TURN = 1 << 0,
	/*
	 * A gap or the close comes next: what is left unconsumed now will not come back, so the
	 * parser consumes all. A caller that holds unconsumed bytes feeds them once more with this.
	 */
	FEED_GAP_FOLLOWS = 1 << 1,
};

enum discard {
	DISCARD_CLOSING, /* pending behind an answer that closes the connection: never processed */
	DISCARD_UNSYNC,	 /* its answer cannot be told apart any more */
	DISCARD_FORGOTTEN, /* its connection was forgotten: no room, or its close was lost; not by
			      parsers */
};

/* What a parser calls. begin() comes when a request's head is complete, before any answer. */
struct call_sink {
	void (*begin)(struct call_sink *sink, struct http_call *call);
	void (*end)(struct call_sink *sink, struct http_call *owned);
	void (*discard)(struct call_sink *sink, struct http_call *owned, enum discard why);
};

struct proto {
	const char *name;
	/* Do these first bytes of a client speak it? cut: no more of them will come, so not MAYBE.
	 */
	enum match (*match)(struct str head, bool cut);
	/* NULL from here on: recognised and counted (stat), not parsed. */
	/* peer and sink are borrowed for the life of *state; peer's tgid and tid change with each
	 * feed. */
	int (*open)(void **state, const struct peer *peer, struct call_sink *sink);
	/*
	 * Consumes a prefix of in and returns its length. What is left comes back, contiguous with
	 * what follows; 0 asks for more. -EPROTO: the connection makes no sense any more (-ENOMEM:
	 * no memory for it); the parser has ended or discarded its open calls and will only be
	 * closed. ts: unix ns of the newest bytes.
	 */
	ssize_t (*feed)(void *state, enum side from, struct str in, u64 ts, u32 flags);
	/*
	 * n bytes passed that nobody saw (a body beyond what is captured, a lost record). Nothing
	 * is left unconsumed at that time: see FEED_GAP_FOLLOWS. lost: by accident, so a hole is to
	 * be marked. 0 or -EPROTO as above. ts as above.
	 */
	int (*gap)(void *state, enum side from, u64 n, u64 ts, bool lost);
	/*
	 * No more bytes, and none unconsumed, as before a gap; open calls are ended. why: NULL for
	 * an orderly close, else a static text such as "ECONNRESET" for their error.type. Frees
	 * state.
	 */
	void (*close)(void *state, u64 ts, const char *why);
	/* Requests begun and not ended. */
	u32 (*open_cnt)(void *state);
	/* No more requests can follow: after 101 or a successful CONNECT. */
	bool (*tunnel)(void *state);
	u32 stat;	    /* enum stat: counts connections that are recognised only */
	const char *notice; /* said once when one is recognised: "TLS is not parsed yet" */
};

/* The first protocol of the list that matches, NULL if none; *match tells whether to wait for more.
 */
const struct proto *proto_match(struct str head, bool cut, enum match *match);

#endif
