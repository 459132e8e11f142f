// SPDX-License-Identifier: Apache-2.0
/*
 * Metrics as they are printed. The documents are what Python's ConsoleMetricExporter printed for
 * two servers, with some attributes of the resource and data points left out.
 */
#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "export/metrics_export.h"
#include "model/http_metric.h"

/* clang-format off */
static const char legacy_document[] =
	"{\n"
	"    \"resource_metrics\": [\n"
	"        {\n"
	"            \"resource\": {\n"
	"                \"attributes\": {\n"
	"                    \"service.name\": \"todo\"\n"
	"                },\n"
	"                \"schema_url\": \"\"\n"
	"            },\n"
	"            \"scope_metrics\": [\n"
	"                {\n"
	"                    \"scope\": {\n"
	"                        \"name\": \"opentelemetry.instrumentation.flask\",\n"
	"                        \"version\": \"0.66b1\",\n"
	"                        \"schema_url\": \"https://opentelemetry.io/schemas/1.11.0\",\n"
	"                        \"attributes\": null\n"
	"                    },\n"
	"                    \"metrics\": [\n"
	"                        {\n"
	"                            \"name\": \"http.server.active_requests\",\n"
	"                            \"description\": \"Measures the number of concurrent HTTP requests that are currently in-flight.\",\n"
	"                            \"unit\": \"requests\",\n"
	"                            \"data\": {\n"
	"                                \"data_points\": [\n"
	"                                    {\n"
	"                                        \"attributes\": {\n"
	"                                            \"http.method\": \"POST\",\n"
	"                                            \"http.server_name\": \"127.0.0.1\",\n"
	"                                            \"http.scheme\": \"http\",\n"
	"                                            \"http.host\": \"localhost:5000\",\n"
	"                                            \"http.flavor\": \"1.1\"\n"
	"                                        },\n"
	"                                        \"start_time_unix_nano\": 1795220189775621394,\n"
	"                                        \"time_unix_nano\": 1795220190808101063,\n"
	"                                        \"value\": 0,\n"
	"                                        \"exemplars\": []\n"
	"                                    }\n"
	"                                ],\n"
	"                                \"aggregation_temporality\": 2,\n"
	"                                \"is_monotonic\": false\n"
	"                            }\n"
	"                        },\n"
	"                        {\n"
	"                            \"name\": \"http.server.duration\",\n"
	"                            \"description\": \"Measures the duration of inbound HTTP requests.\",\n"
	"                            \"unit\": \"ms\",\n"
	"                            \"data\": {\n"
	"                                \"data_points\": [\n"
	"                                    {\n"
	"                                        \"attributes\": {\n"
	"                                            \"http.method\": \"POST\",\n"
	"                                            \"http.server_name\": \"127.0.0.1\",\n"
	"                                            \"http.scheme\": \"http\",\n"
	"                                            \"net.host.name\": \"localhost:5000\",\n"
	"                                            \"http.host\": \"localhost:5000\",\n"
	"                                            \"net.host.port\": 5000,\n"
	"                                            \"http.flavor\": \"1.1\",\n"
	"                                            \"http.status_code\": 405\n"
	"                                        },\n"
	"                                        \"start_time_unix_nano\": 1795220189776747733,\n"
	"                                        \"time_unix_nano\": 1795220190808101063,\n"
	"                                        \"count\": 1,\n"
	"                                        \"sum\": 1,\n"
	"                                        \"bucket_counts\": [\n"
	"                                            0,\n"
	"                                            1,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0\n"
	"                                        ],\n"
	"                                        \"explicit_bounds\": [\n"
	"                                            0.0,\n"
	"                                            5.0,\n"
	"                                            10.0,\n"
	"                                            25.0,\n"
	"                                            50.0,\n"
	"                                            75.0,\n"
	"                                            100.0,\n"
	"                                            250.0,\n"
	"                                            500.0,\n"
	"                                            750.0,\n"
	"                                            1000.0,\n"
	"                                            2500.0,\n"
	"                                            5000.0,\n"
	"                                            7500.0,\n"
	"                                            10000.0\n"
	"                                        ],\n"
	"                                        \"min\": 1,\n"
	"                                        \"max\": 1,\n"
	"                                        \"exemplars\": [\n"
	"                                            {\n"
	"                                                \"filtered_attributes\": {},\n"
	"                                                \"value\": 1,\n"
	"                                                \"time_unix_nano\": 1795220189776648576,\n"
	"                                                \"span_id\": 11419010847329933386,\n"
	"                                                \"trace_id\": 224997206966493360008727389383067398274\n"
	"                                            }\n"
	"                                        ]\n"
	"                                    }\n"
	"                                ],\n"
	"                                \"aggregation_temporality\": 2\n"
	"                            }\n"
	"                        }\n"
	"                    ],\n"
	"                    \"schema_url\": \"https://opentelemetry.io/schemas/1.11.0\"\n"
	"                }\n"
	"            ],\n"
	"            \"schema_url\": \"\"\n"
	"        }\n"
	"    ]\n"
	"}\n";

