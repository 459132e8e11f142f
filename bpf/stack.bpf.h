/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stacks above that of a thread's. When a return is to be probed, the kernel takes every call for
 * abandoned, by longjmp, that is yet to return and whose stack ends below, and kills the process
 * when that returns after all (its cleanup_return_instances()).
 *
 *	the handler's stack	handler(), which calls f()
 *
 *	the thread's stack	main(), g(), f() <- a signal
 *
 * So returns there are not probed.
 */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#include "function.bpf.h"

/* MAX_URETPROBE_DEPTH of the kernel: calls of a thread whose returns are probed at once. */
#define RETURNS_MAX 64

struct stack_search {
	u64 other;
	bool found;
};

static long find_stack(struct task_struct *task, struct vm_area_struct *vma,
		       struct stack_search *search)
{
	search->found = vma->vm_start <= search->other;
	return 0;
}

static __always_inline bool is_signal_stack(const struct task_struct *task, u64 sp)
{
	return sp - task->sas_ss_sp <= task->sas_ss_size && task->sas_ss_size;
}

/*
 * Is this another stack than the one below, or may it be? Within a handler the kernel may have
 * forgotten its stack (SS_AUTODISARM): then the mappings tell.
 */
static __always_inline bool is_other_stack(struct task_struct *task, u64 sp, u64 below)
{
	struct stack_search search = {.other = below};

	if (is_signal_stack(task, sp))
		return true;
	return bpf_find_vma(task, sp, find_stack, &search, 0) || !search.found;
}

/* May a call with this stack not have its return probed, for the sake of others below? */
static __always_inline bool is_stray(struct task_struct *task, u64 sp)
{
	struct return_instance *call = task->utask->return_instances;

	for (u32 i = 0; i < RETURNS_MAX && call && sp >= call->stack; i++) {
		/* jumped over, and written over since: so are those with a stack below it */
		if (!returns_late(task, call->stack)) {
			call = call->next;
			continue;
		}
		if (sp == call->stack || !is_other_stack(task, sp, call->stack))
			return false;
		count(stray_calls);
		return true;
	}
	return false;
}

#endif
