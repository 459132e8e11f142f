// SPDX-License-Identifier: Apache-2.0
#include "deliver/backoff.h"

/* Pauses double from one to the other; a server that is back is found soon. */
#define FIRST_NS NSEC_PER_SEC
#define DOUBLED	 3
/*
 * A server may ask for any pause, but is not obeyed for longer: what it asks of one batch would
 * cost all that come meanwhile, and once a minute, as often as metrics, burdens nobody.
 */
#define TOLD_MAX_NS (60 * NSEC_PER_SEC)

int backoff__init(struct backoff *backoff)
{
	u64 seed;
	int err = rng_system_seed(&seed);

	if (err)
		return err;
	rng__seed(&backoff->rng, seed);
	backoff->failures = 0;
	return 0;
}

/* 0.8 to 1.2 of it. */
static u64 jitter(struct backoff *backoff, u64 ns)
{
	return ns * 4 / 5 + rng__next(&backoff->rng) % (ns * 2 / 5);
}

/* "At once" is as soon as after a first failure of which nobody says anything. */
static u64 told_pause(struct backoff *backoff, u64 told_ns)
{
	u64 least = jitter(backoff, FIRST_NS);

	if (told_ns > TOLD_MAX_NS)
		return TOLD_MAX_NS;
	return told_ns > least ? told_ns : least;
}

u64 backoff__pause(struct backoff *backoff, const struct send_result *result)
{
	u32 doubled = backoff->failures++;

	if (result->told_when)
		return told_pause(backoff, result->retry_after_ns);
	return jitter(backoff, FIRST_NS << (doubled < DOUBLED ? doubled : DOUBLED));
}
