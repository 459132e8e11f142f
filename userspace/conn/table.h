// SPDX-License-Identifier: Apache-2.0
/*
 * All connections, by socket cookie. Bounded in number and bytes: the one that was silent longest
 * is forgotten first, and counted. Its open calls end as unsynchronised losses, never as spans.
 */
#ifndef TABLE_H
#define TABLE_H

#include "conn/conn.h"

struct conn_table;

/* Limits are parameters so that tests can make the rare common; 0: the defaults below. */
struct conn_limits {
	u32 conns;
	size_t bytes;
};

#define CONN_LIMIT_DEFAULT 131072	       /* a busy proxy's connections */
#define CONN_BYTES_DEFAULT ((size_t)128 << 20) /* half a modest daemon's memory */

int conn_table__new(struct conn_table **out, const struct conn_env *env, struct conn_limits limits);
void conn_table__free(struct conn_table *table);

void conn_table__open(struct conn_table *table, const struct capture_open *event);
void conn_table__data(struct conn_table *table, const struct capture_data *event);
void conn_table__state(struct conn_table *table, const struct capture_state *event);
/* Records were lost, in all, so far: holes seen from now on may be theirs. */
void conn_table__lost(struct conn_table *table, u64 lost_records);

/* How many unix connections there are: they need sweeps that tell which are still open. */
u32 conn_table__unix_cnt(const struct conn_table *table);
/*
 * A sweep that told of all open connections, or of all on unix sockets, is over: the others are
 * gone. Unix ones have closed about now; of TCP ones the close was lost and with it when and how
 * they ended.
 */
enum conn_swept { CONN_SWEPT_NONE, CONN_SWEPT_UNIX, CONN_SWEPT_ALL };
void conn_table__swept(struct conn_table *table, enum conn_swept swept, u64 ts);

#endif
