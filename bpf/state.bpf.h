/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The state of a connection, which lives in its socket's storage and is freed with it, and how
 * records about it are put together.
 *
 * Who touches it: the send programs run under the socket's lock, the receive programs after it was
 * released, the sweep at any time on another CPU. So
 *  - the send side's numbers are read through a sequence count (tx_snapshot);
 *  - `held` goes from NONE over FILLING to YES only by the receive program. Who tells the held
 * request either takes it (sweep, tell_pair) or copies it and then lets go (put_hold), so that it
 * is never overwritten while it is read. Two may tell it at once: user space drops what it has by
 * its offset;
 *  - positions are 64 bits extended from the socket's 32-bit sequence numbers, written in one
 * store.
 */
#ifndef STATE_BPF_H
#define STATE_BPF_H

#include "kernel.bpf.h"

#include "event.h"

/* A first read up to this size waits in the storage for its answer: small, for storage is charged
 * to the socket's option memory (20 KiB in all before 6.7) and lives as long as the connection. */
#define HOLD_MAX 1024
/* Behind it in the storage there is room for its answer, if that is short: the record is then sent
 * from where it lies. With this the storage fills an allocation of 2 KiB, which it takes anyway. */
#define PAIR_MAX 1640
/* Two bounds rather than one on their sum, for the verifier does not follow sums. */
#define PAIR_AT_MAX	(sizeof(struct ev_data) + 440)
#define PAIR_ANSWER_MAX (PAIR_MAX - PAIR_AT_MAX)
/* Pieces of a scattered buffer that are looked at; what lies beyond is not captured. */
#define VEC_MAX 64
/* Room in front of a record's last event: OPEN with a path, and a held request. */
#define FRONT_MAX  2048
#define RECORD_MAX (FRONT_MAX + 2 * EVENT_BYTES_MAX + 2048)

enum phase { PHASE_NEW, PHASE_READING, PHASE_SENDING };
enum held {
	HELD_NONE,
	HELD_FILLING, /* by the receive program */
	HELD_YES,
	HELD_TAKEN, /* being told: by the sweep, by the close or with its answer */
};

struct conn {
	u64 cookie;
	u64 rx_off, tx_off;   /* positions: after the last read, at the last send */
	u32 rx_seq0, tx_seq0; /* sequence number of position 0, modulo 2^32 */
	u32 tx_version;	      /* odd while the next three and tx_off change */
	u32 mute_generation;
	u64 sent_ts, moved_ts; /* the last send; the last one known to have moved bytes */
	u64 tx_end;	       /* where the last send told of wants to get */
	u64 told_tx;	       /* position user space knows of */
	u64 tail_end;
	u32 captured; /* bytes copied of the reads since the last send */
	u32 sends;    /* sends since the last read */
	u8 phase, announced, muted, closed;
	u8 is_unix;
	u8 frozen; /* the socket's state is CLOSE: tx_off and moved_ts are final */
	u8 mmsg;   /* message that a recvmmsg under way fills next */
	u8 pad;
	u32 err;
	u32 held;	  /* enum held */
	u32 hold_version; /* counts the requests ever held */
	u8 tail[EVENT_TAIL];
	struct ev_data hold;
	u8 hold_bytes[PAIR_MAX];
};

struct scratch {
	struct iovec vec[VEC_MAX];
	u64 skip; /* gather()'s variables: what lies in a map the verifier does not trace, so */
	u64 done; /* each turn of the loop looks like the one before to it */
	u8 rec[RECORD_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct conn);
} conns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20); /* --ring_size */
} ring SEC(".maps");

/* One for each program that may run at once: four a CPU, and the sweep's. Programs on tracepoints
 * run without preemption; those on trampolines may be preempted, but never by themselves on that
 * CPU. */
enum scratch_use {
	SCRATCH_RECEIVE,
	SCRATCH_SEND,
	SCRATCH_UNIX, /* to add where the socket is one */
	SCRATCH_PER_CPU = 4,
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3); /* set by user space: CPUs * 4 + 1 */
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Cookies of connections user space has no use for; each is noticed at its next event. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u8);
} muted SEC(".maps");

