// SPDX-License-Identifier: Apache-2.0
#include "trace/function_events.h"

#include "trace/function_attrs.h"

static u64 key_of_request(u64 conn, u64 start_ns)
{
	return hash_mix(conn, start_ns);
}

static u64 key_of_call(const struct function_call *call, u64 id)
{
	return hash_mix(call->tgid, id);
}

void function_events__free(struct function_events *events)
{
	stats__add(events->env->stats, STAT_CALL_LOST, pending_events__free(&events->pending));
}

/* The only request that it can have happened in; false, and counted: there is none, or several. */
static bool find_request(const struct function_events *events, const struct function_call *call,
			 u32 *out)
{
	u32 open = 0;

	for (u32 i = 0; i < call->request_cnt; i++) {
		const struct function_request *request = function_requests__find(
			events->requests, call->requests[i].conn, call->requests[i].ts);

		if (request && request->begun && request->end_ns)
			continue; /* its span is gone */
		*out = i;
		open++;
	}
	if (open != 1)
		stats__add(events->env->stats, open ? STAT_CALL_AMBIGUOUS : STAT_CALL_OUTSIDE, 1);
	return open == 1;
}

void function_events__add(struct function_events *events, const struct function_call *call)
{
	u64 key = key_of_call(call, call->parent);
	u32 request = 0;

	if (!call->parent) {
		if (!find_request(events, call, &request))
			return;
		key = key_of_request(call->requests[request].conn, call->requests[request].ts);
	}
	if (!pending_events__add(&events->pending, key, call, request))
		stats__add(events->env->stats, STAT_CALL_LOST, 1);
}

static void add_event(const struct function_spans_env *env, struct span *span,
		      const struct function_call *call)
{
	const struct function *function = env->function(env->owner, call->function);
	struct span_event *event =
		function ? span__event(span, call->start_ns,
				       arena__dup(&span->mem, function_call_name(function, call)))
			 : NULL;

	if (event)
		function_attrs(&event->attrs, &span->mem, function, call);
}

static void add_events(struct function_events *events, struct span *span, u64 key)
{
	struct pending_event *first = pending_events__take(&events->pending, key);

	for (const struct pending_event *event = first; event; event = event->next)
		add_event(events->env, span, &event->call);
	stats__add(events->env->stats, STAT_CALL_EVENTS, pending_event__free(first));
}

void function_events__of_call(struct function_events *events, const struct function_call *call,
			      struct span *span)
{
	add_events(events, span, key_of_call(call, call->id));
}

void function_events__of_request(struct function_events *events, struct span *span)
{
	const struct http_call *call = span->http;
	const struct function_request *request =
		function_requests__find(events->requests, call->peer.conn, call->start_ns);

	if (request && request->shared) {
		stats__add(events->env->stats, STAT_CALL_AMBIGUOUS,
			   function_events__drop_request(events, call));
		return;
	}
	add_events(events, span, key_of_request(call->peer.conn, call->start_ns));
	limits__apply(&events->env->limits, span);
}

u32 function_events__drop_call(struct function_events *events, const struct function_call *call)
{
	return pending_event__free(
		pending_events__take(&events->pending, key_of_call(call, call->id)));
}

u32 function_events__drop_request(struct function_events *events, const struct http_call *call)
{
	return pending_event__free(pending_events__take(
		&events->pending, key_of_request(call->peer.conn, call->start_ns)));
}

static bool is_open(void *owner, const struct pending_list *list)
{
	const struct function_events *events = owner;
	const struct function_request *request =
		function_requests__find(events->requests, list->conn, list->start_ns);

	return request && !request->end_ns;
}

void function_events__expire(struct function_events *events, u64 keep_ns, u64 now)
{
	stats__add(events->env->stats, STAT_CALL_LOST,
		   pending_events__expire(&events->pending, keep_ns, now, is_open, events));
}
