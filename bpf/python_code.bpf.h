/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What lies in the memory of a Python interpreter, and which of its code is asked for.
 *
 *	function, coroutine -> code object, not seen before: is it the application's own?
 *	    no: never again
 *	    yes: user space is told, and decides
 */
#ifndef PYTHON_CODE_BPF_H
#define PYTHON_CODE_BPF_H

#include "function.bpf.h"

/* co_flags of code whose call only makes a generator or a coroutine, and ends before that runs. */
#define CODE_IS_GENERATOR (0x20 | 0x200)
#define CODE_IS_COROUTINE (0x80 | 0x100)

/* Only what may be a view: the application's own, without a name like __call__ or <lambda>. */
const volatile bool python_views;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PYTHON_LAYOUTS_MAX);
	__type(key, u32);
	__type(value, struct python_layout);
} python_layouts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PYTHON_PROCESSES_MAX);
	__type(key, u32);
	__type(value, struct python_process);
} python_processes SEC(".maps");

/* A large application calls some 1000 functions from C while it answers. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct python_key);
	__type(value, struct python_known);
} python_codes SEC(".maps");

/* A Python object, as long as it lives. */
struct object_key {
	u64 object;
	u64 process;
};

/* For whom code runs. */
struct origin {
	struct call_request request; /* conn 0: none that is known */
	u64 within;		     /* id of the call that it is part of; 0: none */
	u64 coroutine;		     /* whose call that is; 0: none that is followed */
};

/* A span of the application's own in an event loop. */
struct own_span {
	u64 coroutine; /* that it is part of */
	struct ev_call call;
};

struct python_thread {
	u32 returning;		    /* process whose call's return is pending; 0: none */
	u32 above;		    /* how far rsp is then above the return address */
	u64 caller;		    /* the frame that made the call */
	u64 stack;		    /* where its return address lies */
	struct call_request newest; /* open in the thread when that call began */
	u64 sent;		    /* the coroutine that runs in it, if it is one's */
	struct origin origin;
	struct own_span span;
	struct ev_call call;
	struct ev_python told;
	u8 name[PYTHON_NAME_MAX]; /* of the code; told has the function's, with what it is in */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct python_thread);
} python_threads SEC(".maps");

u32 python_number; /* the last that was given away */

static __always_inline u64 user_word(u64 address)
{
	u64 word = 0;

	bpf_probe_read_user(&word, sizeof(word), (void *)address);
	return word;
}

/* PyASCIIObject and what follows: length at 16, the state's bits at 32: 2 to 4 are the width of a
 * character, 6 is set for ASCII alone. */
static __always_inline struct python_text read_text(u8 *to, u32 max, u64 text,
						    const struct python_layout *layout)
{
	struct python_text out = {0};
	u64 len = user_word(text + 16);
	u32 state = user_word(text + 32);
	u64 size;

	out.width = state >> 2 & 7;
	size = len * out.width;
	out.cut = size > max;
	size = bounded(size, max);
	if (!bpf_probe_read_user(to, size,
				 (void *)text + (state & 64 ? layout->ascii : layout->wide)))
		out.len = size;
	return out;
}

#define TUPLE_ITEMS 24

#define WORD(a, b, c, d, e, f, g, h)                                                   \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | \
	 (u64)(f) << 40 | (u64)(g) << 48 | (u64)(h) << 56)

/* Do len bytes at address spell the word? */
static __always_inline bool is_word(u64 address, u64 word, u32 len)
{
	return !((user_word(address) ^ word) << (64 - 8 * len));
}

/* Where the entries of a dict's keys begin: behind an index of this many bytes, as a power of two.
 */
#define DICT_INDEX 9
#define DICT_HEAD  32
/* Keys that are looked at; servers have a scope's "client" before this. */
#define DICT_KEYS_MAX 14

static __always_inline u64 entry_at(u64 keys, u32 place)
{
	return keys + DICT_HEAD + (1ULL << (u8)user_word(keys + DICT_INDEX) % 64) + 16 * place;
}

/* The value of the key that find_key() has found. */
static __always_inline u64 value_at(u64 keys, u32 place)
{
	return user_word(entry_at(keys, place - 1) + 8);
}

/* The key's place among them, from 1 on; 0: it is not there. word: its first 8 characters. */
__noinline int find_key(u64 keys, u64 word, u32 len, u32 ascii)
{
	u64 cnt = bounded(user_word(keys + 24), DICT_KEYS_MAX), entry = entry_at(keys, 0);

	for (u32 i = 0; i < DICT_KEYS_MAX && i < cnt; i++, entry += 16) {
		u64 key = user_word(entry);

		if (user_word(key + 16) == len && is_word(key + ascii, word, len < 8 ? len : 8))
			return i + 1;
	}
	return 0;
}

/* Of the interpreter or of an installed package: .../lib/python3.11/..., .../site-packages/... */
__noinline int is_library(struct python_thread *own)
{
	const u8 *file;

	if (!own)
		return 0;
	file = own->told.file_bytes;
	if (file[0] == '<')
		return 1;
	for (u32 i = 0; i < PYTHON_FILE_MAX - 8; i++) {
		u64 word;

		__builtin_memcpy(&word, file + i, sizeof(word));
		if (word == WORD('l', 'i', 'b', '/', 'p', 'y', 't', 'h') ||
		    word == WORD('l', 'i', 'b', '6', '4', '/', 'p', 'y') ||
		    word == WORD('s', 'i', 't', 'e', '-', 'p', 'a', 'c') ||
		    word == WORD('d', 'i', 's', 't', '-', 'p', 'a', 'c'))
			return 1;
	}
	return 0;
}

