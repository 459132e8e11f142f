// SPDX-License-Identifier: Apache-2.0
/*
 * The metrics of HTTP servers: what is fed is what is counted, under the names, attributes and
 * order that Python's documents have; bounded, however clients and processes behave.
 */
#include "test.h"

#include "pipeline/metric_table.h"
#include "test_requests.h"

static const struct metric *find_metric(const struct metrics *snapshot, const char *name)
{
	u32 i;

	for (i = 0; snapshot && i < snapshot->groups[0].metric_cnt; i++)
		if (!strcmp(snapshot->groups[0].metrics[i].info->name, name))
			return &snapshot->groups[0].metrics[i];
	printf("no metric %s\n", name);
	abort();
}

#define ACTIVE	 "http.server.active_requests"
#define LEGACY	 "http.server.duration"
#define STABLE	 "http.server.request.duration"
#define LEGACY_5 "http.method http.server_name http.scheme http.host http.flavor"

static void check_keys(const struct metrics *snapshot, const char *name, const char *keys)
{
	const struct attrs *attrs = &find_metric(snapshot, name)->points[0].set->attrs;
	struct buf text __cleanup(buf__free) = {0};

	for (u32 i = 0; i < attrs->cnt; i++)
		buf__printf(&text, "%s%.*s", i ? " " : "", STR_ARG(attrs->v[i].key));
	CHECK_STR(buf__view(&text), keys);
}

/* Which metrics there are, in which order. */
static void conventions(void)
{
	static const char *const want[] = {
		[SEMCONV_LEGACY] = ACTIVE " " LEGACY,
		[SEMCONV_STABLE] = ACTIVE " " STABLE,
		[SEMCONV_DUP] = ACTIVE " " LEGACY " " STABLE,
	};
	struct resource *resource = resource__new();
	struct buf names __cleanup(buf__free) = {0};
	u32 set, j;

	for (set = SEMCONV_LEGACY; set <= SEMCONV_DUP; set++) {
		struct span_metrics *metrics = new_metrics(
			set & SEMCONV_LEGACY, set & SEMCONV_STABLE, EXEMPLAR_TRACE_BASED);
		struct metrics *snapshot;

		request(metrics, resource, "h", MS);
		snapshot = span_metrics__collect(metrics, T0);
		buf__reset(&names);
		for (j = 0; j < snapshot->groups[0].metric_cnt; j++)
			buf__printf(&names, "%s%s", j ? " " : "",
				    snapshot->groups[0].metrics[j].info->name);
		CHECK_STR(buf__view(&names), want[set]);
		CHECK(snapshot->groups[0].scope == semconv__scope(semconvs[set]));
		metrics__put(snapshot);
		span_metrics__free(metrics);
	}
	resource__put(resource);
}

/* Feeds durations of one attribute set and returns the snapshot. */
static struct metrics *feed(bool stable, const u64 *ns, size_t cnt)
{
	struct span_metrics *metrics = new_metrics(!stable, stable, EXEMPLAR_TRACE_BASED);
	struct resource *resource = resource__new();
	struct metrics *snapshot;
	size_t i;

	for (i = 0; i < cnt; i++)
		request(metrics, resource, "h", ns[i]);
	snapshot = span_metrics__collect(metrics, T0);
	span_metrics__free(metrics);
	resource__put(resource);
	return snapshot;
}

static void check_buckets(bool stable, const u64 (*cases)[2], size_t cnt)
{
	const struct metric_point *point;
	struct metrics *snapshot;
	size_t i;

	for (i = 0; i < cnt; i++) {
		snapshot = feed(stable, &cases[i][0], 1);
		point = &find_metric(snapshot, stable ? STABLE : LEGACY)->points[0];
		CHECK(point->count == 1);
		CHECK(point->buckets[cases[i][1]] == 1);
		metrics__put(snapshot);
	}
}

/* A value that equals a bound lies in the bucket below it. */
static void bucket_bounds(void)
{
	static const u64 legacy[][2] = {
		{0, 0},	      {1 * MS, 1},  {5 * MS, 1},   {6 * MS, 2},	     {10 * MS, 2},
		{25 * MS, 3}, {26 * MS, 4}, {750 * MS, 9}, {10000 * MS, 14}, {10001 * MS, 15},
	};
	static const u64 stable[][2] = {
		{0, 0},		  {5 * MS, 0},		{5 * MS + 1, 1}, {10 * MS, 1},
		{75 * MS, 4},	  {100 * MS, 5},	{1000 * MS, 9},	 {1000 * MS + 1, 10},
		{10000 * MS, 13}, {10000 * MS + 1, 14},
	};

	check_buckets(false, legacy, ARRAY_SIZE(legacy));
	check_buckets(true, stable, ARRAY_SIZE(stable));
}

