/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Functions of Python (CPython) code that an application's requests come to, and the spans that it
 * makes itself through the bare OpenTelemetry API.
 *
 *	_PyFunction_Vectorcall(func)	C calls Python; func leads to a code object
 *	    not seen before: is it the application's own?  no: never again
 *	                                                   yes: tell user space, which decides
 *	    wanted: a frame on the thread's stack, and only then is its return probed
 *
 *	NoOpTracer.start_as_current_span(self, name), which is called so when the span is entered:
 *	    a frame; its key is the context manager, `self` of the Python frame that called
 *	start_span(self, name): an event, since nobody sees the end
 *	_PyErr_SetObject(StopIteration): how a context manager learns that its generator has ended
 *	PyErr_Restore(): it throws the exception that has left the span into its generator
 *	    if `self` of the Python frame that called is such a key, the span has ended
 *	_GeneratorContextManager.__exit__(self, ...): which does that, where its call is seen
 *
 *	_ProxyCounter.add(self, amount, attributes): python_count.bpf.h
 *
 * In an event loop's thread and in those that it hands work to, whom code runs for is another
 * question: python_origin.bpf.h, python_work.bpf.h.
 *
 * A library may move what is on the machine's stack away and back (greenlets). The kernel's list of
 * pending returns does not survive that if there are two of a thread, so there is never more than
 * one: of calls within calls the outermost is told.
 */
#ifndef PYTHON_BPF_H
#define PYTHON_BPF_H

#include "python_count.bpf.h"
#include "python_work.bpf.h"

/* Spans of the application's own in event loops, by context manager: those of many coroutines are
 * open at once, and end in any order. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct object_key);
	__type(value, struct own_span);
} own_spans SEC(".maps");

/* Its `self`; 0 as well if the ends of spans are not probed: what nobody would see the end of is
 * not begun. */
static __always_inline u64 running_self(u32 process, const struct python_layout *layout)
{
	const struct python_process *in = bpf_map_lookup_elem(&python_processes, &process);
	u64 frame = in && in->ends ? running_frame(in, layout) : 0;

	return frame ? user_word(frame + layout->frame_locals) : 0;
}

/* Keywords that start_as_current_span() takes. */
#define KEYWORDS_MAX 9

/* Its argument `name`: by its keyword, then self alone stands before those; or behind self. */
static __always_inline u64 name_argument(struct pt_regs *regs, const struct python_layout *layout)
{
	u64 args = PT_REGS_PARM2(regs), keywords = PT_REGS_PARM4(regs);
	u64 cnt = keywords ? bounded(user_word(keywords + 16), KEYWORDS_MAX) : 0;

	for (u64 i = 0; i < KEYWORDS_MAX && i < cnt; i++) {
		u64 keyword = user_word(keywords + TUPLE_ITEMS + 8 * i);

		if (user_word(keyword + 16) == 4 &&
		    (u32)user_word(keyword + layout->ascii) ==
			    (u32)WORD('n', 'a', 'm', 'e', 0, 0, 0, 0))
			return user_word(args + 8 * (i + 1));
	}
	return user_word(args + 8);
}

/* In an event loop a call is its coroutine's, unless it is made in one that is followed itself. */
static __always_inline void set_origin(struct ev_call *call, const struct origin *origin)
{
	if (call->parent)
		return;
	call->parent = origin->within;
	call->request_cnt = !!origin->request.conn;
	call->requests[0] = origin->request;
}

static __always_inline void begin_span(struct ev_call *call, u64 name,
				       const struct python_layout *layout)
{
	struct python_text text = read_text((u8 *)call->texts, sizeof(call->texts), name, layout);

	call->values[0] = text.len;
	call->values[1] = text.width;
	call->function = 0;
	call->start = bpf_ktime_get_ns();
}

static __always_inline struct coroutine *coroutine_of(u64 object, u32 process)
{
	struct object_key key = {object, process};

	return bpf_map_lookup_elem(&coroutines, &key);
}

