// SPDX-License-Identifier: Apache-2.0
/*
 * Metrics as OTLP: in protobuf against bytes written by hand from OTLP's field numbers, in JSON
 * against what the SDK sends, and as the Collector's debug exporter prints them.
 */
#include "test.h"
#include "test_file.h"
#include "test_wire_proto.h"

#include <sys/mman.h>
#include <unistd.h>

#include "export/metrics_export.h"
#include "export/otlp.h"

#define START_NS 1795220081187687599
#define TIME_NS	 1795220082000000000

static const struct scope scope = {"scope.a", "1", "https://opentelemetry.io/schemas/1.21.0"};
static const double bounds[] = {1, 2.5};
static const struct metric_info sum_info = {.name = "n",
					    .description = "How many.",
					    .unit = "{request}",
					    .kind = METRIC_SUM,
					    .whole = true};
static const struct metric_info whole_info = {.name = "ms",
					      .unit = "ms",
					      .whole = true,
					      .bounds = bounds,
					      .bound_cnt = ARRAY_SIZE(bounds)};
static const struct metric_info real_info = {
	.name = "s", .unit = "s", .bounds = bounds, .bound_cnt = ARRAY_SIZE(bounds)};
static const u8 trace_id[16] = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
				0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
static const u8 span_id[8] = {0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};

/* A metric with one point and one exemplar. */
static void fill(struct metric *metric, const struct metric_info *info, const char *method)
{
	struct attr attr = {.key = STR("method"), .type = ATTR_STR, .s = str_from(method)};
	struct metric_point *point = calloc(1, sizeof(*point));

	*metric = (struct metric){.info = info, .points = point, .point_cnt = 1};
	metric->exemplars = calloc(1, sizeof(*metric->exemplars));
	point->set = attr_set__new(&(struct attrs){.v = &attr, .cnt = 1});
	point->start_ns = START_NS;
	point->exemplars = metric->exemplars;
	point->exemplar_cnt = 1;
	metric->exemplars->time_ns = START_NS + 1;
}

static void give_context(struct exemplar *exemplar)
{
	exemplar->has_context = true;
	memcpy(exemplar->trace_id, trace_id, sizeof(trace_id));
	memcpy(exemplar->span_id, span_id, sizeof(span_id));
}

static void fill_exponential(struct metric *metric)
{
	struct metric_point *point = metric->points;

	metric->delta = metric->exponential = true;
	metric->exps = calloc(1, sizeof(*metric->exps));
	*metric->exps = (struct exp_histogram){
		.scale = -1, .offset = -2, .bucket_cnt = 2, .zero_cnt = 1, .buckets = {300, 1}};
	point->exp = metric->exps;
	point->count = 302;
	point->sum.d = 1.25;
	point->min.d = 0;
	point->max.d = 1;
	point->exemplars[0].value.d = 0.25;
}

/* A sum, a histogram of whole numbers, an exponential one; and a group without metrics. */
static struct metrics *new_metrics(void)
{
	struct metrics *metrics = metrics__new(2);
	struct metric_group *group = &metrics->groups[1];

	metrics->group_cnt = 2;
	metrics->time_ns = TIME_NS;
	metrics->groups[0].resource = resource__new();
	metrics->groups[0].scope = group->scope = &scope;
	group->resource = resource__new();
	attrs__str(&group->resource->attrs, &group->resource->mem, STR("service.name"),
		   STR("todo"));
	group->metrics = calloc(3, sizeof(*group->metrics));
	group->metric_cnt = 3;
	fill(&group->metrics[0], &sum_info, "GET");
	group->metrics[0].points->sum.i = -1;
	group->metrics[0].points->exemplar_cnt = 0;
	fill(&group->metrics[1], &whole_info, "PUT");
	group->metrics[1].points->count = 1;
	group->metrics[1].points->buckets[0] = 1;
	group->metrics[1].points->exemplars[0].value.i = 0;
	give_context(group->metrics[1].exemplars);
	fill(&group->metrics[2], &real_info, "GET");
	fill_exponential(&group->metrics[2]);
	return metrics;
}

