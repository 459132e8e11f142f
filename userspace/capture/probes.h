// SPDX-License-Identifier: Apache-2.0
/*
 * Probes on functions of traced processes. Many sites of one file in one process are attached and
 * detached at once where the kernel can (uprobe_multi, 6.6), else one by one (which needs
 * CAP_SYS_ADMIN, and 120 ms each to detach).
 */
#ifndef PROBES_H
#define PROBES_H

#include "base/types.h"

struct otel_ebpf;
struct probes;

struct probe_site {
	u64 offset;    /* in the file: an instruction, see probe/site.h */
	u64 cookie;    /* number of the function, below FUNCTIONS_MAX of bpf/event.h, or of the USDT
			  site; of Python: see there */
	u64 semaphore; /* of a USDT site: where in the file its count of users is; 0: it has none */
};

/* What is asked of each site. */
struct probes_target {
	const char *path; /* of the file: /proc/self/fd/N of the one that was looked at */
	u32 tgid;
	const struct probe_site *sites;
	u32 cnt;
};

/*
 * On some kernels the return of a probed function is a syscall that seccomp does not know of, which
 * kills the process or makes it crash. Seccomp may begin at any time, in each thread by itself, so
 * there nobody is probed. kernel: as KERNEL_RELEASE().
 */
bool probes_are_harmless(u32 kernel);

/* How functions are probed here, in a few words for a person. */
const char *probes_way(void);
/* Does the kernel leave it to each call whether its return is probed (6.13)? Then calls on the
 * stack of a signal handler do no harm. */
bool probes_spare_stacks(void);
/* What is to be loaded. */
struct probes_options {
	bool functions, usdt;
	bool python;
	bool python_views; /* of Python code only what may be a view */
};

/* Before loading. */
void probes_prepare(struct otel_ebpf *skel, const struct probes_options *options);
/*
 * Entry and return probes. 0 or negative errno, then nothing is attached. A process forked later
 * does not inherit them.
 */
int probes__new(struct probes **out, struct otel_ebpf *skel, const struct probes_target *target);
/*
 * USDT sites; likewise. Semaphores are the kernel's to count up, and down again however we end.
 */
int probes__usdt(struct probes **out, struct otel_ebpf *skel, const struct probes_target *target);
/* Told as CAPTURE_MAPPED when the process comes by the first site. 0 or negative errno. */
int probes__watch(struct probes **out, struct otel_ebpf *skel, const struct probes_target *target);
/* In a Python interpreter: where code is called, and where coroutines run; where generators end;
 * where any code returns; and where the calls of the first two lead back to. */
enum probes_python { PYTHON_CALLS, PYTHON_SENDS, PYTHON_ENDS, PYTHON_MOMENTS, PYTHON_BACK };
/* 0 or negative errno. */
int probes__python(struct probes **out, struct otel_ebpf *skel, const struct probes_target *target,
		   enum probes_python what);
/* Detaches. NULL is fine. */
void probes__free(struct probes *probes);

#endif
