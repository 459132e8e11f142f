// SPDX-License-Identifier: Apache-2.0
/*
 * struct outbox: all that leaves over the network: the deliveries, and the connections that they
 * share. Exporters put deliveries into it; the app ends and reports them.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "base/loop.h"
#include "deliver/delivery.h"

struct outbox;
struct h2_pool;
struct http_client;

/* wait: a full queue is waited for (replays), not dropped from. The loop outlives it. */
int outbox__new(struct outbox **out, struct loop *loop, bool wait);
/* What is still queued is lost. NULL is fine. */
void outbox__free(struct outbox *outbox);

/* As delivery__new(); the outbox frees it. Its owner must live as long as the outbox. */
int outbox__open(struct outbox *outbox, struct delivery **out,
		 const struct delivery_options *options);
/* As delivery__add(). */
void outbox__add(struct outbox *outbox, struct delivery *delivery, const void *owned_item);
/* True if a delivery presses: whoever has much to add should let the loop turn, for a moment. */
bool outbox__presses(const struct outbox *outbox);
/* Turns the loop for a moment, from outside of it. */
void outbox__turn(struct outbox *outbox);
struct loop *outbox__loop(struct outbox *outbox);
/* Made when first asked for, shared by all who ask: 0 or negative errno. */
int outbox__h2(struct outbox *outbox, struct h2_pool **out);
int outbox__http(struct outbox *outbox, struct http_client **out);

/*
 * The end: runs the loop until all is delivered, there is no hope, or it is `end` by the loop's
 * clock; what is left then is lost.
 */
void outbox__finish(struct outbox *outbox, u64 end);
/* One line of the log for each delivery that was given anything. */
void outbox__report(const struct outbox *outbox);

#endif
