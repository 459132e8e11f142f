/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which processes are traced: children of traced ones at once, at any depth; nobody after its exit.
 */
#ifndef PROCESS_BPF_H
#define PROCESS_BPF_H

#include "state.bpf.h"

static __always_inline void tell_process(u16 type, u32 tgid, u32 parent)
{
	struct ev_process *out = bpf_ringbuf_reserve(&ring, sizeof(*out), 0);

	if (!out) {
		count(lost_records);
		return;
	}
	event_init(&out->hdr, type, sizeof(*out), bpf_ktime_get_ns(), 0);
	out->hdr.tgid = tgid;
	out->parent = parent;
	out->pad = 0;
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
}

static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child)
{
	u32 tgid = child->tgid;

	if (parent->tgid == (int)tgid || !is_traced(parent->tgid) || tgid >= TGID_MAX)
		return 0;
	__sync_fetch_and_or(&traced[tgid / 64], 1ULL << (tgid % 64));
	tell_process(EV_FORK, tgid, parent->tgid);
	return 0;
}

/* Of a thread; the process is gone with its last one. */
static __always_inline int on_exit(struct task_struct *task)
{
	u32 tgid = task->tgid;

	if (!is_traced(tgid) || task->signal->live.counter || tgid >= TGID_MAX)
		return 0;
	__sync_fetch_and_and(&traced[tgid / 64], ~(1ULL << (tgid % 64)));
	tell_process(EV_EXIT, tgid, 0);
	return 0;
}

#endif
