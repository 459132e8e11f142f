// SPDX-License-Identifier: Apache-2.0
#include "pipeline/span_metrics.h"

#include <errno.h>
#include <stdlib.h>

#include "model/function.h"
#include "model/http_metric.h"
#include "pipeline/metric_table.h"

/* Processes with metrics at one time; each costs some 10 KB and more with its points. */
#define GROUPS_MAX 1024
/* W3C Trace Context 3.2.2.5 */
#define FLAG_SAMPLED 0x01

/* The metrics of one process, which live while it does, and while requests of it are open. */
struct group {
	struct group *next;	   /* in the order of their first requests */
	struct resource *resource; /* one reference */
	struct metric_table tables[HTTP_METRIC_CNT];
	u32 open; /* requests in flight, each with an entry in span_metrics.open */
	bool exited;
	bool expiring;			/* exited, and so it was at __expire() */
	struct metric_table counters[]; /* counter_cnt() of them */
};

struct span_metrics {
	struct span_metrics_env env;
	const struct metric_info *infos[HTTP_METRIC_CNT]; /* NULL: not recorded */
	struct group *groups, **tail;
	struct map by_resource; /* address of a resource -> group */
	struct map open;	/* address of a call -> its metric_entry in HTTP_ACTIVE */
	u32 budget;
	u64 since_ns;  /* the collection before, or the first record */
	u64 newest_ns; /* of all records */
	u64 lost;
};

/* ---- groups ---- */

static u64 address(const void *object)
{
	return (u64)(uintptr_t)object;
}

static u32 counter_cnt(const struct span_metrics *metrics)
{
	return metrics->env.counter_cnt + metrics->env.own_cnt;
}

static void group__free(const struct span_metrics *metrics, struct group *group)
{
	u32 i;

	for (i = 0; i < HTTP_METRIC_CNT; i++)
		metric_table__free(&group->tables[i]);
	for (i = 0; i < counter_cnt(metrics); i++)
		metric_table__free(&group->counters[i]);
	resource__put(group->resource);
	free(group);
}

static struct group *add_group(struct span_metrics *metrics, struct resource *resource)
{
	struct group *group;
	u32 i;

	if (metrics->by_resource.cnt >= GROUPS_MAX)
		return NULL;
	group = calloc(1, sizeof(*group) + counter_cnt(metrics) * sizeof(group->counters[0]));
	if (!group)
		return NULL;
	for (i = 0; i < HTTP_METRIC_CNT; i++)
		metric_table__init(&group->tables[i], metrics->infos[i], metrics->env.view,
				   &metrics->budget);
	for (i = 0; i < counter_cnt(metrics); i++)
		metric_table__init(&group->counters[i],
				   i < metrics->env.counter_cnt ? &metrics->env.counters[i] : NULL,
				   metrics->env.view, &metrics->budget);
	if (map__set(&metrics->by_resource, address(resource), group)) {
		group__free(metrics, group);
		return NULL;
	}
	group->resource = resource__get(resource);
	*metrics->tail = group;
	metrics->tail = &group->next;
	return group;
}

static struct group *group_of(struct span_metrics *metrics, struct resource *resource)
{
	struct group *group = map__get(&metrics->by_resource, address(resource));

	return group ? group : add_group(metrics, resource);
}

/* ---- records ---- */

/* One measurement of a call on its way into a table. */
struct source {
	const struct http_call *call;
	struct str route; /* empty if not known */
	u64 ns;		  /* unix; when it was measured */
	const struct trace_context *context;
};

/* NULL when there is no memory. */
static struct metric_entry *entry_of(const struct span_metrics *metrics, struct group *group,
				     enum http_metric metric, const struct source *source)
{
	struct arena mem __cleanup(arena__free) = {0};
	struct attr list[HTTP_METRIC_ATTRS_MAX];
	struct attrs attrs = {.v = list, .cap = HTTP_METRIC_ATTRS_MAX};
	struct http_metric_source from = {metrics->env.semconv, source->call, source->route, &mem};

	if (http_metric_attrs(metric, &from, &attrs))
		return NULL;
	return metric_table__entry(&group->tables[metric], &attrs, source->ns);
}

static void note_time(struct span_metrics *metrics, u64 ns)
{
	if (!metrics->since_ns)
		metrics->since_ns = ns;
	if (ns > metrics->newest_ns)
		metrics->newest_ns = ns;
}

/*
 * In flight: a request begins before its span and ends after it, so there is no context, and no
 * exemplar unless all are wanted.
 */
static void move_active(struct span_metrics *metrics, struct metric_entry *entry, s64 by, u64 ns)
{
	struct measurement measurement = {
		.value.i = by,
		.time_ns = ns,
		.exemplar = metrics->env.exemplars == EXEMPLAR_ALWAYS_ON,
	};

	metric_entry__record(entry, &measurement);
}

void span_metrics__begin(struct span_metrics *metrics, const struct http_call *call,
			 struct resource *resource)
{
	struct source source = {.call = call, .ns = call->start_ns};
	struct group *group = group_of(metrics, resource);
	struct metric_entry *entry = NULL;

