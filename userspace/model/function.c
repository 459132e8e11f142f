// SPDX-License-Identifier: Apache-2.0
#include "model/function.h"

#include "model/span.h"

const struct scope *function_scope(void)
{
	static const struct scope scope = {
		.name = "otel-ebpf.functions",
		.version = VERSION,
		.schema_url = "",
	};

	return &scope;
}

size_t function_call__texts_len(const struct function_call *call)
{
	size_t len = 0;

	for (u32 i = 0; i < ARRAY_SIZE(call->texts); i++)
		len += call->texts[i].len;
	return len;
}

void function_call__move_texts(struct function_call *call, char *room, size_t size)
{
	for (u32 i = 0; i < ARRAY_SIZE(call->texts); i++) {
		struct str text = str_sub(call->texts[i], 0, size);

		if (text.len)
			memcpy(room, text.p, text.len);
		call->texts[i] = (struct str){room, text.len};
		room += text.len;
		size -= text.len;
	}
}

/* Texts are kept apart, in the order of the values. */
static struct str text_of(const struct function *function, const struct function_call *call,
			  u32 index)
{
	u32 text = 0;

	for (u32 i = 0; i < index; i++)
		text += function->values[i].kind == VALUE_TEXT;
	return text < ARRAY_SIZE(call->texts) ? call->texts[text] : STR_NONE;
}

/* As the machine has it. */
static double double_of(u64 raw, u32 bits)
{
	u32 low = (u32)raw;
	float narrow;
	double wide;

	memcpy(&narrow, &low, sizeof(narrow));
	memcpy(&wide, &raw, sizeof(wide));
	return bits == 32 ? (double)narrow : wide;
}

bool function_attr(const struct function *function, const struct function_call *call, u32 index,
		   struct attr *out)
{
	const struct function_value *value = &function->values[index];
	u64 raw = call->values[index];
	u32 unused = 64 - value->bits;

	*out = (struct attr){.key = value->attr};
	if (call->missing & 1u << index)
		return false;
	switch (value->kind) {
	case VALUE_INT:
		out->type = ATTR_INT;
		out->i = (s64)(raw << unused) >> unused;
		return true;
	case VALUE_BOOL:
		out->type = ATTR_BOOL;
		out->b = raw & 0xff;
		return true;
	case VALUE_TEXT:
		out->type = ATTR_STR;
		out->s = text_of(function, call, index);
		return raw != UINT64_MAX;
	case VALUE_DOUBLE:
		out->type = ATTR_DOUBLE;
		out->d = double_of(raw, value->bits);
		return true;
	case VALUE_NONE:
		break;
	}
	return false;
}
