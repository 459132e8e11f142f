// SPDX-License-Identifier: Apache-2.0
#include "trace/pending_events.h"

#include <stdlib.h>

static void append(struct pending_events *pending, struct pending_list *list)
{
	list->next = NULL;
	list->before = pending->newest;
	*(pending->newest ? &pending->newest->next : &pending->oldest) = list;
	pending->newest = list;
}

static void unlink_list(struct pending_events *pending, struct pending_list *list)
{
	*(list->before ? &list->before->next : &pending->oldest) = list->next;
	*(list->next ? &list->next->before : &pending->newest) = list->before;
}

/* The list of a key; NULL: no memory. */
static struct pending_list *list_of(struct pending_events *pending, u64 key, u64 now)
{
	struct pending_list *list = map__get(&pending->lists, key);

	if (list)
		return list;
	list = calloc(1, sizeof(*list));
	if (!list || map__set(&pending->lists, key, list)) {
		free(list);
		return NULL;
	}
	list->key = key;
	list->since = now;
	list->last = &list->first;
	append(pending, list);
	return list;
}

bool pending_events__add(struct pending_events *pending, u64 key, const struct function_call *call,
			 u32 request)
{
	size_t len = function_call__texts_len(call);
	struct pending_event *event =
		pending->cnt < PENDING_EVENTS_MAX ? calloc(1, sizeof(*event) + len) : NULL;
	struct pending_list *list = event ? list_of(pending, key, call->end_ns) : NULL;

	if (!list) {
		free(event);
		return false;
	}
	event->call = *call;
	function_call__move_texts(&event->call, event->texts, len);
	list->conn = call->requests[request].conn;
	list->start_ns = call->requests[request].ts;
	*list->last = event;
	list->last = &event->next;
	pending->cnt++;
	return true;
}

struct pending_event *pending_events__take(struct pending_events *pending, u64 key)
{
	struct pending_list *list = map__del(&pending->lists, key);
	struct pending_event *first = list ? list->first : NULL;

	if (list)
		unlink_list(pending, list);
	free(list);
	for (const struct pending_event *event = first; event; event = event->next)
		pending->cnt--;
	return first;
}

u32 pending_event__free(struct pending_event *first)
{
	u32 cnt = 0;

	while (first) {
		struct pending_event *next = first->next;

		free(first);
		first = next;
		cnt++;
	}
	return cnt;
}

u32 pending_events__expire(struct pending_events *pending, u64 keep_ns, u64 now,
			   bool (*wanted)(void *owner, const struct pending_list *list),
			   void *owner)
{
	struct pending_list *list;
	u32 cnt = 0;

	while ((list = pending->oldest) && list->since + keep_ns < now) {
		if (wanted(owner, list)) {
			unlink_list(pending, list);
			list->since = now;
			append(pending, list);
		} else {
			cnt += pending_event__free(pending_events__take(pending, list->key));
		}
	}
	return cnt;
}

u32 pending_events__free(struct pending_events *pending)
{
	u32 cnt = 0;

	while (pending->oldest)
		cnt += pending_event__free(pending_events__take(pending, pending->oldest->key));
	map__free(&pending->lists);
	return cnt;
}
