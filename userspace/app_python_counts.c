// SPDX-License-Identifier: Apache-2.0
/*
 * Counters of Python applications, wired: what was added waits among the calls of functions until
 * it is clear which span it was made in, then goes into the metrics.
 */
#include <errno.h>
#include <stdlib.h>

#include "app.h"
#include "probe/python_counters.h"

struct counted {
	u32 counter;
	union metric_value by;
	struct attr_set *set;
};

int app__python_counts_new(struct app *app)
{
	return python_counters__new(&app->python_counters);
}

void app__python_counts_free(struct app *app)
{
	python_counters__free(app->python_counters);
}

const struct metric_info *app__python_counters(const struct app *app, u32 *cnt)
{
	*cnt = app->python_counters ? PYTHON_COUNTERS_MAX : 0;
	return *cnt ? python_counters__infos(app->python_counters) : NULL;
}

/* NULL: it cannot be counted. */
static struct counted *new_counted(struct app *app, const struct python_count *count)
{
	struct python_count taken = *count;
	int counter = python_counters__take(app->python_counters, &taken);
	const struct attrs attrs = {.v = taken.attrs, .cnt = taken.attr_cnt};
	struct counted *counted = counter >= 0 ? malloc(sizeof(*counted)) : NULL;

	if (!counted)
		return NULL;
	counted->counter = (u32)counter;
	if (taken.whole)
		counted->by.i = taken.amount.i;
	else
		counted->by.d = taken.amount.d;
	counted->set = attr_set__new(&attrs);
	if (counted->set)
		return counted;
	free(counted);
	return NULL;
}

void app_on_count(void *owner, const struct function_call *call, const struct python_count *count)
{
	struct function_call known = *call;
	struct app *app = owner;

	if (!app->functions || !app->python_counters)
		return;
	known.counted = new_counted(app, count);
	if (known.counted)
		app__functions_counted(app, &known);
	else
		stats__add(&app->stats, STAT_CALL_LOST, 1);
}

/* An SDK would count that itself. */
static bool is_wanted(const struct resource *resource)
{
	return resource && !(resource->own_signals & RESOURCE_METRICS);
}

void app__python_counted(struct app *app, const struct function_call *call,
			 const struct trace_context *context)
{
	/* asked for in any case, so that a recording can be replayed with counters and without */
	struct resource *resource = process_table__resource(app->processes, call->tgid);
	struct counted *counted = call->counted;
	u32 asked;

	app__functions_counters(app, &asked);
	if (!resource)
		stats__add(&app->stats, STAT_MARK_UNMEASURED, 1);
	if (is_wanted(resource))
		app__metrics_count(app, resource,
				   &(struct span_count){asked + counted->counter, counted->by,
							&counted->set->attrs, call->end_ns,
							context});
	resource__put(resource);
	attr_set__put(counted->set);
	free(counted);
}
