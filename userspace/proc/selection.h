// SPDX-License-Identifier: Apache-2.0
/*
 * struct selection: the rules that choose processes, --port to --all, and those that leave some
 * out. It judges what is known of a process (proc/candidate.h) and asks nobody itself.
 *
 *	chosen = (a rule matches, or --all) and no exclusion does, and it is not we ourselves
 *
 * A pattern is a glob of which * and ? do not stand for a slash:
 *
 *	--exe nginx		any file of that name
 *	--exe 'bin/python3*'	any path that ends so
 *	--exe '/opt/app/bin/?'	a whole path
 *	--name 'todo*'		comm: the first 15 bytes of the name
 *	--cgroup /system.slice/todo.service, /sys/fs/cgroup/system.slice: a group and all below it
 */
#ifndef SELECTION_H
#define SELECTION_H

#include "config/config.h"
#include "proc/candidate.h"

struct selection;

enum verdict {
	VERDICT_NONE, /* no rule says anything of it */
	VERDICT_CHOSEN,
	VERDICT_EXCLUDED,
};

/* self: whom no rule chooses. 0 or negative errno. */
int selection__new(struct selection **out, const struct config *config, u32 self);
void selection__free(struct selection *selection);

/* Facts, 1 << enum config_rule, that the verdict depends on. */
u32 selection__facts(const struct selection *selection);
/* Appends to why, if it chooses: "port 5000", "exe todo", "all". */
enum verdict selection__judge(const struct selection *selection, const struct candidate *candidate,
			      struct buf *why);
/* Appends the rules that choose: "port 5000, name todo". */
void selection__describe(const struct selection *selection, struct buf *out);

#endif
