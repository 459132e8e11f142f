// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The floor: empty programs where otel-ebpf hooks, one on receive and one on send. What they cost
 * is the kernel's price for being there at all. The loader picks the first of each side that
 * attaches; the fexit and fentry ones are for kernels before 6.3 and 6.16. They touch nothing, so
 * no types.
 */
#define SEC(name) __attribute__((section(name), used))

int recv_sock_length(void *ctx);
int recv_tcp_fexit(void *ctx);
int send_tcp_locked(void *ctx);
int send_tcp_fentry(void *ctx);

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sock_recv_length")
int recv_sock_length(void *ctx)
{
	(void)ctx;
	return 0;
}

SEC("fexit/tcp_recvmsg")
int recv_tcp_fexit(void *ctx)
{
	(void)ctx;
	return 0;
}

SEC("tp_btf/tcp_sendmsg_locked")
int send_tcp_locked(void *ctx)
{
	(void)ctx;
	return 0;
}

SEC("fentry/tcp_sendmsg")
int send_tcp_fentry(void *ctx)
{
	(void)ctx;
	return 0;
}