/* False: there is no room for it. */
static __always_inline bool open_in_loop(struct pt_regs *regs, struct thread *thread,
					 const struct object_key *key,
					 const struct python_layout *layout)
{
	struct python_thread *own =
		bpf_task_storage_get(&python_threads, bpf_get_current_task_btf(), 0, 0);
	struct coroutine *coroutine;

	if (!own)
		return false;
	begin_call(thread, &own->span.call);
	set_origin(&own->span.call, &own->origin);
	begin_span(&own->span.call, name_argument(regs, layout), layout);
	own->span.coroutine = own->origin.coroutine;
	if (bpf_map_update_elem(&own_spans, key, &own->span, BPF_ANY))
		return false;
	thread->spans++;
	coroutine = coroutine_of(own->span.coroutine, key->process);
	if (coroutine)
		coroutine->inner = own->span.call.id;
	return true;
}

static __always_inline void open_span(struct pt_regs *regs, struct thread *thread, u32 process,
				      const struct python_layout *layout)
{
	struct object_key key = {running_self(process, layout), process};
	struct ev_call *call;

	if (key.object && thread->loop && open_in_loop(regs, thread, &key, layout))
		return;
	call = key.object && !thread->loop ? enter(thread, key.object, true) : NULL;
	if (call)
		begin_span(call, name_argument(regs, layout), layout);
	else
		count(lost_calls);
}

#define INSTANCE_VALUES 32 /* before an object: where its attributes are */

/* self._real_tracer is None: there is no SDK. */
static __always_inline bool is_bare(u64 tracer, const struct python_layout *layout)
{
	u64 keys = user_word(user_word(tracer + 8) + layout->class_keys);
	u32 place = find_key(keys, WORD('_', 'r', 'e', 'a', 'l', '_', 't', 'r'), 12, layout->ascii);
	u64 value = user_word(user_word(tracer - INSTANCE_VALUES) + 8 * ((u64)place - 1));

	return place && user_word(user_word(user_word(value + 8) + 24)) ==
				WORD('N', 'o', 'n', 'e', 'T', 'y', 'p', 'e');
}

/* The name in start_span(self, *args, **kwargs), which asks for self._tracer; 0: somebody else
 * does. */
static __always_inline u64 name_of_caller(u64 frame, const struct python_layout *layout)
{
	u64 function = user_word(user_word(frame + layout->frame_code) + layout->code_name);
	u64 locals = frame + layout->frame_locals, args = user_word(locals + 8), keys;
	u32 place;

	if (user_word(function + 16) != 10 ||
	    user_word(function + layout->ascii) != WORD('s', 't', 'a', 'r', 't', '_', 's', 'p') ||
	    !is_bare(user_word(locals), layout))
		return 0;
	if (user_word(args + 16))
		return user_word(args + TUPLE_ITEMS);
	keys = user_word(user_word(locals + 16) + 32);
	place = find_key(keys, WORD('n', 'a', 'm', 'e', 0, 0, 0, 0), 4, layout->ascii);
	return place ? value_at(keys, place) : 0;
}

/*
 * The name of a span that is begun by start_span(); 0: none is. Where calls of methods are seen, it
 * is NoOpTracer's that is called, by others than NoOpTracer.start_as_current_span(), a generator;
 * else ProxyTracer's, which is the only one there is.
 */
static __always_inline u64 name_of_start(struct pt_regs *regs, const struct place *at)
{
	const struct python_layout *layout = at->layout;
	u64 frame = frame_of(at->process, layout);
	u64 code = user_word(frame + layout->frame_code);

	if (layout->class_keys)
		return name_of_caller(frame, layout);
	if ((u32)user_word(code + layout->code_flags) & CODE_IS_GENERATOR)
		return 0;
	return name_argument(regs, layout);
}

