// SPDX-License-Identifier: Apache-2.0
/*
 * Patterns into programs for Ken Thompson's machine: "a(b|c)*" becomes, with jumps relative to the
 * state they stand in,
 *
 *	0 SET {a}
 *	1 SPLIT +1 +6
 *	2 SPLIT +1 +3
 *	3 SET {b}
 *	4 SPLIT +2 +2
 *	5 SET {c}
 *	6 SPLIT -5 -5
 *	7 MATCH
 *
 * A piece of program can thus be moved and copied as it is, which is all that repeating takes.
 */
#ifndef REGEX_PARSE_H
#define REGEX_PARSE_H

#include "model/regex.h"
#include "model/regex_set.h"

enum regex_op {
	OP_SET,	  /* takes one byte, if it is in the set */
	OP_SPLIT, /* goes both ways */
	OP_START, /* this and the next go on only where they hold: at the start of the text, */
	OP_END,
	OP_LINE_END,  /* at its end or before the line feed that ends it, */
	OP_WORD_EDGE, /* between \w and what is not */
	OP_NO_WORD_EDGE,
	OP_MATCH,
};

struct regex_state {
	enum regex_op op;
	s32 next[2]; /* OP_SPLIT: relative */
	struct regex_set set;
};

struct regex_program {
	u32 cnt;
	struct regex_state v[REGEX_STATES_MAX];
};

/* 0 or the errors of regex__new(). Jumps stay within the program, whose last state is OP_MATCH. */
int regex_parse(struct regex_program *program, struct str pattern, bool ignore_case);

#endif
