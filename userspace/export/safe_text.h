// SPDX-License-Identifier: Apache-2.0
/* Text of clients, for people: what they may send must not move the cursor, nor forge a line. */
#ifndef SAFE_TEXT_H
#define SAFE_TEXT_H

#include "base/buf.h"

/*
 * Appends s as one field without blanks: what could do harm as \xNN (a byte) or \u{...} (a code
 * point), "-" for nothing.
 */
void safe_text(struct buf *line, struct str s);

#endif
