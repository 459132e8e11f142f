// SPDX-License-Identifier: Apache-2.0
#include "deliver/delivery.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/throttle.h"
#include "deliver/backoff.h"
#include "deliver/delivery_queue.h"

/* What a request holds before compression: the Collector takes 4 MiB, message and frame. */
#define REQUEST_MAX ((size_t)4 * 1024 * 1024 - 1024)
/* A receiver that keeps up answers sooner, even on a busy machine. */
#define PATIENCE_NS NSEC_PER_SEC
/* The tutorial's "retrying in 2s" is the second line. */
#define LOG_BURST 3
enum state {
	EMPTY,
	GATHERING, /* the timer ends the wait for company */
	SENDING,   /* the timer ends the attempt */
	PAUSING,   /* the timer ends the pause, or the batch, what is sooner */
};

struct delivery {
	struct delivery_options options;
	char *name;
	struct timers *timers;
	struct timer timer;
	void (*idle)(void *owner);
	void *idle_owner;
	struct backoff backoff;

	struct delivery_queue queue;
	struct buf body;

	enum state state;
	bool hurried;	 /* it is the end, at `end` */
	bool told;	 /* the pause is the server's wish */
	bool answered;	 /* there is somebody */
	bool hopeless;	 /* nobody listened at the last attempt */
	bool taken_some; /* of this batch */
	bool distrusted; /* all of the last refused batch was bad: no halving until one is taken */
	u64 retry_until, pause_until, end;
	struct delivery_counts counts;
	u64 sent_ns; /* when the request in flight began */

	struct throttle throttle, full_throttle;
	bool complained; /* and nothing was taken since */
};

/* True if one more line of trouble with the receiver may be logged now. */
static bool may_log(struct delivery *delivery)
{
	bool may = throttle__take(&delivery->throttle, delivery->timers->now, LOG_BURST);

	delivery->complained |= may;
	return may;
}

static void set_timer(struct delivery *delivery, enum state state, u64 delay_ns)
{
	delivery->state = state;
	timers__set(delivery->timers, &delivery->timer, delay_ns);
}

/* Waits for company, or begins if there is enough. */
static void gather(struct delivery *delivery)
{
	const struct delivery_options *options = &delivery->options;

	if (!delivery->queue.waiting) {
		delivery->state = EMPTY;
		timers__cancel(delivery->timers, &delivery->timer);
		if (delivery->idle)
			delivery->idle(delivery->idle_owner);
		return;
	}
	if (delivery->hurried || delivery->queue.waiting >= delivery->queue.max_batch)
		set_timer(delivery, GATHERING, 0);
	else if (delivery->state != GATHERING)
		set_timer(delivery, GATHERING, options->schedule_delay_ns);
}

/* The next piece, or the next batch. */
static void go_on(struct delivery *delivery)
{
	delivery->state = EMPTY;
	if (!delivery->queue.piece_cnt)
		gather(delivery);
	else
		set_timer(delivery, GATHERING, 0); /* not from here: a batch has many pieces */
}

/* The batch's retry time will be over then. */
static bool is_over_at(const struct delivery *delivery, u64 ts)
{
	return delivery->options.max_retry_ns && ts >= delivery->retry_until;
}

/* Until the pause ends or the batch does. */
static void wait_on(struct delivery *delivery)
{
	u64 now = delivery->timers->now, until = delivery->pause_until;

	if (delivery->queue.piece_cnt && delivery->options.max_retry_ns &&
	    delivery->retry_until < until)
		until = delivery->retry_until;
	set_timer(delivery, PAUSING, until > now ? until - now : 0);
}

static void log_failure(struct delivery *delivery, const struct send_result *result, u64 units)
{
	if (may_log(delivery))
		log_error("Failed to export %s to %s, error code: %s, error details: %.*s; "
			  "%llu %s dropped",
			  delivery->options.ops->signal, delivery->name, result->code,
			  STR_ARG(result->message), (unsigned long long)units,
			  delivery->options.ops->units);
}

static void drop_batch(struct delivery *delivery, u64 *counter, const struct send_result *result)
{
	u64 before = *counter;

	delivery_queue__end_batch(&delivery->queue, counter);
	log_failure(delivery, result, *counter - before);
}

