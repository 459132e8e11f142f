/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Open requests by the port of their client, which is what a Python application itself knows of one
 * while an event loop has many (python_origin.bpf.h).
 *
 * Loaded only if Python code is asked for.
 */
#ifndef PORT_BPF_H
#define PORT_BPF_H

#include "state.bpf.h"

const volatile bool trace_ports;

struct port_key {
	u32 tgid;
	u32 port;
};

#define PORT_SHARED (~0ULL)

struct port {
	struct call_request request; /* the newest; conn PORT_SHARED: there were several clients */
	u64 open;		     /* it is not answered */
	u64 scope, version, since;   /* that told of this port last, and then the request's ts */
	u64 former;		     /* that told last of an earlier request */
};

/* Clients of event loops; who is silent longest gives way. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct port_key);
	__type(value, struct port);
} ports SEC(".maps");

static __always_inline struct port_key port_key_of(const struct task_struct *task,
						   const struct sock *sk)
{
	return (struct port_key){task->tgid, __builtin_bswap16(sk->__sk_common.skc_dport)};
}

/* Two clients may have the same port, at different addresses: then it tells neither. */
static __always_inline void port_reads(const struct task_struct *task, const struct sock *sk,
				       u64 conn, u64 ts)
{
	struct port met = {.request = {conn, ts}, .open = 1}, *port;
	struct port_key key;

	if (!trace_ports)
		return;
	key = port_key_of(task, sk);
	port = bpf_map_lookup_elem(&ports, &key);
	if (!port) {
		bpf_map_update_elem(&ports, &key, &met, BPF_ANY);
		return;
	}
	if (port->open && port->request.conn != conn)
		conn = PORT_SHARED;
	port->request.ts = ts;
	port->request.conn = port->request.conn == PORT_SHARED ? PORT_SHARED : conn;
	port->open = 1;
}

static __always_inline void port_answers(const struct task_struct *task, const struct sock *sk)
{
	struct port_key key;
	struct port *port;

	if (!trace_ports)
		return;
	key = port_key_of(task, sk);
	port = bpf_map_lookup_elem(&ports, &key);
	if (port)
		port->open = 0;
}

#endif
