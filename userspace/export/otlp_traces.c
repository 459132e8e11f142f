// SPDX-License-Identifier: Apache-2.0
/*
 * Spans as a tree, grouped by resource, then by scope, each in the order in which it first comes:
 *
 *	A/x1 B/x2 A/y3 A/x4  ->  A { x { 1 4 } y { 3 } } B { x { 2 } }
 */
#include <errno.h>
#include <stdlib.h>

#include "export/otlp_tree.h"
#include "export/otlp_value.h"
#include "trace.pb-c.h"

/* Bits of Span.flags above those of W3C: whether it is known that the parent is remote, and that.
 */
#define FLAG_HAS_IS_REMOTE 0x100
#define FLAG_IS_REMOTE	   0x200

/* Where a span goes: the first spans of its resource, and of its scope there; and its own index. */
struct place {
	u32 resource, scope, span;
};

static bool is_set(const u8 *id, size_t len)
{
	while (len--)
		if (id[len])
			return true;
	return false;
}

static Otlp__Status *build_status(struct otlp_build *build, const struct span *span)
{
	Otlp__Status *status = otlp_take(build, 1, sizeof(*status));

	if (!status)
		return NULL;
	otlp__status__init(status);
	status->code = span->status;
	status->message = otlp_text(build, span->status_message);
	return status;
}

static Otlp__Event **build_events(struct otlp_build *build, const struct span *span)
{
	Otlp__Event **events = otlp_list(build, span->event_cnt, sizeof(**events));

	for (u32 i = 0; events && i < span->event_cnt; i++) {
		const struct span_event *event = &span->events[i];

		otlp__event__init(events[i]);
		events[i]->time_unix_nano = event->ts;
		events[i]->name = otlp_text(build, event->name);
		events[i]->n_attributes = event->attrs.cnt;
		events[i]->attributes = otlp_attrs(build, &event->attrs);
		events[i]->dropped_attributes_count = event->attrs.dropped;
	}
	return events;
}

static void fill_span(struct otlp_build *build, const struct span *span, Otlp__Span *out)
{
	const struct trace_context *context = &span->context;

	otlp__span__init(out);
	out->trace_id = otlp_id(context->trace_id, sizeof(context->trace_id));
	out->span_id = otlp_id(context->span_id, sizeof(context->span_id));
	out->trace_state = otlp_text(build, context->state);
	out->flags = context->flags | FLAG_HAS_IS_REMOTE;
	if (is_set(context->parent_id, sizeof(context->parent_id))) {
		out->parent_span_id = otlp_id(context->parent_id, sizeof(context->parent_id));
		/* a server knows its parent from the request alone */
		if (span->kind == SPAN_SERVER)
			out->flags |= FLAG_IS_REMOTE;
	}
	out->name = otlp_text(build, span->name);
	out->kind = span->kind;
	out->start_time_unix_nano = span->start_ns;
	out->end_time_unix_nano = span->end_ns;
	out->n_attributes = span->attrs.cnt;
	out->attributes = otlp_attrs(build, &span->attrs);
	out->dropped_attributes_count = span->attrs.dropped;
	out->n_events = span->event_cnt;
	out->events = build_events(build, span);
	out->dropped_events_count = span->events_dropped;
	out->status = build_status(build, span);
}

static int compare_places(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->resource != b->resource)
		return a->resource < b->resource ? -1 : 1;
	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	return a->span < b->span ? -1 : 1;
}

static struct place find_place(const struct span *const *spans, u32 i)
{
	struct place place = {.span = i};

	while (spans[place.resource]->resource != spans[i]->resource)
		place.resource++;
	place.scope = place.resource;
	while (spans[place.scope]->resource != spans[i]->resource ||
	       spans[place.scope]->scope != spans[i]->scope)
		place.scope++;
	return place;
}

/* The lists that groups are slices of. */
struct lists {
	const struct place *places; /* sorted */
	u32 cnt, resource_cnt, scope_cnt;
	Otlp__ResourceSpans **resources;
	Otlp__ScopeSpans **scopes;
	Otlp__Span **spans;
};

static int sort_places(struct otlp_build *build, const struct span *const *spans,
		       struct lists *lists)
{
	struct place *places = otlp_take(build, lists->cnt, sizeof(*places));

	if (!places)
		return -ENOMEM;
	for (u32 i = 0; i < lists->cnt; i++) {
		places[i] = find_place(spans, i);
		lists->resource_cnt += places[i].resource == i;
		lists->scope_cnt += places[i].scope == i;
	}
	qsort(places, lists->cnt, sizeof(*places), compare_places);
	lists->places = places;
	return 0;
}

static int take_lists(struct otlp_build *build, struct lists *lists)
{
	lists->resources = otlp_list(build, lists->resource_cnt, sizeof(**lists->resources));
	lists->scopes = otlp_list(build, lists->scope_cnt, sizeof(**lists->scopes));
	lists->spans = otlp_list(build, lists->cnt, sizeof(**lists->spans));
	return build->failed ? -ENOMEM : 0;
}

static void begin_resource(struct otlp_build *build, const struct span *span,
			   Otlp__ResourceSpans *out, Otlp__ScopeSpans **scopes)
{
	otlp__resource_spans__init(out);
	out->resource = otlp_resource(build, span->resource);
	out->scope_spans = scopes;
}

static void begin_scope(struct otlp_build *build, const struct span *span, Otlp__ScopeSpans *out,
			Otlp__Span **spans)
{
	otlp__scope_spans__init(out);
	out->scope = otlp_scope(build, span->scope);
	out->schema_url = otlp_text(build, str_from(span->scope->schema_url));
	out->spans = spans;
}

static void fill_lists(struct otlp_build *build, const struct span *const *spans,
		       const struct lists *lists)
{
	Otlp__ResourceSpans **resource = lists->resources - 1;
	Otlp__ScopeSpans **scope = lists->scopes - 1;

	for (u32 i = 0; i < lists->cnt; i++) {
		const struct place *place = &lists->places[i];
		const struct span *span = spans[place->span];

		if (place->resource == place->span)
			begin_resource(build, span, *++resource, scope + 1);
		if (place->scope == place->span) {
			begin_scope(build, span, *++scope, lists->spans + i);
			(*resource)->n_scope_spans++;
		}
		(*scope)->n_spans++;
		fill_span(build, span, lists->spans[i]);
	}
}

struct Otlp__TracesData *otlp_traces_tree(struct arena *mem, const struct span *const *spans,
					  u32 cnt)
{
	struct otlp_build build = {.mem = mem};
	struct lists lists = {.cnt = cnt};
	Otlp__TracesData *data = otlp_take(&build, 1, sizeof(*data));

	if (!data || sort_places(&build, spans, &lists) || take_lists(&build, &lists))
		return NULL;
	fill_lists(&build, spans, &lists);
	otlp__traces_data__init(data);
	data->n_resource_spans = lists.resource_cnt;
	data->resource_spans = lists.resources;
	return build.failed ? NULL : data;
}