/* The server allows no attempt within the batch's time. */
static void drop_delayed(struct delivery *delivery, const struct send_result *result, u64 pause)
{
	struct send_result delayed = *result;
	char words[300];

	snprintf(words, sizeof(words),
		 "the server wants to wait %.0f s, longer than the batch may take; the next goes "
		 "in %.0f s: %.*s",
		 (double)result->retry_after_ns / (double)NSEC_PER_SEC,
		 (double)pause / (double)NSEC_PER_SEC, STR_ARG(str_sub(result->message, 0, 150)));
	delayed.message = str_from(words);
	drop_batch(delivery, &delivery->counts.v[LOST_EXPIRED], &delayed);
}

static void log_retry(struct delivery *delivery, const struct send_result *result, u64 pause)
{
	if (may_log(delivery))
		log_warn("Transient error %s encountered while exporting %s to %s, retrying in "
			 "%.0fs. Error details: %.*s",
			 result->code, delivery->options.ops->signal, delivery->name,
			 (double)pause / (double)NSEC_PER_SEC, STR_ARG(result->message));
}

static void on_retry(struct delivery *delivery, const struct send_result *result)
{
	u64 now = delivery->timers->now, pause = backoff__pause(&delivery->backoff, result);

	delivery->answered |= !result->unreachable;
	delivery->told = result->told_when;
	delivery->hopeless = result->unreachable;
	delivery->pause_until = now + pause;
	if (is_over_at(delivery, now))
		drop_batch(delivery, &delivery->counts.v[LOST_EXPIRED], result);
	else if (result->told_when && is_over_at(delivery, delivery->pause_until))
		drop_delayed(delivery, result, pause);
	else
		log_retry(delivery, result, pause);
	wait_on(delivery);
	if (delivery->hurried && delivery->idle && !delivery__pending(delivery))
		delivery->idle(delivery->idle_owner);
}

static void on_refused(struct delivery *delivery, const struct send_result *result)
{
	delivery->answered = true;
	delivery->backoff.failures = 0;
	if (!result->payload || delivery->distrusted) {
		drop_batch(delivery, &delivery->counts.v[LOST_REFUSED], result);
	} else if (!delivery_queue__halve(&delivery->queue)) {
		log_failure(delivery, result, delivery_queue__units(&delivery->queue));
		delivery_queue__end_piece(&delivery->queue, &delivery->counts.v[LOST_REFUSED]);
	}
	/* a receiver that takes nothing is not asked about every item again */
	if (!delivery->queue.piece_cnt)
		delivery->distrusted = !delivery->taken_some;
	go_on(delivery);
}

static void log_taken(struct delivery *delivery, const struct send_result *result)
{
	const struct delivery_ops *ops = delivery->options.ops;

	if (result->outcome == SEND_OK) {
		if (delivery->complained && !delivery->hurried)
			log_info("%s to %s are taken again", ops->signal, delivery->name);
		delivery->complained = false;
	} else if (!result->rejected && may_log(delivery)) {
		log_warn("%s to %s are taken, with a warning: %.*s", ops->signal, delivery->name,
			 STR_ARG(result->message));
	} else if (result->rejected && may_log(delivery)) {
		log_warn("%s to %s: partial success: %llu of %llu %s rejected: %.*s", ops->signal,
			 delivery->name, (unsigned long long)result->rejected,
			 (unsigned long long)delivery_queue__units(&delivery->queue), ops->units,
			 STR_ARG(result->message));
	}
}

static void on_taken(struct delivery *delivery, const struct send_result *result)
{
	u64 units = delivery_queue__units(&delivery->queue);
	u64 rejected = result->rejected < units ? result->rejected : units;

	delivery->answered = true;
	delivery->backoff.failures = 0;
	delivery->taken_some = true;
	delivery->distrusted = false;
	delivery->retry_until = delivery->timers->now + delivery->options.max_retry_ns;
	log_taken(delivery, result);
	delivery->counts.v[LOST_REJECTED] += rejected;
	delivery->counts.v[DELIVERED] -= rejected; /* end_piece() adds all of them */
	delivery_queue__end_piece(&delivery->queue, &delivery->counts.v[DELIVERED]);
	go_on(delivery);
}