static const char stable_metrics_part[] =
	"                    \"metrics\": [\n"
	"                        {\n"
	"                            \"name\": \"http.server.active_requests\",\n"
	"                            \"description\": \"Number of active HTTP server requests.\",\n"
	"                            \"unit\": \"{request}\",\n"
	"                            \"data\": {\n"
	"                                \"data_points\": [\n"
	"                                    {\n"
	"                                        \"attributes\": {\n"
	"                                            \"http.request.method\": \"GET\",\n"
	"                                            \"url.scheme\": \"http\"\n"
	"                                        },\n"
	"                                        \"start_time_unix_nano\": 1795220146659570413,\n"
	"                                        \"time_unix_nano\": 1795220147752443027,\n"
	"                                        \"value\": 0,\n"
	"                                        \"exemplars\": [\n"
	"                                            {\n"
	"                                                \"filtered_attributes\": {},\n"
	"                                                \"value\": -1,\n"
	"                                                \"time_unix_nano\": 1795220146691660222,\n"
	"                                                \"span_id\": null,\n"
	"                                                \"trace_id\": null\n"
	"                                            }\n"
	"                                        ]\n"
	"                                    }\n"
	"                                ],\n"
	"                                \"aggregation_temporality\": 2,\n"
	"                                \"is_monotonic\": false\n"
	"                            }\n"
	"                        },\n"
	"                        {\n"
	"                            \"name\": \"http.server.request.duration\",\n"
	"                            \"description\": \"Duration of HTTP server requests.\",\n"
	"                            \"unit\": \"s\",\n"
	"                            \"data\": {\n"
	"                                \"data_points\": [\n"
	"                                    {\n"
	"                                        \"attributes\": {\n"
	"                                            \"http.request.method\": \"GET\",\n"
	"                                            \"url.scheme\": \"http\",\n"
	"                                            \"network.protocol.version\": \"1.1\",\n"
	"                                            \"http.response.status_code\": 200,\n"
	"                                            \"http.route\": \"/slow\"\n"
	"                                        },\n"
	"                                        \"start_time_unix_nano\": 1795220146691598891,\n"
	"                                        \"time_unix_nano\": 1795220147752443027,\n"
	"                                        \"count\": 1,\n"
	"                                        \"sum\": 0.03205371500007459,\n"
	"                                        \"bucket_counts\": [\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            1,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0,\n"
	"                                            0\n"
	"                                        ],\n"
	"                                        \"explicit_bounds\": [\n"
	"                                            0.005,\n"
	"                                            0.01,\n"
	"                                            0.025,\n"
	"                                            0.05,\n"
	"                                            0.075,\n"
	"                                            0.1,\n"
	"                                            0.25,\n"
	"                                            0.5,\n"
	"                                            0.75,\n"
	"                                            1,\n"
	"                                            2.5,\n"
	"                                            5,\n"
	"                                            7.5,\n"
	"                                            10\n"
	"                                        ],\n"
	"                                        \"min\": 0.03205371500007459,\n"
	"                                        \"max\": 0.03205371500007459,\n"
	"                                        \"exemplars\": [\n"
	"                                            {\n"
	"                                                \"filtered_attributes\": {},\n"
	"                                                \"value\": 0.03205371500007459,\n"
	"                                                \"time_unix_nano\": 1795220146691367648,\n"
	"                                                \"span_id\": 3924138381408330651,\n"
	"                                                \"trace_id\": 144167347858557854120041973094392342613\n"
	"                                            }\n"
	"                                        ]\n"
	"                                    }\n"
	"                                ],\n"
	"                                \"aggregation_temporality\": 2\n"
	"                            }\n"
	"                        }\n"
	"                    ],\n";
