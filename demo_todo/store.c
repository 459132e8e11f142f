// SPDX-License-Identifier: Apache-2.0
#include "store.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/* How long another process may hold the database before we give up. */
#define STORE_BUSY_MS 2000

struct store {
	sqlite3 *db;
	sqlite3_stmt *add;
	sqlite3_stmt *delete;
	sqlite3_stmt *list;
	pthread_mutex_t lock; /* a statement has one cursor and one set of parameters */
};

static int store_errno(int code)
{
	switch (code) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

static int store__exec(struct store *store, const char *sql)
{
	return store_errno(sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

static int store__prepare(struct store *store, sqlite3_stmt **out, const char *sql)
{
	return store_errno(
		sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL));
}

static int store_init(struct store *store, const char *path)
{
	char pages[64];
	int err;

	err = store_errno(sqlite3_open(path, &store->db));
	if (err)
		return err;
	sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
	snprintf(pages, sizeof(pages), "PRAGMA max_page_count = %d", STORE_PAGES_MAX);
	err = store__exec(store, pages);
	if (err)
		return err;
	err = store__exec(store, "CREATE TABLE IF NOT EXISTS tasks"
				 " (id INTEGER PRIMARY KEY, title TEXT NOT NULL)");
	if (err)
		return err;
	err = store__prepare(store, &store->add, "INSERT INTO tasks (title) VALUES (?)");
	if (err)
		return err;
	err = store__prepare(store, &store->delete, "DELETE FROM tasks WHERE id = ?");
	if (err)
		return err;
	return store__prepare(store, &store->list,
			      "SELECT id, title FROM tasks ORDER BY id LIMIT ?");
}

int store__new(struct store **out, const char *path)
{
	struct store *store = calloc(1, sizeof(*store));
	int err;

	if (!store)
		return -ENOMEM;
	pthread_mutex_init(&store->lock, NULL);
	err = store_init(store, path);
	if (err) {
		fprintf(stderr, "todo: cannot open %s: %s\n", path, sqlite3_errmsg(store->db));
		store__free(store);
		return err;
	}
	*out = store;
	return 0;
}

void store__free(struct store *store)
{
	if (!store)
		return;
	sqlite3_finalize(store->add);
	sqlite3_finalize(store->delete);
	sqlite3_finalize(store->list);
	sqlite3_close(store->db);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

/* Runs a statement that yields no rows, its parameters bound; the lock is held. */
static int store_run(sqlite3_stmt *stmt)
{
	int code = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return store_errno(code);
}

int store__add(struct store *store, const char *title, size_t len)
{
	int err;

	pthread_mutex_lock(&store->lock);
	sqlite3_bind_text(store->add, 1, title, (int)len, SQLITE_STATIC);
	err = store_run(store->add);
	pthread_mutex_unlock(&store->lock);
	return err;
}

int store__delete(struct store *store, int64_t id)
{
	int err;

	pthread_mutex_lock(&store->lock);
	sqlite3_bind_int64(store->delete, 1, id);
	err = store_run(store->delete);
	pthread_mutex_unlock(&store->lock);
	return err;
}

int store__each(struct store *store, int limit, store_task_fn fn, void *ctx)
{
	int code;

	pthread_mutex_lock(&store->lock);
	sqlite3_bind_int(store->list, 1, limit);
	while ((code = sqlite3_step(store->list)) == SQLITE_ROW) {
		/* text before bytes: the order in which SQLite promises that both fit */
		const char *title = (const char *)sqlite3_column_text(store->list, 1);

		fn(ctx, sqlite3_column_int64(store->list, 0), title ? title : "",
		   (size_t)sqlite3_column_bytes(store->list, 1));
	}
	sqlite3_reset(store->list);
	pthread_mutex_unlock(&store->lock);
	return store_errno(code);
}