static void note_time(struct delivery *delivery, const struct send_result *result)
{
	struct delivery_counts *counts = &delivery->counts;
	bool taken = result->outcome == SEND_OK || result->outcome == SEND_PARTIAL;

	request_times__add(taken ? &counts->taken : &counts->failed,
			   delivery->timers->now - delivery->sent_ns);
}

static void on_done(void *owner, const struct send_result *result)
{
	struct delivery *delivery = owner;

	assert(delivery->state == SENDING);
	timers__cancel(delivery->timers, &delivery->timer);
	note_time(delivery, result);
	if (result->outcome == SEND_RETRY)
		on_retry(delivery, result);
	else if (result->outcome == SEND_REFUSED)
		on_refused(delivery, result);
	else
		on_taken(delivery, result);
}

/* 0: body holds the next piece, which may have become smaller. */
static int encode(struct delivery *delivery)
{
	const struct delivery_options *options = &delivery->options;
	struct delivery_queue *queue = &delivery->queue;
	int taken;

	buf__reset(&delivery->body);
	taken = options->ops->encode(options->owner, &delivery->body, delivery_queue__items(queue),
				     delivery_queue__size(queue));
	if (taken < 0)
		return taken;
	if (delivery->body.len > REQUEST_MAX && taken > 1)
		return -E2BIG;
	delivery_queue__cut(queue, (u32)taken);
	return 0;
}

static void attempt(struct delivery *delivery)
{
	struct transport *transport = delivery->options.transport;
	int err = encode(delivery);
	struct send_result failure = {.outcome = SEND_RETRY, .code = "internal"};

	if (err == -E2BIG && delivery_queue__halve(&delivery->queue)) {
		go_on(delivery);
		return;
	}
	if (err) {
		delivery_queue__end_piece(&delivery->queue, &delivery->counts.v[LOST_MEMORY]);
		go_on(delivery);
		return;
	}
	if (delivery->options.timeout_ns)
		set_timer(delivery, SENDING, delivery->options.timeout_ns);
	delivery->state = SENDING;
	delivery->sent_ns = delivery->timers->now;
	err = transport->ops->send(transport, buf__view(&delivery->body));
	if (!err)
		return;
	failure.message = str_from(strerror(-err));
	on_done(delivery, &failure);
}

static void begin_batch(struct delivery *delivery)
{
	delivery_queue__fetch(&delivery->queue);
	delivery->taken_some = false;
	delivery->retry_until = delivery->timers->now + delivery->options.max_retry_ns;
}

static void on_pause_over(struct delivery *delivery)
{
	static const struct send_result over = {.code = "StatusCode.DEADLINE_EXCEEDED",
						.message = {"the retry time is over", 22}};

	if (delivery->queue.piece_cnt && is_over_at(delivery, delivery->timers->now))
		drop_batch(delivery, &delivery->counts.v[LOST_EXPIRED], &over);
	if (delivery->timers->now < delivery->pause_until) {
		wait_on(delivery);
	} else if (delivery->queue.piece_cnt) {
		attempt(delivery);
	} else {
		go_on(delivery);
	}
}

static void on_timer(struct timer *timer)
{
	static const struct send_result late = {
		.outcome = SEND_RETRY,
		.code = "StatusCode.DEADLINE_EXCEEDED",
		.message = {"no answer in time", 17},
	};
	struct delivery *delivery = container_of(timer, struct delivery, timer);

	switch (delivery->state) {
	case EMPTY:
		break;
	case GATHERING:
		if (!delivery->queue.piece_cnt)
			begin_batch(delivery);
		attempt(delivery);
		break;
	case SENDING:
		delivery->options.transport->ops->cancel(delivery->options.transport);
		on_done(delivery, &late);
		break;
	case PAUSING:
		on_pause_over(delivery);
		break;
	}
}

void delivery__add(struct delivery *delivery, const void *owned_item)
{
	u64 *lost = &delivery->counts.v[LOST_FULL];

	if (!delivery_queue__add(&delivery->queue, owned_item, lost) &&
	    throttle__take(&delivery->full_throttle, delivery->timers->now, 1))
		log_error("the queue of %s to %s is full: the oldest %s are dropped",
			  delivery->options.ops->signal, delivery->name,
			  delivery->options.ops->units);
	if (delivery->state == EMPTY ||
	    (delivery->state == GATHERING && !delivery->queue.piece_cnt))
		gather(delivery);
}

