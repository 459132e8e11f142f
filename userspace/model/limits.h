// SPDX-License-Identifier: Apache-2.0
/*
 * How many attributes and events a span keeps and how long texts are: OTEL_ATTRIBUTE_COUNT_LIMIT,
 * OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT and their OTEL_SPAN_ forms, which beat them;
 * OTEL_SPAN_EVENT_COUNT_LIMIT, OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT.
 *
 * app.c fills a struct limit_texts from the configuration (a text that config has refused is NULL
 * there, and only the general count may have a default, or it would hide behind the span's), parses
 * it once, and sets drop_oldest for the legacy conventions. tracer.c applies the limits in
 * on_end(), after semconv__http_server() has filled the span. Resources have no limits. What is
 * ours alone (otel_ebpf.*, the last of the list) is the first to go either way.
 */
#ifndef LIMITS_H
#define LIMITS_H

#include "model/span.h"

#define LIMITS_NONE	     UINT32_MAX
#define LIMITS_COUNT_DEFAULT 128 /* specification, common/attribute-limits */

struct limits {
	u32 attr_cnt;	  /* LIMITS_NONE: any number */
	u32 value_len;	  /* code points of a text value; LIMITS_NONE: any number */
	bool drop_oldest; /* as Python does; the specification drops what comes too late */
	u32 event_cnt;	  /* of a span */
	u32 event_attr_cnt;
};

/* Decimal numbers; NULL, or anything else: not given. */
struct limit_texts {
	const char *attr_cnt, *span_attr_cnt;
	const char *value_len, *span_value_len;
	const char *event_cnt, *event_attr_cnt;
};

void limits_parse(const struct limit_texts *texts, bool drop_oldest, struct limits *limits);

/* What is dropped counts in the dropped of its list; texts are cut, and that is not counted. */
void limits__apply(const struct limits *limits, struct span *span);

#endif
