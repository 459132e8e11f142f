/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is sent on the sockets of traced processes.
 *
 * TCP hooks fire before bytes are copied: at each chunk (tracepoint tcp_sendmsg_locked, 6.16) or
 * once a call (tcp_sendmsg). They know where the bytes will go (write_seq) and how many are wanted;
 * that they went shows in the next position seen, here, in the sweep or at the close. Unix hooks
 * fire after the call and know what moved.
 *
 * The first send after a read is told with the start of its bytes (control.response_head), later
 * ones whole up to SEND_WHOLE, else their first SEND_FIRST bytes, and always the last EVENT_TAIL;
 * one that begins like a new answer (pipelining) again as a first. After SEND_TOLD sends only those
 * are told.
 */
#ifndef SEND_BPF_H
#define SEND_BPF_H

#include "function.bpf.h"
#include "port.bpf.h"
#include "state.bpf.h"
#include "user_buffer.bpf.h"

#define SEND_WHOLE 1024
#define SEND_FIRST 64
#define SEND_TOLD  128
/* Pieces of an answer on the fast path: its head, a body, what a filter put around it. */
#define PAIR_PIECES_MAX 4

/* Bytes that are to be sent: pieces in s->vec; the last of them once more for the tail. */
struct sending {
	u64 len;  /* bytes in all */
	u64 skip; /* bytes of the first piece already gone */
	struct task_struct *task;
	u64 ts;
	u32 cnt;	/* pieces in s->vec, 0: none are user memory */
	bool confirmed; /* len bytes did move */
};

static __always_inline void pieces_of_iter(struct scratch *s, const struct msghdr *msg,
					   struct sending *out)
{
	const struct iov_iter *iter = &msg->msg_iter;
	u64 cnt;

	out->len = iter->count;
	out->skip = 0;
	out->cnt = 0;
	if (iter_is_ubuf(iter)) {
		/* no arithmetic on the pointer: 6.1 takes it for one into the kernel */
		s->vec[0].iov_base = iter->ubuf;
		s->vec[0].iov_len = iter->iov_offset + iter->count;
		out->skip = iter->iov_offset;
		out->cnt = 1;
	} else if (iter_is_iovec(iter)) {
		cnt = bounded(iter->nr_segs, VEC_MAX);
		out->skip = iter->iov_offset;
		if (!bpf_probe_read_kernel(s->vec, cnt * sizeof(s->vec[0]), iter_iov(iter)))
			out->cnt = cnt;
	}
}

/* The last bytes of what is to be sent, to rec[at]; 0 where they lie beyond the pieces looked at.
 */
static __always_inline u32 take_tail(struct scratch *s, const struct sending *send, u32 at)
{
	u32 want = send->len < EVENT_TAIL ? send->len : EVENT_TAIL;

	return gather(s, at, want, send->cnt, send->skip + send->len - want);
}

static __always_inline bool begins_answer(const u8 *bytes)
{
	return *(const u32 *)bytes == 0x50545448 /* "HTTP" */ && bytes[4] == '/';
}

/* Copies what is told of a send to rec[at]; *cap and *tail say how much. False: nothing worth
 * telling. */
static __always_inline bool take_send(struct scratch *s, struct conn *st,
				      const struct sending *send, u32 at, bool first, u32 *cap,
				      u32 *tail)
{
	u64 want = first ? bounded(control.response_head, EVENT_BYTES_MAX)
			 : (send->len <= SEND_WHOLE ? SEND_WHOLE : SEND_FIRST);
	u64 got;

	if (want > send->len)
		want = send->len;
	at = bounded(at, FRONT_MAX);
	got = gather(s, at, want, send->cnt, send->skip);
	if (!first && got >= 8 && begins_answer(s->rec + at)) {
		want = bounded(control.response_head, EVENT_BYTES_MAX);
		got = gather(s, at, want < send->len ? want : send->len, send->cnt, send->skip);
		first = true;
	}
	if (got < want && got < send->len)
		count(faults);
	*cap = got;
	*tail = 0;
	if (got < send->len) {
		at = bounded((u64)at + got, FRONT_MAX + EVENT_BYTES_MAX);
		*tail = take_tail(s, send, at);
	}
	if (first || st->is_unix || st->sends <= SEND_TOLD)
		return true;
	/* thinned out: only its tail is kept, for the sweep or the close to tell */
	at = bounded((u64)at + got + *tail, FRONT_MAX + EVENT_BYTES_MAX);
	if (at >= EVENT_TAIL && got + *tail >= EVENT_TAIL) {
		bpf_probe_read_kernel(st->tail, EVENT_TAIL, s->rec + at - EVENT_TAIL);
		st->tail_end = st->tx_off + send->len;
	}
	return false;
}

