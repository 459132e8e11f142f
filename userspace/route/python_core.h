// SPDX-License-Identifier: Apache-2.0
/* What the files that run Python share: names and blocks in python_eval.c and python_run.c, modules
 * in python_import.c. */
#ifndef PYTHON_CORE_H
#define PYTHON_CORE_H

#include "route/python_run.h"

/* Statements and tokens looked at, in all: as many as the sources may have, and then some. */
#define STEPS_MAX 1000000
/* Names of one module. */
#define NAMES_MAX 2048
/* Calls in calls, imports in imports. */
#define CALLS_MAX 24

/* "import a.b as c", "from .a import b" */
void py_import_statement(struct py_frame *frame, struct py_span span);
void py_module__run(struct py_run *run, struct py_module *module);
/* Counts one of STEPS_MAX; false if there are no more, and all has failed. */
bool py_step(struct py_run *run);
/* The statements of a block; -1: those of the module. */
void py_run_block(struct py_frame *frame, s32 parent);

void py_bind(struct py_run *run, struct py_scope *scope, struct str name, struct py_value value);
/* "import *" */
void py_bind_all(struct py_run *run, struct py_scope *to, const struct py_scope *from);
/* The name's value in this scope alone; NULL if it has none. */
struct py_value *py_find_local(const struct py_scope *scope, struct str name);
/* Here or further out. */
struct py_value py_lookup(const struct py_scope *scope, struct str name);
/* a.b.c */
struct py_value py_resolve(struct py_frame *frame, struct py_span span);

#endif
