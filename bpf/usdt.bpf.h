/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * USDT probes: each place of one is a site, whose number is the cookie and which tells what the
 * place means and where its arguments are.
 *
 *	an event   -> one record (struct ev_call) that begins where it ends
 *	a begin    -> a frame on the thread's stack, as a function's entry makes it
 *	its end    -> one record; the frame goes
 *
 * Begins and ends are matched by their number alone: the innermost that has begun ends. So that
 * this holds, too, where they nest deeper than there are frames, those without one are counted.
 */
#ifndef USDT_BPF_H
#define USDT_BPF_H

#include "function.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, USDT_SITES_MAX);
	__type(key, u32);
	__type(value, struct call_site);
} usdt_sites SEC(".maps");

/* What no return address is. */
#define USDT_FRAME (1ULL << 63)

/* n: its place in struct pt_regs. */
static __always_inline u64 register_of(struct pt_regs *regs, u64 n)
{
	u64 value = 0;

	if (n >= sizeof(*regs) / sizeof(u64))
		return 0;
	n = bounded(n, sizeof(*regs) / sizeof(u64) - 1);
	bpf_probe_read_kernel(&value, sizeof(value), (void *)regs + n * sizeof(u64));
	return value;
}

static __always_inline bool read_operand(struct pt_regs *regs, const struct call_operand *from,
					 u64 *out)
{
	u64 value = from->value + register_of(regs, from->base) +
		    (register_of(regs, from->index) << (from->shift & 3));
	u64 len = bounded(from->size, sizeof(u64)), unused;

	if (from->kind == OPERAND_NONE || !len)
		return false;
	if (from->kind == OPERAND_MEMORY) {
		u64 read = 0;

		if (bpf_probe_read_user(&read, len, (void *)value))
			return false;
		value = read;
	}
	unused = 64 - 8 * len;
	value <<= unused & 63;
	*out = from->is_signed ? (s64)value >> (unused & 63) : value >> (unused & 63);
	return true;
}

/* What the value points to, to that place of the texts. */
static __always_inline void take_text(struct ev_call *call, u64 at, u64 place)
{
	u64 from = call->values[at];
	long len;

	place = bounded(place, CALL_TEXTS - 1);
	len = bpf_probe_read_user_str(call->texts[place], CALL_TEXT_MAX, (void *)from);
	call->values[at] = len > 0 ? len - 1 : -1;
}

static __always_inline void take_operands(struct pt_regs *regs, const struct call_site *site,
					  struct ev_call *call)
{
	for (u32 i = 0; i < CALL_VALUES && i < site->arg_cnt; i++) {
		u64 at = bounded(site->first + i, CALL_VALUES - 1);

		if (!read_operand(regs, &site->args[i], &call->values[at]))
			continue;
		call->missing &= ~(1 << at);
		if (site->args[i].text)
			take_text(call, at, site->args[i].text - 1);
	}
}

/* A frame for it, with its first arguments; NULL: there is no room, and that is counted. */
static __always_inline struct ev_call *begin_usdt(struct pt_regs *regs, struct thread *thread,
						  const struct call_site *site)
{
	struct ev_call *call = enter(thread, USDT_FRAME | site->function, false);

	if (!call)
		return NULL;
	call->function = site->function;
	call->missing = -1;
	take_operands(regs, site, call);
	call->start = bpf_ktime_get_ns();
	return call;
}

static __always_inline void end_usdt(struct pt_regs *regs, struct thread *thread,
				     const struct call_site *site, struct task_struct *task)
{
	struct frame *frame = leave_frame(thread, USDT_FRAME | site->function);

	if (!frame)
		return; /* began before it was probed */
	take_operands(regs, site, &frame->call);
	tell_call(&frame->call, task, bpf_ktime_get_ns(), 0);
}

static __always_inline int on_usdt(struct pt_regs *regs, u64 number)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 key = number;
	const struct call_site *site = bpf_map_lookup_elem(&usdt_sites, &key);
	struct thread *thread;
	struct ev_call *call;

	if (!site || !is_traced(task->tgid))
		return 0;
	thread = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		count(lost_calls);
		return 0;
	}
	if (site->role == SITE_END) {
		if (thread->frameless)
			thread->frameless--;
		else
			end_usdt(regs, thread, site, task);
		return 0;
	}
	call = begin_usdt(regs, thread, site);
	if (site->role == SITE_BEGIN) {
		thread->frameless = call ? 0 : thread->frameless + 1;
	} else if (call) {
		thread->depth--;
		tell_call(call, task, call->start, 0);
	}
	return 0;
}

#endif
