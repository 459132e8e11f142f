// SPDX-License-Identifier: Apache-2.0
/*
 * Facts about processes and the environment that make output differ, asked for by a key. Live they
 * come from /proc and the environment; a recording keeps the answers and gives them again in a
 *replay.
 *
 *	exe/TGID		path of the executable
 *	listen/TGID/FAMILY/PORT/ADDR	address (32 hex digits) of the listener that accepted on
 *ADDR:PORT env/NAME		environment variable of the daemon
 */
#ifndef FACTS_H
#define FACTS_H

#include "base/buf.h"

/* Appends the answer to out. 0, or -ENOENT if there is none. */
typedef int (*facts_fn)(void *owner, const char *key, struct buf *out);

/* owner is not used. Untrusted: what /proc says of a process is text it can choose. */
int facts_live(void *owner, const char *key, struct buf *out);

#endif