static void milliseconds_round_half_to_even(void)
{
	static const u64 cases[][2] = {
		{499999, 0}, {500000, 0}, {500001, 1}, {1500000, 2}, {2500000, 2}, {2500001, 3},
	};
	struct metrics *snapshot;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snapshot = feed(false, &cases[i][0], 1);
		CHECK(find_metric(snapshot, LEGACY)->points[0].sum.i == (s64)cases[i][1]);
		metrics__put(snapshot);
	}
}

static void sums(void)
{
	static const u64 ns[] = {4 * MS, 30 * MS, 121 * MS, 31 * MS, 1 * MS};
	struct metrics *snapshot = feed(false, ns, ARRAY_SIZE(ns));
	const struct metric_point *point = &find_metric(snapshot, LEGACY)->points[0];

	CHECK(find_metric(snapshot, LEGACY)->point_cnt == 1);
	CHECK(point->count == 5 && point->sum.i == 187 && point->min.i == 1 && point->max.i == 121);
	CHECK(point->buckets[1] == 2 && point->buckets[4] == 2 && point->buckets[7] == 1);
	CHECK(point->start_ns == T0 + 4 * MS);
	metrics__put(snapshot);
	snapshot = feed(true, ns, ARRAY_SIZE(ns));
	point = &find_metric(snapshot, STABLE)->points[0];
	CHECK(point->sum.d > 0.18699999 && point->sum.d < 0.18700001);
	CHECK(point->min.d == 0.001 && point->max.d == 0.121);
	CHECK(metric_quantile(find_metric(snapshot, STABLE)->info, point, 0.5) <= 0.05);
	CHECK(metric_quantile(find_metric(snapshot, STABLE)->info, point, 1) == 0.121);
	CHECK(metric_quantile(find_metric(snapshot, STABLE)->info, point, 0) == 0.001);
	metrics__put(snapshot);
}

static s64 in_flight(struct span_metrics *metrics)
{
	struct metrics *snapshot = span_metrics__collect(metrics, T0);
	const struct metric *metric = find_metric(snapshot, ACTIVE);
	s64 sum = 0;
	u32 i;

	for (i = 0; i < metric->point_cnt; i++)
		sum += metric->points[i].sum.i;
	metrics__put(snapshot);
	return sum;
}

/* A request that is discarded, or excluded, was in flight, and has no duration. */
static void requests_in_flight(void)
{
	struct span_metrics *metrics = new_metrics(true, false, EXEMPLAR_TRACE_BASED);
	struct resource *resource = resource__new();
	struct http_call *a = new_call("GET", "h", 200), *b = new_call("GET", "h", 200);
	struct metrics *snapshot;

	span_metrics__begin(metrics, a, resource);
	span_metrics__begin(metrics, b, resource);
	CHECK(in_flight(metrics) == 2);
	span_metrics__discard(metrics, a);
	span_metrics__discard(metrics, a);
	CHECK(in_flight(metrics) == 1);
	snapshot = span_metrics__collect(metrics, T0);
	CHECK(snapshot->groups[0].metric_cnt == 1);
	metrics__put(snapshot);
	/* its attributes may change until its end: what went up comes down all the same */
	b->host = STR("other");
	end(metrics, resource, b, MS, "/");
	CHECK(in_flight(metrics) == 0);
	http_call__free(a);
	span_metrics__free(metrics);
	resource__put(resource);
}

static void body_sizes(void)
{
	struct span_metrics_env env = {
		.semconv = semconvs[SEMCONV_STABLE], .body_sizes = true, .readers = 1};
	struct resource *resource = resource__new();
	struct span *span = span__new(resource, new_call("POST", "h", 200));
	struct body_sizes sizes = {.request = 17, .response = -1};
	struct span_metrics *metrics;
	struct metrics *snapshot;

	CHECK(!span_metrics__new(&metrics, &env));
	span_metrics__end(metrics, span, STR("/add"), &sizes);
	snapshot = span_metrics__collect(metrics, T0);
	CHECK(snapshot->groups[0].metric_cnt ==
	      2); /* the duration, and the one size that is known */
	CHECK(find_metric(snapshot, "http.server.request.body.size")->points[0].sum.i == 17);
	metrics__put(snapshot);
	span__free(span);
	span_metrics__free(metrics);
}