/* clang-format on */

#define LEGACY_TIME 1795220190808101063
#define STABLE_TIME 1795220147752443027

static const struct scope legacy_scope = {"opentelemetry.instrumentation.flask", "0.66b1",
					  "https://opentelemetry.io/schemas/1.11.0"};
static const struct scope stable_scope = {"opentelemetry.instrumentation.flask", "0.66b1",
					  "https://opentelemetry.io/schemas/1.21.0"};

static struct attr_set *new_set(const char *method, enum http_metric metric, enum semconv_set set,
				u16 status, const char *route)
{
	struct arena mem __cleanup(arena__free) = {0};
	struct http_call call = {
		.peer = {.family = FAMILY_INET, .listen_addr = {127, 0, 0, 1}},
		.method = str_from(method),
		.target = STR("/"),
		.host = STR("localhost:5000"),
		.version = STR("1.1"),
		.status = status,
	};
	struct semconv_options options = {.stability_opt_in = set == SEMCONV_STABLE ? "http" : ""};
	struct http_metric_source source = {NULL, &call, str_from(route), &mem};
	struct semconv *semconv;
	struct attr list[HTTP_METRIC_ATTRS_MAX];
	struct attrs attrs = {.v = list};

	call.peer.server.port = 5000;
	CHECK(!semconv__new(&semconv, &options));
	source.semconv = semconv;
	CHECK(!http_metric_attrs(metric, &source, &attrs));
	semconv__free(semconv);
	return attr_set__new(&attrs);
}

/* One point in flight, and some of the duration, which are still to be set. */
static struct metrics *new_metrics(enum semconv_set set, u32 points, u64 time_ns)
{
	enum http_metric duration = set == SEMCONV_STABLE ? HTTP_DURATION : HTTP_DURATION_MS;
	struct metrics *metrics = metrics__new(1);
	struct metric_group *group = &metrics->groups[0];
	u32 i;

	metrics->group_cnt = 1;
	metrics->time_ns = time_ns;
	group->scope = set == SEMCONV_STABLE ? &stable_scope : &legacy_scope;
	group->resource = resource__new();
	attrs__str(&group->resource->attrs, &group->resource->mem, STR("service.name"),
		   STR("todo"));
	group->metrics = calloc(2, sizeof(*group->metrics));
	group->metric_cnt = 2;
	for (i = 0; i < 2; i++) {
		struct metric *metric = &group->metrics[i];

		metric->info = http_metric_info(i ? duration : HTTP_ACTIVE, set);
		metric->points = calloc(points, sizeof(*metric->points));
		metric->point_cnt = i ? points : 1;
		metric->exemplars = calloc(1, sizeof(*metric->exemplars));
		metric->points[0].exemplars = metric->exemplars;
	}
	return metrics;
}

static struct metrics *legacy_metrics(void)
{
	struct metrics *metrics = new_metrics(SEMCONV_LEGACY, 1, LEGACY_TIME);
	struct metric_point *active = metrics->groups[0].metrics[0].points;
	struct metric_point *duration = metrics->groups[0].metrics[1].points;

	active->set = new_set("POST", HTTP_ACTIVE, SEMCONV_LEGACY, 0, NULL);
	active->start_ns = 1795220189775621394;
	duration->set = new_set("POST", HTTP_DURATION_MS, SEMCONV_LEGACY, 405, NULL);
	duration->start_ns = 1795220189776747733;
	duration->count = duration->fresh = duration->buckets[1] = duration->exemplar_cnt = 1;
	duration->sum.i = duration->min.i = duration->max.i = 1;
	duration->exemplars[0] = (struct exemplar){
		.time_ns = 1795220189776648576,
		.value.i = 1,
		.has_context = true,
		.trace_id = "\xa9\x44\xe2\xc5\xc1\xb0\x52\xc0\x54\x09\x02\x8c\x88\x3f\x70\x82",
		.span_id = "\x9e\x78\x79\xdd\x79\x6e\xd8\x4a",
	};
	return metrics;
}

