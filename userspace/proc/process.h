// SPDX-License-Identifier: Apache-2.0
/*
 * The traced processes and the resource of each: who a span comes from. A process keeps its
 * resource for its life; exec gives it a new one; after its exit it is kept for a while, for spans
 * still on the way.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "base/rng.h"
#include "config/config.h"
#include "model/resource.h"
#include "model/semconv.h"
#include "proc/facts.h"

struct process_table;
struct route_table;

struct process_env {
	const struct config *config;
	struct rng *rng; /* for service.instance.id */
	enum semconv_set set;
	struct facts facts;
	bool pair_said; /* that one of a process's OTEL_RESOURCE_ATTRIBUTES is no pair */
};

int process_table__new(struct process_table **out, const struct process_env *env);
void process_table__free(struct process_table *table);

/* A process is traced from now on. parent: 0 if not known; whose launch it gets if it has none. */
void process_table__add(struct process_table *table, u32 tgid, u32 parent);
/* parent, which is traced, has forked: no more is to be known of tgid than of it. */
void process_table__fork(struct process_table *table, u32 tgid, u32 parent);
void process_table__exec(struct process_table *table, u32 tgid);
void process_table__exit(struct process_table *table, u32 tgid, u64 ts);
/* Forgets processes that exited a minute before now (unix ns), or a second if they served nothing.
 */
void process_table__tick(struct process_table *table, u64 now);
/* Added and not exited; added, and exited not long ago. */
bool process_table__is_alive(const struct process_table *table, u32 tgid);
bool process_table__is_known(const struct process_table *table, u32 tgid);
/* Processes added and not exited. */
u32 process_table__alive(const struct process_table *table);

/* One reference; made on first use. NULL when there is no memory. */
struct resource *process_table__resource(struct process_table *table, u32 tgid);
/* The same if it was made, borrowed; NULL: nobody has asked for it. */
const struct resource *process_table__known_resource(const struct process_table *table, u32 tgid);
/*
 * The routes of the application that it serves, read from its sources when first asked for, and
 * again after an exec; NULL: not known.
 */
const struct route_table *process_table__routes(struct process_table *table, u32 tgid);
/* The listener's address of an accepted connection; the local address itself where it is not known.
 */
void process_table__listen_addr(struct process_table *table, u32 tgid, bool inet6, u16 port,
				const u8 local[16], u8 addr[16]);

/*
 * A process and its threads may be named by any thread's id: returns the id of the process, or
 * -ESRCH. Live only.
 */
int process_of(u32 pid);
/* Has it exited, though its id may still wait for its parent? Live only. */
bool process_is_gone(u32 tgid);
/* Does it hold a listening unix stream socket now? Live only. */
bool process_listens_on_unix(u32 tgid);
/* Calls fn for every process that exists now; kernel threads are none. Live only. */
void process_each(void (*fn)(void *owner, u32 tgid, u32 parent), void *owner);
/* False in a container that numbers processes for itself: the kernel's ids are then not ours. */
bool process_ids_are_the_hosts(void);
/* Calls fn for every process below tgid that exists now. Live only. */
void process_descendants(u32 tgid, void (*fn)(void *owner, u32 tgid, u32 parent), void *owner);

#endif
