// SPDX-License-Identifier: Apache-2.0
/*
 * struct function as text, for recordings:
 *
 *	todo_add			name
 *					object: empty, this one is the executable's
 *	demo_todo/routes.c		source
 *	57 4c10 a1 0			line; offset and size, in hexadecimal; kind, if it is told
 *	1 32 0 roll.value		each value: kind, bits, argument, attribute
 */
#ifndef FUNCTION_TEXT_H
#define FUNCTION_TEXT_H

#include "base/buf.h"
#include "model/arena.h"
#include "model/function.h"

void function_print(struct buf *out, const struct function *function);
/* Texts go to mem. 0 or -EINVAL. */
int function_parse(struct str text, struct arena *mem, struct function *out);

#endif
