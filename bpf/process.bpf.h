/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which processes are traced: children of traced ones at once, at any depth; nobody after its exit.
 *
 * Where rules choose, the kernel side does not know them: it traces whoever may match from the
 * moment it may, and says so in front of whatever the process does next (EV_CANDIDATE). User space
 * decides when it reads that, and clears the bit again; so no request is missed in between.
 */
#ifndef PROCESS_BPF_H
#define PROCESS_BPF_H

#include "function.bpf.h"

/* Probes are set by user space, and every call until then goes unseen. */
static __always_inline u64 process_wake_flags(void)
{
	return trace_functions ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

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
	bpf_ringbuf_submit(out, process_wake_flags());
}

/* comm and exe: where they lie in kernel memory, NULL if not to be told. */
static __always_inline int tell_candidate(u32 tgid, const char *comm, const char *exe, u16 port)
{
	struct ev_candidate *out;
	u32 now;

	if (tgid >= TGID_MAX || (!select_new && !is_traced(tgid)))
		return 0;
	/* first the count, then the bit: pairs with live__untrace() */
	now = __sync_fetch_and_add(&asked[tgid % ASKED_MAX], 1) + 1;
	__sync_fetch_and_or(&traced[tgid / 64], 1ULL << (tgid % 64));
	out = bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
	if (!out) {
		count(lost_records);
		return 0;
	}
	__builtin_memset(out, 0, sizeof(*out));
	event_init(&out->hdr, EV_CANDIDATE, sizeof(*out), bpf_ktime_get_ns(), 0);
	out->hdr.tgid = tgid;
	out->port = port;
	out->asked = now;
	if (comm)
		bpf_probe_read_kernel_str(out->comm, sizeof(out->comm), comm);
	if (exe)
		bpf_probe_read_kernel_str(out->exe, sizeof(out->exe), exe);
	bpf_ringbuf_submit(out, process_wake_flags());
	return 0;
}

/* The candidate goes first: it decides who is told of the exec. */
static __always_inline int on_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	bool was_traced = is_traced(task->tgid);

	thread_ends(task);
	if (select_exec)
		tell_candidate(task->tgid, task->comm, bprm->filename, 0);
	forget_met(task->tgid);
	if (was_traced)
		tell_process(EV_EXEC, task->tgid, 0);
	return 0;
}

static __always_inline int on_mapped(struct task_struct *task)
{
	if (is_traced(task->tgid))
		tell_process(EV_MAPPED, task->tgid, 0);
	return 0;
}

static __always_inline int on_listen(const struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!select_listen || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	return tell_candidate(task->tgid, task->comm, NULL, sk->__sk_common.skc_num);
}

/* Only the first thread's name is the process's. Kernel threads have no memory of their own. */
static __always_inline int on_rename(struct task_struct *task, const char *comm)
{
	if (task->pid != task->tgid || !task->mm)
		return 0;
	return tell_candidate(task->tgid, comm, NULL, 0);
}

static __always_inline int on_cgroup(struct task_struct *task)
{
	if (task->pid != task->tgid || !task->mm)
		return 0;
	return tell_candidate(task->tgid, task->comm, NULL, 0);
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

	if (is_traced(tgid))
		thread_ends(task);
	if (!is_traced(tgid) || task->signal->live.counter || tgid >= TGID_MAX)
		return 0;
	__sync_fetch_and_and(&traced[tgid / 64], ~(1ULL << (tgid % 64)));
	forget_met(tgid);
	tell_process(EV_EXIT, tgid, 0);
	return 0;
}

#endif
