// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the row of the table that a flag means, as opentelemetry-instrument does: by its name or an
 * unambiguous beginning of it; '-' and '_' are the same.
 */
#ifndef FLAGS_H
#define FLAGS_H

#include "config/options.h"

/* arg as written, up to the '='. The row, or -EINVAL; complains itself. */
int flag_find(struct str arg);
/* The row whose flag holds name, or takes the fewest edits to become it; name may be of any length.
 */
u32 flag_nearest(struct str name);

#endif
