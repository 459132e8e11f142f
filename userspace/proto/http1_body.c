// SPDX-License-Identifier: Apache-2.0
/*
 * Bodies, byte by byte: a state machine needs no leftovers, so a cut anywhere changes nothing.
 * Strict on both sides: bare CR or LF, signs and blanks in a size are how requests are smuggled.
 */
#include "proto/http1_body.h"

#include <errno.h>

#include "proto/http1_head.h"

#define CHUNK_DIGITS_MAX 16 /* 2^63-1 with a leading zero; more is an attempt at overflow */

static int size_digit(struct http1_body *body, u8 c)
{
	u8 digit;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		digit = (c | 0x20) - 'a' + 10;
	else
		return -EPROTO;
	if (++body->matched > CHUNK_DIGITS_MAX || body->left > (u64)INT64_MAX >> 4)
		return -EPROTO;
	body->left = body->left << 4 | digit;
	return CHUNK_SIZE;
}

/* What follows a size: 5\r\n, 5;ext\r\n, 5 ;ext\r\n */
static int after_size(u8 c, bool may_end)
{
	switch (c) {
	case ';':
		return CHUNK_EXT;
	case ' ':
	case '\t':
		return CHUNK_PAD;
	case '\r':
		return may_end ? CHUNK_SIZE_LF : -EPROTO;
	default:
		return -EPROTO;
	}
}

static int chunk_size(struct http1_body *body, u8 c)
{
	int part = body->matched ? after_size(c, true) : -EPROTO;

	return part < 0 ? size_digit(body, c) : part;
}

static int trailer_start(u8 c)
{
	if (c == '\r')
		return TRAILER_END_LF;
	return http1_is_token(c) ? TRAILER_NAME : -EPROTO;
}

/* Text up to CR, which leads to next. */
static int text(u8 c, enum chunk_part here, enum chunk_part next)
{
	if (c == '\r')
		return next;
	return http1_is_text(c) ? (int)here : -EPROTO;
}

static int expect(u8 c, u8 want, enum chunk_part next)
{
	return c == want ? (int)next : -EPROTO;
}

static int chunk_next(struct http1_body *body, u8 c)
{
	switch (body->part) {
	case CHUNK_SIZE:
		return chunk_size(body, c);
	case CHUNK_PAD:
		return after_size(c, false);
	case CHUNK_EXT:
		return text(c, CHUNK_EXT, CHUNK_SIZE_LF);
	case CHUNK_SIZE_LF:
		return expect(c, '\n', body->left ? CHUNK_DATA : TRAILER_START);
	case CHUNK_DATA_CR:
		return expect(c, '\r', CHUNK_DATA_LF);
	case CHUNK_DATA_LF:
		body->matched = 0;
		return expect(c, '\n', CHUNK_SIZE);
	case TRAILER_START:
		return trailer_start(c);
	case TRAILER_NAME:
		if (c == ':')
			return TRAILER_VALUE;
		return http1_is_token(c) ? TRAILER_NAME : -EPROTO;
	case TRAILER_VALUE:
		return text(c, TRAILER_VALUE, TRAILER_LF);
	case TRAILER_LF:
		return expect(c, '\n', TRAILER_START);
	case TRAILER_END_LF:
		return expect(c, '\n', CHUNK_DONE);
	case CHUNK_DATA:
	case CHUNK_DONE:
		break;
	}
	return -EPROTO;
}

static size_t skip(struct http1_body *body, size_t len)
{
	if (len > body->left)
		len = body->left;
	body->left -= len;
	body->data += len;
	return len;
}

static ssize_t chunked_feed(struct http1_body *body, struct str in, bool *done)
{
	size_t at = 0;

	while (at < in.len && !*done) {
		int part;

		if (body->part == CHUNK_DATA) {
			at += skip(body, in.len - at);
			if (!body->left)
				body->part = CHUNK_DATA_CR;
			continue;
		}
		part = chunk_next(body, in.p[at++]);
		if (part < 0)
			return part;
		body->part = part;
		*done = part == CHUNK_DONE;
	}
	return at;
}

/*
 * Looks for the last chunk anywhere in the bytes (Knuth, Morris and Pratt), not at a feed's end:
 * where bytes are cut must not matter.
 */
static const char last_chunk[] = "\r\n0\r\n\r\n";
#define LAST_CHUNK_LEN (sizeof(last_chunk) - 1)
#define CRLF_LEN       2

static u8 tail_next(u8 matched, char c)
{
	/* Length of the longest proper prefix of the pattern that ends its first i bytes. */
	static const u8 border[LAST_CHUNK_LEN] = {0, 0, 0, 0, 1, 2, 1};

	while (matched && last_chunk[matched] != c)
		matched = border[matched];
	return last_chunk[matched] == c ? matched + 1 : 0;
}

static size_t tail_feed(struct http1_body *body, struct str in, bool *done)
{
	size_t at = 0;

	while (at < in.len && !*done) {
		body->matched = tail_next(body->matched, in.p[at++]);
		*done = body->matched == LAST_CHUNK_LEN;
	}
	return at;
}

ssize_t http1_body__feed(struct http1_body *body, struct str in, bool *done)
{
	size_t len;

	switch (body->kind) {
	case BODY_LENGTH:
		len = skip(body, in.len);
		*done = !body->left;
		return len;
	case BODY_CHUNKED:
		return chunked_feed(body, in, done);
	case BODY_TAIL:
		return tail_feed(body, in, done);
	case BODY_CLOSE:
		body->data += in.len;
		break;
	case BODY_BLIND:
		break;
	}
	return in.len;
}

u64 http1_body__gap(struct http1_body *body, u64 n, bool *done)
{
	switch (body->kind) {
	case BODY_LENGTH:
		n = skip(body, n);
		*done = !body->left;
		return n;
	case BODY_CHUNKED:
		if (body->part == CHUNK_DATA && n <= body->left) {
			skip(body, n);
			if (!body->left)
				body->part = CHUNK_DATA_CR;
			return n;
		}
		body->kind = BODY_TAIL;
		break;
	case BODY_CLOSE:
		body->data += n;
		break;
	case BODY_TAIL:
	case BODY_BLIND:
		break;
	}
	/* A server often sends its last chunk alone: take it that what was missed ended in CRLF. */
	if (body->kind == BODY_TAIL)
		body->matched = CRLF_LEN;
	return n;
}

s64 http1_body__size(const struct http1_body *body)
{
	return http1_body__lost(body) ? -1 : (s64)body->data;
}
