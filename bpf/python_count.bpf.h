/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an application adds to counters of the bare OpenTelemetry API, up to CPython 3.10, where
 * calls of methods are seen.
 *
 *	_ProxyCounter.add(self, amount, attributes)	of opentelemetry.metrics
 *	    self._real_instrument is None: there is no SDK
 *	    all that was added is one record, with the counter's name, unit and description
 *
 * What cannot be read exactly is counted as lost.
 */
#ifndef PYTHON_COUNT_BPF_H
#define PYTHON_COUNT_BPF_H

#include "python_origin.bpf.h"

/* Made by threads that count. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ev_count);
} python_counts SEC(".maps");

/* PyTypeObject, up to 3.10 */
#define TYPE_NAME	 24
#define TYPE_FLAGS	 168
#define TYPE_DICT_OFFSET 288
#define TYPE_IS_HEAP	 (1 << 9)
#define TYPE_IS_READY	 (1 << 12)

/* Is the word's text of len bytes this one? */
static __always_inline bool spells(u64 word, u64 text, u32 len)
{
	return !((word ^ text) << (64 - 8 * len));
}

/* Of objects of the interpreter's own types; subclasses may behave otherwise. */
static __always_inline u32 kind_of(u64 object)
{
	u64 type = user_word(object + 8), flags = user_word(type + TYPE_FLAGS);
	u64 name = user_word(user_word(type + TYPE_NAME));

	if ((flags & (TYPE_IS_HEAP | TYPE_IS_READY)) != TYPE_IS_READY)
		return PYTHON_OBJECT;
	if (spells(name, WORD('i', 'n', 't', 0, 0, 0, 0, 0), 4))
		return PYTHON_INT;
	if (spells(name, WORD('s', 't', 'r', 0, 0, 0, 0, 0), 4))
		return PYTHON_STR;
	if (spells(name, WORD('b', 'o', 'o', 'l', 0, 0, 0, 0), 5))
		return PYTHON_BOOL;
	if (spells(name, WORD('d', 'i', 'c', 't', 0, 0, 0, 0), 5))
		return PYTHON_DICT;
	if (spells(name, WORD('f', 'l', 'o', 'a', 't', 0, 0, 0), 6))
		return PYTHON_FLOAT;
	if (name == WORD('N', 'o', 'n', 'e', 'T', 'y', 'p', 'e'))
		return PYTHON_NO_VALUE;
	return PYTHON_OBJECT;
}

/* PyFloatObject; or PyLongObject of up to two digits of 30 bits each, whose sign is their count's.
 */
static __always_inline bool read_number(u64 object, u32 kind, u64 *out)
{
	struct {
		s64 size;
		u32 digits[2];
	} whole;

	if (kind == PYTHON_FLOAT)
		return !bpf_probe_read_user(out, sizeof(*out), (void *)object + 16);
	if (bpf_probe_read_user(&whole, sizeof(whole), (void *)object + 16))
		return false;
	if (whole.size < -2 || whole.size > 2)
		return false;
	*out = whole.size ? whole.digits[0] : 0;
	if (whole.size == 2 || whole.size == -2)
		*out |= (u64)whole.digits[1] << 30;
	if (whole.size < 0)
		*out = -*out;
	return true;
}

/* Of a str's state: its characters follow, and are there. */
#define STR_IS_COMPACT (1 << 5 | 1 << 7)

static __always_inline bool take_str(struct python_text *text, u8 *to, u32 max, u64 object,
				     const struct python_layout *layout)
{
	if (kind_of(object) != PYTHON_STR ||
	    (user_word(object + 32) & STR_IS_COMPACT) != STR_IS_COMPACT)
		return false;
	*text = read_text(to, max, object, layout);
	return text->len || !user_word(object + 16);
}

/* Entries that are looked at, with those that were deleted. */
#define DICT_ENTRIES_MAX 16

/* PyDictObject and its PyDictKeysObject, whose index has a byte for each place up to 128. */
struct python_dict {
	u64 entries, cnt;
	u64 values; /* beside the entries, if other objects share those; 0: within them */
	u64 used;
};

static __always_inline bool open_dict(u64 dict, struct python_dict *out)
{
	u64 keys = user_word(dict + 32), size = user_word(keys + 8);

	out->used = user_word(dict + 16);
	out->values = user_word(dict + 40);
	out->cnt = user_word(keys + 32);
	out->entries = keys + 40 + size;
	return size && size <= 128 && out->cnt <= DICT_ENTRIES_MAX;
}

static __always_inline u64 dict_key(const struct python_dict *dict, u32 i)
{
	return user_word(dict->entries + 24 * i + 8);
}

