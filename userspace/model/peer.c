// SPDX-License-Identifier: Apache-2.0
#include "model/peer.h"

#include <arpa/inet.h>

static size_t print_octet(char *out, u8 octet)
{
	size_t len = 0;

	if (octet >= 100)
		out[len++] = (char)('0' + octet / 100);
	if (octet >= 10)
		out[len++] = (char)('0' + octet / 10 % 10);
	out[len++] = (char)('0' + octet % 10);
	return len;
}

/* By hand, for it is done three times a request and inet_ntop(3) goes through printf(3). */
static void print_inet(struct buf *out, const u8 *addr)
{
	char text[INET_ADDRSTRLEN];
	size_t len = 0;

	for (int i = 0; i < 4; i++) {
		if (i)
			text[len++] = '.';
		len += print_octet(text + len, addr[i]);
	}
	buf__append(out, text, len);
}

void peer_print_addr(struct buf *out, enum family family, const u8 addr[16])
{
	char text[INET6_ADDRSTRLEN];

	if (family == FAMILY_INET) {
		print_inet(out, addr);
	} else if (family == FAMILY_INET6) {
		inet_ntop(AF_INET6, addr, text, sizeof(text));
		buf__str(out, str_from(text));
	}
}
