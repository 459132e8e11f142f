// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static u64 rotl(u64 x, int k)
{
	return (x << k) | (x >> (64 - k));
}

/* splitmix64 spreads the seed over the state (recommended by xoshiro's authors). */
void rng__seed(struct rng *rng, u64 seed)
{
	for (int i = 0; i < 4; i++) {
		u64 z = (seed += 0x9e3779b97f4a7c15ULL);

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
		rng->s[i] = z ^ (z >> 31);
	}
}

u64 rng__next(struct rng *rng)
{
	u64 *s = rng->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

void rng__fill(struct rng *rng, u8 *out, size_t len)
{
	u8 any = 0;

	while (!any && len) {
		for (size_t i = 0; i < len; i += 8) {
			u64 r = rng__next(rng);

			memcpy(out + i, &r, len - i < 8 ? len - i : 8);
		}
		for (size_t i = 0; i < len; i++)
			any |= out[i];
	}
}

int rng_system_seed(u64 *seed)
{
	return getrandom(seed, sizeof(*seed), 0) == sizeof(*seed) ? 0 : -errno;
}