#define TGID_MAX (1 << 22) /* PID_MAX_LIMIT of 64-bit kernels */
#define CPU_MAX	 1024

u64 traced[TGID_MAX / 64]; /* bitmap of tgids */
u64 met[TGID_MAX / 64];	   /* ... who have told of a connection since they were traced */
/* Counts the candidates told of, by tgid modulo ASKED_MAX: user space sees whether it decided about
 * what the process is now. */
#define ASKED_MAX 65536
u32 asked[ASKED_MAX];
struct cpu_stats cpu_stats[CPU_MAX] __attribute__((aligned(64)));

/* Some process used recvmmsg with several messages: its failures tell where a call ends. */
u32 mmsg_used;
struct control control __attribute__((aligned(64)));

const volatile u32 capture_head = EVENT_BYTES_MAX; /* --capture_head */
const volatile u32 cpu_cnt = 1;
/* Rules choose processes: each exec makes a candidate, of traced ones or (select_new) of all; so
 * does, where rules name ports, each listen(). */
const volatile bool select_exec, select_new, select_listen;
/* Short cuts that save copies; the verifiers of old kernels do not get to their end. */
const volatile bool short_cuts;
const volatile bool trace_functions;
const volatile u64 wake_level = 4 << 20; /* a quarter of the ring */

static __always_inline bool is_traced(u32 tgid)
{
	return tgid < TGID_MAX && traced[tgid / 64] & (1ULL << (tgid % 64));
}

/* User space is woken for the first connection of a process, to ask /proc who it is: soon after its
 * answer it may be gone. */
static __always_inline void note_met(u32 tgid)
{
	u64 bit = 1ULL << (tgid % 64);

	if (tgid >= TGID_MAX || met[tgid / 64] & bit)
		return;
	__sync_fetch_and_or(&met[tgid / 64], bit);
	control.met = 1;
}

static __always_inline void forget_met(u32 tgid)
{
	if (tgid < TGID_MAX)
		__sync_fetch_and_and(&met[tgid / 64], ~(1ULL << (tgid % 64)));
}

static __always_inline struct cpu_stats *my_stats(void)
{
	return &cpu_stats[bpf_get_smp_processor_id() & (CPU_MAX - 1)];
}

#define count_many(field, cnt) __sync_fetch_and_add(&my_stats()->field, cnt)
#define count(field)	       count_many(field, 1)

static __always_inline struct scratch *scratch_of(u32 use)
{
	u32 key = bpf_get_smp_processor_id() * SCRATCH_PER_CPU + use;

	return bpf_map_lookup_elem(&scratches, &key);
}

/*
 * min(value, max), max a constant, so that the verifier sees the bound: the compiler may neither
 * drop the comparison nor make it on a copy of a value that lies on the stack, which 6.1 does not
 * follow.
 */
#define bounded(value, max)                                                          \
	({                                                                           \
		u64 __v = (value);                                                   \
		asm volatile("if %0 <= %1 goto +1\n%0 = %1" : "+r"(__v) : "i"(max)); \
		__v;                                                                 \
	})

/* The position whose low 32 bits belong to seq, nearest to a position already known. */
static __always_inline u64 extend(u64 known, u32 seq, u32 seq0)
{
	return known + (s64)(s32)((seq - seq0) - (u32)known);
}

static __always_inline u64 rx_position(struct conn *st, const struct tcp_sock *tp)
{
	return extend(st->rx_off, tp->copied_seq, st->rx_seq0);
}

static __always_inline u64 tx_position(struct conn *st, const struct tcp_sock *tp)
{
	return extend(st->tx_off, tp->write_seq, st->tx_seq0);
}

/* Where the send side stands now and when its last byte was handed over. False: it is changing. */
static __always_inline bool tx_snapshot(struct conn *st, const struct tcp_sock *tp, u64 *off,
					u64 *ts)
{
	u32 version = *(volatile u32 *)&st->tx_version;
	u64 sent_at = *(volatile u64 *)&st->tx_off;

	if (!tp || st->frozen) {
		*off = sent_at;
		*ts = *(volatile u64 *)&st->moved_ts;
	} else {
		*off = tx_position(st, tp);
		*ts = *off != sent_at ? *(volatile u64 *)&st->sent_ts
				      : *(volatile u64 *)&st->moved_ts;
	}
	return !(version & 1) && version == *(volatile u32 *)&st->tx_version;
}

