// SPDX-License-Identifier: Apache-2.0
/*
 * What waits for one destination, and the batch on its way there:
 *
 *	waiting  [ oldest ................ newest ]
 *	batch    [ a b c d e f g h ]   left the others when its turn came
 *	pieces   {4, 2, 2}: a b is the request in flight, then c d, then e f g h
 */
#ifndef DELIVERY_QUEUE_H
#define DELIVERY_QUEUE_H

#include "base/types.h"

/* Halving a batch of at most 2^32 items leaves so many pieces. */
#define DELIVERY_PIECES_MAX 34

/*
 * Set release, units and owner, then __init(). Every item is released once, when its fate is known.
 * Room is reckoned in items, fates in units.
 */
struct delivery_queue {
	void (*release)(void *owner, const void *item);
	u32 (*units)(void *owner, const void *item); /* NULL: one each */
	void *owner;

	const void **ring; /* max items; those of the batch count as well */
	u32 max, first, waiting;
	const void **batch; /* max_batch items */
	u32 max_batch;
	u32 settled; /* of the batch, whose fate is known */
	u32 pieces[DELIVERY_PIECES_MAX];
	u32 piece_cnt; /* 0: there is no batch */
	u64 unit_cnt;  /* of all that are not released yet */
};

/* max_batch is cut to max. 0 or -ENOMEM. */
int delivery_queue__init(struct delivery_queue *queue, u32 max, u32 max_batch);
/* It is empty. A half-built one is fine. */
void delivery_queue__free(struct delivery_queue *queue);

/* Items that are not released yet. */
u32 delivery_queue__held(const struct delivery_queue *queue);
/*
 * False: the oldest that waited, or if none did the new one, was released to make room; its units
 * are added to *lost.
 */
bool delivery_queue__add(struct delivery_queue *queue, const void *owned_item, u64 *lost);
/* The next batch, in one piece; there is none, and something waits. */
void delivery_queue__fetch(struct delivery_queue *queue);

/* The piece to be sent now: its size, its units, its items. */
u32 delivery_queue__size(const struct delivery_queue *queue);
u64 delivery_queue__units(const struct delivery_queue *queue);
const void *const *delivery_queue__items(const struct delivery_queue *queue);
/* Leaves the rest of it for later. */
void delivery_queue__cut(struct delivery_queue *queue, u32 size);
/* True if it could be halved. */
bool delivery_queue__halve(struct delivery_queue *queue);
/* Its fate is known; that of the whole batch; of all. Adds their units to *counter. */
void delivery_queue__end_piece(struct delivery_queue *queue, u64 *counter);
void delivery_queue__end_batch(struct delivery_queue *queue, u64 *counter);
void delivery_queue__end(struct delivery_queue *queue, u64 *counter);

#endif