void delivery__lost(struct delivery *delivery, u32 units)
{
	delivery->counts.v[LOST_MEMORY] += units;
}

void delivery__hurry(struct delivery *delivery, u64 end)
{
	delivery->hurried = true;
	delivery->end = end;
	delivery->hopeless = false;
	if (delivery->state == GATHERING) {
		set_timer(delivery, GATHERING, 0);
	} else if (delivery->state == PAUSING) {
		delivery->backoff.failures = 0;
		if (!delivery->told)
			delivery->pause_until = delivery->timers->now;
		wait_on(delivery);
	}
}

bool delivery__pending(const struct delivery *delivery)
{
	bool in_vain = delivery->hurried && delivery->state == PAUSING &&
		       delivery->pause_until >= delivery->end;

	return delivery_queue__held(&delivery->queue) && !in_vain &&
	       (delivery->answered || !delivery->hopeless);
}

bool delivery__full(const struct delivery *delivery)
{
	return delivery_queue__held(&delivery->queue) == delivery->queue.max;
}

bool delivery__presses(const struct delivery *delivery)
{
	const struct delivery_queue *queue = &delivery->queue;

	if (delivery->state == GATHERING)
		return queue->piece_cnt || queue->waiting >= queue->max_batch;
	return delivery->state == SENDING && !delivery->backoff.failures &&
	       delivery->timers->now - delivery->sent_ns < PATIENCE_NS &&
	       delivery_queue__held(queue) + queue->max_batch > queue->max;
}

static void stop(struct delivery *delivery)
{
	struct transport *transport = delivery->options.transport;

	timers__cancel(delivery->timers, &delivery->timer);
	if (delivery->state == SENDING)
		transport->ops->cancel(transport);
	delivery->state = EMPTY;
}

void delivery__abandon(struct delivery *delivery)
{
	stop(delivery);
	delivery_queue__end(&delivery->queue, &delivery->counts.v[LOST_ABANDONED]);
}

void delivery__counts(const struct delivery *delivery, struct delivery_counts *counts)
{
	*counts = delivery->counts;
	counts->queued = delivery->queue.unit_cnt;
}

void delivery__report(const struct delivery *delivery, struct buf *out)
{
	struct delivery_counts counts;

	delivery__counts(delivery, &counts);
	buf__printf(out, "%s to %s: ", delivery->options.ops->signal, delivery->name);
	delivery_counts__print(&counts, delivery->options.ops->units, out);
}

static int init(struct delivery *delivery, const struct delivery_options *options)
{
	int err = backoff__init(&delivery->backoff);

	if (err)
		return err;
	delivery->name = strdup(options->name);
	if (!delivery->name)
		return -ENOMEM;
	return delivery_queue__init(&delivery->queue, options->max_queue, options->max_batch);
}

int delivery__new(struct delivery **out, const struct delivery_options *options,
		  struct timers *timers, void (*idle)(void *owner), void *idle_owner)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));
	int err;

	if (!delivery) {
		options->transport->ops->free(options->transport);
		return -ENOMEM;
	}
	delivery->options = *options;
	delivery->queue.release = options->ops->release;
	delivery->queue.units = options->ops->units_of;
	delivery->queue.owner = options->owner;
	delivery->timers = timers;
	delivery->timer.fired = on_timer;
	delivery->idle = idle;
	delivery->idle_owner = idle_owner;
	options->transport->done = on_done;
	options->transport->owner = delivery;
	err = init(delivery, options);
	if (err) {
		delivery__free(delivery);
		return err;
	}
	*out = delivery;
	return 0;
}

void delivery__free(struct delivery *delivery)
{
	if (!delivery)
		return;
	delivery__abandon(delivery);
	delivery->options.transport->ops->free(delivery->options.transport);
	buf__free(&delivery->body);
	delivery_queue__free(&delivery->queue);
	free(delivery->name);
	free(delivery);
}
