// SPDX-License-Identifier: Apache-2.0
/*
 * struct store: the tasks, in one table of an SQLite database.
 *
 *	tasks(id INTEGER PRIMARY KEY, title TEXT NOT NULL)
 *
 * One connection and three prepared statements behind one mutex, so that any thread may call and
 * ":memory:" is one database for all of them.
 */
#ifndef STORE_H
#define STORE_H

#include <stddef.h>
#include <stdint.h>

/* Pages of 4 KiB the database may grow to, 16 MiB: a forgotten demo shall not fill a disk. */
#define STORE_PAGES_MAX 4096

struct store;

/* The title is borrowed and ends with the call. */
typedef void (*store_task_fn)(void *ctx, int64_t id, const char *title, size_t len);

/* Opens or creates the database; says on stderr what SQLite objects to. */
int store__new(struct store **out, const char *path);
void store__free(struct store *store);

/* These return 0, -ENOSPC (the database is full) or -EIO. */
int store__add(struct store *store, const char *title, size_t len);
/* An id that is not there is no error. */
int store__delete(struct store *store, int64_t id);
/* Calls fn for the oldest tasks, at most limit, in the order they were added. */
int store__each(struct store *store, int limit, store_task_fn fn, void *ctx);

#endif
