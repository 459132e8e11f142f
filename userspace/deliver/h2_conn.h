// SPDX-License-Identifier: Apache-2.0
/* One connection of h2.h, from the first try to its end; it frees itself. */
#ifndef H2_CONN_H
#define H2_CONN_H

#include "deliver/h2.h"

/* Copied; what it points to outlives the connection. */
struct h2_conn_env {
	struct loop *loop;
	const struct stream_target *target;
	struct h2_conn **list; /* the connection puts itself in, and takes itself out at its end */
	/* It takes no more calls: those it has may finish. */
	void (*retired)(void *owner, struct h2_conn *conn);
	void *owner;
};

int h2_conn__new(struct h2_conn **out, const struct h2_conn_env *env);
/* Once connected. Never on one that has retired. */
void h2_conn__call(struct h2_conn *conn, struct h2_call *call);
/* May free the connection. */
void h2_conn__cancel(struct h2_conn *conn, struct h2_call *call);
/* Its calls hear nothing of it. */
void h2_conn__free(struct h2_conn *conn);

#endif
