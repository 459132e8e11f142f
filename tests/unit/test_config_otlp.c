// SPDX-License-Identifier: Apache-2.0
/* Where telemetry goes by default, and OTLP's options, general and by signal. */
#include "test_parse.h"

/* As opentelemetry-instrument: OTLP of a command, and where somebody names an OTEL exporter. */
static void otlp_by_default(void)
{
	static const struct {
		char *args[4], *env[3];
		const char *traces, *metrics;
	} cases[] = {
		{{"x"}, {NULL}, "otlp", "otlp"},
		{{"--traces_exporter=console", "x"}, {NULL}, "console", "otlp"},
		{{"--pid=1"}, {NULL}, "text", "none"},
		{{"--replay=f"}, {NULL}, "text", "none"},
		{{"--pid=1", "--metrics_exporter=console"}, {NULL}, "text", "console"},
		{{"--pid=1"}, {"OTEL_METRICS_EXPORTER=console"}, "otlp", "console"},
		{{"--pid=1", "--exporter_otlp_endpoint=h:1"}, {NULL}, "otlp", "otlp"},
		{{"--pid=1"}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=h:1"}, "otlp", "otlp"},
		{{"--pid=1"}, {"ELASTIC_APM_SERVER_ENDPOINT=h:1"}, "otlp", "otlp"},
		{{"--pid=1"}, {"OTEL_EXPORTER_JAEGER_ENDPOINT=h"}, "text", "none"},
		{{"--replay=f"}, {"OTEL_EXPORTER_OTLP_ENDPOINT=h:1"}, "text", "none"},
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome o;

		parse(&o, (char **)cases[i].args, (char **)cases[i].env);
		CHECK_STR(str_from(o.config.traces_exporter), cases[i].traces);
		CHECK_STR(str_from(o.config.metrics_exporter), cases[i].metrics);
	}
}

static void elastic_is_one_more(void)
{
	struct config_exporter found[CONFIG_EXPORTERS_MAX];
	struct outcome o;

	parse(&o, ARGS("--traces_exporter=console", "--metrics_exporter=none", "x"),
	      ARGS("ELASTIC_APM_SERVER_ENDPOINT=h:1"));
	CHECK(config__exporters(&o.config, found) == 2);
	CHECK_STR(found[1].name, "elastic");
	CHECK(!config__metrics_exporters(&o.config, found));
}

/* A signal's own value beats the general one, which beats the default. */
static void otlp_by_signal(void)
{
	struct outcome o;

	parse(&o, ARGS("x"),
	      ARGS("OTEL_EXPORTER_OTLP_ENDPOINT=http://a:1", "OTEL_EXPORTER_OTLP_TIMEOUT=7",
		   "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://b:2/x",
		   "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT=0", "OTEL_EXPORTER_OTLP_INSECURE=true",
		   "OTEL_EXPORTER_OTLP_METRICS_INSECURE=false", "OTEL_EXPORTER_OTLP_HEADERS=k=v",
		   "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json",
		   "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=gzip"));
	CHECK_STR(str_from(o.said), "");
	CHECK_STR(str_from(o.config.otlp.endpoint), "http://a:1");
	CHECK(!o.config.otlp_traces.endpoint);
	CHECK_STR(str_from(o.config.otlp_metrics.endpoint), "http://b:2/x");
	CHECK(o.config.otlp_traces.timeout == 7 && !o.config.otlp_metrics.timeout);
	CHECK(o.config.otlp_traces.insecure && !o.config.otlp_metrics.insecure);
	CHECK_STR(str_from(o.config.otlp_traces.headers), "k=v");
	CHECK_STR(str_from(o.config.otlp_traces.protocol), "http/json");
	CHECK_STR(str_from(o.config.otlp_metrics.protocol), "grpc");
	CHECK_STR(str_from(o.config.otlp_traces.compression), "none");
	CHECK_STR(str_from(o.config.otlp_metrics.compression), "gzip");
	CHECK(!o.config.otlp_traces.certificate);
	CHECK(o.config.bsp.max_queue_size == 2048 && o.config.bsp.schedule_delay == 5000);
}

int main(void)
{
	RUN(otlp_by_default);
	RUN(elastic_is_one_more);
	RUN(otlp_by_signal);
	return test_status();
}
