// SPDX-License-Identifier: Apache-2.0
/* pipeline/metric_table as readers want it: delta, exponential; what a table leaves alone. */
#include "test.h"

#include "pipeline/metric_table.h"

static const double bounds[] = {1, 2};
static const struct metric_info histogram = {
	.name = "h", .unit = "s", .bounds = bounds, .bound_cnt = ARRAY_SIZE(bounds)};
static const struct metric_info in_flight = {.name = "n", .kind = METRIC_SUM, .whole = true};
static const struct metric_info counter = {
	.name = "c", .kind = METRIC_SUM, .whole = true, .monotonic = true};

static void record(struct metric_table *table, const char *value, union metric_value measured,
		   u64 time_ns)
{
	struct attr attr = {.key = STR("k"), .type = ATTR_STR, .s = str_from(value)};
	struct metric_entry *entry =
		metric_table__entry(table, &(struct attrs){.v = &attr, .cnt = 1}, time_ns);

	metric_entry__record(
		entry,
		&(struct measurement){.value = measured, .time_ns = time_ns, .exemplar = true});
}

static void record_d(struct metric_table *table, const char *value, double d, u64 time_ns)
{
	record(table, value, (union metric_value){.d = d}, time_ns);
}

/* The caller's, to be put with metrics__put(). */
static struct metrics *snapshot(const struct metric_table *table, struct metric **metric)
{
	struct metrics *metrics = metrics__new(1);

	metrics->groups[0].metrics = calloc(1, sizeof(**metric));
	metrics->groups[0].metric_cnt = metrics->group_cnt = 1;
	*metric = metrics->groups[0].metrics;
	CHECK(!metric_table__snapshot(table, *metric));
	return metrics;
}

static void delta_starts_over(void)
{
	struct metric_table table;
	struct metrics *first, *second;
	struct metric *metric;
	u32 budget = 10;

	metric_table__init(&table, &histogram, (struct metric_view){.delta = true}, &budget);
	record_d(&table, "a", 0.5, 100);
	record_d(&table, "b", 1.5, 110);
	record_d(&table, "a", 4, 120);
	CHECK(budget == 8);
	first = snapshot(&table, &metric);
	CHECK(metric->delta && !metric->exponential && metric->point_cnt == 2);
	CHECK(metric->points[0].start_ns == 100 && metric->points[0].count == 2);
	metric_table__collected(&table, 200);
	CHECK(budget == 10 && !table.cnt);

	record_d(&table, "b", 7, 210);
	second = snapshot(&table, &metric);
	CHECK(metric->point_cnt == 1 && metric->points[0].count == 1);
	CHECK(metric->points[0].start_ns == 200 && metric->points[0].sum.d == 7);
	CHECK(metric->points[0].min.d == 7 && metric->points[0].buckets[2] == 1);
	CHECK(metric->points[0].exemplar_cnt == 1 && metric->exemplars[0].time_ns == 210);
	metrics__put(first);
	metrics__put(second);
	metric_table__free(&table);
	CHECK(budget == 10);
}

static void only_what_rises_is_delta(void)
{
	const struct metric_view delta = {.delta = true, .exponential = true};
	struct metric_table sum, rising;
	struct metrics *metrics;
	struct metric *metric;
	u32 budget = 10;

	metric_table__init(&sum, &in_flight, delta, &budget);
	metric_table__init(&rising, &counter, delta, &budget);
	record(&sum, "a", (union metric_value){.i = 3}, 100);
	record(&rising, "a", (union metric_value){.i = 3}, 100);
	metric_table__collected(&sum, 200);
	metric_table__collected(&rising, 200);
	CHECK(sum.cnt == 1 && !rising.cnt);
	record(&sum, "a", (union metric_value){.i = -1}, 210);
	metrics = snapshot(&sum, &metric);
	CHECK(!metric->delta && !metric->exponential && metric->points[0].sum.i == 2);
	CHECK(metric->points[0].start_ns == 100);
	metrics__put(metrics);
	metric_table__free(&sum);
	metric_table__free(&rising);
}

static void exponential_beside_the_rest(void)
{
	struct metrics *first, *second;
	struct metric *metric, *later;
	struct metric_table table;
	u32 budget = 10;

	metric_table__init(&table, &histogram, (struct metric_view){.exponential = true}, &budget);
	for (u64 i = 0; i < 30; i++)
		record_d(&table, "a", i ? 4 : 0, 100 + i);
	first = snapshot(&table, &metric);
	CHECK(metric->exponential && !metric->delta && metric->point_cnt == 1);
	CHECK(metric->points[0].count == 30 && metric->points[0].sum.d == 116);
	CHECK(metric->points[0].exp->zero_cnt == 1 && metric->points[0].exp->bucket_cnt == 1);
	CHECK(metric->points[0].exp->buckets[0] == 29);
	/* the latest, as many as there is room for */
	CHECK(metric->points[0].exemplar_cnt == METRIC_EXP_EXEMPLARS);
	for (u32 i = 0; i < METRIC_EXP_EXEMPLARS; i++)
		CHECK(metric->exemplars[i].time_ns >= 110);
	metric_table__collected(&table, 200);
	record_d(&table, "a", 4, 210);
	second = snapshot(&table, &later);
	CHECK(later->points[0].exp->buckets[0] == 30 && later->points[0].exemplar_cnt == 1);
	CHECK(metric->points[0].exp->buckets[0] == 29);
	metrics__put(first);
	metrics__put(second);
	metric_table__free(&table);
}

/* The set without room of its own starts over, too, and so does the room. */
static void delta_overflow(void)
{
	struct metric_table table;
	struct metrics *metrics;
	struct metric *metric;
	u32 budget = 1;

	metric_table__init(&table, &histogram, (struct metric_view){.delta = true}, &budget);
	record_d(&table, "a", 1, 100);
	record_d(&table, "b", 1, 110);
	CHECK(table.overflow && table.cnt == 2 && !budget);
	metric_table__collected(&table, 200);
	CHECK(!table.overflow && budget == 1);
	record_d(&table, "b", 1, 210);
	metrics = snapshot(&table, &metric);
	CHECK(metric->point_cnt == 1);
	CHECK_STR(metric->points[0].set->attrs.v[0].s, "b");
	metrics__put(metrics);
	metric_table__free(&table);
}

int main(void)
{
	RUN(delta_starts_over);
	RUN(only_what_rises_is_delta);
	RUN(exponential_beside_the_rest);
	RUN(delta_overflow);
	return test_status();
}