/* A span ends by end() of an object that all such spans share, so that nobody can tell where. */
static __always_inline void tell_start(struct pt_regs *regs, struct thread *thread,
				       struct task_struct *task, const struct place *at)
{
	struct python_thread *own =
		bpf_task_storage_get(&python_threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	u64 name = name_of_start(regs, at);
	struct ev_call *call;

	if (!name)
		return;
	if (!own) {
		count(lost_calls);
		return;
	}
	call = &own->span.call;
	begin_call(thread, call);
	if (thread->loop)
		set_origin(call, &own->origin);
	begin_span(call, name, at->layout);
	tell_call(call, task, call->start, EVENT_PYTHON | EVENT_NAMED | EVENT_MOMENT);
}

static __always_inline struct call_request newest_of(const struct thread *thread)
{
	return thread->requests[(thread->request_cnt - 1) & (CALL_REQUESTS - 1)];
}

/* Is it made in the call whose return is pending? Else that is of another greenlet, or lost. */
static __always_inline bool is_inner(const struct python_thread *own, const struct thread *thread)
{
	struct call_request newest = newest_of(thread);

	return own->newest.conn == newest.conn && own->newest.ts == newest.ts;
}

static __always_inline void close_in_loop(struct thread *thread, struct task_struct *task,
					  const struct object_key *key, u64 ts)
{
	struct own_span *span = bpf_map_lookup_elem(&own_spans, key);
	struct coroutine *coroutine;

	if (!span)
		return;
	thread->spans--;
	coroutine = coroutine_of(span->coroutine, key->process);
	if (coroutine && coroutine->inner == span->call.id)
		coroutine->inner = span->call.parent;
	tell_call(&span->call, task, ts, EVENT_PYTHON | EVENT_NAMED);
	bpf_map_delete_elem(&own_spans, key);
}

/* Something that is begun in the thread may end. */
static __always_inline bool may_close(const struct thread *thread)
{
	return thread->depth || thread->spans;
}

/* manager: may be the key of one, or anything else. */
static __always_inline void close_span(struct thread *thread, struct task_struct *task, u64 manager,
				       u32 process)
{
	struct object_key key = {manager, process};
	u64 ts = bpf_ktime_get_ns();
	struct frame *frame;

	await_work(task, thread, process);
	frame = manager && thread->depth ? leave_frame(thread, manager) : NULL;
	if (frame && frame->loose)
		tell_call(&frame->call, task, ts, EVENT_PYTHON | EVENT_NAMED);
	else if (manager && thread->spans)
		close_in_loop(thread, task, &key, ts);
}

/* The call's return is wanted, unless one is pending. Returns what the entry's program does. */
static __always_inline int open_call(struct pt_regs *regs, struct thread *thread,
				     struct task_struct *task, const struct place *at, u32 number)
{
	u32 process = at->process;
	struct python_thread *own =
		bpf_task_storage_get(&python_threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct ev_call *call;

	if (!own || own->returning == process) {
		if (!own || !is_inner(own, thread))
			count(lost_calls);
		return NO_RETURN;
	}
	call = enter(thread, PT_REGS_SP(regs), false);
	if (!call)
		return NO_RETURN;
	if (thread->loop)
		set_origin(call, &own->origin);
	own->caller = python_views ? 0 : frame_of(process, at->layout);
	own->returning = process;
	own->newest = newest_of(thread);
	call->function = number;
	call->start = bpf_ktime_get_ns();
	return 0;
}

/* Has the thread requests, its own or what others have handed it? */
static __always_inline struct thread *thread_at_work(struct task_struct *task, struct place *at)
{
	struct thread *thread = bpf_task_storage_get(&threads, task, 0, 0);

	if (thread && has_requests(thread) && !thread->worker)
		return thread;
	if (!work_is_handed)
		return NULL;
	at->frame = frame_of(at->process, at->layout);
	return at->frame ? take_work(task, thread, at) : NULL;
}

/* Of a call in an event loop. False: there is no memory. */
static __always_inline bool find_caller(struct task_struct *task, struct place *at)
{
	struct python_thread *own =
		bpf_task_storage_get(&python_threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	at->frame = frame_of(at->process, at->layout);
	if (!own || !at->frame)
		return false;
	find_origin(at, true, &own->origin);
	return true;
}

/* cookie: the process's number, and in the high half its layout's. */
static __always_inline int on_python_call(struct pt_regs *regs, u64 cookie)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 version = cookie >> 32;
	struct place at = {task->tgid, cookie, bpf_map_lookup_elem(&python_layouts, &version), 0};
	const struct python_layout *layout = at.layout;
	u64 function = PT_REGS_PARM1(regs);
	struct python_known met;
	struct thread *thread;
	u64 code;

	if (!is_traced(task->tgid) || !layout || is_count(regs, task, &at))
		return NO_RETURN;
	thread = thread_at_work(task, &at);
	if (!thread)
		return NO_RETURN;
	code = user_word(function + layout->function_code);
	met = know(task, function, code, cookie, layout);
	if (met.verdict == PYTHON_OTHER)
		return NO_RETURN;
	if (met.verdict == PYTHON_EXIT) {
		if (may_close(thread))
			close_span(thread, task, user_word(PT_REGS_PARM2(regs)), cookie);
		return NO_RETURN;
	}
	if ((met.verdict == PYTHON_ASKED || met.verdict == PYTHON_WANTED) &&
	    is_coroutine(code, layout))
		return NO_RETURN; /* it only makes one: python_async.bpf.h */
	if (thread->loop && !find_caller(task, &at))
		return NO_RETURN;
	if (met.verdict == PYTHON_ASKED || met.verdict == PYTHON_WANTED)
		return open_call(regs, thread, task, &at, met.number);
	if (met.verdict == PYTHON_SPAN)
		open_span(regs, thread, cookie, layout);
	else
		tell_start(regs, thread, task, &at);
	return NO_RETURN;
}

/* stack: where the call's return address lay. */
static __always_inline int on_python_return(u64 stack)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct python_thread *own = bpf_task_storage_get(&python_threads, task, 0, 0);
	struct thread *thread = bpf_task_storage_get(&threads, task, 0, 0);
	u64 ts = bpf_ktime_get_ns();
	struct frame *frame;

