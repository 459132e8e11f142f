// SPDX-License-Identifier: Apache-2.0
/*
 * What the two halves of the HTTP/1 parser share: http1_request.c reads the client's side,
 * http1_answer.c the server's, http1.c keeps the line of open calls between them.
 *
 *	requests --begin--> [ first | .. | last ] --answers, in order--> end
 */
#ifndef HTTP1_H
#define HTTP1_H

#include "proto/http1_body.h"
#include "proto/http1_head.h"
#include "proto/proto.h"

/* Clients that pipeline keep to fewer; without it one could make us hold any number of heads. */
#define HTTP1_OPEN_LIMIT 128

enum stream_state {
	STREAM_HEAD,
	STREAM_BODY,
	STREAM_CUT, /* within a head whose rest will not come */
};

struct stream {
	enum stream_state state;
	struct http1_scan scan; /* STREAM_HEAD: how far it was searched */
	struct http1_body body; /* STREAM_BODY */
};

/* One request and its answer. Lives in its call's arena, so it goes with the call. */
struct exchange {
	struct exchange *next;
	struct http_call *call; /* owned while open */
	bool asked_close;	/* the client says that this request is its last */
	bool closes;		/* set with the answer's head: none behind is processed */
	bool waits;		/* for 100 Continue, before it sends its body */
};

struct http1 {
	const struct peer *peer;
	struct call_sink *sink;
	struct exchange *first, *last; /* open calls; the first is the one being answered */
	u32 cnt;
	bool closing; /* an answer said that it is the last */
	bool tunnel;
	bool turn; /* client bytes were read after the newest server bytes were sent */

	struct stream requests;
	struct exchange *reading; /* whose body is read; NULL if it is not open any more */
	struct exchange *draft;	  /* owned, not begun: only its request line came */
	u64 first_ns;		  /* ts of an incomplete head's first byte; 0: none came */
	size_t pending;		  /* its bytes so far, all left unconsumed */
	size_t counted;		  /* left unconsumed, but already counted to a call */
	bool resync;		  /* a turn came: a body of unknown framing may be over */
	size_t before_turn;	  /* bytes left undecided before that turn; 0: none */

	struct stream answers;
	u64 answer_ns; /* ts of the newest bytes of the first call's answer */
};

/* http1.c */
int http1__exchange_new(struct exchange **out);
void http1__begin(struct http1 *h, struct exchange *owned);
/* Takes the first call out of the line and ends it. */
void http1__end(struct http1 *h, u64 ts, const char *error);
void http1__discard_all(struct http1 *h, enum discard why);
/* Gives the connection up; returns err for the caller to return. */
int http1__fail(struct http1 *h, int err);

/* http1_request.c */
ssize_t http1_request__feed(struct http1 *h, struct str in, u64 ts, u32 flags);
int http1_request__gap(struct http1 *h, u64 n, bool lost);
/* The server answers a head that is not complete (408, 400, 431): the call is what came of it. */
int http1_request__begin_draft(struct http1 *h);

/* http1_answer.c */
ssize_t http1_answer__feed(struct http1 *h, struct str in, u64 ts, u32 flags);
int http1_answer__gap(struct http1 *h, u64 n, u64 ts, bool lost);
/* The server read on past the first call's request: an answer of unknown framing ended before. */
int http1_answer__turn(struct http1 *h);
/* The connection ends while the first call is being answered. */
void http1_answer__close(struct http1 *h, u64 ts, const char *why);

#endif
