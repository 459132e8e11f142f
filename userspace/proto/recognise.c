// SPDX-License-Identifier: Apache-2.0
/* Protocols that are only counted, so that silence about them is explained. */
#include "base/stats.h"
#include "proto/proto.h"

/* RFC 9113 section 3.4: the connection preface of every HTTP/2 client. */
static enum match http2_match(struct str head, bool cut)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	struct str want = {preface, sizeof(preface) - 1};

	if (str_starts(head, want))
		return MATCH_YES;
	return !cut && str_starts(want, head) ? MATCH_MAYBE : MATCH_NO;
}

const struct proto proto_http2 = {
	.name = "http2",
	.match = http2_match,
	.stat = STAT_SEEN_HTTP2,
	.notice = "HTTP/2 is not parsed yet",
};

/* RFC 8446 section 5.1: type, version 3.x, length, and the first message's type. */
#define TLS_HANDSHAKE	 0x16
#define TLS_CLIENT_HELLO 0x01
#define TLS_PREFIX_LEN	 6
#define TLS_RECORD_MAX	 (1 << 14)
#define TLS_RECORD_MIN	 4 /* a handshake message's own header */

static enum match tls_match(struct str head, bool cut)
{
	const u8 *p = (const u8 *)head.p;

	if (head.len > 0 && p[0] != TLS_HANDSHAKE)
		return MATCH_NO;
	if (head.len > 1 && p[1] != 3)
		return MATCH_NO;
	if (head.len > 2 && p[2] > 4)
		return MATCH_NO;
	if (head.len > 4) {
		u32 len = p[3] << 8 | p[4];

		if (len < TLS_RECORD_MIN || len > TLS_RECORD_MAX)
			return MATCH_NO;
	}
	if (head.len >= TLS_PREFIX_LEN)
		return p[5] == TLS_CLIENT_HELLO ? MATCH_YES : MATCH_NO;
	return cut ? MATCH_NO : MATCH_MAYBE;
}

const struct proto proto_tls = {
	.name = "tls",
	.match = tls_match,
	.stat = STAT_SEEN_TLS,
	.notice = "TLS is not parsed yet",
};