static __always_inline void fill_out(struct ev_data *out, struct conn *st,
				     const struct sending *send, u64 off, u32 copied)
{
	event_init(&out->hdr, EV_OUT, sizeof(*out) + copied, send->ts, st->cookie);
	event_by(&out->hdr, send->task);
	out->hdr.flags = send->confirmed ? EVENT_CONFIRMED : 0;
	out->rx_off = st->rx_off;
	out->tx_off = off;
	out->moved_ts = st->moved_ts;
	out->pad = 0;
}

static __always_inline void sent_one(struct conn *st, u64 end)
{
	st->phase = PHASE_SENDING;
	st->tx_end = end;
	st->sends++;
	if (!control.activity)
		control.activity = 1;
}

static __always_inline void tell_send(struct scratch *s, struct conn *st, struct sock *sk,
				      const struct sending *send, u64 off)
{
	u32 begins = st->held && begins_request(st->hold_bytes[0]), cap = 0, tail = 0;
	bool first = st->phase != PHASE_SENDING, worth;
	struct ev_data *out;
	u64 at;

	at = put_hold(s, st, put_open(s, st, sk, send->task, send->ts));
	at = bounded(at, FRONT_MAX - sizeof(*out));
	out = (struct ev_data *)(s->rec + at);
	/* of unix sockets everything is told: no close will tell how far they came */
	worth = send->cnt ? take_send(s, st, send, at + sizeof(*out), first, &cap, &tail)
			  : st->is_unix;
	if (worth) {
		fill_out(out, st, send, off, cap + tail);
		out->len = send->len > 0xffffffff ? 0xffffffff : send->len;
		out->cap = cap;
		out->tail = tail;
		at += sizeof(*out) + cap + tail;
	}
	sent_one(st, off + send->len);
	if (at && tell(s, at, send->ts, begins)) {
		st->announced = 1;
		if (worth)
			st->told_tx = off + (send->confirmed ? send->len : 0);
	}
}

/* Reads all len bytes of a send from user memory; false: not all could be, or they lie scattered
 * too widely. */
static __always_inline bool read_answer(u8 *to, const struct iov_iter *iter, u64 len)
{
	u64 skip = iter->iov_offset, done, n;
	const struct iovec *piece;

	if (iter_is_ubuf(iter))
		return !bpf_probe_read_user(to, len, (void *)((u64)iter->ubuf + skip));
	piece = iter_piece(iter, 0);
	n = piece->iov_len - skip;
	n = bounded(n < len ? n : len, PAIR_ANSWER_MAX);
	if (bpf_probe_read_user(to, n, (void *)((u64)piece->iov_base + skip)))
		return false;
	done = n;
	for (u32 i = 1; i < PAIR_PIECES_MAX && done < len; i++) {
		piece = iter_piece(iter, i);
		n = piece->iov_len < len - done ? piece->iov_len : len - done;
		/* a half for where it goes and a half for it, since sums are not followed */
		if (done > PAIR_ANSWER_MAX / 2 || n > PAIR_ANSWER_MAX / 2)
			return false;
		done = bounded(done, PAIR_ANSWER_MAX / 2);
		n = bounded(n, PAIR_ANSWER_MAX / 2);
		if (bpf_probe_read_user(to + done, n, piece->iov_base))
			return false;
		done += n;
	}
	return done == len;
}

/*
 * The fast path: a held request and its short answer, in one buffer. The answer goes where it
 * follows the request in the storage, and both leave from there: no other copy is made.
 */
