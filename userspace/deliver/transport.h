// SPDX-License-Identifier: Apache-2.0
/*
 * A transport carries one encoded request at a time to one place and says what became of it:
 *
 *	delivery --send(body)--> transport --bytes--> Collector
 *	         <--done(result)--
 *
 * It knows nothing of queues, retries or time: that is delivery.h's.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "base/buf.h"

enum send_outcome {
	SEND_OK,
	SEND_PARTIAL, /* taken, but for `rejected` items: never sent again */
	SEND_RETRY,   /* not taken, may be taken another time */
	SEND_REFUSED, /* not taken, and never will be */
};

/* Its texts live as long as the call it is passed to. */
struct send_result {
	enum send_outcome outcome;
	u64 rejected;	    /* of SEND_PARTIAL; 0: taken whole, with a warning in message */
	bool told_when;	    /* of SEND_RETRY: the server says when */
	bool unreachable;   /* of SEND_RETRY: nobody listens there */
	bool payload;	    /* of SEND_REFUSED: a part of it may be taken */
	u64 retry_after_ns; /* if told_when */
	const char *code;   /* "StatusCode.UNAVAILABLE", "503 Service Unavailable" */
	struct str message; /* more words; may be the server's */
};

struct transport {
	const struct transport_ops *ops;
	void (*done)(void *owner, const struct send_result *result); /* set by who sends */
	void *owner;
};

struct transport_ops {
	/*
	 * The body is borrowed until done() or cancel(). done() comes later, never from within;
	 * once for each send() that returned 0. Negative errno: it could not even begin.
	 */
	int (*send)(struct transport *transport, struct str body);
	/* There will be no done(): time is over. The other side may have taken it all the same. */
	void (*cancel)(struct transport *transport);
	/* Even while sending. */
	void (*free)(struct transport *transport);
};

#endif
