// SPDX-License-Identifier: Apache-2.0
/*
 * Protobuf by hand, to hold the encoder against: fields are written one by one, by the numbers of
 * OTLP's documents.
 */
#ifndef TEST_WIRE_PROTO_H
#define TEST_WIRE_PROTO_H

#include "base/buf.h"

static inline void wire_varint(struct buf *out, u64 v)
{
	for (; v > 0x7f; v >>= 7)
		buf__char(out, (char)(v | 0x80));
	buf__char(out, (char)v);
}

static inline void wire_uint(struct buf *out, u32 field, u64 v)
{
	wire_varint(out, field << 3);
	wire_varint(out, v);
}

static inline void wire_fixed64(struct buf *out, u32 field, u64 v)
{
	wire_varint(out, field << 3 | 1);
	buf__append(out, &v, sizeof(v));
}

static inline void wire_double(struct buf *out, u32 field, double d)
{
	wire_varint(out, field << 3 | 1);
	buf__append(out, &d, sizeof(d));
}

static inline void wire_fixed32(struct buf *out, u32 field, u32 v)
{
	wire_varint(out, field << 3 | 5);
	buf__append(out, &v, sizeof(v));
}

static inline void wire_bytes(struct buf *out, u32 field, const void *bytes, size_t len)
{
	wire_varint(out, field << 3 | 2);
	wire_varint(out, len);
	buf__append(out, bytes, len);
}

static inline void wire_text(struct buf *out, u32 field, const char *text)
{
	wire_bytes(out, field, text, strlen(text));
}

/* A message within another; its bytes are freed. */
static inline void wire_message(struct buf *out, u32 field, struct buf *message)
{
	wire_bytes(out, field, message->p, message->len);
	buf__free(message);
}

/* KeyValue with a stringValue. */
static inline void wire_pair(struct buf *out, u32 field, const char *key, const char *text)
{
	struct buf pair = {0}, value = {0};

	wire_text(&pair, 1, key);
	wire_text(&value, 1, text);
	wire_message(&pair, 2, &value);
	wire_message(out, field, &pair);
}

#endif
