// SPDX-License-Identifier: Apache-2.0
/* What a span or an event says of a call. */
#ifndef FUNCTION_ATTRS_H
#define FUNCTION_ATTRS_H

#include "model/function.h"

/* Borrowed of the two. */
struct str function_call_name(const struct function *function, const struct function_call *call);
/* Adds where the function is, the thread, and the values that are there. Texts are copied to mem.
 */
void function_attrs(struct attrs *attrs, struct arena *mem, const struct function *function,
		    const struct function_call *call);

#endif