	if (thread && own)
		await_work(task, thread, own->returning);
	if (own)
		own->returning = 0;
	frame = thread ? leave_frame(thread, stack) : NULL;
	if (frame)
		tell_call(&frame->call, task, ts, EVENT_PYTHON);
	return 0;
}

/*
 * Python code returns, of whose calls only those that C code makes are seen otherwise. What is not
 * asked for is known as on_python_call() knows it.
 */
static __always_inline int on_python_moment(u64 cookie)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 version = cookie >> 32;
	struct place at = {task->tgid, cookie, bpf_map_lookup_elem(&python_layouts, &version), 0};
	struct python_thread *own;
	struct python_known met;
	struct thread *thread;
	struct ev_call *call;
	u64 code;

	if (!is_traced(task->tgid) || !at.layout)
		return 0;
	thread = thread_at_work(task, &at);
	at.frame = thread ? frame_of(at.process, at.layout) : 0;
	if (!at.frame)
		return 0;
	code = user_word(at.frame + at.layout->frame_code);
	met = know(task, user_word(at.frame), code, cookie, at.layout);
	if ((met.verdict != PYTHON_ASKED && met.verdict != PYTHON_WANTED) ||
	    is_coroutine(code, at.layout))
		return 0;
	own = bpf_task_storage_get(&python_threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!own || (thread->loop && !find_caller(task, &at))) {
		count(lost_calls);
		return 0;
	}
	/* the call whose return is followed */
	if (own->returning == at.process &&
	    user_word(at.frame + at.layout->frame_back) == own->caller)
		return 0;
	call = &own->span.call;
	begin_call(thread, call);
	if (thread->loop)
		set_origin(call, &own->origin);
	call->function = met.number;
	call->texts[0][0] = call->texts[1][0] = 0;
	call->start = bpf_ktime_get_ns();
	tell_call(call, task, call->start, EVENT_PYTHON | EVENT_MOMENT);
	return 0;
}

/* A generator has ended, maybe one of those that open_span() saw. */
static __always_inline int on_python_end(struct pt_regs *regs, u64 cookie)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = bpf_task_storage_get(&threads, task, 0, 0);
	u32 version = cookie >> 32;
	struct python_layout *layout;

	if (!thread || !may_close(thread))
		return 0;
	layout = bpf_map_lookup_elem(&python_layouts, &version);
	if (layout)
		close_span(thread, task, running_self(cookie, layout), cookie);
	return 0;
}

#endif
