// SPDX-License-Identifier: Apache-2.0
/*
 * Any message that protoc-c knows, in OTLP's JSON (OTLP specification, "JSON Protobuf Encoding"),
 * on one line: names in lowerCamelCase, 64-bit integers as texts, ids in hexadecimal, enums as
 * numbers; what has its default is left out, in lists and of a oneof nothing is.
 */
#ifndef OTLP_JSON_H
#define OTLP_JSON_H

#include "base/buf.h"

struct ProtobufCMessage;

/* 0, or -ENOMEM: it did not fit into out. */
int otlp_print_json(struct buf *out, const struct ProtobufCMessage *message);

#endif