static void exemplars(void)
{
	struct resource *resource = resource__new();
	struct span_metrics *metrics = new_metrics(true, false, EXEMPLAR_TRACE_BASED);
	struct http_call *unsampled = new_call("GET", "h", 200);
	const struct metric_point *point;
	struct metrics *snapshot;

	request(metrics, resource, "h", 30 * MS);
	request(metrics, resource, "h", 31 * MS);
	request(metrics, resource, "h", 3 * MS);
	unsampled->context.flags = 2;
	span_metrics__begin(metrics, unsampled, resource);
	end(metrics, resource, unsampled, 40 * MS, "/");
	snapshot = span_metrics__collect(metrics, T0);
	point = &find_metric(snapshot, LEGACY)->points[0];
	CHECK(point->count == 4 && point->exemplar_cnt == 2);
	CHECK(point->exemplars[0].value.i == 3 && point->exemplars[1].value.i == 31);
	CHECK(point->exemplars[1].has_context && point->exemplars[1].time_ns == T0 + 31 * MS);
	CHECK(point->exemplars[1].span_id[7] == (u8)(31 * MS));
	CHECK(!find_metric(snapshot, ACTIVE)->points[0].exemplar_cnt);
	metrics__put(snapshot);
	snapshot = span_metrics__collect(metrics, T0);
	point = &find_metric(snapshot, LEGACY)->points[0];
	CHECK(point->count == 4 && point->exemplar_cnt == 0);
	metrics__put(snapshot);
	span_metrics__free(metrics);
	resource__put(resource);
}

static void exemplar_filters(void)
{
	struct resource *resource = resource__new();
	enum exemplar_filter filter;

	for (filter = EXEMPLAR_ALWAYS_ON; filter <= EXEMPLAR_ALWAYS_OFF; filter++) {
		struct span_metrics *metrics = new_metrics(false, true, filter);
		struct http_call *call = new_call("GET", "h", 200);
		u32 want = filter == EXEMPLAR_ALWAYS_ON;
		struct metrics *snapshot;

		call->context.flags = 0;
		span_metrics__begin(metrics, call, resource);
		end(metrics, resource, call, MS, "/");
		snapshot = span_metrics__collect(metrics, T0);
		CHECK(find_metric(snapshot, STABLE)->points[0].exemplar_cnt == want);
		CHECK(find_metric(snapshot, ACTIVE)->points[0].exemplar_cnt == want);
		if (want) {
			CHECK(find_metric(snapshot, ACTIVE)->points[0].exemplars[0].value.i == -1);
			CHECK(!find_metric(snapshot, ACTIVE)->points[0].exemplars[0].has_context);
			CHECK(find_metric(snapshot, STABLE)->points[0].exemplars[0].has_context);
		}
		metrics__put(snapshot);
		span_metrics__free(metrics);
	}
	resource__put(resource);
}

static void cardinality_limit(void)
{
	struct span_metrics *metrics = new_metrics(true, false, EXEMPLAR_TRACE_BASED);
	struct resource *resource = resource__new();
	char host[METRIC_TEXT_MAX + 1];
	const struct metric *metric;
	struct metrics *snapshot;
	int i, round;

	for (round = 0; round < 2; round++)
		for (i = 0; i < METRIC_SETS_MAX + 5; i++) {
			snprintf(host, sizeof(host), "host-%d", i);
			request(metrics, resource, host, MS);
		}
	snapshot = span_metrics__collect(metrics, T0);
	metric = find_metric(snapshot, LEGACY);
	CHECK(metric->point_cnt == METRIC_SETS_MAX + 1);
	CHECK(metric->points[0].count == 2 && metric->points[METRIC_SETS_MAX - 1].count == 2);
	CHECK_STR(attrs__find(&metric->points[17].set->attrs, STR("http.host"))->s, "host-17");
	CHECK(metric->points[METRIC_SETS_MAX].count == 2 * 5);
	check_keys(snapshot, ACTIVE, LEGACY_5);
	CHECK(metric->points[METRIC_SETS_MAX].set->attrs.cnt == 1);
	CHECK(attrs__find(&metric->points[METRIC_SETS_MAX].set->attrs, STR("otel.metric.overflow"))
		      ->b);
	metrics__put(snapshot);
	CHECK(in_flight(metrics) == 0 && span_metrics__lost(metrics) == 0);
	span_metrics__free(metrics);
	resource__put(resource);
}