	note_time(metrics, source.ns);
	if (group)
		entry = entry_of(metrics, group, HTTP_ACTIVE, &source);
	if (!entry || map__set(&metrics->open, address(call), entry)) {
		metrics->lost++;
		return;
	}
	group->open++;
	move_active(metrics, entry, 1, source.ns);
}

static void leave(struct span_metrics *metrics, const struct http_call *call, u64 ns)
{
	struct metric_entry *entry = map__del(&metrics->open, address(call));

	if (!entry) /* counted as lost when it began */
		return;
	container_of(entry->table, struct group, tables[HTTP_ACTIVE])->open--;
	move_active(metrics, entry, -1, ns);
}

/* entry may be NULL: there was no memory. context too: it was within no span. */
static void record(struct span_metrics *metrics, struct metric_entry *entry,
		   union metric_value value, u64 ns, const struct trace_context *context)
{
	enum exemplar_filter filter = metrics->env.exemplars;
	bool sampled = context && context->flags & FLAG_SAMPLED;
	struct measurement measurement = {
		.value = value,
		.time_ns = ns,
		.exemplar =
			filter == EXEMPLAR_ALWAYS_ON || (filter == EXEMPLAR_TRACE_BASED && sampled),
		.context = context,
	};

	if (entry)
		metric_entry__record(entry, &measurement);
	else
		metrics->lost++;
}

/* A histogram's measurement, if this metric is recorded. */
static void record_call(struct span_metrics *metrics, struct group *group, enum http_metric metric,
			const struct source *source, union metric_value value)
{
	if (metrics->infos[metric])
		record(metrics, entry_of(metrics, group, metric, source), value, source->ns,
		       source->context);
}

/* Whole milliseconds, halves to the even one, as Python's round(). */
static s64 round_ms(u64 ns)
{
	u64 ms = ns / NSEC_PER_MSEC, rest = ns % NSEC_PER_MSEC, half = NSEC_PER_MSEC / 2;

	return (s64)(ms + (rest > half || (rest == half && ms % 2)));
}

void span_metrics__end(struct span_metrics *metrics, const struct span *span, struct str route,
		       const struct body_sizes *sizes)
{
	struct source source = {span->http, route, span->end_ns, &span->context};
	struct group *group = group_of(metrics, span->resource);
	u64 ns = span->end_ns - span->start_ns;

	note_time(metrics, source.ns);
	leave(metrics, span->http, source.ns);
	if (!group) {
		metrics->lost++;
		return;
	}
	record_call(metrics, group, HTTP_DURATION_MS, &source,
		    (union metric_value){.i = round_ms(ns)});
	record_call(metrics, group, HTTP_DURATION, &source,
		    (union metric_value){.d = (double)ns / NSEC_PER_SEC});
	if (sizes && sizes->request >= 0)
		record_call(metrics, group, HTTP_REQUEST_SIZE, &source,
			    (union metric_value){.i = sizes->request});
	if (sizes && sizes->response >= 0)
		record_call(metrics, group, HTTP_RESPONSE_SIZE, &source,
			    (union metric_value){.i = sizes->response});
}

/* Of the application's own, tables are made when they are needed. */
static struct metric_table *counter_of(const struct span_metrics *metrics, struct group *group,
				       u32 counter)
{
	struct metric_table *table = &group->counters[counter];

	if (!table->info)
		metric_table__init(table, &metrics->env.own[counter - metrics->env.counter_cnt],
				   metrics->env.view, table->budget);
	return table;
}

void span_metrics__count(struct span_metrics *metrics, struct resource *resource,
			 const struct span_count *count)
{
	struct group *group = group_of(metrics, resource);
	struct metric_entry *entry = NULL;

	note_time(metrics, count->ns);
	if (group)
		entry = metric_table__entry(counter_of(metrics, group, count->counter),
					    count->attrs, count->ns);
	record(metrics, entry, count->by, count->ns, count->context);
}

void span_metrics__discard(struct span_metrics *metrics, const struct http_call *call)
{
	leave(metrics, call, call->end_ns ? call->end_ns : call->start_ns);
}

void span_metrics__exit(struct span_metrics *metrics, const struct resource *resource)
{
	struct group *group = map__get(&metrics->by_resource, address(resource));

	if (group)
		group->exited = true;
}

/* ---- collections ---- */

/* A group of those tables that have points. */
static int snapshot_tables(const struct metric_table *tables, u32 cnt, struct metric_group *out)
{
	int err = 0;
	u32 i;

	out->metrics = calloc(cnt, sizeof(*out->metrics));
	if (!out->metrics)
		return -ENOMEM;
	for (i = 0; i < cnt && !err; i++)
		if (tables[i].cnt)
			err = metric_table__snapshot(&tables[i], &out->metrics[out->metric_cnt++]);
	return err;
}

static bool has_counted(const struct metric_table *tables, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++)
		if (tables[i].cnt)
			return true;
	return false;
}

