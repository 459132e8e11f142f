// SPDX-License-Identifier: Apache-2.0
/*
 * The USDT probes that are asked for, in every traced process: found in the files it maps,
 * numbered, and attached.
 *
 *	specs --notes of a mapped file--> probes, in pairs where both are asked for --> sites
 *
 * A probe may be at several places of a file, each with its arguments elsewhere: a site each. Two
 * that end in __start and __done (or __end), __begin and __end, __entry and __return (or __exit)
 *are one span if both are asked for; any other probe is an event.
 */
#ifndef USDT_PROBES_H
#define USDT_PROBES_H

#include "model/function.h"
#include "model/usdt.h"

/* Probes and spans with a number, places of them: what the kernel side keeps. */
#define USDT_PROBES_LIMIT 1024
#define USDT_SITES_LIMIT  4096
/* Files that were looked at and bear such probes. */
#define USDT_BINARIES_MAX 256

struct usdt_probes;

/* PROVIDER:NAME[(argN:TYPE=ATTRIBUTE,...)], both globs; types as of functions, and float, double.
 */
struct usdt_spec {
	struct str provider, name;
	struct function_value values[FUNCTION_VALUES_MAX]; /* up to VALUE_NONE */
};

/* Texts point into text. 0, or -EINVAL and *why says what is wrong, in static words. */
int usdt_spec_parse(struct str text, struct usdt_spec *spec, const char **why);

/* Where a site is attached. */
struct usdt_place {
	u64 offset, semaphore; /* as struct usdt_probe has them */
	u32 number;	       /* the site's */
};

struct usdt_probes_env {
	const struct usdt_spec *specs; /* borrowed for life, with their texts */
	u32 spec_cnt;
	void *owner;
	/* Before the first event of it. 0 or negative errno. */
	int (*describe)(void *owner, u32 number, const struct function *function);
	int (*describe_site)(void *owner, u32 number, const struct usdt_site *site);
	/* In one process; path is of the file that was looked at. *out is for detach. */
	int (*attach)(void *owner, void **out, const char *path, u32 tgid,
		      const struct usdt_place *places, u32 cnt);
	void (*detach)(void *owner, void *probes);
};

int usdt_probes__new(struct usdt_probes **out, const struct usdt_probes_env *env);
/* Detaches all. NULL is fine. */
void usdt_probes__free(struct usdt_probes *probes);

/* Looks at the files that a process has mapped, for the first time or again. Returns how many
 * places are probed that were not before. */
u32 usdt_probes__look(struct usdt_probes *probes, u32 tgid);
/* It has ended, or begins another program. */
void usdt_probes__exit(struct usdt_probes *probes, u32 tgid);
/* number: from FUNCTION_USDT on. NULL: nothing has this number. */
const struct function *usdt_probes__get(const struct usdt_probes *probes, u32 number);

#endif
