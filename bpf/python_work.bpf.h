/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Work that an event loop hands to a thread of anyio's: views of FastAPI and Starlette that are no
 * coroutines, and all else that goes through anyio.to_thread.run_sync().
 *
 *	loop	run_sync_in_worker_thread():
 *		    worker.queue.put_nowait((context, func, args, future))
 *		    await future		runs the iterator of the future
 *	worker	WorkerThread.run():
 *		    item = queue.get()		its second variable
 *		    context.run(func, *args)	calls the view from C
 *
 * The future is of this one call as long as it is awaited. The worker may be there first, by a
 * little: whom it works for is then asked again when something is to be told.
 *
 *	awaited -> FILED -> a worker has it -> TAKEN
 *	a worker has it -> WAITING -> awaited -> TAKEN -> the iterator runs when it is done
 */
#ifndef PYTHON_WORK_BPF_H
#define PYTHON_WORK_BPF_H

#include "python_origin.bpf.h"

enum work_state { WORK_FILED, WORK_WAITING, WORK_TAKEN };

struct work {
	struct origin origin;
	u32 state;  /* enum work_state */
	u32 worker; /* thread that has it */
};

/* By the future. Some is never done (a coroutine that is cancelled). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct object_key);
	__type(value, struct work);
} handed SEC(".maps");

/* Somebody has handed some. Until then no thread without requests is looked at. */
bool work_is_handed;

/* Where a FutureIter has its future, and the item that tuple's last. */
#define ITERATOR_FUTURE 16
#define ITEM_FUTURE	(TUPLE_ITEMS + 3 * 8)

/* "run_sync_in_worker_thread" */
static __always_inline bool hands_work(const struct place *at)
{
	u64 code = user_word(at->frame + at->layout->frame_code);
	u64 name = user_word(code + at->layout->code_name);
	u32 ascii = at->layout->ascii;

	return user_word(name + 16) == 25 &&
	       user_word(name + ascii) == WORD('r', 'u', 'n', '_', 's', 'y', 'n', 'c') &&
	       user_word(name + ascii + 8) == WORD('_', 'i', 'n', '_', 'w', 'o', 'r', 'k');
}

/* Has the future an exception or a result? Where they lie differs between releases of 3.11: among
 * three words that are 0 before. */
static __always_inline bool is_done(u64 future)
{
	return user_word(future + 48) || user_word(future + 56) || user_word(future + 64);
}

/* What is no coroutine is awaited: by what has handed work, for the future of that? */
static __always_inline void hand_work(struct task_struct *task, struct thread *thread,
				      const struct object_key *iterator,
				      const struct python_layout *layout)
{
	struct object_key key = {user_word(iterator->object + ITERATOR_FUTURE), iterator->process};
	struct place at = {task->tgid, key.process, layout, frame_of(key.process, layout)};
	struct work filed = {0}, *work;

	if (!hands_work(&at))
		return;
	if (is_done(key.object)) {
		bpf_map_delete_elem(&handed, &key);
		return;
	}
	find_origin(&at, false, &filed.origin);
	thread->loop |= !!filed.origin.request.conn;
	work_is_handed = true;
	work = bpf_map_lookup_elem(&handed, &key);
	if (work && work->state == WORK_WAITING) {
		filed.state = WORK_TAKEN;
		filed.worker = work->worker;
	}
	if (bpf_map_update_elem(&handed, &key, &filed, BPF_ANY))
		count(lost_calls);
}

/* For whom the thread's work is may be known by now, and so for whom the calls in it are. */
static __always_inline void await_work(struct task_struct *task, struct thread *thread, u64 process)
{
	struct object_key key = {thread->work, process};
	struct work *work;

	if (!thread->unknown)
		return;
	work = bpf_map_lookup_elem(&handed, &key);
	if (!work || work->state != WORK_TAKEN || work->worker != (u32)task->pid)
		return;
	thread->unknown = 0;
	thread->within = work->origin.within;
	thread->request_cnt = !!work->origin.request.conn;
	thread->requests[0] = work->origin.request;
	for (u32 i = 0; i < FRAMES_MAX && i < thread->depth; i++) {
		struct ev_call *call = &thread->frames[i].call;

		call->parent = call->parent ?: thread->within;
		call->request_cnt = thread->request_cnt;
		call->requests[0] = thread->requests[0];
	}
}

/* WorkerThread.run() calls the function of its work, for which it may call others. */
static __always_inline void begin_work(struct task_struct *task, struct thread *thread,
				       const struct object_key *key, struct work *work)
{
	struct work waits = {.state = WORK_WAITING, .worker = task->pid};

	if (work && work->state != WORK_FILED && work->worker == (u32)task->pid &&
	    key->object == thread->work)
		return;
	count_many(left_calls, thread->depth);
	thread->depth = 0;
	thread->request_cnt = 0;
	thread->within = 0;
	thread->work = key->object;
	thread->unknown = 1;
	if (work && work->state == WORK_FILED) {
		work->state = WORK_TAKEN;
		work->worker = task->pid;
	} else if (bpf_map_update_elem(&handed, key, &waits, BPF_ANY)) {
		count(lost_calls);
	}
}

/*
 * Code is called in a thread that reads no requests itself: has it taken work? NULL: it never has.
 */
static __always_inline struct thread *take_work(struct task_struct *task, struct thread *thread,
						const struct place *at)
{
	u64 item = user_word(at->frame + at->layout->frame_locals + 8);
	struct object_key key = {user_word(item + ITEM_FUTURE), at->process};
	struct work *work = bpf_map_lookup_elem(&handed, &key);

	if ((!thread || !thread->worker) && !work)
		return NULL;
	if (!thread)
		thread = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread)
		return NULL;
	if (!thread->worker)
		thread->worker = at->frame;
	if (at->frame == thread->worker)
		begin_work(task, thread, &key, work);
	await_work(task, thread, at->process);
	return thread;
}

#endif
