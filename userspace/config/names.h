// SPDX-License-Identifier: Apache-2.0
/* A list of names for one line of a message: "a, b, c and 5 more". */
#ifndef NAMES_H
#define NAMES_H

#include "base/buf.h"

/* What comes after is only counted: a line of the log holds 2048 bytes, and more nobody reads. */
#define NAMES_LEN_MAX 1800

/* Zero-initialised is empty. */
struct names {
	struct buf text;
	u32 left_out;
};

void names__add(struct names *names, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The list, owned by names; "" if it is empty. Nothing can be added afterwards. */
const char *names__finish(struct names *names);
void names__free(struct names *names);

#endif
