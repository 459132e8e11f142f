// SPDX-License-Identifier: Apache-2.0
/* The delivery's limits and its end: what leaves the queue otherwise than delivered. */
#include "test_rig.h"

static void drops_the_oldest_but_not_what_is_in_flight(void)
{
	struct rig *rig = rig__new(4, 2);

	add(rig, 1, 2);
	pass(rig, 10);
	add(rig, 3, 4);
	CHECK(delivery__full(rig->delivery));
	add(rig, 5, 6);
	CHECK(counts(rig).v[LOST_FULL] == 2 && rig->released[3] == 1 && rig->released[4] == 1);
	REQUEST(rig, "1 2 ");
	answer_as(rig, SEND_OK);
	REQUEST(rig, "5 6 ");
	answer_as(rig, SEND_OK);
	CHECK(counts(rig).v[DELIVERED] == 4 && counts(rig).v[LOST_FULL] == 2);
	rig__free(rig);
}

static void a_queue_in_flight_drops_the_new(void)
{
	struct rig *rig = rig__new(2, 8);

	add(rig, 1, 2);
	pass(rig, 10);
	REQUEST(rig, "1 2 ");
	add(rig, 3, 3);
	CHECK(counts(rig).v[LOST_FULL] == 1 && rig->released[3] == 1);
	answer_as(rig, SEND_OK);
	rig__free(rig);
}

static void nobody_is_not_waited_for(void)
{
	const struct send_result refused = {.outcome = SEND_RETRY, .unreachable = true};
	struct rig *rig = rig__new(100, 1);

	add(rig, 1, 1);
	pass(rig, 10);
	answer(rig, refused);
	hurry(rig);
	CHECK(delivery__pending(rig->delivery)); /* one last try */
	pass(rig, 10);
	answer(rig, refused);
	CHECK(!delivery__pending(rig->delivery) && rig->idles == 1);
	delivery__abandon(rig->delivery);
	CHECK(counts(rig).v[LOST_ABANDONED] == 1 && rig->released[1] == 1);
	rig__free(rig);
}

static void somebody_who_answered_is(void)
{
	struct rig *rig = rig__new(100, 1);

	add(rig, 1, 1);
	pass(rig, 10);
	answer_as(rig, SEND_OK);
	add(rig, 2, 2);
	pass(rig, 10);
	hurry(rig);
	answer(rig, (struct send_result){.outcome = SEND_RETRY, .unreachable = true});
	CHECK(delivery__pending(rig->delivery));
	pass(rig, 1220);
	answer_as(rig, SEND_OK);
	CHECK(counts(rig).v[DELIVERED] == 2);
	rig__free(rig);
}

/* Not as long as the others need to find out. */
static void who_wants_to_be_left_alone_is(void)
{
	struct rig *rig = rig__new(100, 1);
	struct send_result later = {
		.outcome = SEND_RETRY, .told_when = true, .retry_after_ns = 4 * NSEC_PER_SEC};

	add(rig, 1, 1);
	pass(rig, 10);
	answer(rig, later);
	hurry(rig);
	CHECK(delivery__pending(rig->delivery));
	pass(rig, 4010);
	REQUEST(rig, "1 ");
	answer(rig, later);
	CHECK(!delivery__pending(rig->delivery) && rig->idles == 1);
	rig__free(rig);
}

static void freed_in_flight(void)
{
	struct rig *rig = rig__new(100, 2);

	add(rig, 1, 3);
	pass(rig, 10);
	REQUEST(rig, "1 2 ");
	rig__free(rig);
}

/* Room is reckoned in items, losses in what they hold. */
static void counts_units(void)
{
	struct rig *rig = rig__new(2, 2);

	rig->units[1] = 9;
	rig->units[3] = 4;
	add(rig, 1, 3);
	CHECK(counts(rig).v[LOST_FULL] == 10 && counts(rig).queued == 6);
	pass(rig, 10);
	REQUEST(rig, "2 3 ");
	answer(rig, (struct send_result){.outcome = SEND_PARTIAL, .rejected = 2});
	CHECK(counts(rig).v[LOST_REJECTED] == 2 && counts(rig).v[DELIVERED] == 4);
	CHECK(!counts(rig).queued);
	rig__free(rig);
}

static void reports(void)
{
	struct rig *rig = rig__new(2, 1);
	struct buf line = {0};

	add(rig, 1, 4);
	delivery__report(rig->delivery, &line);
	CHECK_STR(buf__view(&line), "traces to there:4317: 4 spans = 0 delivered + 2 lost "
				    "(queue full 2) + 2 queued");
	delivery__abandon(rig->delivery);
	delivery__lost(rig->delivery, 1);
	buf__reset(&line);
	delivery__report(rig->delivery, &line);
	CHECK_STR(buf__view(&line), "traces to there:4317: 5 spans = 0 delivered + 5 lost "
				    "(queue full 2, undelivered at exit 2, memory 1) + 0 queued");
	buf__free(&line);
	rig__free(rig);
}

static void splits_what_is_too_large(void)
{
	struct rig *rig = rig__new(100, 8);

	rig->most = 3;
	add(rig, 1, 8);
	pass(rig, 50);
	REQUEST(rig, "1 2 ");
	for (u32 i = 0; i < 4; i++) {
		answer_as(rig, SEND_OK);
		pass(rig, 50);
	}
	CHECK(rig->sends == 4 && counts(rig).v[DELIVERED] == 8);
	rig->encode_error = -E2BIG;
	add(rig, 9, 16);
	pass(rig, 200);
	CHECK(counts(rig).v[LOST_MEMORY] == 8 && !counts(rig).queued);
	rig__free(rig);
}

/* Who adds makes room while an answer is near, and for nobody who is slow or away. */
static void presses_while_a_moment_would_help(void)
{
	struct rig *rig = rig__new(6, 2);

	add(rig, 1, 1);
	CHECK(!delivery__presses(rig->delivery)); /* waits for company */
	add(rig, 2, 2);
	CHECK(delivery__presses(rig->delivery)); /* a batch to be sent */
	pass(rig, 10);
	REQUEST(rig, "1 2 ");
	add(rig, 3, 4);
	CHECK(!delivery__presses(rig->delivery)); /* there is room for one more */
	add(rig, 5, 5);
	CHECK(delivery__presses(rig->delivery));
	pass(rig, 1000);
	CHECK(!delivery__presses(rig->delivery)); /* it takes too long */
	answer_as(rig, SEND_OK);
	REQUEST(rig, "3 4 ");
	add(rig, 6, 7);
	CHECK(delivery__presses(rig->delivery));
	answer_as(rig, SEND_RETRY);
	CHECK(!delivery__presses(rig->delivery)); /* nor is a pause waited for */
	pass(rig, 1220);
	REQUEST(rig, "3 4 ");
	CHECK(!delivery__presses(rig->delivery)); /* or one who failed before */
	CHECK(!counts(rig).v[LOST_FULL]);
	rig__free(rig);
}

int main(void)
{
	log_set_level(LOG_ERROR);
	RUN(drops_the_oldest_but_not_what_is_in_flight);
	RUN(a_queue_in_flight_drops_the_new);
	RUN(nobody_is_not_waited_for);
	RUN(somebody_who_answered_is);
	RUN(who_wants_to_be_left_alone_is);
	RUN(freed_in_flight);
	RUN(counts_units);
	RUN(reports);
	RUN(splits_what_is_too_large);
	RUN(presses_while_a_moment_would_help);
	return test_status();
}
