// SPDX-License-Identifier: Apache-2.0
/*
 * struct rig: a delivery with a transport and a clock of the test's own. Items are small numbers; a
 * request is their digits: "1 2 3 ".
 */
#ifndef TEST_RIG_H
#define TEST_RIG_H

#include <errno.h>

#include "base/log.h"
#include "deliver/delivery.h"
#include "test.h"

#define ITEMS 4096

struct rig {
	struct timers timers;
	struct transport transport;
	struct delivery *delivery;
	char request[65536]; /* the last one, or "" if it was answered */
	u32 sends, cancels, frees, idles;
	int send_error;
	u32 released[ITEMS];
	int encode_error;
	u32 units[ITEMS]; /* of an item, beyond one */
	u32 most;	  /* items that one request can hold; 0: any */
};

static inline int rig_send(struct transport *transport, struct str body)
{
	struct rig *rig = container_of(transport, struct rig, transport);

	CHECK(!rig->request[0]);
	rig->sends++;
	if (rig->send_error)
		return rig->send_error;
	snprintf(rig->request, sizeof(rig->request), "%.*s", STR_ARG(body));
	return 0;
}

static inline void rig_cancel(struct transport *transport)
{
	struct rig *rig = container_of(transport, struct rig, transport);

	rig->cancels++;
	rig->request[0] = '\0';
}

static inline void rig_free(struct transport *transport)
{
	container_of(transport, struct rig, transport)->frees++;
}

static inline int encode(void *owner, struct buf *out, const void *const *items, u32 cnt)
{
	struct rig *rig = owner;

	if (rig->encode_error)
		return rig->encode_error;
	if (rig->most && cnt > rig->most)
		return -E2BIG;
	for (u32 i = 0; i < cnt; i++)
		buf__printf(out, "%zu ", (size_t)items[i]);
	return (int)cnt;
}

static inline void release(void *owner, const void *item)
{
	((struct rig *)owner)->released[(size_t)item]++;
}

static inline void on_idle(void *owner)
{
	((struct rig *)owner)->idles++;
}

static const struct transport_ops transport_ops = {rig_send, rig_cancel, rig_free};
/* A few items are many. */
static inline u32 units_of(void *owner, const void *item)
{
	return ((struct rig *)owner)->units[(size_t)item % ITEMS] + 1;
}

static const struct delivery_ops ops = {"traces", "spans", encode, release, units_of};

static inline struct rig *rig__new(u32 max_queue, u32 max_batch)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct delivery_options options = {
		.ops = &ops,
		.owner = rig,
		.transport = &rig->transport,
		.name = "there:4317",
		.schedule_delay_ns = 5 * NSEC_PER_SEC,
		.timeout_ns = 10 * NSEC_PER_SEC,
		.max_retry_ns = 30 * NSEC_PER_SEC,
		.max_queue = max_queue,
		.max_batch = max_batch,
	};

	rig->timers.now = 1000 * NSEC_PER_SEC;
	rig->transport.ops = &transport_ops;
	CHECK(!delivery__new(&rig->delivery, &options, &rig->timers, on_idle, rig));
	return rig;
}

static inline void rig__free(struct rig *rig)
{
	delivery__free(rig->delivery);
	CHECK(rig->frees == 1);
	free(rig);
}

static inline void add(struct rig *rig, u32 from, u32 to)
{
	for (size_t i = from; i <= to; i++)
		delivery__add(rig->delivery, (const void *)i);
}

/* In steps, as a loop would. */
static inline void pass(struct rig *rig, u64 ms)
{
	for (u64 i = 0; i < ms; i += 10)
		timers__run(&rig->timers, rig->timers.now + 10 * NSEC_PER_MSEC);
}

/* The end is in 5 s. */
static inline void hurry(struct rig *rig)
{
	delivery__hurry(rig->delivery, rig->timers.now + 5 * NSEC_PER_SEC);
}

static inline void answer(struct rig *rig, struct send_result result)
{
	CHECK(rig->request[0]);
	rig->request[0] = '\0';
	result.code = "code";
	rig->transport.done(rig->transport.owner, &result);
	timers__run(&rig->timers, rig->timers.now);
}

static inline void answer_as(struct rig *rig, enum send_outcome outcome)
{
	answer(rig, (struct send_result){.outcome = outcome, .payload = true});
}

#define REQUEST(rig, text) CHECK_STR(str_from((rig)->request), text)

static inline struct delivery_counts counts(const struct rig *rig)
{
	struct delivery_counts counts;

	delivery__counts(rig->delivery, &counts);
	return counts;
}

#endif
