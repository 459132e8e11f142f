// SPDX-License-Identifier: Apache-2.0
/*
 * Pages for Prometheus: the series that Python's exporter serves for the same requests, with the
 * identity of each process in front; what clients or users choose never breaks a line.
 */
#include "test.h"

#include "export/prometheus_label.h"
#include "export/prometheus_page.h"
#include "test_requests.h"

static struct resource *new_resource(const char *const pairs[][2])
{
	struct resource *resource = resource__new();

	for (; (*pairs)[0]; pairs++)
		attrs__str(&resource->attrs, &resource->mem, str_from((*pairs)[0]),
			   str_from((*pairs)[1]));
	return resource;
}

static struct resource *new_service(const char *name, const char *instance)
{
	return new_resource((const char *const[][2]){
		{"service.instance.id", instance}, {"service.name", name}, {NULL, NULL}});
}

/* Ends with a NUL that is not counted. */
static void print_page(struct metrics *owned, enum prometheus_format format, struct buf *out)
{
	struct prometheus_page *page;

	buf__reset(out);
	CHECK(!prometheus_page__new(&page, owned, format));
	metrics__put(owned);
	while (prometheus_page__next(page, out))
		;
	CHECK(!prometheus_page__next(page, out));
	buf__char(out, '\0');
	CHECK(!out->failed);
	out->len--;
	prometheus_page__free(page);
}

static bool has_line(const struct buf *page, const char *line)
{
	struct str rest = buf__view(page);

	while (rest.len) {
		ssize_t end = str_find(rest, '\n', 0);

		if (str_eq(str_sub(rest, 0, (size_t)end), str_from(line)))
			return true;
		rest = str_sub(rest, (size_t)end + 1, rest.len);
	}
	return false;
}

#define CHECK_LINE(page, line)                                          \
	do {                                                            \
		if (!has_line(page, line))                              \
			test_fail(__FILE__, __LINE__, "no line " line); \
	} while (0)

#define IDENTITY "job=\"todo\",instance=\"i1\","
#define SCOPE(version)                                                \
	"otel_scope_name=\"otel-ebpf\",otel_scope_version=\"" VERSION \
	"\",otel_scope_schema_url=\"https://opentelemetry.io/schemas/" version "\""
#define ACTIVE_LEGACY                                                                    \
	IDENTITY "http_flavor=\"1.1\",http_host=\"localhost:5000\",http_method=\"GET\"," \
		 "http_scheme=\"http\",http_server_name=\"127.0.0.1\"," SCOPE("1.11.0")
#define DURATION_LEGACY                                                                          \
	IDENTITY "http_flavor=\"1.1\",http_host=\"localhost:5000\",http_method=\"GET\","         \
		 "http_scheme=\"http\",http_server_name=\"127.0.0.1\",http_status_code=\"200\"," \
		 "http_target=\"/"                                                               \
		 "\",net_host_name=\"localhost:5000\",net_host_port=\"5000\"," SCOPE("1.11.0")
#define DURATION_STABLE                                                                          \
	IDENTITY "http_request_method=\"GET\",http_response_status_code=\"200\","                \
		 "http_route=\"/\",network_protocol_version=\"1.1\",url_scheme=\"http\"," SCOPE( \
			 "1.21.0")

static void page_of_todo(bool stable, enum prometheus_format format, struct buf *out)
{
	struct span_metrics *metrics = new_metrics(!stable, stable, EXEMPLAR_TRACE_BASED);
	struct resource *resource = new_service("todo", "i1");

	request(metrics, resource, "localhost:5000", 2 * MS);
	request(metrics, resource, "localhost:5000", 6 * MS);
	print_page(span_metrics__peek(metrics, T0), format, out);
	span_metrics__free(metrics);
	resource__put(resource);
}

static u32 count_text(const struct buf *page, const char *text)
{
	const char *at = page->p;
	u32 cnt = 0;

	for (; (at = strstr(at, text)); at++)
		cnt++;
	return cnt;
}

