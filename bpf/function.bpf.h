/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls of functions that the user asked for, by uprobes, and whose request they belong to.
 *
 *	read of a request   -> it is open in the thread that read it
 *	entry of a function -> a frame on the thread's stack, with the requests open then
 *	its return          -> one record (struct ev_call); the frame goes
 *	first byte answered -> the request is not open in that thread any more
 *
 * More than one open request (an event loop), or one answered by another thread, cannot be told
 * apart here: the record names all that were open, and user space, which knows when each of them
 * ended, decides. A frame below hands its requests on to those it calls.
 *
 * Loaded only if functions are asked for.
 */
#ifndef FUNCTION_BPF_H
#define FUNCTION_BPF_H

#include "state.bpf.h"

/* What the entry's program of a session (6.13) says if it does not want the return. */
#define NO_RETURN 1

/* Calls within calls that are followed; deeper ones are counted. */
#define FRAMES_MAX 16

struct frame {
	u64 key;   /* where its return address lies, or another number that names it */
	u64 loose; /* it need not be on the machine's stack, nor end within what is below it */
	struct ev_call call;
};

struct thread {
	u32 calls; /* so far */
	u32 depth;
	u32 request_cnt;
	u32 loop;      /* it is an event loop's: whose its Python code is, requests do not tell */
	u32 spans;     /* that Python code has begun in it and not yet ended, beside the frames */
	u64 frameless; /* USDT probes that have begun and found no room for a frame */
	u64 worker;    /* names what takes work that others hand to this thread; 0: nothing has */
	u64 work;      /* that it has taken last */
	u64 unknown;   /* for whom that is, so far */
	u64 within;    /* id of the call that it is part of; 0: none */
	struct call_request requests[CALL_REQUESTS]; /* open ones, the oldest first */
	struct frame frames[FRAMES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

/* What is taken of a function's arguments, by its number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FUNCTIONS_MAX);
	__type(key, u32);
	__type(value, struct function_spec);
} functions SEC(".maps");

/* Spans that an application left open are not those of requests to come. */
static __always_inline void drop_loose(struct thread *thread)
{
	for (u32 i = 0; i < FRAMES_MAX && thread->depth; i++) {
		u64 top = bounded(thread->depth - 1, FRAMES_MAX - 1);

		if (!thread->frames[top].loose)
			return;
		thread->depth = top;
		count(lost_calls);
	}
}

/* A request was read: it is open in this thread, the newest. */
static __always_inline void thread_reads(struct task_struct *task, u64 conn, u64 ts)
{
	struct thread *thread;
	u32 cnt;

	if (!trace_functions)
		return;
	thread = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread)
		return;
	cnt = bounded(thread->request_cnt, CALL_REQUESTS);
	if (!cnt)
		drop_loose(thread);
	thread->within = 0;
	for (u32 i = 0; i < CALL_REQUESTS; i++) {
		if (i < cnt && thread->requests[i].conn == conn) {
			thread->requests[i].ts = ts;
			return;
		}
	}
	if (cnt == CALL_REQUESTS) {
		/* the oldest goes: what waits longest is answered elsewhere, or never */
		for (u32 i = 1; i < CALL_REQUESTS; i++)
			thread->requests[i - 1] = thread->requests[i];
		cnt--;
	}
	thread->requests[cnt & (CALL_REQUESTS - 1)] = (struct call_request){conn, ts};
	thread->request_cnt = cnt + 1;
}

/* Its first byte is answered, or its connection closed, by this thread. */
static __always_inline void thread_answers(struct task_struct *task, u64 conn)
{
	struct thread *thread;
	u32 cnt, left = 0;

	if (!trace_functions)
		return;
	thread = bpf_task_storage_get(&threads, task, 0, 0);
	if (!thread)
		return;
	cnt = bounded(thread->request_cnt, CALL_REQUESTS);
	for (u32 i = 0; i < CALL_REQUESTS; i++) {
		if (i >= cnt || thread->requests[i].conn == conn)
			continue;
		thread->requests[left & (CALL_REQUESTS - 1)] = thread->requests[i];
		left++;
	}
	thread->request_cnt = left;
}

/* Takes the argument or result to the frame; text is the next place for one. */
static __always_inline void take_value(struct ev_call *call, u32 i, u8 kind, u64 value, u32 *text)
{
	u32 place = *text;
	long len;

	if (kind == CALL_TEXT && place < CALL_TEXTS) {
		len = bpf_probe_read_user_str(call->texts[place], CALL_TEXT_MAX, (void *)value);
		value = len > 0 ? len - 1 : -1;
		*text = place + 1;
	}
	call->values[i] = value;
}

/* All at once, since the verifier wants the context read at constant places only. */
static __always_inline void read_arguments(struct pt_regs *regs, u64 *out)
{
	out[0] = PT_REGS_RC(regs);
	out[1] = PT_REGS_PARM1(regs);
	out[2] = PT_REGS_PARM2(regs);
	out[3] = PT_REGS_PARM3(regs);
	out[4] = PT_REGS_PARM4(regs);
	out[5] = PT_REGS_PARM5(regs);
	asm volatile("" ::: "memory");
}

/* enter: arguments, else results. Texts of arguments come first, as user space asks for them. */
static __always_inline void take_values(struct pt_regs *regs, struct ev_call *call, bool enter)
{
	u32 key = call->function, text = 0;
	struct function_spec *spec = bpf_map_lookup_elem(&functions, &key);
	u64 registers[6];

	read_arguments(regs, registers);
	for (u32 i = 0; spec && i < CALL_VALUES; i++) {
		u64 kind = spec->kinds[i], source = bounded(spec->sources[i], 5);

		if (kind == CALL_NOTHING)
			break;
		if (enter == (source != 0))
			take_value(call, i, kind, registers[source], &text);
		else if (kind == CALL_TEXT)
			text++;
	}
}

/* May the calls in the thread be those of the frame below? A span that the application opened
 * may lie across turns of an event loop, and so below calls of other requests. */
static __always_inline bool is_within(const struct thread *thread, const struct frame *below)
{
	return !below->loose || (thread->request_cnt == below->call.request_cnt &&
				 thread->requests[0].conn == below->call.requests[0].conn &&
				 thread->requests[0].ts == below->call.requests[0].ts);
}

/* Does the call that was made with this stack return to the kernel, which then runs our program? */
static __always_inline bool returns_late(struct task_struct *task, u64 stack)
{
	u64 to = 0;

	return !bpf_probe_read_user(&to, sizeof(to), (void *)stack) &&
	       to == task->mm->uprobes_state.xol_area->vaddr;
}

static __always_inline u64 new_id(struct thread *thread)
{
	return bpf_get_current_pid_tgid() << 32 | ++thread->calls;
}

/* A call begins: its id, and what it is made in. */
static __always_inline void begin_call(struct thread *thread, struct ev_call *call)
{
	u64 depth = bounded(thread->depth, FRAMES_MAX);
	struct frame *below = &thread->frames[bounded(depth - 1, FRAMES_MAX - 1)];

	call->id = new_id(thread);
	call->missing = 0;
	if (depth && is_within(thread, below)) {
		call->parent = below->call.id;
		call->request_cnt = below->call.request_cnt;
		__builtin_memcpy(call->requests, below->call.requests, sizeof(call->requests));
	} else {
		call->parent = thread->within;
		call->request_cnt = thread->request_cnt;
		__builtin_memcpy(call->requests, thread->requests, sizeof(call->requests));
	}
}

/* A frame on the thread's stack, of a call whose end is told by key; NULL: no room. */
static __always_inline struct ev_call *enter(struct thread *thread, u64 key, bool loose)
{
	struct frame *frame;
	u64 depth;

	if (thread->depth >= FRAMES_MAX) {
		count(lost_calls);
		return NULL;
	}
	depth = bounded(thread->depth, FRAMES_MAX - 1);
	frame = &thread->frames[depth];
	frame->key = key;
	frame->loose = loose;
	begin_call(thread, &frame->call);
	thread->depth = depth + 1;
	return &frame->call;
}

/* Calls that were left without a return (longjmp): what is called now lies where they lay. */
static __always_inline void drop_left(struct task_struct *task, struct thread *thread, u64 sp)
{
	u64 before = thread->depth;

	for (u32 i = 0; i < FRAMES_MAX && thread->depth; i++) {
		u64 top = bounded(thread->depth - 1, FRAMES_MAX - 1);
		struct frame *frame = &thread->frames[top];

		if (frame->loose || frame->key > sp || (frame->key == sp && returns_late(task, sp)))
			break;
		thread->depth = top;
	}
	if (thread->depth != before)
		count_many(left_calls, before - thread->depth);
}

/* Returns what a session's program (6.13) does: 0, or NO_RETURN. */
static __always_inline int on_enter(struct pt_regs *regs, u64 function)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread;
	struct ev_call *call;

