/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a traced process reads from its sockets. The hooks fire once per call, after it, so the
 * bytes lie in the caller's buffer, which the running syscall's registers name.
 *
 * The first read after a send begins a request (as far as the kernel can tell). If it is short it
 * is held in the storage until the answer, and both go out as one record; a second read before
 * that, the sweep or the close sends it on alone. Of a request's reads --capture_head bytes are
 * copied in all; the offsets tell of the rest.
 */
#ifndef RECEIVE_BPF_H
#define RECEIVE_BPF_H

#include "function.bpf.h"
#include "port.bpf.h"
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

/* One read: what the hook said of it, and what is known of its socket. */
struct reading {
	struct task_struct *task;
	struct sock *sk;
	struct tcp_sock *tp; /* NULL: a unix socket */
	u64 ts;
	u32 len;   /* bytes read */
	u32 want;  /* bytes of them to copy */
	u16 flags; /* enum event_flag */
};

static __always_inline void open_request(const struct reading *read, u64 conn)
{
	thread_reads(read->task, conn, read->ts);
	if (read->tp)
		port_reads(read->task, read->sk, conn, read->ts);
}

static __always_inline void fault(u16 *flags)
{
	*flags |= EVENT_FAULT;
	count(faults);
}

/* Copies up to want bytes of the caller's buffer to rec[at]. */
static __always_inline u32 take(struct scratch *s, struct conn *st, u32 at,
				const struct reading *read, u16 *flags)
{
	u32 cnt = syscall_pieces(s, st, false), got;

	at = bounded(at, FRONT_MAX);
	got = cnt ? gather(s, at, read->want, cnt, 0) : 0;
	if (got < read->want)
		fault(flags);
	return got;
}

/* Copies the caller's buffer to the storage. */
static __always_inline u64 take_to_hold(struct conn *st, const struct reading *read)
{
	const void *buffer = short_cuts ? direct_buffer(read->task) : NULL;
	u64 len = bounded(read->len, HOLD_MAX);
	struct scratch *s;
	u32 cnt;

	if (buffer)
		return bpf_probe_read_user(st->hold_bytes, len, buffer) ? 0 : len;
	s = scratch_of(read->tp ? SCRATCH_RECEIVE : SCRATCH_RECEIVE + SCRATCH_UNIX);
	cnt = s ? syscall_pieces(s, st, false) : 0;
	if (!cnt)
		return 0;
	len = bounded(gather(s, 0, len, cnt, 0), HOLD_MAX);
	bpf_probe_read_kernel(st->hold_bytes, len, s->rec);
	return len;
}

static __always_inline bool hold(struct conn *st, const struct reading *read)
{
	u16 flags = EVENT_TURN;
	u64 got;

	if (__sync_val_compare_and_swap(&st->held, HELD_NONE, HELD_FILLING) != HELD_NONE)
		return false;
	got = take_to_hold(st, read);
	if (got < read->len)
		fault(&flags);
	st->hold_version++;
	event_init(&st->hold.hdr, EV_IN, sizeof(st->hold) + got, read->ts, st->cookie);
	event_by(&st->hold.hdr, read->task);
	fill(&st->hold, st, read->tp, read->len);
	st->hold.hdr.flags = flags;
	st->hold.cap = got;
	st->captured = got;
	__sync_lock_test_and_set(&st->held, HELD_YES);
	if (!control.activity)
		control.activity = 1;
	return true;
}

static __always_inline void tell_read(struct scratch *s, struct conn *st,
				      const struct reading *read)
{
	u32 begins = st->held && begins_request(st->hold_bytes[0]);
	u16 flags = read->flags;
	struct ev_data *in;
	u64 at, got = 0;

	at = put_hold(s, st, put_open(s, st, read->sk, read->task, read->ts));
	at = bounded(at, FRONT_MAX - sizeof(*in));
	in = (struct ev_data *)(s->rec + at);
	if (!(flags & EVENT_IO_URING))
		got = bounded(take(s, st, at + sizeof(*in), read, &flags), EVENT_BYTES_MAX);
	event_init(&in->hdr, EV_IN, sizeof(*in) + got, read->ts, st->cookie);
	event_by(&in->hdr, read->task);
	fill(in, st, read->tp, read->len);
	in->hdr.flags = flags;
	in->cap = got;
	st->captured += got;
	if (flags & EVENT_TURN && got && begins_request(in->bytes[0]))
		begins++;
	if (tell(s, at + sizeof(*in) + got, read->ts, begins)) {
		st->announced = 1;
		st->told_tx = in->tx_off;
	}
}

/* The connection's state, its position moved behind this read; NULL: nothing is to be told. */
static __always_inline struct conn *moved_on(const struct reading *read)
{
	struct conn *st = bpf_sk_storage_get(&conns, read->sk, 0, 0);

	if (!st) {
		st = conn_get(read->sk, read->tp);
		if (!st)
			return NULL;
	} else if (read->tp) {
		st->rx_off = rx_position(st, read->tp);
	}
	if (!read->tp)
		st->rx_off += read->len;
	return st->closed || is_muted(st) ? NULL : st;
}

/*
 * Answers on unix sockets are not seen before their hook is attached, which taxes every send on TCP
 * as well and so waits for the first unix socket that is read. Telling the reads before would make
 * later answers look like theirs.
 */
static __always_inline void announce_unix(const struct reading *read)
{
	struct conn *st = conn_get(read->sk, NULL);
	struct scratch *s = scratch_of(SCRATCH_RECEIVE + SCRATCH_UNIX);

	if (st && s && !st->announced &&
	    tell(s, put_open(s, st, read->sk, read->task, read->ts), 0, 0))
		st->announced = 1;
}

static __always_inline int on_receive(struct sock *sk, int ret, int msg_flags)
{
	struct reading read = {.task = bpf_get_current_task_btf(), .sk = sk, .len = ret};
	struct scratch *s;
	struct conn *st;

	if (ret <= 0 && !mmsg_used)
		return 0;
	if (!is_traced(read.task->tgid) || msg_flags & (MSG_PEEK | MSG_ERRQUEUE) || !is_stream(sk))
		return 0;
	if (ret <= 0) {
		forget_mmsg(sk);
		return 0;
	}
	if (sk->__sk_common.skc_family != AF_UNIX) {
		read.tp = tcp_of(sk);
		if (!read.tp)
			return 0;
	} else if (!control.unix_sends) {
		announce_unix(&read);
		return 0;
	}
	st = moved_on(&read);
	if (!st)
		return 0;
	if (st->phase != PHASE_READING) {
		st->phase = PHASE_READING;
		st->captured = 0;
		st->sends = 0;
		read.flags = EVENT_TURN;
	}
	read.want = capture_head > st->captured ? capture_head - st->captured : 0;
	if (!read.want || msg_flags & MSG_TRUNC)
		return 0;
	if (read.want > read.len)
		read.want = read.len;
	if (is_by_io_uring(read.task)) {
		read.flags |= EVENT_IO_URING;
		count(io_uring);
	}
	read.ts = bpf_ktime_get_ns();
	if (read.flags & EVENT_TURN)
		open_request(&read, st->cookie);
	if (read.flags == EVENT_TURN && read.len <= HOLD_MAX && read.want == read.len &&
	    hold(st, &read))
		return 0;
	s = scratch_of(read.tp ? SCRATCH_RECEIVE : SCRATCH_RECEIVE + SCRATCH_UNIX);
	if (s)
		tell_read(s, st, &read);
	return 0;
}

#endif
