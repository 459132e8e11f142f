// SPDX-License-Identifier: Apache-2.0
#include "conn/table.h"

#include <errno.h>
#include <stdlib.h>

#include "base/map.h"

struct entry {
	u64 cookie;
	struct conn *conn;	     /* owned */
	struct entry *newer, *older; /* by last event */
	size_t bytes;		     /* conn__memory() when last looked at */
	u64 lost_seen;		     /* lost records at its last event */
	u64 swept;		     /* the sweep since whose start it was told of */
};

struct conn_table {
	const struct conn_env *env;
	struct conn_limits limits;
	struct map map; /* cookie -> entry */
	struct entry *newest, *oldest;
	size_t bytes;
	u32 unix_cnt;
	u64 lost_records;
	u64 sweep; /* number of the sweep to come */
};

int conn_table__new(struct conn_table **out, const struct conn_env *env, struct conn_limits limits)
{
	struct conn_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->env = env;
	table->limits = limits;
	if (!limits.conns)
		table->limits.conns = CONN_LIMIT_DEFAULT;
	if (!limits.bytes)
		table->limits.bytes = CONN_BYTES_DEFAULT;
	*out = table;
	return 0;
}

static void unlink_entry(struct conn_table *table, struct entry *entry)
{
	*(entry->newer ? &entry->newer->older : &table->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &table->oldest) = entry->newer;
}

static void link_newest(struct conn_table *table, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = table->newest;
	*(table->newest ? &table->newest->newer : &table->oldest) = entry;
	table->newest = entry;
}

static void remove_entry(struct conn_table *table, struct entry *entry)
{
	map__del(&table->map, entry->cookie);
	unlink_entry(table, entry);
	table->bytes -= entry->bytes;
	table->unix_cnt -= conn__is_unix(entry->conn);
	conn__free(entry->conn);
	free(entry);
}

static void evict(struct conn_table *table)
{
	while (table->oldest &&
	       (table->map.cnt > table->limits.conns || table->bytes > table->limits.bytes)) {
		stats__add(table->env->stats, STAT_MARK_EVICTED, 1);
		remove_entry(table, table->oldest);
	}
}

/* After an event: it is the newest now, and its buffers may have grown. */
static void touched(struct conn_table *table, struct entry *entry)
{
	size_t bytes = conn__memory(entry->conn);

	table->bytes += bytes - entry->bytes;
	entry->bytes = bytes;
	entry->lost_seen = table->lost_records;
	entry->swept = table->sweep;
	unlink_entry(table, entry);
	link_newest(table, entry);
	evict(table);
}

static struct entry *add(struct conn_table *table, const struct capture_open *event)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->cookie = event->conn;
	entry->conn = conn__new(table->env, event);
	if (!entry->conn || map__set(&table->map, event->conn, entry)) {
		conn__free(entry->conn);
		free(entry);
		return NULL;
	}
	entry->swept = table->sweep;
	table->unix_cnt += conn__is_unix(entry->conn);
	link_newest(table, entry);
	return entry;
}

void conn_table__open(struct conn_table *table, const struct capture_open *event)
{
	struct entry *entry;

	if (map__get(&table->map, event->conn))
		return; /* told twice: two threads were first at once */
	entry = add(table, event);
	if (entry)
		touched(table, entry);
	else
		stats__add(table->env->stats, STAT_MARK_EVICTED, 1);
}

void conn_table__data(struct conn_table *table, const struct capture_data *event)
{
	struct entry *entry = map__get(&table->map, event->conn);

	if (!entry)
		return; /* muted or evicted */
	if (conn__data(entry->conn, event, entry->lost_seen != table->lost_records))
		remove_entry(table, entry);
	else
		touched(table, entry);
}

void conn_table__state(struct conn_table *table, const struct capture_state *event)
{
	struct entry *entry = map__get(&table->map, event->conn);
	int err;

	if (!entry)
		return;
	err = conn__state(entry->conn, event, entry->lost_seen != table->lost_records);
	if (!err && event->closed)
		conn__close(entry->conn, event->ts,
			    event->err ? strerrorname_np(event->err) : NULL);
	if (err || event->closed)
		remove_entry(table, entry);
	else
		touched(table, entry);
}

void conn_table__lost(struct conn_table *table, u64 lost_records)
{
	table->lost_records = lost_records;
}

u32 conn_table__unix_cnt(const struct conn_table *table)
{
	return table->unix_cnt;
}

void conn_table__swept(struct conn_table *table, enum conn_swept swept, u64 ts)
{
	struct entry *entry, *older;

	for (entry = swept ? table->newest : NULL; entry; entry = older) {
		bool is_unix = conn__is_unix(entry->conn);

		older = entry->older;
		if (entry->swept == table->sweep || (!is_unix && swept != CONN_SWEPT_ALL))
			continue;
		if (is_unix)
			conn__close(entry->conn, ts, NULL);
		remove_entry(table, entry);
	}
	table->sweep++;
}

void conn_table__free(struct conn_table *table)
{
	if (!table)
		return;
	while (table->oldest)
		remove_entry(table, table->oldest);
	map__free(&table->map);
	free(table);
}
