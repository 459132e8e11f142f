// SPDX-License-Identifier: Apache-2.0
/*
 * What a program does that it would crash of if returns of its functions were probed, for the
 *kernel puts an address of its own where they return to:
 *
 *	throw exceptions	they find no caller beyond that address
 *	switch stacks		where they take turns, the kernel returns from one to another
 *	signal stacks		before Linux 6.13, see bpf/stack.bpf.h
 *
 * Told by the names of symbols; where there are none at all, by texts.
 */
#ifndef DANGER_H
#define DANGER_H

#include "base/str.h"

struct elf;

/* Zero-initialised: none so far. */
struct danger {
	const char *what; /* NULL: nothing; as what it "can" do */
	bool rust;	  /* it has what would throw Rust's panics .. */
	bool raises;	  /* .. and what that needs, unless they end the process at once */
	bool signal_stacks;
	bool python; /* its faulthandler is who has such a stack, and calls what nobody else does */
};

/* A symbol: of the file itself (defined), and maybe for others that need not use it (exported). */
void danger__symbol(struct danger *danger, struct str name, bool defined, bool exported);
/* Of a file without symbols. */
void danger__search(struct danger *danger, const struct elf *elf);
/* spares_stacks: no return is probed on the stack of a signal handler. */
const char *danger__what(const struct danger *danger, bool spares_stacks);

#endif
