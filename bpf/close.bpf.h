/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When a connection ends, and how far connections are that no call will tell of.
 *
 * Sockets are found by their storage, not by the process: at its exit they close after it is gone,
 * and a reset arrives in whatever context the packet does.
 */
#ifndef CLOSE_BPF_H
#define CLOSE_BPF_H

#include "state.bpf.h"

static __always_inline void put_state(struct ev_state *out, struct conn *st, struct tcp_sock *tp,
				      u16 type)
{
	event_init(&out->hdr, type, sizeof(*out), bpf_ktime_get_ns(), st->cookie);
	out->rx_off = st->rx_off;
	if (!tx_snapshot(st, tp, &out->tx_off, &out->moved_ts))
		tx_snapshot(st, tp, &out->tx_off, &out->moved_ts);
	out->tail_end = st->tail_end;
	__builtin_memcpy(out->tail, st->tail, EVENT_TAIL);
	out->err = st->err;
	out->pad = 0;
}

/* A held request that will see no answer goes first. Reserved at its largest size: closes are rare
 * enough. What is behind it is of older records, so its end is marked. */
static __always_inline void tell_hold(struct conn *st)
{
	struct held_record {
		struct ev_data in;
		u8 bytes[HOLD_MAX];
		u64 end;
	} * record;
	u64 len = bounded(st->hold.hdr.size, offsetof(struct held_record, end)), end;

	st->held = HELD_NONE; /* told or lost once, though the close may be tried again */
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count(lost_records);
		if (begins_request(st->hold_bytes[0]))
			count(lost_begins);
		return;
	}
	bpf_probe_read_kernel(record, len, &st->hold);
	end = bounded(align8(len), offsetof(struct held_record, end));
	*(u64 *)((void *)record + end) = 0;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* A connection whose OPEN was never told is not known above; only a held request can be on it. */
static __always_inline bool announce(struct sock *sk, struct conn *st)
{
	struct ev_open *open;

	if (st->announced)
		return true;
	open = bpf_ringbuf_reserve(&ring, sizeof(*open), 0);
	if (!open) {
		count(lost_records);
		return false;
	}
	__builtin_memset(open, 0, sizeof(*open));
	open->family = sk->__sk_common.skc_family;
	if (!st->is_unix)
		put_addresses(open, sk);
	event_init(&open->hdr, EV_OPEN, sizeof(*open), bpf_ktime_get_ns(), st->cookie);
	open->hdr.tgid = st->hold.hdr.tgid;
	open->hdr.tid = st->hold.hdr.tid;
	bpf_ringbuf_submit(open, BPF_RB_NO_WAKEUP);
	st->announced = 1;
	return true;
}

static __always_inline void on_close(struct sock *sk)
{
	struct conn *st = bpf_sk_storage_get(&conns, sk, 0, 0);
	struct ev_state *out;
	struct tcp_sock *tp;

	if (!st || st->closed || is_muted(st))
		return;
	st->closed = 1;
	if (!st->announced && !st->held)
		return;
	if (!announce(sk, st)) {
		if (st->held && begins_request(st->hold_bytes[0]))
			count(lost_begins);
		return;
	}
	/* also what the sweep is telling just now, or its record could come after the close */
	__sync_val_compare_and_swap(&st->held, HELD_YES, HELD_TAKEN);
	if (st->held == HELD_TAKEN)
		tell_hold(st);
	tp = tcp_of(sk);
	out = bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
	if (!out) {
		count(lost_records);
		st->closed = 0; /* the sweep or the next state tries again */
		return;
	}
	put_state(out, st, tp, EV_CLOSE);
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
}

/* Before tcp_disconnect(), on the way of a reset, moves write_seq far ahead. */
static __always_inline void freeze(struct conn *st, struct sock *sk)
{
	struct tcp_sock *tp = tcp_of(sk);
	u64 off, ts;

	st->err = sk->sk_err;
	if (!tp || st->frozen || st->muted)
		return;
	tx_snapshot(st, tp, &off, &ts);
	st->tx_version++;
	asm volatile("" ::: "memory");
	st->tx_off = off;
	st->moved_ts = ts;
	st->frozen = 1;
	asm volatile("" ::: "memory");
	st->tx_version++;
}

/*
 * FIN_WAIT1 and LAST_ACK: this side has closed or shut down sending, nothing more will go out.
 * CLOSE comes from a reset, too, while the process still holds the socket and may read what had
 * arrived: then only the error is kept, and tcp_destroy_sock follows when it lets go.
 */
static __always_inline int on_state(struct sock *sk, int state)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct conn *st;

	if (state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK) {
		on_close(sk);
	} else if (state == TCP_CLOSE) {
		st = bpf_sk_storage_get(&conns, sk, 0, 0);
		if (st)
			freeze(st, sk);
	} else if (state == TCP_SYN_SENT && is_traced(task->tgid) && is_stream(sk)) {
		/* a connection of its own making carries no requests to it */
		st = bpf_sk_storage_get(&conns, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
		if (st)
			st->muted = 1;
	}
	return 0;
}

/* A unix socket that its process closed may live on while its peer has not. */
static __always_inline bool is_wanted(struct sock *sk, struct conn *st)
{
	if (st->is_unix)
		return control.presence != PRESENCE_NONE && sk->sk_socket;
	return control.presence == PRESENCE_ALL;
}

/*
 * The sweep visits every connection with state: requests still held, and positions user space does
 * not know yet (the last send of an answer, a thinned tail), and, where control.presence asks, all
 * others that are still open.
 */
static __always_inline int on_sweep(struct sock *sk, struct conn *st)
{
	u32 key = cpu_cnt * SCRATCH_PER_CPU;
	struct tcp_sock *tp = NULL;
	struct ev_state *out;
	struct scratch *s;
	u64 at, tx_off, ts;
	bool holds, behind;

	if (st->muted || st->closed || !st->cookie)
		return 0;
	if (!st->is_unix) {
		tp = tcp_of(sk);
		if (!tp)
			return 0;
	}
	/* from now on !tp is asked of tp itself and not of is_unix, which 6.1 does not see as the
	 * same */
	asm volatile("" : "+r"(tp));
	if (!tx_snapshot(st, tp, &tx_off, &ts))
		return 0; /* it is being sent on just now: the next sweep */
	behind = tx_off != st->told_tx || is_wanted(sk, st);
	holds = __sync_val_compare_and_swap(&st->held, HELD_YES, HELD_TAKEN) == HELD_YES;
	if (!holds && !(behind && st->announced))
		return 0;
	s = bpf_map_lookup_elem(&scratches, &key);
	if (!s)
		return 0;
	at = put_open(s, st, sk, bpf_get_current_task_btf(), bpf_ktime_get_ns());
	if (holds)
		at = put_hold(s, st, at);
	at = bounded(at, FRONT_MAX - sizeof(*out));
	out = (struct ev_state *)(s->rec + at);
	put_state(out, st, tp, EV_STATE);
	out->tx_off = tx_off;
	out->moved_ts = ts;
	if (tell(s, at + sizeof(*out), ts, 0)) {
		st->announced = 1;
		st->told_tx = tx_off;
		if (holds)
			__sync_val_compare_and_swap(&st->held, HELD_TAKEN, HELD_NONE);
	} else if (holds) {
		__sync_val_compare_and_swap(&st->held, HELD_TAKEN, HELD_YES);
	}
	return 0;
}

#endif
