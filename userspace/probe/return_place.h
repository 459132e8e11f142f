// SPDX-License-Identifier: Apache-2.0
/*
 * Where calls return to, and where a probe sees that they have (x86-64):
 *
 *	call *%r9
 *	add  0x10(%r14),%r12	the return address
 *	mov  %rax,%r15
 *	test %r12,%r12
 *	jle  2b			the first that the kernel emulates: the place
 *
 * What lies between goes nowhere else and leaves the stack alone, so each call that returns comes
 * by at once, with rsp as it was. Such a probe is one like on any entry: nothing is put on the
 * stack, and it may be hit by who comes from elsewhere.
 */
#ifndef RETURN_PLACE_H
#define RETURN_PLACE_H

#include "base/str.h"

struct binary;

struct return_place {
	struct binary *binary; /* owned */
	u64 offset;	       /* in its file */
};

/* Bytes in front of a return address that are looked at, and behind it. */
#define RETURN_PLACE_BEFORE 8
#define RETURN_PLACE_BEHIND 128

/*
 * code: RETURN_PLACE_BEFORE bytes that should end in a call, and what is behind it. How far behind
 * the return address the place is; -EINVAL: nothing returns there; -ENOTSUP: it would be stepped.
 */
int return_place_choose(struct str code);
/*
 * Of an address in a process, which need not be true. 0, then out is to be freed; -ENOENT: it is in
 * no file that is mapped for code; or as above, or another negative errno.
 */
int return_place__find(struct return_place *out, u32 tgid, u64 address);
void return_place__free(struct return_place *place);

#endif
