// SPDX-License-Identifier: Apache-2.0
/*
 * struct delivery: items (spans, snapshots of metrics) on their way to one destination. A bounded
 * queue, one request in flight, and what the OTLP specification asks of a client:
 *
 *	add -> [ oldest ............ newest ] <- the oldest that is not in flight falls out when
 *full
 *	         \_ pieces _/
 *	            |  encode, send
 *	            +-- taken ---------> they leave the queue
 *	            +-- later ---------> again, after 1, 2, 4, 8, 8 ... s or when the server says,
 *	            |                    until max_retry_ns is over, or the server wants to wait
 *	            |                    for longer: then the batch is dropped
 *	            +-- not acceptable -> halved, until what is bad is alone and dropped
 *
 * It never blocks and reads no clock (base/timers.h), so a test plays both server and time.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "base/timers.h"
#include "deliver/delivery_counts.h"
#include "deliver/transport.h"

/* What items are; the owner's functions. */
struct delivery_ops {
	const char *signal; /* "traces", as messages name it */
	const char *units;  /* "spans", as counts name it */
	/*
	 * Appends one request with the first items of the cnt at `items`: how many it took, at
	 * least one; or negative errno. -E2BIG: fewer may do.
	 */
	int (*encode)(void *owner, struct buf *out, const void *const *items, u32 cnt);
	/* An item of add() has left. */
	void (*release)(void *owner, const void *item);
	/* How many units an item is; NULL: one each. */
	u32 (*units_of)(void *owner, const void *item);
};

struct delivery_options {
	const struct delivery_ops *ops;
	void *owner;		     /* of ops */
	struct transport *transport; /* owned from delivery__new() on, even if that fails */
	const char *name;	     /* "localhost:4317"; copied */
	u64 schedule_delay_ns;	     /* the longest wait for company */
	u64 timeout_ns;		     /* of one attempt; 0: none */
	u64 max_retry_ns;	     /* of one batch with all its attempts; 0: no limit */
	u32 max_queue;		     /* items */
	u32 max_batch;		     /* items in one request */
};

struct delivery;

/* idle(idle_owner) is called whenever the queue has become empty; it may be NULL. */
int delivery__new(struct delivery **out, const struct delivery_options *options,
		  struct timers *timers, void (*idle)(void *owner), void *idle_owner);
/* Takes an item, to be released by ops->release(). */
void delivery__add(struct delivery *delivery, const void *owned_item);
/* An item of so many units is lost before it could be added: there was no memory for it. */
void delivery__lost(struct delivery *delivery, u32 units);
/*
 * No more waiting for company, nor for the end of a pause that we chose ourselves; at `end`, of the
 * timers' clock, it will be abandoned.
 */
void delivery__hurry(struct delivery *delivery, u64 end);
/*
 * True while an end is worth waiting for: something is queued, the destination answered once or
 * has not refused to hear us since delivery__hurry(), and does not want to be left alone until
 * after the end.
 */
bool delivery__pending(const struct delivery *delivery);
/* What is queued is lost. */
void delivery__abandon(struct delivery *delivery);
bool delivery__full(const struct delivery *delivery);
/*
 * True while a turn of the loop would spare items, or leave time to one: a whole batch waits to be
 * sent, or the queue is nearly full behind a request that will be answered any moment.
 */
bool delivery__presses(const struct delivery *delivery);
void delivery__counts(const struct delivery *delivery, struct delivery_counts *counts);
/* "traces to localhost:4317: 10 spans = 7 delivered + 3 lost (refused 3) + 0 queued" */
void delivery__report(const struct delivery *delivery, struct buf *out);
/* NULL is fine. Nothing is counted any more. */
void delivery__free(struct delivery *delivery);

#endif
