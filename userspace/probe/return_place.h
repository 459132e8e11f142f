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
 * What lies between goes nowhere else and at most takes a known part of the stack down, so each
 *call that returns comes by at once, with an rsp that is known. Such a probe is one like on any
 *entry: nothing is put on the stack, and it may be hit by who comes from elsewhere.
 */
#ifndef RETURN_PLACE_H
#define RETURN_PLACE_H

#include "model/function.h"

struct binary;

struct return_place {
	struct binary *binary; /* owned */
	u64 offset;	       /* in its file */
	u32 freed;	       /* bytes of the stack, on the way there */
};

/*
 * Where in the code the place is of what returns to `at` of it, which follows a call. Jumps that
 * are taken always are followed within the code. -EINVAL: nothing returns there; -ENOTSUP: a probe
 * would be single-stepped. *freed: bytes that are taken off the stack on the way.
 */
int return_place_choose(struct str code, size_t at, u32 *freed);
/*
 * Of the calls in a function, whose code begins at offset of a file, those of what lies at target
 * there, or, if that is 0, of what a register says. Returns how many were found, at most max; their
 * addresses are offsets in the file as well.
 */
u32 return_places_in(struct str code, u64 offset, u64 target, struct python_return *out, u32 max);
/*
 * Of an address in a process, which need not be true. 0, then out is to be freed; -ENOENT: it is in
 * no file that is mapped for code; or as above, or another negative errno.
 */
int return_place__find(struct return_place *out, u32 tgid, u64 address);
void return_place__free(struct return_place *place);

#endif
