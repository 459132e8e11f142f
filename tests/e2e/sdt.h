// SPDX-License-Identifier: Apache-2.0
/*
 * A USDT probe as SystemTap's sys/sdt.h makes it: a nop, and a note that tells where it is and
 *where the compiler has put its arguments.
 *
 *	SDT_PROBE("server", "begin", "0", "-4@%0 8@%1", "nor"(fd), "nor"(len));
 *
 * semaphore: "0", or the name of an SDT_SEMAPHORE().
 */
#ifndef SDT_H
#define SDT_H

#define SDT_SEMAPHORE(name) unsigned short name __attribute__((section(".probes"), used))

#define SDT_PROBE(provider, name, semaphore, args, ...)                                  \
	__asm__ __volatile__(                                                            \
		"990:	nop\n"                                                             \
		"	.pushsection .note.stapsdt,\"\",\"note\"\n"                            \
		"	.balign 4\n"                                                           \
		"	.4byte 992f-991f, 994f-993f, 3\n"                                      \
		"991:	.asciz \"stapsdt\"\n"                                              \
		"992:	.balign 4\n"                                                       \
		"993:	.8byte 990b, _.stapsdt.base, " semaphore "\n"                    \
		"	.asciz \"" provider "\", \"" name "\", \"" args "\"\n"           \
		"994:	.balign 4\n"                                                       \
		"	.popsection\n"                                                         \
		"	.ifndef _.stapsdt.base\n"                                              \
		"	.pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
		"	.weak _.stapsdt.base\n"                                                \
		"	.hidden _.stapsdt.base\n"                                              \
		"_.stapsdt.base:	.space 1\n"                                             \
		"	.popsection\n"                                                         \
		"	.endif\n"                                                              \
		: /* nothing comes out */                                                \
		: __VA_ARGS__)

#endif
