// SPDX-License-Identifier: Apache-2.0
/*
 * Which programs are loaded on this kernel. What a kernel offers is found by trying, load and
 *attach: BTF may list what attaching refuses.
 *
 *	tracepoints	sock_recv_length, tcp_sendmsg_locked, sock_send_length		6.16
 *	mixed		sock_recv_length, tcp_sendmsg entry and exit, sock_send_length	6.3
 *	trampolines	entry and exit of tcp_*, unix_stream_*				5.15
 */
#ifndef HOOKS_H
#define HOOKS_H

#include "capture/live.h"

struct otel_ebpf;
struct bpf_link;

/* A bit per program of the table in hooks.c. */
#define HOOKS_MAX 32

struct hook_set {
	const char *name;
	u32 programs; /* bits: all of these are needed */
	u32 optional; /* bits: attached where the kernel has them */
	u32 late;     /* bits of programs: attached when the first unix socket is read */
};

/* NULL-terminated by name == NULL, in order of preference. */
extern const struct hook_set hook_sets[];

/* Before loading: only the programs of the set are to be loaded, and what the kernel lacks is said
 * so. */
void hooks_prepare(struct otel_ebpf *skel, u32 programs, const struct live_options *options);
/* The programs, apart from the set's, that make candidates of processes as `watch` asks. */
u32 hooks_watching(const struct live_watch *watch);
/* Attaches the loaded programs but the sweep's; links (owned) go to links[HOOKS_MAX]. 0 or negative
 * errno. */
int hooks_attach(struct otel_ebpf *skel, u32 programs, struct bpf_link **links);
/* The programs whose targets the kernel's BTF names: the others need not be tried, they cost a load
 * each. */
u32 hooks_named(void);
/* The programs whose load and attach, each alone, succeed now. */
u32 hooks_probe(void);
/* The set to use: the one named, or the first that `available` covers; NULL if there is none. */
const struct hook_set *hooks_choose(const char *name, u32 available);
/* Appends the report of --check; returns 0 if something can be traced, else a negative errno. */
int hooks_check(struct buf *out, const char *forced);
/* One line that says what is missing and what to do, after an error of loading or attaching. */
void hooks_explain(int err);

#endif
