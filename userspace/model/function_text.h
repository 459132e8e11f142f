// SPDX-License-Identifier: Apache-2.0
/* struct function as text, for recordings: lines of name, file, line, then one for each value. */
#ifndef FUNCTION_TEXT_H
#define FUNCTION_TEXT_H

#include "base/buf.h"
#include "model/arena.h"
#include "model/function.h"

void function_print(struct buf *out, const struct function *function);
/* Texts go to mem. 0 or -EINVAL. */
int function_parse(struct str text, struct arena *mem, struct function *out);

#endif
