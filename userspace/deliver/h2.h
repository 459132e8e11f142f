// SPDX-License-Identifier: Apache-2.0
/*
 * An HTTP/2 client on nghttp2, for gRPC: calls to one place share one connection, which is opened
 * when first needed and again after it has gone.
 *
 *	call --\
 *	call ---> channel --> connection (nghttp2) --> stream (TCP, TLS)
 *	call --/          \-> an older one that says GOAWAY: its calls may finish
 */
#ifndef H2_H
#define H2_H

#include <nghttp2/nghttp2.h>

#include "deliver/stream.h"

struct h2_pool;
struct h2_channel;
struct h2_conn;
struct h2_call;

/* The owner's functions. closed() or failed() comes once, last, and never from h2_channel__call().
 */
struct h2_call_ops {
	void (*header)(struct h2_call *call, struct str name, struct str value);
	void (*data)(struct h2_call *call, struct str bytes);
	/* The answer is over (NGHTTP2_NO_ERROR), or the stream was reset. */
	void (*closed)(struct h2_call *call, u32 error_code);
	/* No connection, or it broke off. refused: nobody listens. */
	void (*failed)(struct h2_call *call, const char *why, bool refused);
};

/* The caller's, with what it points to, until the call has ended or was cancelled. */
struct h2_call {
	const struct h2_call_ops *ops;
	const nghttp2_nv *headers; /* of the request */
	size_t header_cnt;
	struct str body;
	/* h2.c's */
	size_t sent;
	s32 stream_id;
	struct h2_conn *conn; /* NULL: still waits for one */
	struct h2_call *next;
};

struct h2_target {
	const char *host, *port;
	bool tls;
	struct tls_files files;
};

int h2_pool__new(struct h2_pool **out, struct loop *loop);
/* Every call has ended or was cancelled. NULL is fine. */
void h2_pool__free(struct h2_pool *pool);
/* The channel to this place, shared with all who ask for the same. 0 or negative errno. */
int h2_pool__channel(struct h2_pool *pool, const struct h2_target *target, struct h2_channel **out);

/* 0, or negative errno: not begun. */
int h2_channel__call(struct h2_channel *channel, struct h2_call *call);
/*
 * No callback comes any more. The connection gets no new calls: it may be a hole that swallows
 * everything.
 */
void h2_channel__cancel(struct h2_channel *channel, struct h2_call *call);

#endif
