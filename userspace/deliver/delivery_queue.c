// SPDX-License-Identifier: Apache-2.0
#include "deliver/delivery_queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int delivery_queue__init(struct delivery_queue *queue, u32 max, u32 max_batch)
{
	queue->max = max;
	queue->max_batch = max_batch < max ? max_batch : max;
	queue->ring = calloc(queue->max, sizeof(*queue->ring));
	queue->batch = calloc(queue->max_batch, sizeof(*queue->batch));
	return queue->ring && queue->batch ? 0 : -ENOMEM;
}

void delivery_queue__free(struct delivery_queue *queue)
{
	free(queue->batch);
	free(queue->ring);
}

u32 delivery_queue__held(const struct delivery_queue *queue)
{
	u32 sum = queue->waiting;

	for (u32 i = 0; i < queue->piece_cnt; i++)
		sum += queue->pieces[i];
	return sum;
}

static u32 units_of(const struct delivery_queue *queue, const void *item)
{
	return queue->units ? queue->units(queue->owner, item) : 1;
}

static void release(struct delivery_queue *queue, const void *item, u64 *counter)
{
	u32 units = units_of(queue, item);

	*counter += units;
	queue->unit_cnt -= units;
	queue->release(queue->owner, item);
}

static const void *take_oldest(struct delivery_queue *queue)
{
	const void *item = queue->ring[queue->first];

	queue->first = (queue->first + 1) % queue->max;
	queue->waiting--;
	return item;
}

static void push(struct delivery_queue *queue, const void *item)
{
	queue->ring[(queue->first + queue->waiting) % queue->max] = item;
	queue->waiting++;
}

bool delivery_queue__add(struct delivery_queue *queue, const void *owned_item, u64 *lost)
{
	queue->unit_cnt += units_of(queue, owned_item);
	if (delivery_queue__held(queue) < queue->max) {
		push(queue, owned_item);
		return true;
	}
	if (!queue->waiting) {
		release(queue, owned_item, lost);
		return false;
	}
	release(queue, take_oldest(queue), lost);
	push(queue, owned_item);
	return false;
}

void delivery_queue__fetch(struct delivery_queue *queue)
{
	u32 cnt = queue->waiting < queue->max_batch ? queue->waiting : queue->max_batch;

	assert(cnt && !queue->piece_cnt);
	for (u32 i = 0; i < cnt; i++)
		queue->batch[i] = take_oldest(queue);
	queue->settled = 0;
	queue->pieces[0] = cnt;
	queue->piece_cnt = 1;
}

u32 delivery_queue__size(const struct delivery_queue *queue)
{
	return queue->pieces[queue->piece_cnt - 1];
}

u64 delivery_queue__units(const struct delivery_queue *queue)
{
	const void *const *items = delivery_queue__items(queue);
	u64 sum = 0;

	for (u32 i = 0; i < delivery_queue__size(queue); i++)
		sum += units_of(queue, items[i]);
	return sum;
}

const void *const *delivery_queue__items(const struct delivery_queue *queue)
{
	return queue->batch + queue->settled;
}

void delivery_queue__cut(struct delivery_queue *queue, u32 size)
{
	u32 rest = delivery_queue__size(queue) - size;

	if (!rest)
		return;
	assert(size && queue->piece_cnt < DELIVERY_PIECES_MAX);
	queue->pieces[queue->piece_cnt - 1] = rest;
	queue->pieces[queue->piece_cnt++] = size;
}

bool delivery_queue__halve(struct delivery_queue *queue)
{
	u32 size = delivery_queue__size(queue);

	if (size < 2)
		return false;
	delivery_queue__cut(queue, size / 2);
	return true;
}

void delivery_queue__end_piece(struct delivery_queue *queue, u64 *counter)
{
	u32 size = delivery_queue__size(queue);

	while (size--)
		release(queue, queue->batch[queue->settled++], counter);
	queue->piece_cnt--;
}

void delivery_queue__end_batch(struct delivery_queue *queue, u64 *counter)
{
	while (queue->piece_cnt)
		delivery_queue__end_piece(queue, counter);
}

void delivery_queue__end(struct delivery_queue *queue, u64 *counter)
{
	delivery_queue__end_batch(queue, counter);
	while (queue->waiting)
		release(queue, take_oldest(queue), counter);
}