/* 0: it is not there any more, or not in this one. */
static __always_inline u64 dict_value(const struct python_dict *dict, u32 i)
{
	return user_word(dict->values ? dict->values + 8 * i : dict->entries + 24 * i + 16);
}

/* The object's attribute of this name (word: its first 8 characters); 0: there is none. */
__noinline u64 instance_value(u64 object, u64 word, u32 len, u32 ascii)
{
	u64 offset = user_word(user_word(object + 8) + TYPE_DICT_OFFSET);
	struct python_dict dict;

	if (!offset || offset > 4096 || !open_dict(user_word(object + offset), &dict))
		return 0;
	for (u32 i = 0; i < DICT_ENTRIES_MAX && i < dict.cnt; i++) {
		u64 key = dict_key(&dict, i);

		if (user_word(key + 16) == len && is_word(key + ascii, word, len < 8 ? len : 8))
			return dict_value(&dict, i);
	}
	return 0;
}

/* 0: it is all there. */
__noinline int take_attr(struct python_attr *out, const struct python_layout *layout, u64 key,
			 u64 value)
{
	if (!out || !layout)
		return -1;
	if (!take_str(&out->key, out->key_bytes, CALL_TEXT_MAX, key, layout) || out->key.cut)
		return -1;
	out->kind = kind_of(value);
	switch (out->kind) {
	case PYTHON_STR:
		return take_str(&out->text, out->text_bytes, CALL_TEXT_MAX, value, layout) ? 0 : -1;
	case PYTHON_INT:
	case PYTHON_BOOL:
	case PYTHON_FLOAT:
		return read_number(value, out->kind, &out->number) ? 0 : -1;
	default:
		return -1;
	}
}

/* 0: they are all there. */
__noinline int take_attrs(struct ev_count *out, const struct python_layout *layout, u64 object)
{
	u32 kind = object ? kind_of(object) : PYTHON_NO_VALUE;
	struct python_dict dict;
	u32 cnt = 0;

	if (!out || !layout)
		return -1;
	out->attr_cnt = 0;
	if (kind == PYTHON_NO_VALUE)
		return 0;
	if (kind != PYTHON_DICT || !open_dict(object, &dict))
		return -1;
	for (u32 i = 0; i < DICT_ENTRIES_MAX && i < dict.cnt; i++) {
		u64 value = dict_value(&dict, i);

		if (!value)
			continue;
		if (cnt >= COUNT_ATTRS || take_attr(&out->attrs[cnt & (COUNT_ATTRS - 1)], layout,
						    dict_key(&dict, i), value))
			return -1;
		cnt++;
	}
	out->attr_cnt = cnt;
	return cnt == dict.used ? 0 : -1;
}

/* 0: it is all there. */
__noinline int take_counter(struct ev_count *out, const struct python_layout *layout, u64 object)
{
	u64 name, unit, description;

	if (!out || !layout)
		return -1;
	name = instance_value(object, WORD('_', 'n', 'a', 'm', 'e', 0, 0, 0), 5, layout->ascii);
	unit = instance_value(object, WORD('_', 'u', 'n', 'i', 't', 0, 0, 0), 5, layout->ascii);
	description = instance_value(object, WORD('_', 'd', 'e', 's', 'c', 'r', 'i', 'p'), 12,
				     layout->ascii);
	if (!take_str(&out->name, out->name_bytes, COUNT_NAME_MAX, name, layout) ||
	    !take_str(&out->unit, out->unit_bytes, COUNT_UNIT_MAX, unit, layout) ||
	    !take_str(&out->description, out->description_bytes, COUNT_DESCRIPTION_MAX, description,
		      layout))
		return -1;
	return out->name.cut || out->unit.cut ? -1 : 0;
}

/* add() takes three beside self. */
#define COUNT_KEYWORDS 3

struct count_arguments {
	u64 list, cnt;
	u64 keywords; /* their tuple, of what stands behind the cnt in the list; 0: none */
};

/* The argument at that place, or of that name; 0: it is not given. */
static __always_inline u64 argument_of(const struct count_arguments *of, u32 place, u64 word,
				       u32 len, u32 ascii)
{
	u64 cnt = of->keywords ? bounded(user_word(of->keywords + 16), COUNT_KEYWORDS) : 0;

	if (place < of->cnt)
		return user_word(of->list + 8 * place);
	for (u32 i = 0; i < COUNT_KEYWORDS && i < cnt; i++) {
		u64 keyword = user_word(of->keywords + TUPLE_ITEMS + 8 * i);

		if (user_word(keyword + 16) == len &&
		    is_word(keyword + ascii, word, len < 8 ? len : 8))
			return user_word(of->list + 8 * (of->cnt + i));
	}
	return 0;
}

