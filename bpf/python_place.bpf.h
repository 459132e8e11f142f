/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ends of Python calls. No return is probed: the kernel would keep an address of its own on the
 * process's stack for each of them, asked for or not. (Sessions, from 6.13 on, let a program
 *choose; but one that is for another process chooses for this one as well.) But the entry sees
 *where the call returns to, and there an ordinary probe goes, once for all calls from that place.
 *
 *	_PyFunction_Vectorcall(func)	rsp -> return address: is it probed?
 *	    no: user space is told, which has it probed; this call is lost
 *	    yes: the call is followed
 *	what is behind the caller's `call`
 *	    the same rsp, and the caller's Python frame runs again: the call is over
 *
 * Machine stacks may be moved and swapped: a Python frame lies elsewhere, and lives as long as what
 * it has called.
 */
#ifndef PYTHON_PLACE_BPF_H
#define PYTHON_PLACE_BPF_H

#include "python_async.bpf.h"

/* An application has two or three. One that is forgotten is asked for again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, struct python_place);
	__type(value,
	       u32); /* how far above the return address rsp is at the probe; 0: there is none */
} python_places SEC(".maps");

static __always_inline void ask_for_place(const struct python_place *place)
{
	struct ev_python_place told;
	u64 ts = bpf_ktime_get_ns();
	u32 none = 0;

	if (bpf_map_update_elem(&python_places, place, &none, BPF_NOEXIST))
		return;
	event_init(&told.hdr, EV_PYTHON_PLACE, sizeof(told), ts, 0);
	event_by(&told.hdr, bpf_get_current_task_btf());
	told.place = *place;
	if (bpf_ringbuf_output(&ring, &told, sizeof(told), BPF_RB_FORCE_WAKEUP))
		bpf_map_delete_elem(&python_places, place); /* asked again at the next call */
}

static __always_inline u64 caller_of(u64 cookie)
{
	u32 process = cookie, version = cookie >> 32;
	const struct python_layout *layout = bpf_map_lookup_elem(&python_layouts, &version);

	return layout ? frame_of(process, layout) : 0;
}

/* The end of the call that has just been opened will be seen. */
static __always_inline bool is_followed(struct pt_regs *regs, struct python_thread *own, u64 cookie)
{
	const struct python_place place = {user_word(PT_REGS_SP(regs)), (u32)cookie};
	u32 *above = bpf_map_lookup_elem(&python_places, &place);

	if (!above)
		ask_for_place(&place);
	if (!above || !*above)
		return false;
	own->stack = PT_REGS_SP(regs);
	own->above = *above;
	own->caller = caller_of(cookie);
	return own->caller;
}

static __always_inline int on_python_enter(struct pt_regs *regs, u64 cookie)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct python_thread *own;
	struct thread *thread;

	if (on_python_call(regs, cookie) == NO_RETURN)
		return 0;
	own = bpf_task_storage_get(&python_threads, task, 0, 0);
	thread = bpf_task_storage_get(&threads, task, 0, 0);
	if (!own || !thread)
		return 0;
	own->sent = 0;
	if (is_followed(regs, own, cookie))
		return 0;
	own->returning = 0;
	thread->depth = bounded(thread->depth - 1, FRAMES_MAX - 1); /* the frame was its */
	count(lost_calls);
	return 0;
}

static __always_inline int on_python_resume(struct pt_regs *regs, u64 cookie)
{
	struct object_key key = {PT_REGS_PARM1(regs), (u32)cookie};
	struct python_thread *own;

	if (on_python_send(regs, cookie) == NO_RETURN)
		return 0;
	own = bpf_task_storage_get(&python_threads, bpf_get_current_task_btf(), 0, 0);
	if (!own || is_followed(regs, own, cookie))
		return 0;
	own->returning = 0;
	bpf_map_delete_elem(&coroutines, &key);
	count(lost_calls);
	return 0;
}

/* In the place that calls return to. What lies in registers then is not what was returned. */
static __always_inline int on_python_back(struct pt_regs *regs, u64 cookie)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct python_thread *own = bpf_task_storage_get(&python_threads, task, 0, 0);
	u32 version = cookie >> 32;
	const struct python_layout *layout = bpf_map_lookup_elem(&python_layouts, &version);

	if (!own || !layout || own->returning != (u32)cookie ||
	    own->stack != PT_REGS_SP(regs) - own->above || own->caller != caller_of(cookie))
		return 0;
	if (!own->sent)
		return on_python_return(own->stack);
	return on_python_sent((signed char)user_word(own->sent + layout->generator_state) ==
			      COROUTINE_SUSPENDED);
}

#endif
