// SPDX-License-Identifier: Apache-2.0
/* Durations in the columns of tables, for people. */
#ifndef SECONDS_H
#define SECONDS_H

#include "base/buf.h"

/* Appends 10 columns: "     157us", "     1.2ms", "    12.34s". */
void print_seconds(struct buf *table, double s);

#endif