/* A group of counters, if there are any. */
static int snapshot_counters(const struct metric_table *tables, u32 cnt, struct resource *resource,
			     const struct scope *scope, struct metrics *all)
{
	struct metric_group *out;

	if (!has_counted(tables, cnt))
		return 0;
	out = metrics__group(all);
	if (!out)
		return -ENOMEM;
	out->resource = resource__get(resource);
	out->scope = scope;
	return snapshot_tables(tables, cnt, out);
}

static int snapshot_group(const struct span_metrics *metrics, const struct group *group,
			  struct metrics *all)
{
	static const struct scope unknown = {.name = "", .version = "", .schema_url = ""};
	const u32 asked = metrics->env.counter_cnt;
	struct metric_group *out = metrics__group(all);
	int err;

	if (!out)
		return -ENOMEM;
	out->resource = resource__get(group->resource);
	out->scope = semconv__scope(metrics->env.semconv);
	err = snapshot_tables(group->tables, HTTP_METRIC_CNT, out);
	if (!err)
		err = snapshot_counters(group->counters, asked, group->resource, function_scope(),
					all);
	return err ? err
		   : snapshot_counters(group->counters + asked, metrics->env.own_cnt,
				       group->resource, &unknown, all);
}

/* What only its readers still hold has none any more: since exec the process has another one. */
static void note_exits(struct span_metrics *metrics)
{
	struct group *group;

	for (group = metrics->groups; group; group = group->next)
		group->exited |= group->resource->refs <= metrics->env.readers;
}

/* Takes it out of the list. */
static void drop(struct span_metrics *metrics, struct group **link)
{
	struct group *group = *link;

	*link = group->next;
	if (!*link)
		metrics->tail = link;
	map__del(&metrics->by_resource, address(group->resource));
	group__free(metrics, group);
}

/* What was collected starts over; a process that is gone goes. */
static void restart(struct span_metrics *metrics, u64 time_ns)
{
	struct group **link = &metrics->groups, *group;
	u32 i;

	while ((group = *link)) {
		for (i = 0; i < HTTP_METRIC_CNT; i++)
			if (group->tables[i].info)
				metric_table__collected(&group->tables[i], time_ns);
		for (i = 0; i < counter_cnt(metrics); i++)
			if (group->counters[i].info)
				metric_table__collected(&group->counters[i], time_ns);
		if (group->exited && !group->open)
			drop(metrics, link);
		else
			link = &group->next;
	}
}

struct metrics *span_metrics__peek(const struct span_metrics *metrics, u64 now)
{
	struct metrics *out = metrics->groups ? metrics__new(metrics->by_resource.cnt) : NULL;
	const struct group *group;
	int err = 0;

	if (!out)
		return NULL;
	for (group = metrics->groups; group && !err; group = group->next)
		err = snapshot_group(metrics, group, out);
	if (err) {
		metrics__put(out);
		return NULL;
	}
	/* what the kernel saw last may be younger than the tick that collects it */
	out->time_ns = now > metrics->newest_ns ? now : metrics->newest_ns;
	out->since_ns = metrics->since_ns;
	return out;
}

struct metrics *span_metrics__collect(struct span_metrics *metrics, u64 now)
{
	struct metrics *out;

	note_exits(metrics);
	out = span_metrics__peek(metrics, now);
	if (!out)
		return NULL;
	metrics->since_ns = out->time_ns;
	restart(metrics, out->time_ns);
	return out;
}

void span_metrics__expire(struct span_metrics *metrics)
{
	struct group **link = &metrics->groups, *group;

	note_exits(metrics);
	while ((group = *link)) {
		if (group->expiring && !group->open) {
			drop(metrics, link);
			continue;
		}
		group->expiring = group->exited;
		link = &group->next;
	}
}

u64 span_metrics__lost(const struct span_metrics *metrics)
{
	return metrics->lost;
}

/* ---- life ---- */

static bool recorded(const struct span_metrics_env *env, enum http_metric metric)
{
	switch (metric) {
	case HTTP_ACTIVE:
		return true;
	case HTTP_DURATION_MS:
		return semconv__set(env->semconv) & SEMCONV_LEGACY;
	case HTTP_DURATION:
		return semconv__set(env->semconv) & SEMCONV_STABLE;
	default:
		return env->body_sizes;
	}
}

int span_metrics__new(struct span_metrics **out, const struct span_metrics_env *env)
{
	struct span_metrics *metrics = calloc(1, sizeof(*metrics));
	u32 i;

	if (!metrics)
		return -ENOMEM;
	metrics->env = *env;
	metrics->tail = &metrics->groups;
	metrics->budget = METRIC_POINTS_MAX;
	for (i = 0; i < HTTP_METRIC_CNT; i++)
		if (recorded(env, i))
			metrics->infos[i] = http_metric_info(i, semconv__set(env->semconv));
	*out = metrics;
	return 0;
}

void span_metrics__free(struct span_metrics *metrics)
{
	struct group *group, *next;

	if (!metrics)
		return;
	for (group = metrics->groups; group; group = next) {
		next = group->next;
		group__free(metrics, group);
	}
	map__free(&metrics->by_resource);
	map__free(&metrics->open);
	free(metrics);
}