static __always_inline bool tell_pair(struct conn *st, const struct msghdr *msg,
				      const struct sending *send, u64 off)
{
	const struct iov_iter *iter = &msg->msg_iter;
	u64 len = iter->count, at, total;
	struct ev_data *out;
	bool told;

	if (!short_cuts || !st->announced || st->held != HELD_YES ||
	    !(iter_is_ubuf(iter) || (iter_is_iovec(iter) && iter->nr_segs <= PAIR_PIECES_MAX)))
		return false;
	at = align8(st->hold.hdr.size);
	if (at > PAIR_AT_MAX || len > PAIR_ANSWER_MAX || len > control.response_head)
		return false;
	at = bounded(at, PAIR_AT_MAX);
	len = bounded(len, PAIR_ANSWER_MAX);
	if (__sync_val_compare_and_swap(&st->held, HELD_YES, HELD_TAKEN) != HELD_YES)
		return false;
	out = (struct ev_data *)((void *)&st->hold + at);
	if (!read_answer(out->bytes, iter, len)) {
		st->held = HELD_YES;
		return false;
	}
	fill_out(out, st, send, off, len);
	out->len = out->cap = len;
	out->tail = 0;
	total = bounded(at + sizeof(*out) + len, sizeof(st->hold) + PAIR_MAX);
	told = !bpf_ringbuf_output(&ring, &st->hold, total, wake_flags(total, send->ts)) ||
	       lost(begins_request(st->hold_bytes[0]));
	st->held = HELD_NONE;
	sent_one(st, off + len);
	if (told)
		st->told_tx = off;
	return true;
}

/* A send on TCP is about to copy bytes. Under the socket's lock. */
static __always_inline int on_tcp_send(struct sock *sk, const struct msghdr *msg)
{
	struct sending send = {.task = bpf_get_current_task_btf()};
	struct tcp_sock *tp;
	struct scratch *s;
	struct conn *st;
	u64 off;

	if (!is_traced(send.task->tgid) || !is_stream(sk))
		return 0;
	tp = tcp_of(sk);
	if (!tp)
		return 0;
	st = conn_get(sk, tp);
	if (!st || st->closed || is_muted(st))
		return 0;
	send.ts = bpf_ktime_get_ns();
	off = tx_position(st, tp);
	st->tx_version++;
	asm volatile("" ::: "memory");
	if (st->phase == PHASE_READING) {
		thread_answers(send.task, st->cookie);
		port_answers(send.task, sk);
	}
	if (off != st->tx_off)
		st->moved_ts = st->sent_ts;
	st->tx_off = off;
	st->sent_ts = send.ts;
	asm volatile("" ::: "memory");
	st->tx_version++;
	/* the rest of a send that was told of, in this call or a repeated one */
	if (st->phase == PHASE_SENDING && off + msg->msg_iter.count == st->tx_end)
		return 0;
	if (tell_pair(st, msg, &send, off))
		return 0;
	s = scratch_of(SCRATCH_SEND);
	if (!s)
		return 0;
	pieces_of_iter(s, msg, &send);
	tell_send(s, st, sk, &send, off);
	return 0;
}

/* Bytes did go out on TCP, by a call that is over: for the hooks that fire once a call. */
static __always_inline int on_tcp_sent(struct sock *sk, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tcp_sock *tp;
	struct conn *st;

	if (ret <= 0 || !is_traced(task->tgid) || !is_stream(sk))
		return 0;
	st = bpf_sk_storage_get(&conns, sk, 0, 0);
	tp = tcp_of(sk);
	if (!st || !tp)
		return 0;
	st->tx_version++;
	asm volatile("" ::: "memory");
	st->tx_off = tx_position(st, tp);
	st->moved_ts = st->sent_ts = bpf_ktime_get_ns();
	asm volatile("" ::: "memory");
	st->tx_version++;
	if (!control.activity)
		control.activity = 1;
	return 0;
}

static __always_inline int on_unix_sent(struct sock *sk, int ret)
{
	struct sending send = {.task = bpf_get_current_task_btf(), .confirmed = true};
	struct scratch *s;
	struct conn *st;
	u64 off;

	if (sk->__sk_common.skc_family != AF_UNIX || ret <= 0 || !is_traced(send.task->tgid) ||
	    !is_stream(sk))
		return 0;
	st = conn_get(sk, NULL);
	if (!st || is_muted(st))
		return 0;
	s = scratch_of(SCRATCH_SEND + SCRATCH_UNIX);
	if (!s)
		return 0;
	send.ts = bpf_ktime_get_ns();
	if (st->phase == PHASE_READING)
		thread_answers(send.task, st->cookie);
	off = st->tx_off;
	send.len = ret;
	send.cnt = is_by_io_uring(send.task) ? 0 : syscall_pieces(s, st, true);
	tell_send(s, st, sk, &send, off);
	st->tx_version++;
	asm volatile("" ::: "memory");
	st->tx_off = off + ret;
	st->moved_ts = send.ts;
	asm volatile("" ::: "memory");
	st->tx_version++;
	return 0;
}

#endif
