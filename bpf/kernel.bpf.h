/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What differs between kernels and architectures, in one place. */
#ifndef KERNEL_BPF_H
#define KERNEL_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif

/* 6.2: a typed view of kernel memory that costs no helper call. */
extern void *bpf_rdonly_cast(const void *obj, u32 btf_id) __ksym __weak;

/* Set by user space before loading, from what it found. */
const volatile bool have_rdonly_cast;
const volatile u32 tcp_recvmsg_args = 5; /* 6 before 5.19, which had one more */

static __always_inline struct tcp_sock *tcp_of(const struct sock *sk)
{
	if (have_rdonly_cast)
		return bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
	return (struct tcp_sock *)bpf_skc_to_tcp_sock((void *)sk);
}

static __always_inline const struct iovec *iter_iov(const struct iov_iter *iter)
{
	if (bpf_core_field_exists(iter->__iov))
		return iter->__iov;
	return ((const struct iov_iter___before_6_4 *)iter)->iov;
}

/* One of its pieces, without a helper call; only where have_rdonly_cast is set. */
static __always_inline const struct iovec *iter_piece(const struct iov_iter *iter, u32 i)
{
	u64 at = (u64)iter_iov(iter) + i * sizeof(struct iovec);

	return bpf_rdonly_cast((void *)at, bpf_core_type_id_kernel(struct iovec));
}

static __always_inline bool iter_is_ubuf(const struct iov_iter *iter)
{
	return bpf_core_field_exists(iter->ubuf) &&
	       iter->iter_type == bpf_core_enum_value(enum iter_type, ITER_UBUF);
}

static __always_inline bool iter_is_iovec(const struct iov_iter *iter)
{
	return iter->iter_type == bpf_core_enum_value(enum iter_type, ITER_IOVEC);
}

/* Syscalls that read from or write to a socket with the caller's buffers (x86-64). */
#if defined(__TARGET_ARCH_x86)
#define NR_READ	       0
#define NR_WRITE       1
#define NR_READV       19
#define NR_WRITEV      20
#define NR_SENDTO      44
#define NR_RECVFROM    45
#define NR_SENDMSG     46
#define NR_RECVMSG     47
#define NR_PREADV      295
#define NR_PWRITEV     296
#define NR_RECVMMSG    299
#define NR_SENDMMSG    307
#define NR_PREADV2     327
#define NR_PWRITEV2    328
#define NR_RING_ENTER  426 /* io_uring_enter */
#define REGS_NR(r)     ((r)->orig_ax)
#define REGS_ARG2(r)   ((r)->si)
#define REGS_ARG3(r)   ((r)->dx)
#define REGS_ARG5(r)   ((r)->r8)
#define REGS_RESULT(r) ((r)->ax)
#define SIZEOF_MMSGHDR 64
#else
#error "syscall numbers of this architecture are not known yet"
#endif
#define ENOSYS 38

/*
 * Is a read or write that ends now one of io_uring's? Such end within io_uring_enter(2), in threads
 * of their own, or in what a task does on its way back from any syscall: then the result, which
 * until then is -ENOSYS, is in its register already.
 */
static __always_inline bool is_by_io_uring(struct task_struct *task)
{
	struct pt_regs *regs;

	if (!bpf_core_field_exists(task->io_uring) || !task->io_uring)
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return REGS_NR(regs) == NR_RING_ENTER || (long)REGS_RESULT(regs) != -ENOSYS;
}

#endif
