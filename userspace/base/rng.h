// SPDX-License-Identifier: Apache-2.0
/*
 * Random numbers for trace and span ids: xoshiro256** (Blackman and Vigna, public domain), seeded
 * once, so that a recording with its seed replays to the same ids.
 */
#ifndef RNG_H
#define RNG_H

#include "base/types.h"

struct rng {
	u64 s[4];
};

/* Any seed will do, zero included. */
void rng__seed(struct rng *rng, u64 seed);
u64 rng__next(struct rng *rng);
/* Fills len bytes, never all of them zero (W3C Trace Context 3.2.2.3 and 3.2.2.4). */
void rng__fill(struct rng *rng, u8 *out, size_t len);
/* A seed from the kernel (getrandom(2)); 0 on success, negative errno. */
int rng_system_seed(u64 *seed);

#endif
