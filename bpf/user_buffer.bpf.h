/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the bytes of the running syscall lie, by its registers. */
#ifndef USER_BUFFER_BPF_H
#define USER_BUFFER_BPF_H

#include "state.bpf.h"

static __always_inline u32 pieces_of_vec(struct scratch *s, const void *vec, u64 cnt)
{
	cnt = bounded(cnt, VEC_MAX);
	if (bpf_probe_read_user(s->vec, cnt * sizeof(s->vec[0]), vec))
		return 0;
	return cnt;
}

static __always_inline u32 pieces_of_msg(struct scratch *s, const void *user_msg)
{
	struct user_msghdr msg;

	if (bpf_probe_read_user(&msg, sizeof(msg), user_msg))
		return 0;
	return pieces_of_vec(s, msg.msg_iov, msg.msg_iovlen);
}

/* The buffer of a read or recvfrom under way; NULL for all other calls. */
static __always_inline const void *direct_buffer(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	u64 nr = REGS_NR(regs);

	return nr == NR_READ || nr == NR_RECVFROM ? (const void *)REGS_ARG2(regs) : NULL;
}

/*
 * recvmmsg fills one message after the other and fires for each. Which one this is follows from
 * counting: a call ends with its last message or with a failure (forget_mmsg). With a timeout it
 * may end anywhere: then only the first can be known, and 0 is returned.
 */
static __always_inline u32 pieces_of_mmsg(struct scratch *s, struct conn *st, struct pt_regs *regs)
{
	u64 vec = REGS_ARG2(regs), cnt = REGS_ARG3(regs), i = st->mmsg;

	if (cnt > 1 && REGS_ARG5(regs))
		return 0;
	mmsg_used = 1;
	st->mmsg = i + 1 < cnt && i + 1 < 255 ? i + 1 : 0;
	return pieces_of_msg(s, (void *)(vec + i * SIZEOF_MMSGHDR));
}

static __always_inline void forget_mmsg(struct sock *sk)
{
	struct conn *st = bpf_sk_storage_get(&conns, sk, 0, 0);

	if (st)
		st->mmsg = 0;
}

/*
 * Fills s->vec with the pieces of the buffer and returns their number; 0 where it cannot be known:
 * sendmmsg of several messages (which of them this is, the registers do not say), aio, splice.
 * Global, so that the verifier looks at it once and not once for each caller's state.
 */
__noinline int syscall_pieces(struct scratch *s, struct conn *st, bool sending)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	u64 nr = REGS_NR(regs), buffer = REGS_ARG2(regs), len = REGS_ARG3(regs);

	if (!s || !st)
		return 0;
	if (sending ? nr == NR_WRITE || nr == NR_SENDTO : nr == NR_READ || nr == NR_RECVFROM) {
		s->vec[0].iov_base = (void *)buffer;
		s->vec[0].iov_len = len;
		return 1;
	}
	if (sending ? nr == NR_WRITEV || nr == NR_PWRITEV || nr == NR_PWRITEV2
		    : nr == NR_READV || nr == NR_PREADV || nr == NR_PREADV2)
		return pieces_of_vec(s, (void *)buffer, len);
	if (nr == (sending ? NR_SENDMSG : NR_RECVMSG))
		return pieces_of_msg(s, (void *)buffer);
	if (sending && nr == NR_SENDMMSG && len == 1)
		return pieces_of_msg(s, (void *)buffer);
	if (!sending && nr == NR_RECVMMSG)
		return pieces_of_mmsg(s, st, regs);
	return 0;
}

#endif
