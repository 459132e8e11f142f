// SPDX-License-Identifier: Apache-2.0
/*
 * struct pending_events: what happened within requests and calls, which are spans only later, when
 * they end. Each list has the key of a request or a call.
 */
#ifndef PENDING_EVENTS_H
#define PENDING_EVENTS_H

#include "base/map.h"
#include "model/function.h"

/* That wait at once; some 200 bytes each, and their texts. */
#define PENDING_EVENTS_MAX 16384

struct pending_event {
	struct pending_event *next;
	struct function_call call;
	char texts[];
};

struct pending_list {
	u64 key, since;
	u64 conn, start_ns; /* the request that it belongs to */
	struct pending_event *first, **last;
	struct pending_list *next, *before; /* by since, the oldest first */
};

/* Zero-initialised is empty. */
struct pending_events {
	struct map lists;
	struct pending_list *oldest, *newest;
	u32 cnt;
};

/* call is the event, of its request with that index. False: there is no room. */
bool pending_events__add(struct pending_events *pending, u64 key, const struct function_call *call,
			 u32 request);
/* Those of a key in their order, to be freed; NULL: none. */
struct pending_event *pending_events__take(struct pending_events *pending, u64 key);
/* Returns how many there were. */
u32 pending_event__free(struct pending_event *first);
/*
 * Drops the lists that have waited for so long, but keeps, as if they were new, those that wanted()
 * says true of. Returns how many events are dropped.
 */
u32 pending_events__expire(struct pending_events *pending, u64 keep_ns, u64 now,
			   bool (*wanted)(void *owner, const struct pending_list *list),
			   void *owner);
/* Returns how many events are dropped. */
u32 pending_events__free(struct pending_events *pending);

#endif