static void text_legacy(void)
{
	struct buf page __cleanup(buf__free) = {0};

	page_of_todo(false, PROMETHEUS_TEXT, &page);
	CHECK_LINE(&page, "# TYPE target_info gauge");
	CHECK_LINE(&page,
		   "target_info{" IDENTITY "service_instance_id=\"i1\",service_name=\"todo\"} 1.0");
	CHECK_LINE(&page, "# HELP http_server_active_requests Measures the number of concurrent "
			  "HTTP requests that are currently in-flight.");
	CHECK_LINE(&page, "# TYPE http_server_active_requests gauge");
	CHECK_LINE(&page, "http_server_active_requests{" ACTIVE_LEGACY "} 0.0");
	CHECK_LINE(&page, "# TYPE http_server_duration_milliseconds histogram");
	CHECK(!count_text(&page, "# UNIT"));
	CHECK_LINE(&page,
		   "http_server_duration_milliseconds_bucket{" DURATION_LEGACY ",le=\"0.0\"} 0.0");
	CHECK_LINE(&page,
		   "http_server_duration_milliseconds_bucket{" DURATION_LEGACY ",le=\"5.0\"} 1.0");
	CHECK_LINE(&page,
		   "http_server_duration_milliseconds_bucket{" DURATION_LEGACY ",le=\"10.0\"} 2.0");
	CHECK_LINE(&page,
		   "http_server_duration_milliseconds_bucket{" DURATION_LEGACY ",le=\"+Inf\"} 2.0");
	CHECK_LINE(&page, "http_server_duration_milliseconds_count{" DURATION_LEGACY "} 2.0");
	CHECK_LINE(&page, "http_server_duration_milliseconds_sum{" DURATION_LEGACY "} 8.0");
	CHECK(!strstr(page.p, "EOF") && !strstr(page.p, " # {"));
}

static void openmetrics_stable(void)
{
	struct buf page __cleanup(buf__free) = {0};

	page_of_todo(true, PROMETHEUS_OPENMETRICS, &page);
	CHECK_LINE(&page, "# TYPE target info");
	CHECK_LINE(&page, "# TYPE http_server_request_duration_seconds histogram");
	CHECK_LINE(&page, "# UNIT http_server_request_duration_seconds seconds");
	CHECK(!count_text(&page, "# UNIT http_server_active_requests"));
	CHECK_LINE(&page, "http_server_request_duration_seconds_bucket{" DURATION_STABLE
			  ",le=\"0.005\"} 1.0 # {trace_id=\"00000000000000000000000000000000\","
			  "span_id=\"0000000000000080\"} 0.002 1795220000.002000000");
	CHECK_LINE(&page,
		   "http_server_request_duration_seconds_bucket{" DURATION_STABLE ",le=\"1\"} 2.0");
	CHECK_LINE(&page, "http_server_request_duration_seconds_sum{" DURATION_STABLE "} 0.008");
	CHECK(page.len > 6 && !strcmp(page.p + page.len - 6, "# EOF\n"));
}

/* One family of all processes; whoever says the same of itself gets a number. */
static void processes(void)
{
	struct span_metrics *metrics = new_metrics(true, false, EXEMPLAR_TRACE_BASED);
	struct resource *resources[] = {
		new_service("todo", "i1"),
		new_service("todo", "i1"),
		new_service("todo", "i2"),
		new_service("todo", "i1"),
		new_resource((const char *const[][2]){
			{"service.namespace", "shop"}, {"service.name", "todo"}, {NULL, NULL}}),
	};
	struct buf page __cleanup(buf__free) = {0};

	for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
		request(metrics, resources[i], "h", MS);
	print_page(span_metrics__peek(metrics, T0), PROMETHEUS_TEXT, &page);
	CHECK(count_text(&page, "# TYPE http_server_active_requests ") == 1);
	CHECK(count_text(&page, "\nhttp_server_active_requests{") == 5);
	CHECK(count_text(&page, "\ntarget_info{") == 5);
	CHECK(count_text(&page, "\nhttp_server_active_requests{job=\"todo\",instance=\"i1\","
				"http") == 1);
	CHECK(count_text(&page, "\nhttp_server_active_requests{job=\"todo\",instance=\"i1\","
				"otel_ebpf_process=\"2\",http") == 1);
	CHECK(count_text(&page, "\nhttp_server_active_requests{job=\"todo\",instance=\"i1\","
				"otel_ebpf_process=\"3\",http") == 1);
	CHECK(count_text(&page, "\nhttp_server_active_requests{job=\"todo\",instance=\"i2\","
				"http") == 1);
	CHECK(count_text(&page, "\nhttp_server_active_requests{job=\"shop/todo\",instance=\"\","
				"http") == 1);
	span_metrics__free(metrics);
	for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
		resource__put(resources[i]);
}

