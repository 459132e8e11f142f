// SPDX-License-Identifier: Apache-2.0
/*
 * Where in a function a probe goes (x86-64). The kernel emulates a few instructions (push, nop,
 * jumps, call); all others it executes by single steps, which cost some 20 us. A site is an
 * emulated one that every call passes exactly once: no branch comes back to it, and none goes round
 * it.
 */
#ifndef SITE_H
#define SITE_H

#include "base/str.h"

struct site {
	u64 offset;   /* in the file */
	bool returns; /* rsp holds the return address there, so that a return probe may be set */
	bool slow;    /* its instruction is single-stepped */
};

struct site_need {
	bool slow;    /* single-stepped sites will do */
	u8 arguments; /* bit N: argument N (1 to 5) must still be in its register */
};

/*
 * code: the whole function, which begins at offset of its file. 0; or -ENOTSUP, and *why says in a
 * few static words what is in the way.
 */
int site_choose(struct str code, u64 offset, struct site_need need, struct site *site,
		const char **why);

#endif
