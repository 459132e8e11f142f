// SPDX-License-Identifier: Apache-2.0
#include "proc/listen_fact.h"

#include <errno.h>
#include <stdlib.h>

#include "proc/procfs.h"

#define TCP_LISTEN 0x0a

/*
 * proc_pid_net(5): addresses are printed as native 32-bit words; one or four of them. Turns such a
 * word list into the bytes of the address.
 */
static int parse_proc_addr(const char *hex, u8 addr[16])
{
	size_t words = strlen(hex) / 8;

	if ((words != 1 && words != 4) || strlen(hex) % 8)
		return -EINVAL;
	memset(addr, 0, 16);
	for (size_t i = 0; i < words; i++) {
		char word[9] = {0};
		u32 value;

		memcpy(word, hex + 8 * i, 8);
		value = (u32)strtoul(word, NULL, 16);
		memcpy(addr + 4 * i, &value, 4);
	}
	return 0;
}

static int parse_hex(const char *hex, u8 *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &out[i]) != 1)
			return -EINVAL;
	return 0;
}

struct listener {
	u32 port;
	u8 local[16]; /* of the accepted connection */
	u8 found[16];
	bool exact, any;
};

/* The listener bound to the connection's own address, else the one bound to any address. */
static void match_row(struct listener *listener, const char *row)
{
	static const u8 zero[16];
	char text[33];
	u32 port, state;
	u8 addr[16];

	if (sscanf(row, " %*d: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", text, &port, &state) != 3 ||
	    state != TCP_LISTEN || port != listener->port || parse_proc_addr(text, addr))
		return;
	if (!memcmp(addr, listener->local, 16))
		listener->exact = true;
	else if (!listener->exact && !memcmp(addr, zero, 16))
		listener->any = true;
	else
		return;
	memcpy(listener->found, addr, 16);
}

int fact_listen(const char *rest, struct buf *out)
{
	struct listener listener = {0};
	char tgid[21], family[6], local[33], row[512];
	FILE *file __cleanup(procfs_close) = NULL;

	if (sscanf(rest, "%20[0-9]/%5[a-z0-9]/%u/%32[0-9a-f]", tgid, family, &listener.port,
		   local) != 4 ||
	    parse_hex(local, listener.local, 16))
		return -ENOENT;
	file = procfs_open(tgid, !strcmp(family, "inet6") ? "net/tcp6" : "net/tcp");
	if (!file)
		return -ENOENT;
	while (!listener.exact && fgets(row, sizeof(row), file))
		match_row(&listener, row);
	if (!listener.exact && !listener.any)
		return -ENOENT;
	for (int i = 0; i < 16; i++)
		buf__printf(out, "%02x", listener.found[i]);
	return out->failed ? -ENOENT : 0;
}
