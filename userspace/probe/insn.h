// SPDX-License-Identifier: Apache-2.0
/*
 * x86-64 instructions one after the other, and what a probe on each would mean. The bytes are
 * untrusted: what is not known to be harmless counts as harmful.
 */
#ifndef INSN_H
#define INSN_H

#include "base/kernel.h"
#include "base/str.h"

/* How the kernel goes over an instruction that a probe's int3 stands on, the best last. */
enum insn_way {
	INSN_REFUSED,	/* not at all, or we do not know it well enough */
	INSN_STEPPED,	/* by a single step of a copy */
	INSN_EMULATED,	/* in the handler of the int3 */
	INSN_OPTIMISED, /* by a call in its place, and no int3 */
};

struct insn {
	u32 at, len; /* bytes, from the first byte of the code */
	enum insn_way way;
	bool goes_on;	   /* to the next one, and nowhere else */
	u8 spoils;	   /* bit N: argument N (1 to 5) may not be in its register behind it */
	bool moves_stack;  /* rsp points to no return address behind it */
	u32 frees;	   /* all it does to the stack is to take so many bytes off it */
	bool prologue;	   /* of a kind that no loop begins with: it would run the stack away */
	bool jumps, calls; /* to target */
	bool calls_out;	   /* what a register says */
	bool conditional;  /* jumps or not */
	bool astray;	   /* jumps where only its run can tell */
	s64 target;	   /* from the first byte of the code */
};

/* The first kernels that emulate long nops, that put calls in their place. */
#define KERNEL_LONG_NOPS KERNEL_RELEASE(6, 16, 0)
#define KERNEL_OPTIMISES KERNEL_RELEASE(6, 18, 0)

struct insn_reader;

/* The code is borrowed for life. 0 or negative errno. */
int insn_reader__new(struct insn_reader **out, struct str code, u32 kernel);
/* NULL is fine. */
void insn_reader__free(struct insn_reader *reader);
/* 1, 0 at the end of the code, -EILSEQ: there are bytes that are no instruction. */
int insn_reader__next(struct insn_reader *reader, struct insn *insn);

#endif