static struct metrics *stable_metrics(void)
{
	struct metrics *metrics = new_metrics(SEMCONV_STABLE, 1, STABLE_TIME);
	struct metric_point *active = metrics->groups[0].metrics[0].points;
	struct metric_point *duration = metrics->groups[0].metrics[1].points;

	active->set = new_set("GET", HTTP_ACTIVE, SEMCONV_STABLE, 0, NULL);
	active->start_ns = 1795220146659570413;
	active->exemplar_cnt = 1;
	active->exemplars[0] = (struct exemplar){.time_ns = 1795220146691660222, .value.i = -1};
	duration->set = new_set("GET", HTTP_DURATION, SEMCONV_STABLE, 200, "/slow");
	duration->start_ns = 1795220146691598891;
	duration->count = duration->fresh = duration->buckets[3] = duration->exemplar_cnt = 1;
	duration->sum.d = duration->min.d = duration->max.d = 0.03205371500007459;
	duration->exemplars[0] = (struct exemplar){
		.time_ns = 1795220146691367648,
		.value.d = 0.03205371500007459,
		.has_context = true,
		.trace_id = "\x6c\x75\x9f\x08\x8f\x6b\x4e\xf2\x73\xa0\x7a\xcd\x53\x01\x28\x55",
		.span_id = "\x36\x75\x57\x11\x21\x51\xe3\x9b",
	};
	return metrics;
}

/* Sends a snapshot to an exporter and gives back what it wrote. */
static void print(const char *name, struct metrics *metrics, struct buf *out)
{
	const struct metrics_export_ops *ops = metrics_export_find(str_from(name));
	int fd = memfd_create("out", 0);
	struct export_env env = {0};
	struct metrics_exporter *exporter;
	ssize_t n;

	buf__reset(out);
	CHECK(!output__new(&env.output, fd, 1 << 20, false));
	CHECK(!ops->open(&exporter, &env) && exporter->ops == ops);
	CHECK(ops->send(exporter, metrics) == EXPORT_OK);
	CHECK(!output__flush(env.output, 10000));
	ops->close(exporter);
	output__free(env.output);
	CHECK(!buf__reserve(out, 1 << 20));
	n = pread(fd, out->p, 1 << 20, 0);
	out->len = n > 0 ? (size_t)n : 0;
	close(fd);
}

/* What is printed from `from` on begins with `want`. */
static void check_document(struct metrics *metrics, const char *from, const char *want)
{
	struct buf got __cleanup(buf__free) = {0};
	const char *at;
	size_t i;

	print("console", metrics, &got);
	buf__char(&got, '\0');
	at = strstr(got.p, from);
	for (i = 0; at && want[i] && at[i] == want[i]; i++)
		;
	if (want[i]) /* from the first difference on */
		CHECK_STR(str_from(at ? at + i : got.p), want + i);
	metrics__put(metrics);
}

static void console_legacy(void)
{
	check_document(legacy_metrics(), "{", legacy_document);
}

static void console_stable(void)
{
	check_document(stable_metrics(), "                    \"metrics\"", stable_metrics_part);
}

/* The largest and the smallest id, and a group of which nothing was recorded. */
static void console_ids(void)
{
	struct metrics *metrics = legacy_metrics();
	struct exemplar *exemplar = metrics->groups[0].metrics[1].points[0].exemplars;
	struct buf got __cleanup(buf__free) = {0};

	memset(exemplar->trace_id, 0xff, sizeof(exemplar->trace_id));
	memcpy(exemplar->span_id, "\0\0\0\0\0\0\0\1", sizeof(exemplar->span_id));
	print("console", metrics, &got);
	buf__char(&got, '\0');
	CHECK(strstr(got.p, "\"trace_id\": 340282366920938463463374607431768211455\n"));
	CHECK(strstr(got.p, "\"span_id\": 1,\n"));
	metrics__put(metrics);
	metrics = metrics__new(1);
	metrics->group_cnt = 1;
	metrics->groups[0].resource = resource__new();
	metrics->groups[0].scope = &legacy_scope;
	print("console", metrics, &got);
	CHECK(!got.len);
	metrics__put(metrics);
}

