// SPDX-License-Identifier: Apache-2.0
/* struct span: one finished operation, in OpenTelemetry's data model. It owns all its bytes. */
#ifndef SPAN_H
#define SPAN_H

#include "model/attrs.h"
#include "model/http.h"
#include "model/resource.h"

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER };
enum span_status { SPAN_UNSET, SPAN_OK, SPAN_ERROR };

struct scope {
	const char *name, *version, *schema_url;
};

/* Something that happened within a span. */
struct span_event {
	u64 ts; /* unix ns */
	struct str name;
	struct attrs attrs;
};

struct span {
	struct trace_context context;
	enum span_kind kind;
	enum span_status status;
	struct str status_message; /* empty if there is none */
	struct str name;
	u64 start_ns, end_ns; /* unix */
	struct arena mem;     /* owns name, attributes, events, their texts, and those of http */
	struct attrs attrs;
	struct span_event *events; /* in the order in which they happened */
	u32 event_cnt, event_cap;
	u32 events_dropped;
	const struct scope *scope; /* static */
	struct resource *resource; /* one reference */
	struct http_call *http;	   /* owned; NULL for other spans */
	struct span *next;	   /* for a list of whoever owns it */
};

/*
 * Takes over one reference of resource and the call (which may be NULL), whose ids and times become
 * the span's. NULL: no memory, nothing taken.
 */
struct span *span__new(struct resource *owned_resource, struct http_call *owned_call);
void span__free(struct span *span);
/* An event at the end of the list, without attributes; NULL, and counted as dropped: no memory. */
struct span_event *span__event(struct span *span, u64 ts, struct str name);

/* Appends a trace id or span id, or any bytes, as lower-case hexadecimal digits. */
void span_print_id(struct buf *out, const u8 *id, size_t len);

#endif
