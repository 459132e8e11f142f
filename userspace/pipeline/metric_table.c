// SPDX-License-Identifier: Apache-2.0
#include "pipeline/metric_table.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_CAP 16

static struct attr overflow_attr[] = {
	{.key = {"otel.metric.overflow", 20}, .type = ATTR_BOOL, .b = true},
};
static const struct attrs overflow_attrs = {.v = overflow_attr, .cnt = 1};

void metric_table__init(struct metric_table *table, const struct metric_info *info,
			struct metric_view view, u32 *budget)
{
	*table = (struct metric_table){.info = info, .budget = budget};
	if (!info)
		return;
	table->view.delta = view.delta && (info->kind == METRIC_HISTOGRAM || info->monotonic);
	table->view.exponential = view.exponential && info->kind == METRIC_HISTOGRAM;
}

static void entry__free(struct metric_entry *entry)
{
	attr_set__put(entry->point.set);
	free(entry->point.exp);
	free(entry);
}

static void clear(struct metric_table *table)
{
	*table->budget += table->cnt - !!table->overflow;
	for (u32 i = 0; i < table->cnt; i++)
		entry__free(table->entries[i]);
	map__free(&table->by_hash);
	table->overflow = NULL;
	table->cnt = 0;
}

void metric_table__free(struct metric_table *table)
{
	clear(table);
	free(table->entries);
	table->entries = NULL;
	table->cap = 0;
}

static u32 exemplar_slots(const struct metric_table *table)
{
	if (table->view.exponential)
		return METRIC_EXP_EXEMPLARS;
	return table->info->kind == METRIC_HISTOGRAM ? table->info->bound_cnt + 1 : 1;
}

static struct metric_entry *find(const struct metric_table *table, const struct attrs *attrs,
				 u64 hash)
{
	struct metric_entry *entry = map__get(&table->by_hash, hash);

	while (entry && !attr_set__equal(entry->point.set, attrs))
		entry = entry->same_hash;
	return entry;
}

static struct metric_entry *new_entry(struct metric_table *table, const struct attrs *attrs,
				      u64 time_ns)
{
	struct metric_entry *entry =
		calloc(1, sizeof(*entry) + exemplar_slots(table) * sizeof(struct exemplar));

	if (!entry)
		return NULL;
	entry->table = table;
	entry->point.start_ns = table->since_ns ? table->since_ns : time_ns;
	entry->point.set = attr_set__new(attrs);
	if (table->view.exponential)
		entry->point.exp = malloc(sizeof(*entry->point.exp));
	if (!entry->point.set || (table->view.exponential && !entry->point.exp)) {
		entry__free(entry);
		return NULL;
	}
	if (entry->point.exp)
		exp_histogram__init(entry->point.exp);
	return entry;
}

/* An entry at the end of the list, in no index. */
static struct metric_entry *append(struct metric_table *table, const struct attrs *attrs,
				   u64 time_ns)
{
	u32 cap = table->cap ? table->cap * 2 : FIRST_CAP;
	struct metric_entry *entry, **entries;

	if (table->cnt == table->cap) {
		entries = realloc(table->entries, cap * sizeof(struct metric_entry *));
		if (!entries)
			return NULL;
		table->entries = entries;
		table->cap = cap;
	}
	entry = new_entry(table, attrs, time_ns);
	if (entry)
		table->entries[table->cnt++] = entry;
	return entry;
}

static void drop_last(struct metric_table *table)
{
	entry__free(table->entries[--table->cnt]);
}

static struct metric_entry *add(struct metric_table *table, const struct attrs *attrs, u64 time_ns)
{
	struct metric_entry *entry = append(table, attrs, time_ns);

	if (!entry)
		return NULL;
	entry->same_hash = map__get(&table->by_hash, entry->point.set->hash);
	if (map__set(&table->by_hash, entry->point.set->hash, entry)) {
		drop_last(table);
		return NULL;
	}
	--*table->budget;
	return entry;
}

struct metric_entry *metric_table__entry(struct metric_table *table, const struct attrs *attrs,
					 u64 time_ns)
{
	struct metric_entry *entry = find(table, attrs, attr_set_hash(attrs));

	if (entry)
		return entry;
	if (table->cnt - !!table->overflow < METRIC_SETS_MAX && *table->budget &&
	    attr_set_text_len(attrs) <= METRIC_TEXT_MAX)
		return add(table, attrs, time_ns);
	if (!table->overflow)
		table->overflow = append(table, &overflow_attrs, time_ns);
	return table->overflow;
}

