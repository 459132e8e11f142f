// SPDX-License-Identifier: Apache-2.0
/*
 * Does a process carry an OpenTelemetry SDK of its own? Then what that sends is left to it, or each
 * request would be told twice. It is found by its traces in the process, never by what the process
 * has been asked: in the environment, the arguments, the mappings, the program's image.
 *
 * SDKs in pure Python, Ruby or JavaScript that a program sets up itself leave none, unless they
 * publish the process context (the mapping OTEL_CTX).
 */
#ifndef SDK_H
#define SDK_H

#include "base/buf.h"

/* As /proc has them: environment and arguments separated by NUL, mappings one a line. */
struct sdk_evidence {
	struct str environment, arguments, mappings;
	struct str image; /* what elf_constants() gives; empty: not asked for */
};

struct sdk {
	const char *what; /* static: "the Java agent of OpenTelemetry" */
	u32 signals;	  /* enum resource_signal: those it sends */
};

/* False if there is none, or one that sends nothing. */
bool sdk_find(struct sdk *sdk, const struct sdk_evidence *evidence);
/* Is it the process of an interpreter or virtual machine, whose image tells nothing? */
bool sdk_is_interpreter(struct str mappings);

/*
 * The fact "sdk/TGID", live: appends the signals as a digit, a blank, and what it is: "3 the ...".
 * -ENOENT: there is none, or we may not look.
 */
int fact_sdk(const char *rest, struct buf *out);
/* Reads such a fact back; what points into it. 0 if it is none. */
u32 sdk_fact_signals(struct str fact, struct str *what);

#endif
