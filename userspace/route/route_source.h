// SPDX-License-Identifier: Apache-2.0
/*
 * Where the routes of a process come from: sources of its language, read as the process sees them.
 * To add a language: one file with a find() and a line in route/list.h.
 */
#ifndef ROUTE_SOURCE_H
#define ROUTE_SOURCE_H

#include "base/buf.h"

/* Files looked for and bytes read for one process: an application of a thousand modules is left
 * alone, since the daemon waits meanwhile. */
#define ROUTE_LOOKS_MAX 4096
#define ROUTE_BYTES_MAX (2u << 20)

/* What is known of a process, all of it text the process can choose. */
struct route_process {
	struct str cmdline, environ; /* each item ends with a NUL */
	struct str cwd;
	/* Appends a file of an absolute path as the process sees it: 0, -ENOENT, -E2BIG ... */
	int (*read)(void *owner, const char *path, struct buf *out);
	void *owner;
};

/* The value of an environment variable; p NULL if it is not set. */
struct str route_process__variable(const struct route_process *process, const char *name);

/* As a route_table's text. 0; -ENOENT: no application, or none that can be told for certain. */
int route_source__find(const struct route_process *process, struct buf *out);
/* The same of a running process. Reads at most ROUTE_BYTES_MAX, and never waits. */
int route_source__find_live(u32 tgid, struct buf *out);

#endif