/* Texts that no host name can be are not kept. */
static void long_texts_overflow(void)
{
	struct span_metrics *metrics = new_metrics(true, false, EXEMPLAR_TRACE_BASED);
	struct resource *resource = resource__new();
	char host[METRIC_TEXT_MAX + 2] = {0};
	struct metrics *snapshot;

	memset(host, 'x', METRIC_TEXT_MAX + 1);
	request(metrics, resource, host, MS);
	request(metrics, resource, "h", MS);
	snapshot = span_metrics__collect(metrics, T0);
	check_keys(snapshot, LEGACY, "otel.metric.overflow");
	CHECK(find_metric(snapshot, LEGACY)->point_cnt == 2);
	metrics__put(snapshot);
	span_metrics__free(metrics);
	resource__put(resource);
}

#define PROCESSES 10 /* two metrics with all their sets: more points than there may be */

static void points_are_bounded(void)
{
	struct span_metrics *metrics = new_metrics(true, false, EXEMPLAR_TRACE_BASED);
	struct resource *resources[PROCESSES];
	struct metrics *snapshot;
	u32 i, j, points = 0;
	u64 count = 0;
	char host[32];

	for (i = 0; i < PROCESSES; i++) {
		resources[i] = resource__new();
		for (j = 0; j < METRIC_SETS_MAX; j++) {
			snprintf(host, sizeof(host), "host-%u", j);
			request(metrics, resources[i], host, MS);
		}
	}
	snapshot = span_metrics__collect(metrics, T0);
	for (i = 0; i < snapshot->group_cnt; i++) {
		const struct metric *metric = &snapshot->groups[i].metrics[1];

		points += snapshot->groups[i].metrics[0].point_cnt + metric->point_cnt;
		for (j = 0; j < metric->point_cnt; j++)
			count += metric->points[j].count;
	}
	CHECK(count == PROCESSES * METRIC_SETS_MAX);
	CHECK(points >= METRIC_POINTS_MAX && points <= METRIC_POINTS_MAX + 2 * PROCESSES);
	metrics__put(snapshot);
	/* what processes gave back when they went is there for others */
	for (i = 0; i < PROCESSES; i++)
		resource__put(resources[i]);
	metrics__put(span_metrics__collect(metrics, T0));
	CHECK(!span_metrics__collect(metrics, T0));
	resources[0] = resource__new();
	request(metrics, resources[0], "h", MS);
	snapshot = span_metrics__collect(metrics, T0);
	check_keys(snapshot, ACTIVE, LEGACY_5);
	metrics__put(snapshot);
	resource__put(resources[0]);
	span_metrics__free(metrics);
}

/* One more collection after its exit, and until its last request has ended. */
static void process_exits(void)
{
	struct span_metrics *metrics = new_metrics(true, false, EXEMPLAR_TRACE_BASED);
	struct resource *gone = resource__new(), *stays = resource__new();
	struct http_call *open = new_call("GET", "h", 200);
	struct metrics *first, *last;

	CHECK(!span_metrics__collect(metrics, T0));
	span_metrics__begin(metrics, open, gone);
	request(metrics, stays, "h", MS);
	span_metrics__exit(metrics, gone);
	metrics__put(span_metrics__collect(metrics, T0));
	first = span_metrics__collect(metrics, T0);
	CHECK(first->group_cnt == 2);
	end(metrics, gone, open, MS, "/");
	last = span_metrics__collect(metrics, T0);
	CHECK(last->group_cnt == 2 && find_metric(last, LEGACY)->points[0].count == 1);
	metrics__put(last);
	last = span_metrics__collect(metrics, T0);
	CHECK(last->group_cnt == 1 && last->groups[0].resource == stays);
	request(metrics, stays, "h", MS);
	span_metrics__free(metrics);
	/* a snapshot lives by itself */
	CHECK(find_metric(first, ACTIVE)->points[0].sum.i == 1 &&
	      first->groups[0].resource == gone);
	CHECK(find_metric(last, LEGACY)->points[0].count == 1);
	metrics__put(first);
	metrics__put(last);
	resource__put(gone);
	resource__put(stays);
}