static void write_sum(struct buf *scoped)
{
	struct buf metric = {0}, sum = {0}, point = {0};

	wire_text(&metric, 1, "n");
	wire_text(&metric, 2, "How many.");
	wire_text(&metric, 3, "{request}");
	wire_fixed64(&point, 2, START_NS);
	wire_fixed64(&point, 3, TIME_NS);
	wire_fixed64(&point, 6, (u64)-1);
	wire_pair(&point, 7, "method", "GET");
	wire_message(&sum, 1, &point);
	wire_uint(&sum, 2, 2);
	wire_message(&metric, 7, &sum);
	wire_message(scoped, 2, &metric);
}

static void write_histogram(struct buf *scoped)
{
	struct buf metric = {0}, histogram = {0}, point = {0}, exemplar = {0};
	static const u64 counts[] = {1, 0, 0};

	wire_text(&metric, 1, "ms");
	wire_text(&metric, 3, "ms");
	wire_fixed64(&point, 2, START_NS);
	wire_fixed64(&point, 3, TIME_NS);
	wire_fixed64(&point, 4, 1);
	wire_double(&point, 5, 0);
	wire_bytes(&point, 6, counts, sizeof(counts));
	wire_bytes(&point, 7, bounds, sizeof(bounds));
	wire_fixed64(&exemplar, 2, START_NS + 1);
	wire_bytes(&exemplar, 4, span_id, sizeof(span_id));
	wire_bytes(&exemplar, 5, trace_id, sizeof(trace_id));
	wire_fixed64(&exemplar, 6, 0);
	wire_message(&point, 8, &exemplar);
	wire_pair(&point, 9, "method", "PUT");
	wire_double(&point, 11, 0);
	wire_double(&point, 12, 0);
	wire_message(&histogram, 1, &point);
	wire_uint(&histogram, 2, 2);
	wire_message(&metric, 9, &histogram);
	wire_message(scoped, 2, &metric);
}

static void write_exponential(struct buf *scoped)
{
	struct buf metric = {0}, histogram = {0}, point = {0}, buckets = {0}, exemplar = {0};

	wire_text(&metric, 1, "s");
	wire_text(&metric, 3, "s");
	wire_pair(&point, 1, "method", "GET");
	wire_fixed64(&point, 2, START_NS);
	wire_fixed64(&point, 3, TIME_NS);
	wire_fixed64(&point, 4, 302);
	wire_double(&point, 5, 1.25);
	wire_uint(&point, 6, 1); /* sint32: -1 */
	wire_fixed64(&point, 7, 1);
	wire_uint(&buckets, 1, 3);		    /* -2 */
	wire_bytes(&buckets, 2, "\xac\x02\x01", 3); /* 300, 1 */
	wire_message(&point, 8, &buckets);
	wire_fixed64(&exemplar, 2, START_NS + 1);
	wire_double(&exemplar, 3, 0.25);
	wire_message(&point, 11, &exemplar);
	wire_double(&point, 12, 0);
	wire_double(&point, 13, 1);
	wire_message(&histogram, 1, &point);
	wire_uint(&histogram, 2, 1);
	wire_message(&metric, 10, &histogram);
	wire_message(scoped, 2, &metric);
}

static void metrics_as_protobuf(void)
{
	struct buf want = {0}, group = {0}, scoped = {0}, part = {0}, got = {0};
	struct metrics *metrics = new_metrics();

	wire_pair(&part, 1, "service.name", "todo");
	wire_message(&group, 1, &part);
	wire_text(&part, 1, "scope.a");
	wire_text(&part, 2, "1");
	wire_message(&scoped, 1, &part);
	write_sum(&scoped);
	write_histogram(&scoped);
	write_exponential(&scoped);
	wire_text(&scoped, 3, scope.schema_url);
	wire_message(&group, 2, &scoped);
	wire_message(&want, 1, &group);

	CHECK(!otlp_encode_metrics(&got, OTLP_PROTOBUF, metrics));
	CHECK(str_eq(buf__view(&got), buf__view(&want)));
	buf__free(&got);
	buf__free(&want);
	metrics__put(metrics);
}

static void check_has(const struct buf *json, const char *part)
{
	if (!strstr(json->p, part))
		CHECK_STR(buf__view(json), part);
}

