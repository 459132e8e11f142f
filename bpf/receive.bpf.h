/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a traced process reads from its sockets. The hooks fire once per call, after it, so the bytes
 * lie in the caller's buffer, which the running syscall's registers name.
 *
 * The first read after a send begins a request (as far as the kernel can tell). If it is short it is
 * held in the storage until the answer, and both go out as one record; a second read before that, the
 * sweep or the close sends it on alone. Of a request's reads --capture_head bytes are copied in all;
 * the offsets tell of the rest.
 */
#ifndef RECEIVE_BPF_H
#define RECEIVE_BPF_H

#include "state.bpf.h"
#include "user_buffer.bpf.h"

static __always_inline void fill(struct ev_data *in, struct conn *st, struct tcp_sock *tp, u32 len)
{
	in->rx_off = st->rx_off - len;
	in->len = len;
	in->tail = 0;
	in->pad = 0;
	if (!tx_snapshot(st, tp, &in->tx_off, &in->moved_ts))
		tx_snapshot(st, tp, &in->tx_off, &in->moved_ts);
}

/* Copies up to want bytes of the caller's buffer to rec[at]. */
static __always_inline u32 take(struct scratch *s, u32 at, u32 want, u16 *flags)
{
	u32 cnt = syscall_pieces(s, false), got;

	at = bounded(at, FRONT_MAX);
	got = cnt ? gather(s, at, want, cnt, 0) : 0;
	if (got < want) {
		*flags |= EVENT_FAULT;
		count(faults);
	}
	return got;
}

static __always_inline bool hold(struct scratch *s, struct conn *st, struct tcp_sock *tp, u32 len, u64 ts)
{
	u16 flags = EVENT_TURN;
	u64 got;

	if (st->held)
		return false;
	got = bounded(take(s, 0, len, &flags), HOLD_MAX);
	st->hold_version++;
	event_init(&st->hold.hdr, EV_IN, sizeof(st->hold) + got, ts, st->cookie);
	fill(&st->hold, st, tp, len);
	st->hold.hdr.flags = flags;
	st->hold.cap = got;
	bpf_probe_read_kernel(st->hold_bytes, got, s->rec);
	st->captured = got;
	__sync_lock_test_and_set(&st->held, HELD_YES);
	if (!control.activity)
		control.activity = 1;
	return true;
}

static __always_inline void tell_read(struct scratch *s, struct conn *st, struct sock *sk,
				      struct tcp_sock *tp, u32 len, u32 want, u16 flags, u64 ts)
{
	u32 begins = st->held && begins_request(st->hold_bytes[0]);
	struct ev_data *in;
	u64 at, got = 0;

	at = put_hold(s, st, put_open(s, st, sk, ts));
	at = bounded(at, FRONT_MAX - sizeof(*in));
	in = (struct ev_data *)(s->rec + at);
	if (!(flags & EVENT_IO_URING))
		got = bounded(take(s, at + sizeof(*in), want, &flags), EVENT_BYTES_MAX);
	event_init(&in->hdr, EV_IN, sizeof(*in) + got, ts, st->cookie);
	fill(in, st, tp, len);
	in->hdr.flags = flags;
	in->cap = got;
	st->captured += got;
	if (flags & EVENT_TURN && got && begins_request(in->bytes[0]))
		begins++;
	if (tell(s, at + sizeof(*in) + got, begins)) {
		st->announced = 1;
		st->told_tx = in->tx_off;
	}
}

static __always_inline int on_receive(struct sock *sk, int ret, int msg_flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tcp_sock *tp = NULL;
	struct scratch *s;
	struct conn *st;
	u64 want, ts;
	u16 flags = 0;

	if (!is_traced(task->tgid) || ret <= 0 || msg_flags & (MSG_PEEK | MSG_ERRQUEUE) || !is_stream(sk))
		return 0;
	if (sk->__sk_common.skc_family != AF_UNIX) {
		tp = tcp_of(sk);
		if (!tp)
			return 0;
	}
	st = bpf_sk_storage_get(&conns, sk, 0, 0);
	if (!st) {
		st = conn_get(sk, tp);
		if (!st)
			return 0;
	} else if (tp) {
		st->rx_off = rx_position(st, tp);
	}
	if (!tp)
		st->rx_off += ret;
	if (st->closed || is_muted(st))
		return 0;
	if (st->phase != PHASE_READING) {
		st->phase = PHASE_READING;
		st->captured = 0;
		st->sends = 0;
		flags = EVENT_TURN;
	}
	want = capture_head > st->captured ? capture_head - st->captured : 0;
	if (!want || msg_flags & MSG_TRUNC)
		return 0;
	want = want < (u32)ret ? want : (u32)ret;
	if (uses_io_uring(task)) {
		flags |= EVENT_IO_URING;
		count(io_uring);
	}
	s = scratch_of(SCRATCH_RECEIVE);
	if (!s)
		return 0;
	ts = bpf_ktime_get_ns();
	if (flags == EVENT_TURN && ret <= HOLD_MAX && want == (u32)ret && hold(s, st, tp, ret, ts))
		return 0;
	tell_read(s, st, sk, tp, ret, want, flags, ts);
	return 0;
}

#endif
