// SPDX-License-Identifier: Apache-2.0
/*
 * struct interpreter: the CPython that a process has mapped, its executable or a shared library,
 * and where probes go in it. Only what any build exports is used.
 *
 *	_PyFunction_Vectorcall(func, args, cnt, keywords)  C calls Python code
 *	PyIter_Send(coroutine, ...)			   a coroutine runs
 *	_PyErr_SetObject(state, StopIteration, ...)	   a generator has ended
 *	PyErr_Restore(type, value, traceback)		   is made to end by an exception
 *	_PyThreadState_UncheckedGet()			   its code says where the state is
 */
#ifndef INTERPRETER_H
#define INTERPRETER_H

#include "model/function.h"

struct interpreter;

/* 0; -ENOENT: the process has none, or is gone; or another negative errno. */
int interpreter__find(struct interpreter **out, u32 tgid);
/* NULL is fine. */
void interpreter__free(struct interpreter *interpreter);
/* Has it loaded what swaps its machine stacks (gevent, eventlet)? */
bool interpreter_has_greenlets(u32 tgid);
/* Lives as long. No sites at all: this build shows nothing. */
const struct python_sites *interpreter__sites(const struct interpreter *interpreter);

#endif