static void metrics_as_json(void)
{
	struct metrics *metrics = new_metrics();
	struct buf got = {0};

	CHECK(!otlp_encode_metrics(&got, OTLP_JSON, metrics));
	buf__char(&got, '\0');
	check_has(&got, "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[");
	check_has(&got, "\"sum\":{\"dataPoints\":[{\"startTimeUnixNano\":\"1795220081187687599\","
			"\"timeUnixNano\":\"1795220082000000000\",\"asInt\":\"-1\",\"attributes\":"
			"[{\"key\":\"method\",\"value\":{\"stringValue\":\"GET\"}}]}],"
			"\"aggregationTemporality\":2}}");
	check_has(&got, "\"count\":\"1\",\"sum\":0.0,\"bucketCounts\":[\"1\",\"0\",\"0\"],"
			"\"explicitBounds\":[1.0,2.5],\"exemplars\":[{\"timeUnixNano\":"
			"\"1795220081187687600\",\"spanId\":\"00f067aa0ba902b7\",\"traceId\":"
			"\"4bf92f3577b34da6a3ce929d0e0e4736\",\"asInt\":\"0\"}],");
	check_has(&got, "\"min\":0.0,\"max\":0.0}],\"aggregationTemporality\":2}}");
	check_has(&got, "\"count\":\"302\",\"sum\":1.25,\"scale\":-1,\"zeroCount\":\"1\","
			"\"positive\":{\"offset\":-2,\"bucketCounts\":[\"300\",\"1\"]},");
	check_has(&got, "\"max\":1.0}],\"aggregationTemporality\":1}}],\"schemaUrl\":"
			"\"https://opentelemetry.io/schemas/1.21.0\"}]}]}");
	buf__free(&got);
	metrics__put(metrics);
}

/* One group more of one metric: points 3 to 7 of the snapshot, n = 3 to 7. */
static void add_points(struct metrics *metrics)
{
	struct metric_group *group = metrics__group(metrics);
	struct metric *metric = calloc(1, sizeof(*metric));

	group->resource = resource__new();
	group->scope = &scope;
	group->metrics = metric;
	group->metric_cnt = 1;
	*metric = (struct metric){.info = &sum_info, .point_cnt = 5};
	metric->points = calloc(5, sizeof(*metric->points));
	for (u32 i = 0; i < 5; i++) {
		metric->points[i].set = attr_set__new(&(struct attrs){0});
		metric->points[i].sum.i = 3 + i;
	}
}

/* Each point is in exactly one part, and no part has an empty metric or group. */
static void metrics_in_parts(void)
{
	struct metrics *metrics = new_metrics();

	add_points(metrics);
	CHECK(metric_group__points(&metrics->groups[1]) == 3);
	for (u32 size = 1; size <= 9; size++) {
		struct arena mem = {0};
		u32 points = 0;

		for (u32 first = 0; first < 8; first += size) {
			const struct metrics *part =
				metrics__part(metrics, (struct metric_range){first, size}, &mem);

			for (u32 i = 0; i < part->group_cnt; i++) {
				u32 cnt = metric_group__points(&part->groups[i]);

				CHECK(!cnt == !part->groups[i].metric_cnt);
				points += cnt;
			}
			CHECK(points == (first + size < 8 ? first + size : 8));
		}
		arena__free(&mem);
	}
	metrics__put(metrics);
}

static void a_part_as_json(void)
{
	struct metrics *metrics = new_metrics();
	struct arena mem = {0};
	struct buf got = {0};

	add_points(metrics);
	CHECK(!otlp_encode_metrics(&got, OTLP_JSON,
				   metrics__part(metrics, (struct metric_range){2, 3}, &mem)));
	buf__char(&got, '\0');
	check_has(&got, "\"metrics\":[{\"name\":\"s\",\"unit\":\"s\",\"exponentialHistogram\"");
	check_has(&got, "\"sum\":{\"dataPoints\":[{\"timeUnixNano\":\"1795220082000000000\","
			"\"asInt\":\"3\"},{\"timeUnixNano\":\"1795220082000000000\",\"asInt\":"
			"\"4\"}],\"aggregationTemporality\":2}}]");
	CHECK(!strstr(got.p, "\"ms\"") && !strstr(got.p, "\"asInt\":\"5\""));
	buf__free(&got);
	arena__free(&mem);
	metrics__put(metrics);
}

