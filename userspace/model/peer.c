// SPDX-License-Identifier: Apache-2.0
#include "model/peer.h"

#include <arpa/inet.h>

void peer_print_addr(struct buf *out, enum family family, const u8 addr[16])
{
	char text[INET6_ADDRSTRLEN];

	if (family != FAMILY_INET && family != FAMILY_INET6)
		return;
	inet_ntop(family == FAMILY_INET ? AF_INET : AF_INET6, addr, text, sizeof(text));
	buf__str(out, str_from(text));
}