/* What functools.wraps() put around another function, whose name it bears, is not that function.
 * Else its name ends with its code's. */
__noinline int is_wrapper(struct python_thread *own, u32 len)
{
	u32 whole;

	if (!own)
		return 0;
	whole = own->told.name.len;
	if (whole < len)
		return 1;
	for (u32 i = 0; i < PYTHON_NAME_MAX; i++) {
		if (i >= len)
			return 0;
		if (own->told.name_bytes[(whole - len + i) & (PYTHON_NAME_MAX - 1)] != own->name[i])
			return 1;
	}
	return 0;
}

static __always_inline bool is_named(const struct python_thread *own, const char *name, u32 len)
{
	if (own->told.name.len != len)
		return false;
	for (u32 i = 0; i < len; i++)
		if (own->told.name_bytes[i] != name[i])
			return false;
	return true;
}
#define IS_NAMED(own, name) is_named(own, name, sizeof(name) - 1)

static __always_inline u32 judge(struct python_thread *own, u64 function,
				 const struct python_key *key, const struct python_layout *layout)
{
	u64 of_code = user_word(key->code + layout->code_name);
	u64 of_function = user_word(function + layout->function_name);
	struct ev_python *told = &own->told;
	struct python_text name;

	__builtin_memset(told->file_bytes, 0, sizeof(told->file_bytes));
	told->file = read_text(told->file_bytes, PYTHON_FILE_MAX, key->file, layout);
	told->name = read_text(told->name_bytes, PYTHON_NAME_MAX, of_function, layout);
	name = read_text(own->name, PYTHON_NAME_MAX, of_code, layout);
	/* a name that was cut has no end to compare */
	if (!told->name.cut && is_wrapper(own, name.len))
		return PYTHON_OTHER;
	if (IS_NAMED(own, "NoOpTracer.start_as_current_span")) /* opentelemetry/trace */
		return PYTHON_SPAN;
	if (layout->class_keys ? IS_NAMED(own, "ProxyTracer._tracer")
			       : IS_NAMED(own, "NoOpTracer.start_span"))
		return PYTHON_STARTS;
	if (IS_NAMED(own, "_GeneratorContextManager.__exit__")) /* contextlib */
		return PYTHON_EXIT;
	if ((u32)user_word(key->code + layout->code_flags) & CODE_IS_GENERATOR)
		return PYTHON_OTHER;
	if (python_views && (own->name[0] == '<' || (own->name[0] == '_' && own->name[1] == '_') ||
			     is_library(own)))
		return PYTHON_OTHER;
	return PYTHON_ASKED;
}

/* Code that is not known yet. *out is what is known from now on. */
static __always_inline void meet(struct task_struct *task, u64 function,
				 const struct python_key *key, const struct python_layout *layout,
				 struct python_known *out)
{
	struct python_thread *own =
		bpf_task_storage_get(&python_threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct ev_python *told;
	u64 ts;

	out->verdict = PYTHON_OTHER;
	if (!own)
		return;
	told = &own->told;
	out->verdict = judge(own, function, key, layout);
	if (out->verdict == PYTHON_ASKED)
		out->number = __sync_fetch_and_add(&python_number, 1) + 1;
	if (bpf_map_update_elem(&python_codes, key, out, BPF_ANY) ||
	    (out->verdict != PYTHON_ASKED && out->verdict != PYTHON_SPAN))
		return;
	ts = bpf_ktime_get_ns();
	event_init(&told->hdr, EV_PYTHON, sizeof(*told), ts, 0);
	event_by(&told->hdr, task);
	told->key = *key;
	told->number = out->number;
	if (!bpf_ringbuf_output(&ring, told, sizeof(*told), wake_flags(sizeof(*told), ts)))
		return;
	/* asked again at the next call */
	bpf_map_delete_elem(&python_codes, key);
	out->verdict = PYTHON_OTHER;
	count(lost_calls);
}

/* What is known of the code, from now on if it was not yet. */
static __always_inline struct python_known know(struct task_struct *task, u64 function, u64 code,
						u32 process, const struct python_layout *layout)
{
	struct python_key key = {.process = process, .code = code};
	struct python_known *known, met = {0};

	key.line = user_word(code + layout->code_line);
	key.file = user_word(code + layout->code_file);
	known = bpf_map_lookup_elem(&python_codes, &key);
	if (known)
		return *known;
	meet(task, function, &key, layout, &met);
	return met;
}

/* The Python frame that runs, whose C code we are in; 0 if that cannot be told. */
static __always_inline u64 running_frame(const struct python_process *in,
					 const struct python_layout *layout)
{
	u64 at = in->through ? user_word(in->place) + in->offset : in->place;

	at = user_word(user_word(at) + layout->thread_frame);
	return layout->frame_within == PYTHON_NONE ? at : user_word(at + layout->frame_within);
}

/* The same; 0 as well if the process is gone. */
static __always_inline u64 frame_of(u32 process, const struct python_layout *layout)
{
	const struct python_process *in = bpf_map_lookup_elem(&python_processes, &process);

	return in ? running_frame(in, layout) : 0;
}

/* Of an event loop they are many, and not all are listed. */
static __always_inline bool has_requests(const struct thread *thread)
{
	return thread->request_cnt || thread->loop;
}

#endif
