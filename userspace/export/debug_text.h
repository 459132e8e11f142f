// SPDX-License-Identifier: Apache-2.0
/*
 * What spans and metrics have in common in the detailed text of the Collector's debug exporter.
 * Texts are as they came but for control characters, which become \xNN: clients choose them.
 */
#ifndef DEBUG_TEXT_H
#define DEBUG_TEXT_H

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"

struct Otlp__KeyValue;
struct Otlp__Resource;
struct Otlp__InstrumentationScope;

/* A text with its label before it, "Name: ", and a new line behind. */
void debug_text(struct buf *out, const char *label, ProtobufCBinaryData text);
void debug_id(struct buf *out, const char *label, ProtobufCBinaryData id);
/* As Go prints a time in UTC: 2026-11-21 00:06:14.7324 +0000 UTC */
void debug_time(struct buf *out, const char *label, u64 ns);
/* Nothing if there are none, as there. */
void debug_attrs(struct buf *out, const char *title, struct Otlp__KeyValue *const *attrs,
		 size_t cnt);
/* Likewise of what is itself indented: an event. */
void debug_inner_attrs(struct buf *out, const char *title, struct Otlp__KeyValue *const *attrs,
		       size_t cnt);
void debug_resource(struct buf *out, const struct Otlp__Resource *resource);
/* signal: "ScopeSpans". */
void debug_scope(struct buf *out, const char *signal, ProtobufCBinaryData schema_url,
		 const struct Otlp__InstrumentationScope *scope);

#endif
