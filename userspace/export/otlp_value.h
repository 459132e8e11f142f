// SPDX-License-Identifier: Apache-2.0
/*
 * The parts that OTLP's signals have in common. Whatever is built lies in the arena of a
 * struct otlp_build, which also notes when there was no memory: then what is returned may be NULL
 * or half filled, and the whole tree is given up.
 */
#ifndef OTLP_VALUE_H
#define OTLP_VALUE_H

#include <protobuf-c/protobuf-c.h>

#include "model/resource.h"
#include "model/span.h"

struct Otlp__KeyValue;
struct Otlp__Resource;
struct Otlp__InstrumentationScope;

struct otlp_build {
	struct arena *mem;
	bool failed;
};

/* Room for cnt objects of a size, for the caller to fill; NULL, and noted: no memory. */
void *otlp_take(struct otlp_build *build, size_t cnt, size_t size);
/* A list of pointers to such objects, as protobuf-c wants repeated messages. */
void *otlp_list(struct otlp_build *build, size_t cnt, size_t size);

/* As it is, or a copy with U+FFFD where it is no UTF-8, which receivers refuse. */
ProtobufCBinaryData otlp_text(struct otlp_build *build, struct str s);
/* Borrowed. */
ProtobufCBinaryData otlp_id(const u8 *id, size_t len);
struct Otlp__KeyValue **otlp_attrs(struct otlp_build *build, const struct attrs *attrs);
struct Otlp__Resource *otlp_resource(struct otlp_build *build, const struct resource *resource);
struct Otlp__InstrumentationScope *otlp_scope(struct otlp_build *build, const struct scope *scope);

#endif
