// SPDX-License-Identifier: Apache-2.0
#include "proc/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "proc/resource.h"
#include "proc/sdk.h"
#include "route/route_table.h"

/* Spans of a process that is gone may still wait for its sockets to close. */
#define KEEP_NS (60 * NSEC_PER_SEC)
/* ... of one that no request was read of there are none; there may be many such processes. */
#define KEEP_SILENT_NS NSEC_PER_SEC
/* Addresses of listeners remembered; a host serves on far fewer. */
#define LISTENERS_MAX 1024

struct process {
	u32 tgid;
	u64 exited;		    /* unix ns, 0 while it runs */
	struct launch *launch;	    /* one reference, NULL if not known */
	struct resource *resource;  /* one reference, NULL until asked for */
	struct route_table *routes; /* NULL: not asked for, or not known */
	bool routes_asked;
};

struct listener {
	u8 addr[16];
};

struct process_table {
	struct process_env env;
	struct map map;	      /* tgid -> process */
	struct map listeners; /* hash of what was asked -> listener */
	u32 alive;
};

int process_table__new(struct process_table **out, const struct process_env *env)
{
	struct process_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->env = *env;
	*out = table;
	return 0;
}

static void process__free(struct process *process)
{
	if (!process)
		return;
	resource__put(process->resource);
	launch__put(process->launch);
	route_table__free(process->routes);
	free(process);
}

static void forget_listeners(struct process_table *table)
{
	void *value;

	for (u32 i = 0; (value = map__next(&table->listeners, &i));)
		free(value);
	map__free(&table->listeners);
}

void process_table__free(struct process_table *table)
{
	struct process *process;

	if (!table)
		return;
	for (u32 i = 0; (process = map__next(&table->map, &i));)
		process__free(process);
	map__free(&table->map);
	forget_listeners(table);
	free(table);
}

static struct process *add(struct process_table *table, u32 tgid)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->tgid = tgid;
	if (map__set(&table->map, tgid, process)) {
		free(process);
		return NULL;
	}
	return process;
}

/* NULL if it is there already, or there is no memory. */
static struct process *add_new(struct process_table *table, u32 tgid)
{
	struct process *old = map__get(&table->map, tgid), *process;

	if (old && !old->exited)
		return NULL;
	if (old)
		process__free(map__del(&table->map, tgid)); /* the id is used again */
	process = add(table, tgid);
	table->alive += !!process;
	return process;
}

static struct launch *launch_of(struct process_table *table, u32 tgid)
{
	struct process *process = map__get(&table->map, tgid);

	return process ? launch__get(process->launch) : NULL;
}

void process_table__add(struct process_table *table, u32 tgid, u32 parent)
{
	struct process *process = add_new(table, tgid);

	if (!process)
		return;
	process->launch = launch__read(&table->env.facts, tgid);
	if (!process->launch)
		process->launch = launch_of(table, parent);
}

void process_table__fork(struct process_table *table, u32 tgid, u32 parent)
{
	struct process *process = add_new(table, tgid);

	if (!process)
		return;
	process->launch = launch_of(table, parent);
	if (!process->launch)
		process->launch = launch__read(&table->env.facts, tgid);
}

void process_table__exec(struct process_table *table, u32 tgid)
{
	struct process *process = map__get(&table->map, tgid);
	struct launch *launch;

	if (!process)
		return;
	resource__put(process->resource);
	process->resource = NULL;
	route_table__free(process->routes);
	process->routes = NULL;
	process->routes_asked = false;
	forget_listeners(table);
	launch = launch__read(&table->env.facts, tgid);
	if (!launch)
		return; /* gone before it could be read: what it was before is the best we know */
	launch__put(process->launch);
	process->launch = launch;
}

void process_table__exit(struct process_table *table, u32 tgid, u64 ts)
{
	struct process *process = map__get(&table->map, tgid);

	if (!process || process->exited)
		return;
	process->exited = ts;
	table->alive--;
	forget_listeners(table);
}

void process_table__tick(struct process_table *table, u64 now)
{
	struct process *process;
	u64 keep;
	u32 i = 0;

	while ((process = map__next(&table->map, &i))) {
		keep = process->resource ? KEEP_NS : KEEP_SILENT_NS;
		if (!process->exited || process->exited + keep > now)
			continue;
		process__free(map__del(&table->map, process->tgid));
		i--; /* deletion may move another to this slot */
	}
}

