// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every hook of otel-ebpf. A hook only says where it sits and what it hands on; what happens then
 * is in receive, send, close and process.bpf.h. User space loads those that this kernel takes
 * (userspace/capture/hooks.c says which belong together); each is loadable alone.
 */
#include "receive.bpf.h"
#include "send.bpf.h"
#include "close.bpf.h"
#include "process.bpf.h"
#include "python_place.bpf.h"
#include "stack.bpf.h"
#include "usdt.bpf.h"

SEC("tp_btf/sock_recv_length")
int BPF_PROG(receive_sock, struct sock *sk, int ret, int flags)
{
	return on_receive(sk, ret, flags);
}

/* Before 6.3. Arguments before 5.19: sk, msg, len, nonblock, flags, addr_len; later without
 * nonblock. */
SEC("fexit/tcp_recvmsg")
int receive_tcp(u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];

	if (tcp_recvmsg_args == 6)
		return on_receive(sk, (int)ctx[6], (int)ctx[4]);
	return on_receive(sk, (int)ctx[5], (int)ctx[3]);
}

SEC("fexit/unix_stream_recvmsg")
int BPF_PROG(receive_unix, struct socket *sock, struct msghdr *msg, unsigned long size, int flags,
	     int ret)
{
	return on_receive(sock->sk, ret, flags);
}

SEC("tp_btf/tcp_sendmsg_locked")
int BPF_PROG(send_locked, struct sock *sk, struct msghdr *msg)
{
	return on_tcp_send(sk, msg);
}

SEC("fentry/tcp_sendmsg")
int BPF_PROG(send_tcp, struct sock *sk, struct msghdr *msg)
{
	return on_tcp_send(sk, msg);
}

SEC("fexit/tcp_sendmsg")
int BPF_PROG(sent_tcp, struct sock *sk, struct msghdr *msg, unsigned long size, int ret)
{
	return on_tcp_sent(sk, ret);
}

/* sendfile before 6.5, a page at a time */
SEC("fexit/tcp_sendpage")
int BPF_PROG(sent_page, struct sock *sk, struct page *page, int offset, unsigned long size,
	     int flags, int ret)
{
	return on_tcp_sent(sk, ret);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(sent_sock, struct sock *sk, int ret)
{
	return on_unix_sent(sk, ret);
}

SEC("fexit/unix_stream_sendmsg")
int BPF_PROG(sent_unix, struct socket *sock, struct msghdr *msg, unsigned long len, int ret)
{
	return on_unix_sent(sock->sk, ret);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(close_state, struct sock *sk, int oldstate, int newstate)
{
	return newstate == TCP_LISTEN ? on_listen(sk) : on_state(sk, newstate);
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(close_destroy, struct sock *sk)
{
	on_close(sk);
	return 0;
}

SEC("iter/bpf_sk_storage_map")
int sweep(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;
	struct conn *st = ctx->value;

	if (!sk || !st)
		return 0;
	return on_sweep(sk, st);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	return on_fork(parent, child);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return on_exec(task, bprm);
}

/* for rules that name processes */
SEC("tp_btf/task_rename")
int BPF_PROG(process_rename, struct task_struct *task, const char *comm)
{
	return on_rename(task, comm);
}

/* for rules that name groups; once for a whole process, with its first thread */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(process_cgroup, struct cgroup *group, const char *path, struct task_struct *task)
{
	return on_cgroup(task);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	return on_exit(task);
}

/* Attached to user code, so the target comes from outside; the cookie is the function's number. */
SEC("uprobe")
int function_enter(struct pt_regs *regs)
{
	on_enter(regs, bpf_get_attach_cookie(regs));
	return 0;
}

SEC("uretprobe")
int function_leave(struct pt_regs *regs)
{
	return on_leave(regs);
}

/* Both in one where the kernel has sessions. */
SEC("uprobe")
int function_call(struct pt_regs *regs)
{
	if (PT_REGS_IP(regs) != bpf_get_func_ip(regs))
		return on_leave(regs);
	if (is_stray(bpf_get_current_task_btf(), PT_REGS_SP(regs)))
		return NO_RETURN;
	return on_enter(regs, bpf_get_attach_cookie(regs));
}

/* On what the dynamic loader calls for debuggers. */
SEC("uprobe")
int library_mapped(struct pt_regs *regs)
{
	return on_mapped(bpf_get_current_task_btf());
}

/* Likewise, of Python: code is called, a coroutine runs, either is back where it was called from.
 * The cookie is on_python_call()'s. */
SEC("uprobe")
int python_enter(struct pt_regs *regs)
{
	return on_python_enter(regs, bpf_get_attach_cookie(regs));
}

SEC("uprobe")
int python_resume(struct pt_regs *regs)
{
	return on_python_resume(regs, bpf_get_attach_cookie(regs));
}

SEC("uprobe")
int python_back(struct pt_regs *regs)
{
	return on_python_back(regs, bpf_get_attach_cookie(regs));
}

SEC("uprobe")
int python_end(struct pt_regs *regs)
{
	return on_python_end(regs, bpf_get_attach_cookie(regs));
}

/* On the USDT probe that says that code returns. */
SEC("uprobe")
int python_moment(struct pt_regs *regs)
{
	return on_python_moment(bpf_get_attach_cookie(regs));
}

/* On a place of a USDT probe; the cookie is the site's number. */
SEC("uprobe")
int usdt_hit(struct pt_regs *regs)
{
	return on_usdt(regs, bpf_get_attach_cookie(regs));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
