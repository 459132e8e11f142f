// SPDX-License-Identifier: Apache-2.0
/*
 * The functions that are asked for, in every traced process: found in its files, numbered, and
 * probed.
 *
 *	specs --process's files--> symbols --site_choose()--> sites --attach--> calls with a number
 *
 * A file is looked at once, however many processes run it. What cannot be probed safely is said
 * once and left out.
 *
 * Libraries may come later (dlopen): where specs name any, the dynamic loader of each process is
 * probed, too, which tells of them.
 */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "model/function.h"
#include "probe/binary.h"
#include "probe/function_spec.h"

/* Functions with a number at once: what the kernel side keeps. */
#define FUNCTIONS_LIMIT 1024
/* Files looked at; a host runs fewer programs that somebody wants to see the functions of. */
#define FUNCTIONS_BINARIES_MAX 256

struct functions;

struct function_site {
	u64 offset; /* in the file */
	u32 number;
};

struct functions_env {
	const struct function_spec_text *specs; /* borrowed for life, with their texts */
	u32 spec_cnt;
	bool slow;	    /* single-stepped sites will do */
	bool spares_stacks; /* returns on stacks of signal handlers are not probed */
	void *owner;
	/* Before its first call. 0 or negative errno. */
	int (*describe)(void *owner, u32 number, const struct function *function);
	/* Probes in one process; path is of the file that was looked at. *out is for detach. */
	int (*attach)(void *owner, void **out, const char *path, u32 tgid,
		      const struct function_site *sites, u32 cnt);
	/* A probe that leads to functions__mapped(). */
	int (*watch)(void *owner, void **out, const char *path, u32 tgid, u64 offset);
	void (*detach)(void *owner, void *probes);
	/* Looks for something else in what a process has mapped; NULL: nobody does. Returns how
	 * many probes more there are. */
	u32 (*look)(void *owner, u32 tgid);
	/* Its returns cannot be probed any more, for its stacks take turns; they were until now. */
	void (*give_up)(void *owner, u32 tgid);
	bool none; /* not even handlers that programs tell of: there is only look() */
};

int functions__new(struct functions **out, const struct functions_env *env);
/* Detaches all. NULL is fine. */
void functions__free(struct functions *functions);

/*
 * A process is traced from now on, or has begun another program. Returns how many functions are
 * probed in it, or negative errno after having said what is wrong.
 */
int functions__process(struct functions *functions, u32 tgid);
/* Its loader tells that it has mapped or unmapped libraries. Returns how many functions more are
 * probed. */
u32 functions__mapped(struct functions *functions, u32 tgid);
/* Now and then: looks at libraries that came too often. Returns how many processes have more. */
u32 functions__tick(struct functions *functions, u64 now);
void functions__exit(struct functions *functions, u32 tgid);
/* NULL: no function has this number. */
const struct function *functions__get(const struct functions *functions, u32 number);

#endif
