// SPDX-License-Identifier: Apache-2.0
/*
 * The delivery with a transport and a clock of the test's own. Items are small numbers; a request
 * is their digits: "1 2 3 ".
 */
#include "test_rig.h"

static void gathers_until_the_delay_or_a_batch(void)
{
	struct rig *rig = rig__new(100, 3);

	add(rig, 1, 2);
	pass(rig, 4990);
	CHECK(!rig->sends);
	pass(rig, 20);
	REQUEST(rig, "1 2 ");
	add(rig, 3, 6);
	CHECK(rig->sends == 1);
	answer_as(rig, SEND_OK);
	REQUEST(rig, "3 4 5 ");
	answer_as(rig, SEND_OK);
	CHECK(!rig->request[0]);
	pass(rig, 5010);
	REQUEST(rig, "6 ");
	answer_as(rig, SEND_OK);
	CHECK(rig->idles == 1 && counts(rig).v[DELIVERED] == 6 && !counts(rig).queued);
	rig__free(rig);
}

static void hurries(void)
{
	struct rig *rig = rig__new(100, 10);

	add(rig, 1, 1);
	hurry(rig);
	CHECK(delivery__pending(rig->delivery));
	pass(rig, 10);
	REQUEST(rig, "1 ");
	answer_as(rig, SEND_OK);
	CHECK(!delivery__pending(rig->delivery));
	rig__free(rig);
}

/* Pauses of 1, 2, 4, 8, 8 s, each times 0.8 to 1.2; the batch ends after 30 s. */
static void retries_with_longer_pauses(void)
{
	static const u32 least[] = {800, 1600, 3200, 6400};
	static const u32 most[] = {1200, 2400, 4800, 9600};
	struct rig *rig = rig__new(100, 1);

	add(rig, 1, 1);
	pass(rig, 10);
	for (u32 i = 0; i < ARRAY_SIZE(least); i++) {
		answer_as(rig, SEND_RETRY);
		pass(rig, least[i] - 20);
		CHECK(!rig->request[0]);
		pass(rig, most[i] - least[i] + 40);
		REQUEST(rig, "1 ");
	}
	answer_as(rig, SEND_OK);
	CHECK(counts(rig).v[DELIVERED] == 1 && rig->released[1] == 1);
	add(rig, 2, 2); /* and the pauses begin anew */
	pass(rig, 10);
	answer_as(rig, SEND_RETRY);
	pass(rig, 1220);
	REQUEST(rig, "2 ");
	answer_as(rig, SEND_OK);
	rig__free(rig);
}

static void drops_when_the_retry_time_is_over(void)
{
	struct rig *rig = rig__new(100, 1);
	u64 begin;

	add(rig, 1, 2);
	pass(rig, 10);
	begin = rig->timers.now;
	while (!counts(rig).v[LOST_EXPIRED] && rig->timers.now < begin + 60 * NSEC_PER_SEC) {
		if (rig->request[0])
			answer_as(rig, SEND_RETRY);
		pass(rig, 10);
	}
	CHECK(rig->timers.now - begin >= 30 * NSEC_PER_SEC);
	CHECK(rig->timers.now - begin <= 31 * NSEC_PER_SEC);
	CHECK(counts(rig).v[LOST_EXPIRED] == 1 && counts(rig).queued == 1 && rig->released[1] == 1);
	pass(rig, 10000);
	REQUEST(rig, "2 ");
	answer_as(rig, SEND_OK);
	CHECK(counts(rig).v[DELIVERED] == 1);
	rig__free(rig);
}

static void obeys_the_server(void)
{
	struct rig *rig = rig__new(100, 1);

	add(rig, 1, 1);
	pass(rig, 10);
	answer(rig, (struct send_result){.outcome = SEND_RETRY,
					 .told_when = true,
					 .retry_after_ns = 3 * NSEC_PER_SEC});
	pass(rig, 2980);
	CHECK(!rig->request[0]);
	hurry(rig); /* not even at the end sooner than told */
	CHECK(!rig->request[0]);
	pass(rig, 30);
	REQUEST(rig, "1 ");
	answer(rig, (struct send_result){.outcome = SEND_RETRY, .told_when = true});
	pass(rig, 780);
	CHECK(!rig->request[0]); /* "0 s": some pause there is */
	pass(rig, 440);
	REQUEST(rig, "1 ");
	answer_as(rig, SEND_OK);
	rig__free(rig);
}