/* A scraper finds all there is, as often as it likes. */
static void peeks(void)
{
	struct span_metrics *metrics = new_metrics(true, false, EXEMPLAR_TRACE_BASED);
	struct resource *resource = resource__new();
	struct metrics *snapshot;

	CHECK(!span_metrics__peek(metrics, T0));
	request(metrics, resource, "h", MS);
	for (int i = 0; i < 3; i++) {
		snapshot = span_metrics__peek(metrics, T0);
		CHECK(find_metric(snapshot, LEGACY)->points[0].exemplar_cnt == 1);
		CHECK(find_metric(snapshot, LEGACY)->points[0].count == 1);
		metrics__put(snapshot);
		span_metrics__expire(metrics);
	}
	span_metrics__free(metrics);
	resource__put(resource);
}

/* A process that is gone can be seen until the second expiry, or its last request's end. */
static void expiry(void)
{
	struct span_metrics *metrics = new_metrics(true, false, EXEMPLAR_TRACE_BASED);
	struct resource *gone = resource__new(), *stays = resource__new();
	struct http_call *open = new_call("GET", "h", 200);
	struct metrics *snapshot;

	span_metrics__begin(metrics, open, gone);
	request(metrics, stays, "h", MS);
	span_metrics__exit(metrics, gone);
	span_metrics__expire(metrics);
	span_metrics__expire(metrics);
	end(metrics, gone, open, MS, "/");
	snapshot = span_metrics__peek(metrics, T0);
	CHECK(snapshot->group_cnt == 2);
	metrics__put(snapshot);
	span_metrics__expire(metrics);
	snapshot = span_metrics__peek(metrics, T0);
	CHECK(snapshot->group_cnt == 1 && snapshot->groups[0].resource == stays);
	metrics__put(snapshot);
	resource__put(stays); /* as after exec: only ours is left */
	span_metrics__expire(metrics);
	CHECK((snapshot = span_metrics__peek(metrics, T0)) && snapshot->group_cnt == 1);
	metrics__put(snapshot);
	span_metrics__expire(metrics);
	CHECK(!span_metrics__peek(metrics, T0));
	request(metrics, gone, "h", MS); /* the list is whole */
	CHECK((snapshot = span_metrics__peek(metrics, T0)) && snapshot->group_cnt == 1);
	metrics__put(snapshot);
	span_metrics__free(metrics);
	resource__put(gone);
}

static void collections(void)
{
	struct span_metrics *metrics = new_metrics(true, false, EXEMPLAR_TRACE_BASED);
	struct resource *resource = resource__new();
	struct metrics *snapshot;

	request(metrics, resource, "h", MS);
	request(metrics, resource, "h", 3 * MS);
	snapshot = span_metrics__collect(metrics, T0);
	CHECK(snapshot->since_ns == T0 && snapshot->time_ns == T0 + 3 * MS);
	CHECK(find_metric(snapshot, LEGACY)->points[0].fresh == 2);
	metrics__put(snapshot);
	request(metrics, resource, "h", 2 * MS);
	snapshot = span_metrics__collect(metrics, T0 + 9 * MS);
	CHECK(snapshot->since_ns == T0 + 3 * MS && snapshot->time_ns == T0 + 9 * MS);
	CHECK(find_metric(snapshot, LEGACY)->points[0].fresh == 1);
	CHECK(find_metric(snapshot, LEGACY)->points[0].count == 3);
	CHECK(find_metric(snapshot, LEGACY)->points[0].start_ns == T0 + MS);
	CHECK(find_metric(snapshot, ACTIVE)->points[0].start_ns == T0);
	metrics__put(snapshot);
	span_metrics__free(metrics);
	resource__put(resource);
}

int main(void)
{
	open_conventions();
	RUN(conventions);
	RUN(bucket_bounds);
	RUN(milliseconds_round_half_to_even);
	RUN(sums);
	RUN(requests_in_flight);
	RUN(body_sizes);
	RUN(exemplars);
	RUN(exemplar_filters);
	RUN(cardinality_limit);
	RUN(long_texts_overflow);
	RUN(points_are_bounded);
	RUN(process_exits);
	RUN(peeks);
	RUN(expiry);
	RUN(collections);
	close_conventions();
	return test_status();
}
