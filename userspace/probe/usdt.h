// SPDX-License-Identifier: Apache-2.0
/*
 * USDT probes as programs tell of them, in ELF notes (owner "stapsdt", type 3):
 *
 *	address, address of .stapsdt.base, address of a semaphore   3 x 8 bytes
 *	python \0 gc__start \0 -4@112(%rsp) \0
 *
 * The addresses are those of the linker; prelink(8) moves all but .stapsdt.base's, which tells how
 * far. A semaphore is a counter that the program looks at: the probe is passed by while it is 0.
 */
#ifndef PROBE_USDT_H
#define PROBE_USDT_H

#include "model/usdt.h"
#include "probe/binary.h"

struct usdt_probe {
	struct str provider, name, args; /* borrowed for the call */
	u64 offset;			 /* in the file: a nop that can be probed */
	u64 semaphore;			 /* offset in the file; 0: there is none */
};

/*
 * Calls fn for each that can be probed. Returns how many cannot: they are damaged, no nop, or not
 * in an executable segment.
 */
u32 usdt_each(const struct binary *binary, void (*fn)(void *owner, const struct usdt_probe *probe),
	      void *owner);

/*
 * Arguments of a probe, "-4@%eax 8@16(%rbp,%rcx,8) 4@$7": SIZE@OPERAND, a negative size for signed
 * ones, "8f@" for floating point. Returns how many there are, of which the first max are written.
 */
u32 usdt_args_parse(struct str text, struct usdt_arg *args, u32 max);

#endif
