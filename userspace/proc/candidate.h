// SPDX-License-Identifier: Apache-2.0
/* What rules look at in a process: read from /proc, or as an event told it where it is gone. */
#ifndef CANDIDATE_H
#define CANDIDATE_H

#include <linux/limits.h>

#include "base/buf.h"

/* Hierarchies of control groups times the length of a path; one page is what the kernel gives. */
#define CANDIDATE_CGROUPS_MAX 4096
/* Generations looked at upwards. */
#define CANDIDATE_PARENTS_MAX 64

struct listeners;

struct candidate {
	u32 tgid;
	u32 known;	    /* facts, 1 << enum config_rule, that could be found out */
	char exe[PATH_MAX]; /* "" if not known, also of kernel threads */
	char name[16];	    /* comm */
	char cgroups[CANDIDATE_CGROUPS_MAX]; /* proc_pid_cgroup(5): ID:CONTROLLERS:PATH lines */
	u64 ports[65536 / 64];		     /* bitmap of TCP ports it listens on */
	u32 parents[CANDIDATE_PARENTS_MAX];
	u32 parent_cnt;
};

/* Of which nothing is known yet; exe, name and ports may then be told. */
void candidate__init(struct candidate *candidate, u32 tgid);
void candidate__add_port(struct candidate *candidate, u32 port);
/* Asks /proc for these facts; what it does not tell stays as it was told. Live only. */
void candidate__read(struct candidate *candidate, u32 facts, struct listeners *listeners);

/*
 * The listening TCP sockets of a network namespace, by inode: read once for all processes in it,
 * until told that they may have changed.
 */
int listeners__new(struct listeners **out);
void listeners__free(struct listeners *listeners);
void listeners__changed(struct listeners *listeners);

#endif