/* The batch ends when it cannot be in time; whoever comes next waits as told, but not for ever. */
static void obeys_within_limits(void)
{
	struct rig *rig = rig__new(100, 1);

	add(rig, 1, 2);
	pass(rig, 10);
	answer(rig, (struct send_result){.outcome = SEND_RETRY,
					 .told_when = true,
					 .retry_after_ns = UINT64_MAX});
	CHECK(counts(rig).v[LOST_EXPIRED] == 1 && counts(rig).queued == 1);
	pass(rig, 59900);
	CHECK(!rig->request[0]);
	pass(rig, 200);
	REQUEST(rig, "2 ");
	answer_as(rig, SEND_OK);
	rig__free(rig);
}

static void an_attempt_has_a_limit(void)
{
	struct rig *rig = rig__new(100, 1);

	add(rig, 1, 1);
	pass(rig, 10);
	pass(rig, 9980);
	CHECK(!rig->cancels);
	pass(rig, 20);
	CHECK(rig->cancels == 1);
	pass(rig, 1220);
	REQUEST(rig, "1 ");
	answer_as(rig, SEND_OK);
	CHECK(counts(rig).v[DELIVERED] == 1);
	rig__free(rig);
}

/* Refuses what holds item `bad` until nothing is sent any more. */
static void refuse(struct rig *rig, const char *bad, u32 *requests)
{
	for (*requests = 0; *requests < 3000; ++*requests) {
		if (!rig->request[0])
			pass(rig, 5010);
		if (!rig->request[0])
			return;
		answer_as(rig, strstr(rig->request, bad) ? SEND_REFUSED : SEND_OK);
	}
}

static void finds_the_bad_one(void)
{
	struct rig *rig = rig__new(ITEMS, 512);
	u32 requests;

	add(rig, 1, 512);
	pass(rig, 10);
	refuse(rig, "77 ", &requests); /* 77, 177, 277, 377, 477 */
	CHECK(counts(rig).v[LOST_REFUSED] == 5 && counts(rig).v[DELIVERED] == 507);
	CHECK(rig->released[77] == 1 && rig->released[78] == 1);
	CHECK(requests < 100);
	rig__free(rig);
}

static void does_not_ask_about_all_of_all_batches(void)
{
	struct rig *rig = rig__new(ITEMS, 512);
	u32 requests;

	add(rig, 1, 3 * 512);
	pass(rig, 10);
	refuse(rig, " ", &requests);
	CHECK(counts(rig).v[LOST_REFUSED] == 3 * 512 && requests == 1023 + 2);
	add(rig, 2000, 2000 + 511);
	pass(rig, 10);
	answer_as(rig, SEND_OK); /* now it is trusted again */
	add(rig, 3000, 3511);
	pass(rig, 10);
	refuse(rig, "3100 ", &requests);
	CHECK(counts(rig).v[LOST_REFUSED] == 3 * 512 + 1);
	rig__free(rig);
}

static void what_no_part_may_pass_is_dropped_whole(void)
{
	struct rig *rig = rig__new(100, 4);

	add(rig, 1, 4);
	pass(rig, 10);
	answer(rig, (struct send_result){.outcome = SEND_REFUSED});
	CHECK(rig->sends == 1 && counts(rig).v[LOST_REFUSED] == 4);
	rig__free(rig);
}

static void partial_success_is_not_sent_again(void)
{
	struct rig *rig = rig__new(100, 4);

	add(rig, 1, 4);
	pass(rig, 10);
	answer(rig, (struct send_result){.outcome = SEND_PARTIAL, .rejected = 1});
	add(rig, 5, 8);
	pass(rig, 10);
	answer(rig, (struct send_result){.outcome = SEND_PARTIAL, .rejected = UINT64_MAX});
	CHECK(rig->sends == 2 && counts(rig).v[DELIVERED] == 3 &&
	      counts(rig).v[LOST_REJECTED] == 5);
	rig__free(rig);
}

static void cannot_even_begin(void)
{
	struct rig *rig = rig__new(100, 1);

	rig->send_error = -EMFILE;
	add(rig, 1, 1);
	pass(rig, 10);
	CHECK(rig->sends == 1 && counts(rig).queued == 1);
	rig->send_error = 0;
	pass(rig, 1220);
	REQUEST(rig, "1 ");
	answer_as(rig, SEND_OK);
	CHECK(counts(rig).v[DELIVERED] == 1);
	rig__free(rig);
}

int main(void)
{
	log_set_level(LOG_ERROR);
	RUN(gathers_until_the_delay_or_a_batch);
	RUN(hurries);
	RUN(retries_with_longer_pauses);
	RUN(drops_when_the_retry_time_is_over);
	RUN(obeys_the_server);
	RUN(obeys_within_limits);
	RUN(an_attempt_has_a_limit);
	RUN(finds_the_bad_one);
	RUN(does_not_ask_about_all_of_all_batches);
	RUN(what_no_part_may_pass_is_dropped_whole);
	RUN(partial_success_is_not_sent_again);
	RUN(cannot_even_begin);
	return test_status();
}