static void add_value(const struct metric_info *info, union metric_value *sum,
		      union metric_value value)
{
	if (info->whole)
		sum->i += value.i;
	else
		sum->d += value.d;
}

/* Returns the slot that its exemplar belongs to. */
static u32 count_value(const struct metric_info *info, struct metric_point *point,
		       union metric_value value)
{
	double d = metric_value(info, value);
	u32 slot = metric_bucket(info, value);

	if (!point->count || d < metric_value(info, point->min))
		point->min = value;
	if (!point->count || d > metric_value(info, point->max))
		point->max = value;
	if (point->exp) {
		exp_histogram__add(point->exp, d);
		slot = (u32)(point->count % METRIC_EXP_EXEMPLARS);
	} else {
		point->buckets[slot]++;
	}
	point->count++;
	point->fresh++;
	return slot;
}

/* The latest of each slot, as the SDK's aligned reservoir keeps it. */
static void keep_exemplar(struct exemplar *slot, const struct measurement *measurement)
{
	*slot = (struct exemplar){.time_ns = measurement->time_ns, .value = measurement->value};
	if (!measurement->context)
		return;
	slot->has_context = true;
	memcpy(slot->trace_id, measurement->context->trace_id, sizeof(slot->trace_id));
	memcpy(slot->span_id, measurement->context->span_id, sizeof(slot->span_id));
}

void metric_entry__record(struct metric_entry *entry, const struct measurement *measurement)
{
	const struct metric_info *info = entry->table->info;
	u32 slot = 0;

	add_value(info, &entry->point.sum, measurement->value);
	if (info->kind == METRIC_HISTOGRAM)
		slot = count_value(info, &entry->point, measurement->value);
	if (measurement->exemplar)
		keep_exemplar(&entry->exemplars[slot], measurement);
}

static u32 exemplar_cnt(const struct metric_table *table)
{
	u32 slots = exemplar_slots(table), cnt = 0;

	for (u32 i = 0; i < table->cnt; i++)
		for (u32 j = 0; j < slots; j++)
			cnt += table->entries[i]->exemplars[j].time_ns > 0;
	return cnt;
}

static u32 copy_exemplars(const struct metric_entry *entry, struct exemplar *out)
{
	u32 slots = exemplar_slots(entry->table), cnt = 0;

	for (u32 i = 0; i < slots; i++)
		if (entry->exemplars[i].time_ns)
			out[cnt++] = entry->exemplars[i];
	return cnt;
}

static int take_room(const struct metric_table *table, u32 exemplars, struct metric *out)
{
	out->points = calloc(table->cnt ? table->cnt : 1, sizeof(*out->points));
	out->exemplars = calloc(exemplars ? exemplars : 1, sizeof(*out->exemplars));
	if (out->exponential)
		out->exps = calloc(table->cnt ? table->cnt : 1, sizeof(*out->exps));
	return !out->points || !out->exemplars || (out->exponential && !out->exps) ? -ENOMEM : 0;
}

int metric_table__snapshot(const struct metric_table *table, struct metric *out)
{
	u32 used = 0;
	int err;

	*out = (struct metric){.info = table->info,
			       .delta = table->view.delta,
			       .exponential = table->view.exponential};
	err = take_room(table, exemplar_cnt(table), out);
	if (err)
		return err;
	for (u32 i = 0; i < table->cnt; i++) {
		struct metric_point *point = &out->points[i];

		*point = table->entries[i]->point;
		attr_set__get(point->set);
		if (point->exp) {
			out->exps[i] = *point->exp;
			point->exp = &out->exps[i];
		}
		point->exemplars = out->exemplars + used;
		point->exemplar_cnt = copy_exemplars(table->entries[i], point->exemplars);
		used += point->exemplar_cnt;
	}
	out->point_cnt = table->cnt;
	return 0;
}

void metric_table__collected(struct metric_table *table, u64 time_ns)
{
	u32 slots = exemplar_slots(table);

	if (table->view.delta) {
		clear(table);
		table->since_ns = time_ns;
	}
	for (u32 i = 0; i < table->cnt; i++) {
		table->entries[i]->point.fresh = 0;
		memset(table->entries[i]->exemplars, 0, slots * sizeof(struct exemplar));
	}
}
