// SPDX-License-Identifier: Apache-2.0
/*
 * What --function asks for:
 *
 *	[OBJECT:]GLOB[(N:TYPE=ATTRIBUTE,...)][=>ATTRIBUTE:TYPE]
 *	[OBJECT]+0xOFFSET...
 *
 *	todo_*				functions of the executable
 *	libsqlite3.so.0:sqlite3_step	of a library it has mapped (a glob on its base name)
 *	exe+0x1234			the function at that offset of the executable's file
 *	roll=>roll.value:int		the result as an attribute
 *	add(1:string=todo.text)=>todo.id:int64
 *
 * TYPE: int8 to int64, int (int32), bool, string. N counts the arguments from 1 to 5.
 */
#ifndef FUNCTION_SPEC_H
#define FUNCTION_SPEC_H

#include "model/function.h"

struct function_spec_text {
	struct str object; /* glob on base names; empty: the executable */
	struct str glob;   /* on symbols; empty: by offset */
	u64 offset;
	struct function_value values[FUNCTION_VALUES_MAX]; /* up to VALUE_NONE */
};

/* Texts point into text. 0, or -EINVAL and *why says what is wrong, in static words. */
int function_spec_parse(struct str text, struct function_spec_text *spec, const char **why);
/*
 * Cuts (PLACE:TYPE=ATTRIBUTE,...) off the end of text. usdt: places are arg0 to arg3, and types
 * float and double as well. NULL, or what is wrong.
 */
const char *function_spec_arguments(struct str *text, bool usdt, struct function_spec_text *spec);
/* Adds the values that another one asks of the same function; false: some are too many, or not what
 * an attribute stands for already. */
bool function_spec__merge(struct function_spec_text *spec, const struct function_spec_text *other);
/* A shell's pattern on a name, neither of them longer than names are. */
bool function_glob(struct str glob, struct str name);
/* Objects are compared as they are written. */
bool function_spec__names(const struct function_spec_text *spec, const struct function *function);

#endif
