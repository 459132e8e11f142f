/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which request Python code is run for, where many are open in a thread.
 *
 * That is taken from the application itself: some frame that awaits has the request's scope for its
 * second variable, as ASGI wants it, and that says which port the client has. None, or one that is
 * not open: no request.
 *
 *	run_asgi  ->  Router.__call__(self, scope, ...)  ->  view
 *			scope["client"] == ("127.0.0.1", 50432)
 */
#ifndef PYTHON_ORIGIN_BPF_H
#define PYTHON_ORIGIN_BPF_H

#include "port.bpf.h"
#include "python_code.bpf.h"

/* Frames that await one another: FastAPI has 15, and middlewares some each. */
#define CHAIN_MAX 40
struct coroutine {
	struct call_request request; /* conn 0: none */
	u64 start;
	u64 number;
	u64 id;	   /* of its call */
	u64 inner; /* of the innermost span that has begun in it; its own, if none */
};

/* Those that run; of some nobody sees the end (an exception was thrown into them). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct object_key);
	__type(value, struct coroutine);
} coroutines SEC(".maps");

/* The port in scope["client"], if that is such a dict: (address, port); 0 if not. */
__noinline int client_port(u64 scope, u32 ascii)
{
	u64 keys = user_word(scope + 32), client;
	u32 place;

	if (!is_word(user_word(user_word(scope + 8) + 24), WORD('d', 'i', 'c', 't', 0, 0, 0, 0), 5))
		return 0;
	place = find_key(keys, WORD('c', 'l', 'i', 'e', 'n', 't', 0, 0), 6, ascii);
	client = value_at(keys, place);
	if (!place || user_word(client + 16) != 2)
		return 0;
	client = user_word(client + 32); /* an int of one digit */
	return user_word(client + 16) == 1 ? user_word(client + 24) & 0xffff : 0;
}

/* "BackgroundTask.__call__" of Starlette, which runs what is left when all is answered. */
static __always_inline bool is_background(u64 code, const struct python_layout *layout)
{
	u64 name = user_word(code + layout->code_name);

	return user_word(name + 16) == 23 &&
	       user_word(name + layout->ascii) == WORD('B', 'a', 'c', 'k', 'g', 'r', 'o', 'u') &&
	       user_word(name + layout->ascii + 8) == WORD('n', 'd', 'T', 'a', 's', 'k', '.', '_');
}

/*
 * The open request of that client; conn 0: none. A scope that is as it was seen before the request
 * was read, or that another has followed, is that of the one before it, whose application still has
 * something to do.
 */
static __always_inline struct call_request find_request(u32 tgid, int client, u64 scope)
{
	struct port_key key = {tgid, client};
	struct port *port = client ? bpf_map_lookup_elem(&ports, &key) : NULL;
	struct call_request none = {0};
	u64 version = user_word(scope + 24);

	if (!port || !port->open || port->request.conn == PORT_SHARED)
		return none;
	if (port->since == port->request.ts && port->former == scope)
		return none;
	if (port->since != port->request.ts && port->scope == scope && port->version == version)
		return none;
	if (port->since != port->request.ts)
		port->former = port->scope == scope ? 0 : port->scope;
	port->scope = scope;
	port->version = version;
	port->since = port->request.ts;
	return port->request;
}

/* A place in running code. */
struct place {
	u32 tgid, process;
	const struct python_layout *layout;
	u64 frame;
};

static __always_inline bool is_coroutine(u64 code, const struct python_layout *layout)
{
	return (u32)user_word(code + layout->code_flags) & CODE_IS_COROUTINE;
}

/* The client's port that the scope behind the frame's first variable tells; 0: none. */
static __always_inline int port_of(const struct place *at, u64 frame, u64 *scope)
{
	*scope = user_word(frame + at->layout->frame_locals + 8);
	return client_port(*scope, at->layout->ascii);
}

/*
 * From the place outwards: plain functions, if it may lie in some (else it is a coroutine's, or an
 * event loop's), then the coroutines that await one another.
 */
static __always_inline void find_origin(const struct place *at, bool plain, struct origin *out)
{
	const struct python_layout *layout = at->layout;
	struct object_key key = {.process = at->process};
	u64 frame = at->frame, code, scope = 0;
	struct coroutine *coroutine;
	bool whole = false;
	int port = 0;

	*out = (struct origin){0};
	for (u32 i = 0; i < CHAIN_MAX; i++, frame = user_word(frame + layout->frame_back)) {
		code = user_word(frame + layout->frame_code);
		whole = !plain && !is_coroutine(code, layout);
		if (whole)
			break;
		if (!is_coroutine(code, layout))
			continue;
		plain = false;
		key.object = frame - layout->generator_frame;
		coroutine = bpf_map_lookup_elem(&coroutines, &key);
		if (coroutine) {
			out->request = coroutine->request;
			out->within = coroutine->inner;
			out->coroutine = key.object;
			return;
		}
		if (is_background(code, layout))
			return;
		if (!port)
			port = port_of(at, frame, &scope);
	}
	if (whole)
		out->request = find_request(at->tgid, port, scope);
}

#endif
