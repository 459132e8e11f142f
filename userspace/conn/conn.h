// SPDX-License-Identifier: Apache-2.0
/*
 * struct conn: one connection of a traced process: both byte streams put in order by their offsets,
 * with every hole known, and the parser that eats them.
 *
 *	read by the process  --offset--> rx --feed/gap--> parser (client's side)
 *	sent by the process  --offset--> tx --feed/gap--> parser (server's side)
 *
 * What is sent is at first only wanted: it waits as `wanted` until a later event tells a position
 * behind it, and only what has moved is fed. The time of an answer's end is that of the last send
 * known to have moved bytes.
 */
#ifndef CONN_H
#define CONN_H

#include "base/stats.h"
#include "capture/capture.h"
#include "proto/proto.h"

struct conn;

/* What a connection asks of the capture side, and what it must know; set once by app.c. */
struct conn_env {
	struct call_sink *sink;
	struct stats *stats;
	void *owner;
	/* No use for further events of this connection. */
	void (*mute)(void *owner, u64 cookie);
	/* The address that the listener of this local address and port is bound to, in addr. */
	void (*listen_addr)(void *owner, u32 tgid, enum family family, const struct endpoint *local,
			    u8 addr[16]);
	u32 capture_head; /* bytes of a request's reads that the kernel copies */
};

/* NULL when there is no memory. */
struct conn *conn__new(const struct conn_env *env, const struct capture_open *open);
/*
 * 0, or -ECONNABORTED: it is of no further use (muted) and to be freed. lost: records were dropped
 * since this connection's last event, so bytes nobody told of may be theirs.
 */
int conn__data(struct conn *conn, const struct capture_data *event, bool lost);
int conn__state(struct conn *conn, const struct capture_state *event, bool lost);
/* It is over; open calls end. why as in struct proto's close(). The conn is then to be freed. */
void conn__close(struct conn *conn, u64 ts, const char *why);
void conn__free(struct conn *conn);

/* Bytes of heap that its buffers hold. */
size_t conn__memory(const struct conn *conn);
bool conn__is_unix(const struct conn *conn);

#endif
