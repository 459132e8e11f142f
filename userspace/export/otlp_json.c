// SPDX-License-Identifier: Apache-2.0
#include "export/otlp_json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include <protobuf-c/protobuf-c.h>

#include "export/json.h"
#include "model/span.h"

static void print_message(struct buf *out, const ProtobufCMessage *message);

/* No name in export/proto is longer. */
#define NAME_MAX_LEN 40

/* start_time_unix_nano -> "startTimeUnixNano": */
static void print_name(struct buf *out, const char *name)
{
	char text[NAME_MAX_LEN + 4];
	size_t len = 0;

	text[len++] = '"';
	for (; *name; name++) {
		bool upper = *name == '_' && name[1];

		assert(len <= NAME_MAX_LEN);
		name += upper;
		text[len++] = (char)(upper ? *name & ~0x20 : *name);
	}
	text[len++] = '"';
	text[len++] = ':';
	buf__append(out, text, len);
}

static void print_double(struct buf *out, double d)
{
	const char *quote = isfinite(d) ? "" : "\"";

	buf__str(out, str_from(quote));
	json_double(out, d);
	buf__str(out, str_from(quote));
}

/* export/proto/common.proto says what the names tell. */
static void print_bytes(struct buf *out, const char *name, const ProtobufCBinaryData *bytes)
{
	size_t len = strlen(name);

	if (len < 3 || strcmp(name + len - 3, "_id")) {
		json_str(out, (struct str){(const char *)bytes->data, bytes->len});
		return;
	}
	buf__char(out, '"');
	span_print_id(out, bytes->data, bytes->len);
	buf__char(out, '"');
}

/* Of the types that export/proto uses. */
static const u8 sizes[] = {
	[PROTOBUF_C_TYPE_INT32] = sizeof(s32),
	[PROTOBUF_C_TYPE_SINT32] = sizeof(s32),
	[PROTOBUF_C_TYPE_UINT32] = sizeof(u32),
	[PROTOBUF_C_TYPE_FIXED32] = sizeof(u32),
	[PROTOBUF_C_TYPE_INT64] = sizeof(s64),
	[PROTOBUF_C_TYPE_SFIXED64] = sizeof(s64),
	[PROTOBUF_C_TYPE_UINT64] = sizeof(u64),
	[PROTOBUF_C_TYPE_FIXED64] = sizeof(u64),
	[PROTOBUF_C_TYPE_DOUBLE] = sizeof(double),
	[PROTOBUF_C_TYPE_BOOL] = sizeof(protobuf_c_boolean),
	[PROTOBUF_C_TYPE_BYTES] = sizeof(ProtobufCBinaryData),
	[PROTOBUF_C_TYPE_MESSAGE] = sizeof(ProtobufCMessage *),
};

static void print_value(struct buf *out, const ProtobufCFieldDescriptor *field, const void *value)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
		buf__printf(out, "%" PRId32, *(const s32 *)value);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		buf__printf(out, "%" PRIu32, *(const u32 *)value);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		buf__printf(out, "\"%" PRId64 "\"", *(const s64 *)value);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		buf__printf(out, "\"%" PRIu64 "\"", *(const u64 *)value);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		print_double(out, *(const double *)value);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		buf__str(out, str_from(*(const protobuf_c_boolean *)value ? "true" : "false"));
		break;
	case PROTOBUF_C_TYPE_BYTES:
		print_bytes(out, field->name, value);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		print_message(out, *(const ProtobufCMessage *const *)value);
		break;
	default:
		assert(!"a type that export/proto does not use");
	}
}

static void print_list(struct buf *out, const ProtobufCFieldDescriptor *field, const char *items,
		       size_t cnt)
{
	buf__char(out, '[');
	for (size_t i = 0; i < cnt; i++) {
		if (i)
			buf__char(out, ',');
		print_value(out, field, items + i * sizes[field->type]);
	}
	buf__char(out, ']');
}

static bool is_there(const ProtobufCFieldDescriptor *field, const char *message)
{
	static const char zeros[sizeof(void *)];
	const char *value = message + field->offset;
	const void *quantifier = message + field->quantifier_offset;

	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const u32 *)quantifier == field->id;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)quantifier > 0;
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return ((const ProtobufCBinaryData *)value)->len > 0;
	return memcmp(value, zeros, sizes[field->type]) != 0;
}

static void print_message(struct buf *out, const ProtobufCMessage *message)
{
	const char *base = (const char *)message, *separator = "";
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;

	buf__char(out, '{');
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		if (!is_there(field, base))
			continue;
		buf__str(out, str_from(separator));
		separator = ",";
		print_name(out, field->name);
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			print_list(out, field, *(const char *const *)(base + field->offset),
				   *(const size_t *)(base + field->quantifier_offset));
		else
			print_value(out, field, base + field->offset);
	}
	buf__char(out, '}');
}

int otlp_print_json(struct buf *out, const ProtobufCMessage *message)
{
	print_message(out, message);
	return out->failed ? -ENOMEM : 0;
}