static __always_inline bool take_count(struct ev_count *out, const struct count_arguments *of,
				       const struct python_layout *layout)
{
	u64 self = user_word(of->list);
	u64 amount = argument_of(of, 1, WORD('a', 'm', 'o', 'u', 'n', 't', 0, 0), 6, layout->ascii);
	u64 attrs =
		argument_of(of, 2, WORD('a', 't', 't', 'r', 'i', 'b', 'u', 't'), 10, layout->ascii);

	out->kind = kind_of(amount);
	if (out->kind != PYTHON_INT && out->kind != PYTHON_FLOAT)
		return false;
	return read_number(amount, out->kind, &out->amount) && !take_counter(out, layout, self) &&
	       !take_attrs(out, layout, attrs);
}

static __always_inline void tell_count(struct ev_count *out, struct task_struct *task)
{
	u64 ts = bpf_ktime_get_ns();
	u64 size = sizeof(*out) - sizeof(out->attrs) +
		   bounded(out->attr_cnt, COUNT_ATTRS) * sizeof(out->attrs[0]);

	out->call.start = ts;
	event_init(&out->call.hdr, EV_COUNT, size, ts, 0);
	event_by(&out->call.hdr, task);
	if (bpf_ringbuf_output(&ring, out, bounded(size, sizeof(*out)), wake_flags(size, ts)))
		count(lost_calls);
}

enum counter_kind { COUNTER_NONE, COUNTER_UP, COUNTER_UP_DOWN };

static __always_inline u32 counter_of(u64 function, const struct python_layout *layout)
{
	u64 name = user_word(function + layout->function_name), len = user_word(name + 16);

	name += layout->ascii;
	if (len == 17 && is_word(name, WORD('_', 'P', 'r', 'o', 'x', 'y', 'C', 'o'), 8) &&
	    is_word(name + 8, WORD('u', 'n', 't', 'e', 'r', '.', 'a', 'd'), 8) &&
	    is_word(name + 16, 'd', 1))
		return COUNTER_UP;
	if (len == 23 && is_word(name, WORD('_', 'P', 'r', 'o', 'x', 'y', 'U', 'p'), 8) &&
	    is_word(name + 8, WORD('D', 'o', 'w', 'n', 'C', 'o', 'u', 'n'), 8) &&
	    is_word(name + 16, WORD('t', 'e', 'r', '.', 'a', 'd', 'd', 0), 7))
		return COUNTER_UP_DOWN;
	return COUNTER_NONE;
}

static __always_inline struct count_arguments arguments_of(struct pt_regs *regs, u32 counted_by)
{
	const u64 offset_flag = 1ULL << 63; /* PY_VECTORCALL_ARGUMENTS_OFFSET */
	u64 third = PT_REGS_PARM3(regs), fifth = PT_REGS_PARM5(regs);

	/* the verifier wants the context read at constant places only */
	asm volatile("" : "+r"(third), "+r"(fifth));
	return (struct count_arguments){
		.list = PT_REGS_PARM2(regs),
		.cnt = (counted_by == 5 ? fifth : third) & ~offset_flag,
		.keywords = PT_REGS_PARM4(regs),
	};
}

static __always_inline void count_call(const struct count_arguments *arguments,
				       struct task_struct *task, const struct python_layout *layout,
				       bool monotonic)
{
	u64 real = instance_value(user_word(arguments->list),
				  WORD('_', 'r', 'e', 'a', 'l', '_', 'i', 'n'), 16, layout->ascii);
	struct thread *thread =
		bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct ev_count *out =
		bpf_task_storage_get(&python_counts, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (real && kind_of(real) != PYTHON_NO_VALUE)
		return; /* an SDK is there, which counts */
	if (!real || !thread || !out || !take_count(out, arguments, layout)) {
		count(lost_calls);
		return;
	}
	begin_call(thread, &out->call);
	out->call.function = 0;
	out->monotonic = monotonic;
	tell_count(out, task);
}

/* An addition to a counter, wherever it is made. */
static __always_inline bool is_count(struct pt_regs *regs, struct task_struct *task,
				     const struct place *at)
{
	const struct python_process *in;
	struct count_arguments arguments;
	u32 counter;

	/* from 3.11 on they are not seen */
	if (at->layout->class_keys)
		return false;
	counter = counter_of(PT_REGS_PARM1(regs), at->layout);
	if (counter == COUNTER_NONE)
		return false;
	in = bpf_map_lookup_elem(&python_processes, &at->process);
	if (!in || !in->counted_by) {
		count(lost_calls);
		return true;
	}
	arguments = arguments_of(regs, in->counted_by);
	count_call(&arguments, task, at->layout, counter == COUNTER_UP);
	return true;
}

#endif
