// SPDX-License-Identifier: Apache-2.0
#include "deliver/outbox.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "deliver/h2.h"
#include "deliver/http_client.h"

/* Three signals to two destinations, and Zipkin. */
#define DELIVERIES_MAX 8

struct outbox {
	struct loop *loop;
	bool wait;
	struct delivery *deliveries[DELIVERIES_MAX];
	u32 cnt;
	struct h2_pool *h2;
	struct http_client *http;
	struct timer deadline;
};

int outbox__new(struct outbox **out, struct loop *loop, bool wait)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (!outbox)
		return -ENOMEM;
	outbox->loop = loop;
	outbox->wait = wait;
	*out = outbox;
	return 0;
}

void outbox__free(struct outbox *outbox)
{
	if (!outbox)
		return;
	for (u32 i = 0; i < outbox->cnt; i++)
		delivery__free(outbox->deliveries[i]);
	h2_pool__free(outbox->h2);
	http_client__free(outbox->http);
	free(outbox);
}

struct loop *outbox__loop(struct outbox *outbox)
{
	return outbox->loop;
}

int outbox__h2(struct outbox *outbox, struct h2_pool **out)
{
	int err = outbox->h2 ? 0 : h2_pool__new(&outbox->h2, outbox->loop);

	*out = outbox->h2;
	return err;
}

int outbox__http(struct outbox *outbox, struct http_client **out)
{
	int err = outbox->http ? 0 : http_client__new(&outbox->http, outbox->loop);

	*out = outbox->http;
	return err;
}

static bool is_pending(const struct outbox *outbox)
{
	for (u32 i = 0; i < outbox->cnt; i++) {
		if (delivery__pending(outbox->deliveries[i]))
			return true;
	}
	return false;
}

/* Whoever runs the loop for us looks again. */
static void on_progress(void *owner)
{
	struct outbox *outbox = owner;

	if (outbox->deadline.waiting && !is_pending(outbox))
		loop__stop(outbox->loop);
}

static void on_deadline(struct timer *timer)
{
	loop__stop(container_of(timer, struct outbox, deadline)->loop);
}

int outbox__open(struct outbox *outbox, struct delivery **out,
		 const struct delivery_options *options)
{
	int err;

	if (outbox->cnt == DELIVERIES_MAX) {
		options->transport->ops->free(options->transport);
		return -E2BIG;
	}
	err = delivery__new(out, options, loop__timers(outbox->loop), on_progress, outbox);
	if (!err)
		outbox->deliveries[outbox->cnt++] = *out;
	return err;
}

/* Runs the loop until all is delivered or hopeless, or the time is over. */
static void run(struct outbox *outbox, u64 timeout_ns)
{
	outbox->deadline.fired = on_deadline;
	timers__set(loop__timers(outbox->loop), &outbox->deadline, timeout_ns);
	loop__run(outbox->loop);
	timers__cancel(loop__timers(outbox->loop), &outbox->deadline);
}

void outbox__add(struct outbox *outbox, struct delivery *delivery, const void *owned_item)
{
	/* one batch at a time: the pause between attempts is shorter than this, or it is dropped */
	while (outbox->wait && delivery__full(delivery))
		run(outbox, NSEC_PER_SEC / 10);
	delivery__add(delivery, owned_item);
}

bool outbox__presses(const struct outbox *outbox)
{
	for (u32 i = 0; i < outbox->cnt; i++) {
		if (delivery__presses(outbox->deliveries[i]))
			return true;
	}
	return false;
}

void outbox__turn(struct outbox *outbox)
{
	run(outbox, NSEC_PER_MSEC);
}

void outbox__finish(struct outbox *outbox, u64 end)
{
	u64 now = loop__timers(outbox->loop)->now;

	for (u32 i = 0; i < outbox->cnt; i++)
		delivery__hurry(outbox->deliveries[i], end);
	if (is_pending(outbox))
		run(outbox, end > now ? end - now : 0);
	for (u32 i = 0; i < outbox->cnt; i++)
		delivery__abandon(outbox->deliveries[i]);
}

static bool is_worth_a_line(const struct delivery *delivery)
{
	struct delivery_counts counts;

	delivery__counts(delivery, &counts);
	return counts.v[DELIVERED] || counts.queued || delivery_counts__lost(&counts);
}

void outbox__report(const struct outbox *outbox)
{
	struct buf line __cleanup(buf__free) = {0};

	for (u32 i = 0; i < outbox->cnt; i++) {
		if (!is_worth_a_line(outbox->deliveries[i]))
			continue;
		buf__reset(&line);
		delivery__report(outbox->deliveries[i], &line);
		if (!line.failed)
			log_info("%.*s", STR_ARG(buf__view(&line)));
	}
}