bool process_table__is_alive(const struct process_table *table, u32 tgid)
{
	const struct process *process = map__get(&table->map, tgid);

	return process && !process->exited;
}

bool process_table__is_known(const struct process_table *table, u32 tgid)
{
	return map__get(&table->map, tgid);
}

u32 process_table__alive(const struct process_table *table)
{
	return table->alive;
}

/*
 * The signals that its own SDK sends. Asked for when the process has served, so all is loaded; with
 * --duplicate, too, so that a recording can be replayed without.
 */
static u32 own_signals(struct process_table *table, u32 tgid)
{
	static const char *const names[] = {NULL, "traces", "metrics", "traces and metrics"};
	struct buf fact __cleanup(buf__free) = {0};
	struct str what;
	u32 signals;

	if (facts__ask(&table->env.facts, &fact, "sdk/%u", tgid) || table->env.config->duplicate)
		return 0;
	signals = sdk_fact_signals(buf__view(&fact), &what);
	if (signals)
		log_warn("pid %u carries %.*s: its %s are left to that; --duplicate tells them as "
			 "well",
			 tgid, STR_ARG(what), names[signals]);
	return signals;
}

static struct resource *make_resource(struct process_table *table, const struct process *process)
{
	struct resource *resource =
		resource_of_process(&table->env, process->tgid, process->launch);

	if (resource)
		resource->own_signals = own_signals(table, process->tgid);
	return resource;
}

struct resource *process_table__resource(struct process_table *table, u32 tgid)
{
	struct process *process = map__get(&table->map, tgid);

	if (!process) {
		/* seen before its fork was told of, or that event was lost */
		process_table__add(table, tgid, 0);
		process = map__get(&table->map, tgid);
	}
	if (!process)
		return NULL;
	if (!process->resource)
		process->resource = make_resource(table, process);
	return process->resource ? resource__get(process->resource) : NULL;
}

const struct resource *process_table__known_resource(const struct process_table *table, u32 tgid)
{
	const struct process *process = map__get(&table->map, tgid);

	return process ? process->resource : NULL;
}

const struct route_table *process_table__routes(struct process_table *table, u32 tgid)
{
	struct process *process = map__get(&table->map, tgid);
	struct buf text __cleanup(buf__free) = {0};

	if (!process || process->routes_asked)
		return process ? process->routes : NULL;
	process->routes_asked = true;
	if (!facts__ask(&table->env.facts, &text, "routes/%u", tgid) &&
	    route_table__new(&process->routes, buf__view(&text)))
		process->routes = NULL;
	return process->routes;
}

static u64 listener_key(u32 tgid, bool inet6, u16 port, const u8 local[16])
{
	u64 low, high;

	memcpy(&low, local, 8);
	memcpy(&high, local + 8, 8);
	return (((u64)tgid << 17) ^ ((u64)port << 1) ^ inet6) +
	       (low ^ (high << 1)) * 0x9e3779b97f4a7c15ULL;
}

static void ask_listener(struct process_table *table, const char *key, u8 addr[16])
{
	struct buf out __cleanup(buf__free) = {0};

	if (facts__ask(&table->env.facts, &out, "%s", key) || out.len != 32 ||
	    buf__char(&out, '\0') || strspn(out.p, "0123456789abcdef") != 32)
		return;
	for (int i = 0; i < 16; i++)
		if (sscanf(out.p + 2 * i, "%2hhx", &addr[i]) != 1)
			return;
}

void process_table__listen_addr(struct process_table *table, u32 tgid, bool inet6, u16 port,
				const u8 local[16], u8 addr[16])
{
	u64 hash = listener_key(tgid, inet6, port, local);
	struct listener *known = map__get(&table->listeners, hash);
	char key[128];
	int len;

	if (known) {
		memcpy(addr, known->addr, 16);
		return;
	}
	memcpy(addr, local, 16);
	len = snprintf(key, sizeof(key), "listen/%u/%s/%u/", tgid, inet6 ? "inet6" : "inet", port);
	for (int i = 0; i < 16; i++)
		len += snprintf(key + len, sizeof(key) - (size_t)len, "%02x", local[i]);
	ask_listener(table, key, addr);
	if (table->listeners.cnt >= LISTENERS_MAX)
		forget_listeners(table);
	known = calloc(1, sizeof(*known));
	if (!known)
		return;
	memcpy(known->addr, addr, 16);
	if (map__set(&table->listeners, hash, known))
		free(known);
}
