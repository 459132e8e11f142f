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
 * The future is of this one call. The worker may be there first, by a little: whom it works for is
 * then asked again when something is to be told.
 */
#ifndef PYTHON_WORK_BPF_H
#define PYTHON_WORK_BPF_H

#include "python_origin.bpf.h"

/* By the future, until a worker is known to have it; of some none will. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct object_key);
	__type(value, struct origin);
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

/* What is no coroutine is awaited: by what has handed work, for the future of that? */
static __always_inline void hand_work(struct task_struct *task, struct thread *thread,
				      const struct object_key *iterator,
				      const struct python_layout *layout)
{
	struct object_key key = {user_word(iterator->object + ITERATOR_FUTURE), iterator->process};
	struct place at = {task->tgid, key.process, layout, frame_of(key.process, layout)};
	struct origin origin;

	if (!hands_work(&at))
		return;
	find_origin(&at, false, &origin);
	thread->loop |= !!origin.request.conn;
	work_is_handed = true;
	if (bpf_map_update_elem(&handed, &key, &origin, BPF_ANY))
		count(lost_calls);
}

/* For whom the thread's work is may be known by now, and so for whom the calls in it are. */
static __always_inline void await_work(struct thread *thread, u64 process)
{
	struct object_key key = {thread->work, process};
	struct origin *origin;

	if (!thread->unknown)
		return;
	origin = bpf_map_lookup_elem(&handed, &key);
	if (!origin)
		return;
	thread->unknown = 0;
	thread->within = origin->within;
	thread->request_cnt = !!origin->request.conn;
	thread->requests[0] = origin->request;
	bpf_map_delete_elem(&handed, &key);
	for (u32 i = 0; i < FRAMES_MAX && i < thread->depth; i++) {
		struct ev_call *call = &thread->frames[i].call;

		call->parent = call->parent ?: thread->within;
		call->request_cnt = thread->request_cnt;
		call->requests[0] = thread->requests[0];
	}
}

/* What WorkerThread.run() calls is the one function of its work. */
static __always_inline void begin_work(struct thread *thread, struct object_key *key)
{
	u64 future = key->object;

	key->object = thread->work;
	if (thread->unknown)
		bpf_map_delete_elem(&handed, key);
	count_many(left_calls, thread->depth);
	thread->depth = 0;
	thread->request_cnt = 0;
	thread->within = 0;
	thread->work = future;
	thread->unknown = 1;
}

/*
 * Code is called in a thread that reads no requests itself: has it taken work? NULL: it never has.
 */
static __always_inline struct thread *take_work(struct task_struct *task, struct thread *thread,
						const struct place *at)
{
	u64 item = user_word(at->frame + at->layout->frame_locals + 8);
	struct object_key key = {user_word(item + ITEM_FUTURE), at->process};

	if ((!thread || !thread->worker) && !bpf_map_lookup_elem(&handed, &key))
		return NULL;
	if (!thread)
		thread = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread)
		return NULL;
	if (!thread->worker)
		thread->worker = at->frame;
	if (at->frame == thread->worker)
		begin_work(thread, &key);
	await_work(thread, at->process);
	return thread;
}

#endif
