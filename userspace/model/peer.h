// SPDX-License-Identifier: Apache-2.0
/* Who talks to whom on a connection, as the kernel's socket says. */
#ifndef PEER_H
#define PEER_H

#include "base/buf.h"

enum family { FAMILY_NONE, FAMILY_UNIX, FAMILY_INET, FAMILY_INET6 };

struct endpoint {
	u8 addr[16]; /* network order; an IPv4 address takes the first 4 */
	u16 port;    /* host order; 0 for unix sockets */
};

struct peer {
	enum family family;
	struct endpoint client, server;
	u8 listen_addr[16]; /* what the listening socket is bound to: server.addr, or any */
	char path[108];	    /* unix: the server's, "@name" if abstract, ""; may lack a NUL */
	u32 tgid, tid;	    /* the process and thread that read the request */
	u64 conn;	    /* cookie of the socket */
};

/*
 * Appends "127.0.0.1", "::1" or "::ffff:10.0.0.1" (RFC 5952, as inet_ntop(3) and Python print it);
 * nothing for other families.
 */
void peer_print_addr(struct buf *out, enum family family, const u8 addr[16]);

#endif
