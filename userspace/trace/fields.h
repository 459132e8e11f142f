// SPDX-License-Identifier: Apache-2.0
/* The fields of a request's head, for who looks for names that the parser does not know. */
#ifndef FIELDS_H
#define FIELDS_H

#include "base/str.h"

/* What follows the start line of a head. */
struct str fields_of(struct str head);

/*
 * Takes the next field off the lines: its name, and its value without the blanks around it, or p
 * NULL for a folded one, of which we would have but a part. False at the empty line, and where the
 * head was cut, since half a value reads like a whole one.
 */
bool fields_next(struct str *lines, struct str *name, struct str *value);

/* The value of the only field of that name; p NULL if there is none, another, or it is folded. */
struct str fields_only(struct str head, struct str name);

/* Takes the next part off a text that a separator divides; parts may be empty. False when done. */
bool split_next(struct str *rest, char separator, struct str *part);

#endif