/* Stream sockets of TCP and AF_UNIX only. */
static __always_inline bool is_stream(const struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;

	if (sk->sk_type != SOCK_STREAM)
		return false;
	if (family == AF_UNIX)
		return true;
	return (family == AF_INET || family == AF_INET6) && sk->sk_protocol == IPPROTO_TCP;
}

/*
 * Positions count from the establishment: bytes_received - (rcv_nxt - copied_seq) have been read,
 * bytes_acked + (write_seq - snd_una) were handed over (one more on sockets that connected: their
 * SYN counts). bytes_received and rcv_nxt may move between two loads.
 */
static __always_inline void conn_init(struct conn *st, struct sock *sk, struct tcp_sock *tp)
{
	u64 received;
	u32 next, copied;

	st->cookie = bpf_get_socket_cookie(sk);
	st->is_unix = sk->__sk_common.skc_family == AF_UNIX;
	st->mute_generation = control.mute_generation;
	if (st->is_unix || !tp)
		return;
	for (int i = 0; i < 3; i++) {
		received = *(volatile u64 *)&tp->bytes_received;
		next = *(volatile u32 *)&tp->rcv_nxt;
		copied = *(volatile u32 *)&tp->copied_seq;
		if (received == *(volatile u64 *)&tp->bytes_received)
			break;
	}
	st->rx_off = received - (next - copied);
	st->rx_seq0 = copied - (u32)st->rx_off;
	st->tx_off = tp->bytes_acked + (tp->write_seq - tp->snd_una);
	st->tx_seq0 = tp->write_seq - (u32)st->tx_off;
	st->told_tx = st->tx_off;
}

static __always_inline struct conn *conn_get(struct sock *sk, struct tcp_sock *tp)
{
	struct conn *st = bpf_sk_storage_get(&conns, sk, 0, 0);

	if (st)
		return st;
	st = bpf_sk_storage_get(&conns, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!st) {
		count(no_storage);
		return NULL;
	}
	conn_init(st, sk, tp);
	return st;
}

/* User space mutes by cookie; the map is looked into only when it has grown since. */
static __always_inline bool is_muted(struct conn *st)
{
	if (st->muted)
		return true;
	if (st->mute_generation == control.mute_generation)
		return false;
	st->mute_generation = control.mute_generation;
	if (!bpf_map_lookup_elem(&muted, &st->cookie))
		return false;
	st->muted = 1;
	bpf_map_delete_elem(&muted, &st->cookie);
	return true;
}

static __always_inline u32 align8(u32 len)
{
	return (len + 7) & ~7u;
}

static __always_inline void event_init(struct event *hdr, u16 type, u32 size, u64 ts, u64 cookie)
{
	hdr->type = type;
	hdr->flags = 0;
	hdr->size = size;
	hdr->ts = ts;
	hdr->conn = cookie;
	hdr->tgid = 0;
	hdr->tid = 0;
}

static __always_inline void event_by(struct event *hdr, const struct task_struct *task)
{
	hdr->tgid = task->tgid;
	hdr->tid = task->pid;
}

