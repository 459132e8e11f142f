// SPDX-License-Identifier: Apache-2.0
/*
 * The debug exporter: spans as the OpenTelemetry Collector's exporter of that name prints them with
 * `verbosity: detailed` and `use_internal_logger: false`; one write a batch.
 *
 *	Traces	{"resource spans": 1, "spans": 1}
 *	ResourceSpans #0
 *	Resource SchemaURL:
 *	Resource attributes:
 *	     -> service.name: Str(todo)
 */
#include <errno.h>
#include <stdlib.h>

#include "export/debug_text.h"
#include "export/export.h"
#include "export/otlp_tree.h"
#include "trace.pb-c.h"

struct debug {
	struct exporter exporter;
	struct output *output;
	struct buf text;
};

static const char *const kinds[] = {"Unspecified", "Internal", "Server",
				    "Client",	   "Producer", "Consumer"};
static const char *const statuses[] = {"Unset", "Ok", "Error"};

static void print_events(struct buf *out, const Otlp__Span *span)
{
	if (span->n_events)
		buf__str(out, STR("Events:\n"));
	for (size_t i = 0; i < span->n_events; i++) {
		const Otlp__Event *event = span->events[i];

		buf__printf(out, "SpanEvent #%zu\n", i);
		debug_text(out, "     -> Name: ", event->name);
		debug_time(out, "     -> Timestamp: ", event->time_unix_nano);
		buf__printf(out, "     -> DroppedAttributesCount: %u\n",
			    event->dropped_attributes_count);
		debug_inner_attrs(out, "     -> Attributes:", event->attributes,
				  event->n_attributes);
	}
}

static void print_span(struct buf *out, const Otlp__Span *span)
{
	debug_id(out, "    Trace ID       : ", span->trace_id);
	debug_id(out, "    Parent ID      : ", span->parent_span_id);
	debug_id(out, "    ID             : ", span->span_id);
	debug_text(out, "    Name           : ", span->name);
	buf__printf(out, "    Kind           : %s\n", kinds[span->kind]);
	if (span->trace_state.len)
		debug_text(out, "    TraceState     : ", span->trace_state);
	debug_time(out, "    Start time     : ", span->start_time_unix_nano);
	debug_time(out, "    End time       : ", span->end_time_unix_nano);
	buf__printf(out, "    Status code    : %s\n", statuses[span->status->code]);
	debug_text(out, "    Status message : ", span->status->message);
	buf__printf(out, "    DroppedAttributesCount: %u\n", span->dropped_attributes_count);
	/* the model has no links */
	buf__printf(out, "    DroppedEventsCount: %u\n    DroppedLinksCount: 0\n",
		    span->dropped_events_count);
	debug_attrs(out, "Attributes", span->attributes, span->n_attributes);
	print_events(out, span);
}

static void print_resource_spans(struct buf *out, const Otlp__ResourceSpans *group)
{
	debug_resource(out, group->resource);
	for (size_t i = 0; i < group->n_scope_spans; i++) {
		const Otlp__ScopeSpans *scope = group->scope_spans[i];

		buf__printf(out, "ScopeSpans #%zu\n", i);
		debug_scope(out, "ScopeSpans", scope->schema_url, scope->scope);
		for (size_t j = 0; j < scope->n_spans; j++) {
			buf__printf(out, "Span #%zu\n", j);
			print_span(out, scope->spans[j]);
		}
	}
}

static void print_batch(struct buf *out, const struct batch *batch)
{
	struct arena mem __cleanup(arena__free) = {.limit = OTLP_TREE_LIMIT};
	const Otlp__TracesData *data =
		otlp_traces_tree(&mem, (const struct span *const *)batch->spans, batch->cnt);

	if (!data) {
		out->failed = true;
		return;
	}
	buf__printf(out, "Traces\t{\"resource spans\": %zu, \"spans\": %u}\n",
		    data->n_resource_spans, batch->cnt);
	for (size_t i = 0; i < data->n_resource_spans; i++) {
		buf__printf(out, "ResourceSpans #%zu\n", i);
		print_resource_spans(out, data->resource_spans[i]);
	}
	buf__char(out, '\n');
}

static int debug_open(struct exporter **out, const struct export_env *env)
{
	struct debug *debug = calloc(1, sizeof(*debug));

	if (!debug)
		return -ENOMEM;
	debug->exporter.ops = &export_debug;
	debug->exporter.component = "debug_span_exporter";
	debug->output = env->output;
	*out = &debug->exporter;
	return 0;
}

static enum export_result debug_send(struct exporter *exporter, const struct batch *batch)
{
	struct debug *debug = container_of(exporter, struct debug, exporter);

	buf__reset(&debug->text);
	print_batch(&debug->text, batch);
	return exporter__count(exporter, batch->cnt,
			       output__write_buf(debug->output, &debug->text));
}

static void debug_close(struct exporter *exporter)
{
	struct debug *debug = container_of(exporter, struct debug, exporter);

	buf__free(&debug->text);
	free(debug);
}

const struct export_ops export_debug = {
	.name = "debug",
	.open = debug_open,
	.send = debug_send,
	.close = debug_close,
	.tell = export_tell,
};
