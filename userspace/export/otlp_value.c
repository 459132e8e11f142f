// SPDX-License-Identifier: Apache-2.0
#include "export/otlp_value.h"

#include "common.pb-c.h"
#include "model/utf8.h"

void *otlp_take(struct otlp_build *build, size_t cnt, size_t size)
{
	void *p = arena__alloc(build->mem, cnt * size);

	if (!p)
		build->failed = true;
	return p;
}

void *otlp_list(struct otlp_build *build, size_t cnt, size_t size)
{
	char *objects = otlp_take(build, cnt, size);
	void **list = otlp_take(build, cnt, sizeof(*list));

	for (size_t i = 0; !build->failed && i < cnt; i++)
		list[i] = objects + i * size;
	return build->failed ? NULL : list;
}

ProtobufCBinaryData otlp_text(struct otlp_build *build, struct str s)
{
	struct str clean = utf8_clean(build->mem, s);

	if (s.len && !clean.p)
		build->failed = true;
	return (ProtobufCBinaryData){clean.len, (u8 *)(uintptr_t)clean.p};
}

ProtobufCBinaryData otlp_id(const u8 *id, size_t len)
{
	return (ProtobufCBinaryData){len, (u8 *)(uintptr_t)id};
}

static Otlp__ArrayValue *build_list(struct otlp_build *build, struct attr_list list)
{
	Otlp__ArrayValue *array = otlp_take(build, 1, sizeof(*array));
	Otlp__AnyValue **values = otlp_list(build, list.cnt, sizeof(**values));

	if (build->failed)
		return NULL;
	for (u32 i = 0; i < list.cnt; i++) {
		otlp__any_value__init(values[i]);
		values[i]->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
		values[i]->string_value = otlp_text(build, list.v[i]);
	}
	otlp__array_value__init(array);
	array->n_values = list.cnt;
	array->values = values;
	return array;
}

static void fill_value(struct otlp_build *build, const struct attr *attr, Otlp__AnyValue *value)
{
	otlp__any_value__init(value);
	switch (attr->type) {
	case ATTR_STR:
		value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
		value->string_value = otlp_text(build, attr->s);
		break;
	case ATTR_INT:
		value->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
		value->int_value = attr->i;
		break;
	case ATTR_DOUBLE:
		value->value_case = OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE;
		value->double_value = attr->d;
		break;
	case ATTR_BOOL:
		value->value_case = OTLP__ANY_VALUE__VALUE_BOOL_VALUE;
		value->bool_value = attr->b;
		break;
	case ATTR_STR_LIST:
		value->value_case = OTLP__ANY_VALUE__VALUE_ARRAY_VALUE;
		value->array_value = build_list(build, attr->list);
		break;
	}
}

struct Otlp__KeyValue **otlp_attrs(struct otlp_build *build, const struct attrs *attrs)
{
	struct pair {
		Otlp__KeyValue pair;
		Otlp__AnyValue value;
	} **pairs = otlp_list(build, attrs->cnt, sizeof(**pairs));

	for (u32 i = 0; pairs && i < attrs->cnt; i++) {
		otlp__key_value__init(&pairs[i]->pair);
		pairs[i]->pair.key = otlp_text(build, attrs->v[i].key);
		pairs[i]->pair.value = &pairs[i]->value;
		fill_value(build, &attrs->v[i], &pairs[i]->value);
	}
	return (Otlp__KeyValue **)pairs;
}

struct Otlp__Resource *otlp_resource(struct otlp_build *build, const struct resource *resource)
{
	Otlp__Resource *out = otlp_take(build, 1, sizeof(*out));

	if (!out)
		return NULL;
	otlp__resource__init(out);
	out->n_attributes = resource->attrs.cnt;
	out->attributes = otlp_attrs(build, &resource->attrs);
	out->dropped_attributes_count = resource->attrs.dropped;
	return out;
}

struct Otlp__InstrumentationScope *otlp_scope(struct otlp_build *build, const struct scope *scope)
{
	Otlp__InstrumentationScope *out = otlp_take(build, 1, sizeof(*out));

	if (!out)
		return NULL;
	otlp__instrumentation_scope__init(out);
	out->name = otlp_text(build, str_from(scope->name));
	out->version = otlp_text(build, str_from(scope->version));
	return out;
}
