/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Coroutines of a Python application that a framework awaits: the asynchronous views of ASGI.
 *
 *	PyIter_Send(coroutine)	a coroutine runs, for the first time or on
 *	    not run yet: which request is it for?	its start
 *	returns "returned" or "error"			its end
 *
 * Many requests are open in an event loop's thread: python_origin.bpf.h.
 */
#ifndef PYTHON_ASYNC_BPF_H
#define PYTHON_ASYNC_BPF_H

#include "python.bpf.h"
#include "python_origin.bpf.h"

/* gi_frame_state of what has not run yet */
#define COROUTINE_CREATED (-2)
/* ... and awaits something */
#define COROUTINE_SUSPENDED (-1)
/* PySendResult */
#define SEND_NEXT 1

/* A coroutine runs for the first time: true if its end is wanted. */
static __always_inline bool begin_coroutine(struct task_struct *task, struct thread *thread,
					    const struct object_key *key, u64 code,
					    const struct python_layout *layout)
{
	struct place at = {task->tgid, key->process, layout, 0};
	struct python_known met;
	struct coroutine begun = {0};
	struct origin origin;

	/* at the place of one whose end nobody saw */
	if (!bpf_map_delete_elem(&coroutines, key))
		count(lost_calls);
	met = know(task, user_word(key->object + layout->generator_frame), code, key->process,
		   layout);
	if (met.verdict != PYTHON_ASKED && met.verdict != PYTHON_WANTED)
		return false;
	at.frame = frame_of(key->process, layout);
	find_origin(&at, false, &origin);
	if (origin.coroutine)
		return false;
	thread->loop |= !!origin.request.conn;
	begun.request = origin.request;
	begun.number = met.number;
	begun.id = begun.inner = new_id(thread);
	begun.start = bpf_ktime_get_ns();
	return !bpf_map_update_elem(&coroutines, key, &begun, BPF_ANY);
}

/* cookie: as on_python_call()'s. */
static __always_inline int on_python_send(struct pt_regs *regs, u64 cookie)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 process = cookie, version = cookie >> 32;
	struct object_key key = {PT_REGS_PARM1(regs), process};
	struct python_layout *layout = bpf_map_lookup_elem(&python_layouts, &version);
	struct thread *thread = bpf_task_storage_get(&threads, task, 0, 0);
	struct python_thread *own;
	u64 code;

	if (!is_traced(task->tgid) || !layout || !thread)
		return NO_RETURN;
	code = user_word(key.object + layout->generator_code);
	if (user_word(key.object + layout->generator_frame + layout->frame_code) != code) {
		/* another kind of iterator */
		if (has_requests(thread))
			hand_work(task, thread, &key, layout);
		return NO_RETURN;
	}
	if ((signed char)user_word(key.object + layout->generator_state) == COROUTINE_CREATED) {
		if (!has_requests(thread) || !begin_coroutine(task, thread, &key, code, layout))
			return NO_RETURN;
	} else if (!bpf_map_lookup_elem(&coroutines, &key)) {
		return NO_RETURN;
	}
	own = bpf_task_storage_get(&python_threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!own || own->returning == process) {
		bpf_map_delete_elem(&coroutines, &key);
		count(lost_calls);
		return NO_RETURN;
	}
	own->returning = process;
	own->newest = newest_of(thread);
	own->sent = key.object;
	return 0;
}

static __always_inline int on_python_sent(bool suspended)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct python_thread *own = bpf_task_storage_get(&python_threads, task, 0, 0);
	struct thread *thread = bpf_task_storage_get(&threads, task, 0, 0);
	struct object_key key = {};
	struct coroutine *coroutine;
	u64 ts = bpf_ktime_get_ns();
	struct ev_call *call;

	if (!own || !thread)
		return 0;
	key.object = own->sent;
	key.process = own->returning;
	own->returning = 0;
	if (suspended)
		return 0;
	coroutine = bpf_map_lookup_elem(&coroutines, &key);
	if (!coroutine)
		return 0;
	call = &own->call;
	call->id = coroutine->id;
	call->parent = 0;
	call->function = coroutine->number;
	call->start = coroutine->start;
	call->request_cnt = !!coroutine->request.conn;
	call->requests[0] = coroutine->request;
	if (coroutine->inner != coroutine->id) { /* a span in it was left open */
		count(lost_calls);
		thread->spans -= !!thread->spans;
	}
	bpf_map_delete_elem(&coroutines, &key);
	tell_call(call, task, ts, EVENT_PYTHON);
	return 0;
}

#endif
