// SPDX-License-Identifier: Apache-2.0
#include "export/debug_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "common.pb-c.h"
#include "export/json.h"
#include "model/span.h"
#include "model/utf8.h"

static void print_text(struct buf *out, ProtobufCBinaryData text)
{
	struct str rest = {(const char *)text.data, text.len}, from;
	u32 code;

	while (rest.len) {
		from = rest;
		code = utf8_next(&rest);
		if (code < 0x20 || (code >= 0x7f && code < 0xa0))
			buf__printf(out, "\\x%02x", code);
		else
			buf__str(out, str_sub(from, 0, from.len - rest.len));
	}
}

void debug_text(struct buf *out, const char *label, ProtobufCBinaryData text)
{
	buf__str(out, str_from(label));
	print_text(out, text);
	buf__char(out, '\n');
}

void debug_id(struct buf *out, const char *label, ProtobufCBinaryData id)
{
	buf__str(out, str_from(label));
	span_print_id(out, id.data, id.len);
	buf__char(out, '\n');
}

void debug_time(struct buf *out, const char *label, u64 ns)
{
	time_t seconds = (time_t)(ns / NSEC_PER_SEC);
	char text[32], fraction[16];
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	len = (size_t)snprintf(fraction, sizeof(fraction), ".%09u", (unsigned)(ns % NSEC_PER_SEC));
	while (fraction[len - 1] == '0')
		len--;
	/* a whole second has no point either */
	buf__printf(out, "%s%s%.*s +0000 UTC\n", label, text, len > 1 ? (int)len : 0, fraction);
}

/* As Go's encoding/json, whose thresholds for exponents are not those of Python. */
static void print_double(struct buf *out, double d)
{
	char text[JSON_DOUBLE_LEN];
	int exponent, precision;

	if (!isfinite(d)) {
		buf__str(out, str_from(isnan(d) ? "NaN" : d < 0 ? "-Inf" : "+Inf"));
		return;
	}
	precision = json_double_digits(d, text, &exponent);
	if (d != 0 && (exponent < -6 || exponent >= 21))
		buf__printf(out, "%.*se%c%d", (int)strcspn(text, "e"), text,
			    exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
	else
		buf__printf(out, "%.*f", precision > exponent ? precision - exponent : 0, d);
}

/* As Go's encoding/json without its escapes for HTML: what is not ASCII stays. */
static void print_quoted(struct buf *out, ProtobufCBinaryData text)
{
	static const char plain[] = "\"\\\b\f\n\r\t", shorts[] = "\"\\bfnrt";
	struct str rest = {(const char *)text.data, text.len}, from;
	const char *hit;
	u32 code;

	buf__char(out, '"');
	while (rest.len) {
		from = rest;
		code = utf8_next(&rest);
		hit = code && code < 0x80 ? strchr(plain, (int)code) : NULL;
		if (hit)
			buf__printf(out, "\\%c", shorts[hit - plain]);
		else if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 ||
			 code == 0x2029)
			buf__printf(out, "\\u%04x", code);
		else
			buf__str(out, str_sub(from, 0, from.len - rest.len));
	}
	buf__char(out, '"');
}

static void print_slice(struct buf *out, const Otlp__ArrayValue *array)
{
	buf__char(out, '[');
	for (size_t i = 0; i < array->n_values; i++) {
		if (i)
			buf__char(out, ',');
		/* the model has lists of texts alone */
		print_quoted(out, array->values[i]->string_value);
	}
	buf__char(out, ']');
}

static void print_value(struct buf *out, const Otlp__AnyValue *value)
{
	switch (value->value_case) {
	case OTLP__ANY_VALUE__VALUE_STRING_VALUE:
		buf__str(out, STR("Str("));
		print_text(out, value->string_value);
		break;
	case OTLP__ANY_VALUE__VALUE_INT_VALUE:
		buf__printf(out, "Int(%" PRId64, value->int_value);
		break;
	case OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE:
		buf__str(out, STR("Double("));
		print_double(out, value->double_value);
		break;
	case OTLP__ANY_VALUE__VALUE_BOOL_VALUE:
		buf__printf(out, "Bool(%s", value->bool_value ? "true" : "false");
		break;
	case OTLP__ANY_VALUE__VALUE_ARRAY_VALUE:
		buf__str(out, STR("Slice("));
		print_slice(out, value->array_value);
		break;
	default:
		buf__str(out, STR("Empty("));
	}
	buf__char(out, ')');
}

static void print_attrs(struct buf *out, const char *indent, Otlp__KeyValue *const *attrs,
			size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		buf__printf(out, "%s-> ", indent);
		print_text(out, attrs[i]->key);
		buf__str(out, STR(": "));
		print_value(out, attrs[i]->value);
		buf__char(out, '\n');
	}
}

void debug_attrs(struct buf *out, const char *title, struct Otlp__KeyValue *const *attrs,
		 size_t cnt)
{
	if (cnt)
		buf__printf(out, "%s:\n", title);
	print_attrs(out, "     ", attrs, cnt);
}

void debug_inner_attrs(struct buf *out, const char *title, struct Otlp__KeyValue *const *attrs,
		       size_t cnt)
{
	if (cnt)
		buf__printf(out, "%s:\n", title);
	print_attrs(out, "          ", attrs, cnt);
}

void debug_resource(struct buf *out, const struct Otlp__Resource *resource)
{
	buf__str(out, STR("Resource SchemaURL: \n"));
	debug_attrs(out, "Resource attributes", resource->attributes, resource->n_attributes);
}

void debug_scope(struct buf *out, const char *signal, ProtobufCBinaryData schema_url,
		 const struct Otlp__InstrumentationScope *scope)
{
	buf__str(out, str_from(signal));
	debug_text(out, " SchemaURL: ", schema_url);
	buf__str(out, STR("InstrumentationScope "));
	print_text(out, scope->name);
	debug_text(out, " ", scope->version);
}