	if (!is_traced(task->tgid))
		return NO_RETURN;
	thread = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		count(lost_calls);
		return NO_RETURN;
	}
	drop_left(task, thread, PT_REGS_SP(regs));
	call = enter(thread, PT_REGS_SP(regs), false);
	if (!call)
		return NO_RETURN;
	call->function = function;
	take_values(regs, call, true);
	call->start = bpf_ktime_get_ns();
	return 0;
}

/* The frame with this key; those above it were left without a return (longjmp). */
static __always_inline struct frame *leave_frame(struct thread *thread, u64 key)
{
	u64 depth = bounded(thread->depth, FRAMES_MAX), above = depth, open = 0;

	for (u32 i = 0; i < FRAMES_MAX && depth; i++) {
		struct frame *frame;

		depth = bounded(depth - 1, FRAMES_MAX - 1);
		frame = &thread->frames[depth];
		if (frame->key != key) {
			open += frame->loose;
			continue;
		}
		thread->depth = depth;
		above -= depth + 1;
		if (above) {
			count_many(lost_calls, open);
			count_many(left_calls, above - open);
		}
		return frame;
	}
	return NULL;
}

/* A thread ends, or becomes another program, within its calls. */
static __always_inline void thread_ends(struct task_struct *task)
{
	struct thread *thread;

	if (!trace_functions)
		return;
	thread = bpf_task_storage_get(&threads, task, 0, 0);
	if (!thread || !thread->depth)
		return;
	count_many(left_calls, thread->depth);
	thread->depth = 0;
}

static __always_inline void tell_call(struct ev_call *call, struct task_struct *task, u64 ts,
				      u16 flags)
{
	event_init(&call->hdr, EV_CALL, sizeof(*call), ts, 0);
	event_by(&call->hdr, task);
	call->hdr.flags = flags;
	if (bpf_ringbuf_output(&ring, call, sizeof(*call), wake_flags(sizeof(*call), ts)))
		count(lost_calls);
}

static __always_inline int on_leave(struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 ts = bpf_ktime_get_ns();
	struct thread *thread;
	struct frame *frame;

	if (!is_traced(task->tgid))
		return 0;
	thread = bpf_task_storage_get(&threads, task, 0, 0);
	frame = thread ? leave_frame(thread, PT_REGS_SP(regs) - sizeof(u64)) : NULL;
	if (!frame)
		return 0;
	take_values(regs, &frame->call, false);
	tell_call(&frame->call, task, ts, 0);
	return 0;
}

#endif
