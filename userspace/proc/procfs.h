// SPDX-License-Identifier: Apache-2.0
/*
 * Reading /proc/PID. What stands there is chosen by the process, its length included: every reader
 * says how much it takes.
 */
#ifndef PROCFS_H
#define PROCFS_H

#include <stdio.h>

#include "base/buf.h"

/* Lines of /proc/PID/maps to read; vm.max_map_count is 65530 unless someone raised it. */
#define MAPS_MAX 65536

/* For __cleanup(): NULL is fine. */
void procfs_close(FILE **file);
/*
 * /proc/PID/name for reading; NULL and errno. pid ends at its first '/', as the rest of a fact's
 * key does.
 */
FILE *procfs_open(const char *pid, const char *name);
/* Appends the file, at most max bytes of it. 0 or negative errno. */
int procfs_read(const char *pid, const char *name, size_t max, struct buf *out);
/* A number from /proc/PID/status; -ENOENT if it is not there. */
s64 procfs_status(const char *pid, const char *field);

#endif
