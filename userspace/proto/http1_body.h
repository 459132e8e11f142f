// SPDX-License-Identifier: Apache-2.0
/*
 * Where a message's body ends (RFC 9112 section 6 and 7.1). The same for requests and answers; what
 * is in a body is never kept, only counted by the caller.
 *
 *	5;name=value\r\n hello\r\n 0\r\n Trailer: x\r\n \r\n
 */
#ifndef HTTP1_BODY_H
#define HTTP1_BODY_H

#include "base/str.h"

enum body_kind {
	BODY_LENGTH, /* so many bytes; none at all is a length of 0 */
	BODY_CHUNKED,
	BODY_CLOSE, /* until the connection closes */
	BODY_TAIL,  /* was chunked, then bytes were missed: watched for a last chunk */
	BODY_BLIND, /* framing unknown: nothing in the bytes can end it */
};

enum chunk_part {
	CHUNK_SIZE,
	CHUNK_PAD, /* blanks before an extension */
	CHUNK_EXT,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	TRAILER_START, /* at the first byte of a line after the last chunk */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	TRAILER_END_LF,
	CHUNK_DONE,
};

struct http1_body {
	enum body_kind kind;
	enum chunk_part part; /* BODY_CHUNKED */
	u8 matched;	      /* BODY_TAIL: bytes of the last chunk; CHUNK_SIZE: digits */
	u64 left;	      /* BODY_LENGTH, CHUNK_DATA: to come; CHUNK_SIZE: so far */
	u64 data;	      /* bytes of content so far, if http1_body__size() says so */
};

/*
 * Consumes bytes of the body and returns how many: all, or fewer where the body ends. Sets *done
 * when it ended. -EPROTO: these are no chunks.
 */
ssize_t http1_body__feed(struct http1_body *body, struct str in, bool *done);
/* The same for n unseen bytes. Where they hide the size of a chunk the body becomes BODY_TAIL. */
u64 http1_body__gap(struct http1_body *body, u64 n, bool *done);

/* Bytes of content, without framing, of a body that has ended; -1: cannot be told. */
s64 http1_body__size(const struct http1_body *body);

/* No framing that is still known ends it: a turn of the conversation must. */
static inline bool http1_body__lost(const struct http1_body *body)
{
	return body->kind == BODY_TAIL || body->kind == BODY_BLIND;
}

#endif