static void check_name(const char *name, const char *want)
{
	struct buf got __cleanup(buf__free) = {0};

	prometheus_name(&got, str_from(name));
	CHECK_STR(buf__view(&got), want);
}

static void names(void)
{
	check_name("http.request.method", "http_request_method");
	check_name("a--b__c", "a_b_c");
	check_name("9lives", "_9lives");
	check_name("", "_");
	check_name("caf\xc3\xa9", "caf_");
}

static void check_metric_name(const char *name, const char *unit, const char *want)
{
	struct metric_info info = {.name = name, .unit = unit};
	struct buf got __cleanup(buf__free) = {0};

	prometheus_metric_name(&got, &info);
	CHECK_STR(buf__view(&got), want);
}

static void units(void)
{
	check_metric_name("http.server.request.duration", "s",
			  "http_server_request_duration_seconds");
	check_metric_name("http.server.active_requests", "requests", "http_server_active_requests");
	check_metric_name("http.server.active_requests", "{request}",
			  "http_server_active_requests");
	check_metric_name("http.server.request.body.size", "By",
			  "http_server_request_body_size_bytes");
	check_metric_name("x", "", "x");
}

static void check_attrs(const char *const pairs[][2], const char *want)
{
	static const struct str reserved[] = {STR("job"), STR_NONE};
	struct resource *resource = new_resource(pairs);
	struct buf got __cleanup(buf__free) = {0};

	prometheus_attrs(&got, &resource->attrs, reserved);
	CHECK_STR(buf__view(&got), want);
	resource__put(resource);
}

/* What users write into OTEL_RESOURCE_ATTRIBUTES. */
static void labels(void)
{
	check_attrs((const char *const[][2]){{"b", "1"}, {"a", "2"}, {NULL, NULL}},
		    "a=\"2\",b=\"1\"");
	check_attrs((const char *const[][2]){{"a_b", "1"}, {"c", "3"}, {"a.b", "2"}, {NULL, NULL}},
		    "a_b=\"2;1\",c=\"3\"");
	check_attrs((const char *const[][2]){{"job", "1"}, {"Job", "2"}, {NULL, NULL}},
		    "Job=\"2\"");
	check_attrs((const char *const[][2]){{"a", "\"x\\\n"}, {NULL, NULL}}, "a=\"\\\"x\\\\\\n\"");
	check_attrs((const char *const[][2]){{"a", "\xff\xc3\xa9"}, {NULL, NULL}},
		    "a=\"\xef\xbf\xbd\xc3\xa9\"");
	check_attrs((const char *const[][2]){{NULL, NULL}}, "");
}

static void formats(void)
{
	static const struct {
		const char *accept;
		enum prometheus_format format;
	} cases[] = {
		{NULL, PROMETHEUS_TEXT},
		{"", PROMETHEUS_TEXT},
		{"*/*", PROMETHEUS_TEXT},
		{"text/html, */*;q=0.8", PROMETHEUS_TEXT},
		{"application/openmetrics-text", PROMETHEUS_OPENMETRICS},
		{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		 "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		 PROMETHEUS_OPENMETRICS},
		{"Application/OpenMetrics-Text; q=0.3, text/plain; q=0.5", PROMETHEUS_TEXT},
		{"application/openmetrics-text;q=0", PROMETHEUS_TEXT},
		{"application/openmetrics-text;q=0.000, text/plain;q=0", PROMETHEUS_TEXT},
		{"application/openmetrics-text;q=x", PROMETHEUS_OPENMETRICS},
		{",;,q=1,;;", PROMETHEUS_TEXT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK(prometheus_format_of(str_from(cases[i].accept)) == cases[i].format);
}

static void nothing(void)
{
	struct buf page __cleanup(buf__free) = {0};

	print_page(NULL, PROMETHEUS_TEXT, &page);
	CHECK_STR(buf__view(&page), "");
	print_page(NULL, PROMETHEUS_OPENMETRICS, &page);
	CHECK_STR(buf__view(&page), "# EOF\n");
}

int main(void)
{
	open_conventions();
	RUN(text_legacy);
	RUN(openmetrics_stable);
	RUN(processes);
	RUN(names);
	RUN(units);
	RUN(labels);
	RUN(formats);
	RUN(nothing);
	close_conventions();
	return test_status();
}