static __always_inline void put_addresses(struct ev_open *open, const struct sock *sk)
{
	open->local_port = sk->__sk_common.skc_num;
	open->remote_port = __builtin_bswap16(sk->__sk_common.skc_dport);
	if (open->family == EVENT_INET) {
		*(u32 *)open->local = sk->__sk_common.skc_rcv_saddr;
		*(u32 *)open->remote = sk->__sk_common.skc_daddr;
		return;
	}
	bpf_probe_read_kernel(open->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
	bpf_probe_read_kernel(open->remote, 16, &sk->__sk_common.skc_v6_daddr);
}

static __always_inline u32 put_path(struct ev_open *open, struct sock *sk)
{
	struct unix_address *addr = BPF_CORE_READ((struct unix_sock *)sk, addr);
	u64 len = 0;

	if (addr)
		len = BPF_CORE_READ(addr, len);
	if (len <= sizeof(unsigned short))
		return 0;
	len = bounded(len - sizeof(unsigned short), sizeof(((struct sockaddr_un *)0)->sun_path));
	if (bpf_probe_read_kernel(open->path, len, (void *)addr->name + sizeof(unsigned short)))
		return 0;
	return len;
}

/* Puts OPEN in front of a connection's first record; returns the space taken. */
static __always_inline u32 put_open(struct scratch *s, struct conn *st, struct sock *sk,
				    const struct task_struct *task, u64 ts)
{
	struct ev_open *open = (struct ev_open *)s->rec;

	if (st->announced)
		return 0;
	__builtin_memset(open, 0, sizeof(*open));
	open->family = sk->__sk_common.skc_family;
	if (st->is_unix)
		open->path_len = put_path(open, sk);
	else
		put_addresses(open, sk);
	event_init(&open->hdr, EV_OPEN, sizeof(*open) + open->path_len, ts, st->cookie);
	event_by(&open->hdr, task);
	note_met(task->tgid);
	return align8(sizeof(*open) + open->path_len);
}

/* Copies the held request to rec[at] and lets go of it; returns the place after it. Global, as
 * gather(). */
__noinline int put_hold(struct scratch *s, struct conn *st, u32 at)
{
	u32 version;
	u64 len;

	if (!s || !st)
		return at;
	version = *(volatile u32 *)&st->hold_version;
	if (*(volatile u32 *)&st->held < HELD_YES)
		return at;
	len = bounded(st->hold.hdr.size, sizeof(st->hold) + HOLD_MAX);
	at = bounded(at, FRONT_MAX / 4);
	bpf_probe_read_kernel(s->rec + at, len, &st->hold);
	if (version != *(volatile u32 *)&st->hold_version)
		return at; /* the sweep told it and the next one is there already */
	__sync_val_compare_and_swap(&st->held, HELD_YES, HELD_NONE);
	return at + align8(len);
}

/*
 * A woken reader costs the traced process some 13 us, so nobody is woken until the ring is a
 * quarter full, and then once. Looked at for big records always, for small ones now and then.
 */
static __always_inline u64 wake_flags(u64 len, u64 ts)
{
	if (control.met) {
		control.met = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	/* some bits of the time are chance enough, and cost no call */
	if (control.woken || (len < 1024 && (ts & 0xfc00)))
		return BPF_RB_NO_WAKEUP;
	if (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < wake_level)
		return BPF_RB_NO_WAKEUP;
	control.woken = 1;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline bool begins_request(u8 first)
{
	return first >= 'A' && first <= 'Z';
}

static __always_inline bool lost(u32 begins)
{
	count(lost_records);
	count_many(lost_begins, begins);
	return false;
}

/* Sends the record off. begins: requests that are lost with it if the ring is full. */
static __always_inline bool tell(struct scratch *s, u64 len, u64 ts, u32 begins)
{
	len = bounded(len, RECORD_MAX);
	if (!bpf_ringbuf_output(&ring, s->rec, len, wake_flags(len, ts)))
		return true;
	return lost(begins);
}

/*
 * Gathers want bytes of the first cnt pieces in s->vec, after skip of them, to rec[at]; returns how
 * many. Global, so that the verifier looks at its loop once and not once for each caller's state.
 */
__noinline int gather(struct scratch *s, u32 at, u32 want, u32 cnt, u64 skip)
{
	if (!s)
		return 0;
	s->done = 0;
	s->skip = skip;
	for (u32 i = 0; i < VEC_MAX; i++) {
		u64 len = s->vec[i].iov_len, pos;
		void *base = s->vec[i].iov_base;

		if (i >= cnt || s->done >= want)
			break;
		if (s->skip >= len) {
			s->skip -= len;
			continue;
		}
		len -= s->skip;
		base += s->skip;
		s->skip = 0;
		if (len > want - s->done)
			len = want - s->done;
		len = bounded(len, EVENT_BYTES_MAX);
		pos = bounded(at + s->done, FRONT_MAX + EVENT_BYTES_MAX);
		if (bpf_probe_read_user(s->rec + pos, len, base))
			break;
		s->done += len;
	}
	return s->done;
}

#endif
