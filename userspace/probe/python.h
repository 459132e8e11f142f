// SPDX-License-Identifier: Apache-2.0
/*
 * Python code of the traced processes: where their interpreters are probed, and which functions of
 * theirs are asked for.
 *
 *	process --mappings--> interpreter --symbols--> sites --attach--> calls from C into Python
 *	code that is called for the first time --globs--> is it wanted?
 *	call of a code --its number--> struct function
 *
 * Nothing depends on the interpreter's debug information, or on the application's sources.
 */
#ifndef PYTHON_H
#define PYTHON_H

#include "model/function.h"

/* Functions of Python code that are told apart, in all processes. */
#define PYTHON_FUNCTIONS_MAX 1024
/* Code objects whose calls are known, the newest of all processes. */
#define PYTHON_CODES_MAX 16384
/* A process in which so long after its first request none of its own spans was begun is not one of
 * those that make any, and need not bear what their ends cost. */
#define PYTHON_SPANS_NS (5 * NSEC_PER_SEC)

struct python;

struct python_env {
	/* Globs on FILE:NAME, of which FILE may be the end of a path: app.py:roll*. None: any that
	 * the kernel side takes for a view. Borrowed for life. */
	const char *const *globs;
	u32 glob_cnt;
	void *owner;
	/* 0; -ENOTSUP: this version is not known; or another negative errno. *out is for detach. */
	int (*attach)(void *owner, void **out, const struct python_sites *sites);
	/* Probes the ends of the application's own spans, too; sites NULL: no longer. */
	int (*ends)(void *owner, void *probes, const struct python_sites *sites);
	/* Probes what calls return to. 0; -ESTALE: that was asked for by others; or negative errno.
	 */
	int (*place)(void *owner, void *probes, const struct python_place_asked *asked,
		     const char *path, const struct python_return *at);
	void (*detach)(void *owner, void *probes);
};

int python__new(struct python **out, const struct python_env *env);
/* Detaches all. NULL is fine. */
void python__free(struct python *python);

/* The process is traced from now on, or has begun another program: true if it is probed. Says what
 * is in the way. */
bool python__process(struct python *python, u32 tgid);
void python__exit(struct python *python, u32 tgid);
/* The process makes spans of its own. */
void python__spans(struct python *python, u32 tgid);
/* Calls in it are not followed before what they return to is probed. */
void python__place(struct python *python, const struct python_place_asked *asked);
/* What is probed in vain is let go. */
void python__tick(struct python *python, u64 now);
/* Code is called for the first time: true if it is asked for. */
bool python__meet(struct python *python, const struct python_code *code);
/*
 * The number of the function that a call is one of, below PYTHON_FUNCTIONS_MAX; -ENOENT: it is not
 * asked for, -ESTALE: it is not known any more.
 */
int python__number(const struct python *python, u32 code_number);
/* NULL: no function has this number. */
const struct function *python__get(const struct python *python, u32 number);

#endif