static void text_table(void)
{
	struct metrics *metrics = legacy_metrics();
	struct buf got __cleanup(buf__free) = {0};

	metrics->since_ns = metrics->time_ns - 2 * NSEC_PER_SEC;
	metrics->groups[0].metrics[0].points[0].sum.i = 3;
	print("text", metrics, &got);
	CHECK_STR(buf__view(&got),
		  "00:16:30 todo: 3 in flight\n"
		  "  METHOD   STATUS     COUNT   RATE/S      MEAN       P50       P99  ROUTE\n"
		  "  POST        405         1      0.5     1.0ms     1.0ms     1.0ms  -\n");
	metrics__put(metrics);
}

/* What differs only in what is not shown is one row; the busiest comes first; routes are made safe.
 */
static void text_rows_add_up(void)
{
	struct metrics *metrics = new_metrics(SEMCONV_STABLE, 3, STABLE_TIME);
	struct metric_point *points = metrics->groups[0].metrics[1].points;
	static const u64 counts[] = {1, 2, 4};
	struct buf got __cleanup(buf__free) = {0};
	u32 i;

	metrics->since_ns = STABLE_TIME;
	metrics->groups[0].metrics[0].points[0].set =
		new_set("GET", HTTP_ACTIVE, SEMCONV_STABLE, 0, NULL);
	for (i = 0; i < 3; i++) {
		points[i].set = new_set("GET", HTTP_DURATION, SEMCONV_STABLE, 200,
					i == 1 ? "/\x1b[2J" : "/");
		points[i].count = points[i].buckets[3] = counts[i];
		points[i].sum.d = 0.03 * (double)counts[i];
		points[i].min.d = i ? 0.03 : 0.02;
		points[i].max.d = 0.04;
	}
	print("text", metrics, &got);
	CHECK_STR(
		buf__view(&got),
		"00:15:47 todo: 0 in flight\n"
		"  METHOD   STATUS     COUNT   RATE/S      MEAN       P50       P99  ROUTE\n"
		"  GET         200         5      0.0    30.0ms    32.5ms    39.8ms  /\n"
		"  GET         200         2      0.0    30.0ms    35.0ms    39.9ms  /\\x1b[2J\n");
	metrics__put(metrics);
}

static void text_overflow_and_more(void)
{
	static struct attr overflow = {
		.key = {"otel.metric.overflow", 20}, .type = ATTR_BOOL, .b = true};
	struct metrics *metrics = new_metrics(SEMCONV_STABLE, 23, STABLE_TIME);
	struct metric_point *points = metrics->groups[0].metrics[1].points;
	struct buf got __cleanup(buf__free) = {0};
	char route[16];
	u32 i;

	metrics->groups[0].metrics[0].points[0].set =
		new_set("GET", HTTP_ACTIVE, SEMCONV_STABLE, 0, NULL);
	for (i = 0; i < 23; i++) {
		snprintf(route, sizeof(route), "/%u", i);
		points[i].set = i ? new_set("GET", HTTP_DURATION, SEMCONV_STABLE, 200, route)
				  : attr_set__new(&(struct attrs){.v = &overflow, .cnt = 1});
		points[i].count = points[i].buckets[0] = 100 - i;
	}
	print("text", metrics, &got);
	buf__char(&got, '\0');
	CHECK(strstr(got.p, "  -             -       100 ") && strstr(got.p, "  (others)\n"));
	CHECK(strstr(got.p, "/19\n  and 3 more\n"));
	metrics__put(metrics);
}

int main(void)
{
	RUN(console_legacy);
	RUN(console_stable);
	RUN(console_ids);
	RUN(text_table);
	RUN(text_rows_add_up);
	RUN(text_overflow_and_more);
	return test_status();
}