static void metrics_as_debug_text(void)
{
	const struct metrics_export_ops *ops = metrics_export_find(STR("debug"));
	struct metrics *metrics = new_metrics();
	int fd = memfd_create("out", 0);
	struct metrics_exporter *exporter;
	struct export_env env = {0};
	struct str text;

	CHECK(!output__new(&env.output, fd, 1 << 20, false));
	CHECK(!ops->open(&exporter, &env));
	CHECK(ops->send(exporter, metrics) == EXPORT_OK);
	ops->close(exporter);
	CHECK(!output__flush(env.output, 60000));
	output__free(env.output);
	text = read_all(fd);
	CHECK_STR(text,
		  "Metrics\t{\"resource metrics\": 1, \"metrics\": 3, \"data points\": 3}\n"
		  "ResourceMetrics #0\nResource SchemaURL: \nResource attributes:\n"
		  "     -> service.name: Str(todo)\nScopeMetrics #0\n"
		  "ScopeMetrics SchemaURL: https://opentelemetry.io/schemas/1.21.0\n"
		  "InstrumentationScope scope.a 1\n"
		  "Metric #0\nDescriptor:\n     -> Name: n\n     -> Description: How many.\n"
		  "     -> Unit: {request}\n     -> DataType: Sum\n     -> IsMonotonic: false\n"
		  "     -> AggregationTemporality: Cumulative\nNumberDataPoints #0\n"
		  "Data point attributes:\n     -> method: Str(GET)\n"
		  "StartTimestamp: 2026-11-21 00:14:41.187687599 +0000 UTC\n"
		  "Timestamp: 2026-11-21 00:14:42 +0000 UTC\nValue: -1\n"
		  "Metric #1\nDescriptor:\n     -> Name: ms\n     -> Description: \n"
		  "     -> Unit: ms\n     -> DataType: Histogram\n"
		  "     -> AggregationTemporality: Cumulative\nHistogramDataPoints #0\n"
		  "Data point attributes:\n     -> method: Str(PUT)\n"
		  "StartTimestamp: 2026-11-21 00:14:41.187687599 +0000 UTC\n"
		  "Timestamp: 2026-11-21 00:14:42 +0000 UTC\nCount: 1\nSum: 0.000000\n"
		  "Min: 0.000000\nMax: 0.000000\nExplicitBounds #0: 1.000000\n"
		  "ExplicitBounds #1: 2.500000\nBuckets #0, Count: 1\nBuckets #1, Count: 0\n"
		  "Buckets #2, Count: 0\nExemplars:\nExemplar #0\n"
		  "     -> Trace ID: 4bf92f3577b34da6a3ce929d0e0e4736\n"
		  "     -> Span ID: 00f067aa0ba902b7\n"
		  "     -> Timestamp: 2026-11-21 00:14:41.1876876 +0000 UTC\n     -> Value: 0\n"
		  "Metric #2\nDescriptor:\n     -> Name: s\n     -> Description: \n"
		  "     -> Unit: s\n     -> DataType: ExponentialHistogram\n"
		  "     -> AggregationTemporality: Delta\nExponentialHistogramDataPoints #0\n"
		  "Data point attributes:\n     -> method: Str(GET)\n"
		  "StartTimestamp: 2026-11-21 00:14:41.187687599 +0000 UTC\n"
		  "Timestamp: 2026-11-21 00:14:42 +0000 UTC\nCount: 302\nSum: 1.250000\n"
		  "Min: 0.000000\nMax: 1.000000\nBucket [0, 0], Count: 1\n"
		  "Bucket (0.062500, 0.250000], Count: 300\n"
		  "Bucket (0.250000, 1.000000], Count: 1\nExemplars:\nExemplar #0\n"
		  "     -> Trace ID: \n     -> Span ID: \n"
		  "     -> Timestamp: 2026-11-21 00:14:41.1876876 +0000 UTC\n"
		  "     -> Value: 0.250000\n\n");
	free((char *)text.p);
	close(fd);
	metrics__put(metrics);
}

int main(void)
{
	alarm(60);
	RUN(metrics_as_protobuf);
	RUN(metrics_as_json);
	RUN(metrics_in_parts);
	RUN(a_part_as_json);
	RUN(metrics_as_debug_text);
	return test_status();
}
