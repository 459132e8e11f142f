// SPDX-License-Identifier: Apache-2.0
/*
 * The table of options. Flags and variables are those of opentelemetry-instrument 0.66b1, the
 * variables without a flag those of its instrumentations, the rest is ours; defaults follow the
 * OpenTelemetry specification (configuration/sdk-environment-variables, protocol/exporter).
 */
#include "config/options.h"

/* one option is one row: */
/* clang-format off */
#define ROW(f, v, u, g, h, ...) \
	{.flag = f, .variable = v, .use = OPT_##u, .group = GROUP_##g, .help = h, __VA_ARGS__}
#define OURS(f, g, h, ...)    ROW(f, NULL, HONOURED, g, h, __VA_ARGS__)
#define VARIABLE(v, g, h, ...) ROW(NULL, v, LATER, g, h, __VA_ARGS__)
#define PYTHON(f, v, h)       ROW(f, v, NEVER, PYTHON, h, TEXT("NAME"), .why = "Python only")
#define DROPPED(f, v)         ROW(f, v, DROPPED, PYTHON, "", TEXT("VALUE"))

#define KEPT(member)       .kept = true, .offset = offsetof(struct config, member)
#define VALUES(...)        .values = (const char *const[]){__VA_ARGS__, NULL}
#define SWITCH             .type = OPT_SWITCH
#define RANGES(n, hi)      .type = OPT_RANGES, .min = 1, .max = hi, .value_name = n "[," n "...]"
#define GLOBS(n)           .type = OPT_GLOBS, .value_name = n "[," n "...]"
#define TEXT(n)            .type = OPT_STRING, .value_name = n
#define PATH               .type = OPT_FILE, .value_name = "FILE"
#define LIST               .type = OPT_LIST, .value_name = "LIST"
#define CHOICE(d)          .type = OPT_CHOICE, .fallback = d, .value_name = "NAME"
#define BOOL               .type = OPT_BOOL, .fallback = "false", .value_name = "BOOL"
#define INTEGER(d, lo, hi) \
	.type = OPT_INTEGER, .fallback = d, .min = lo, .max = hi, .value_name = "N"
#define MS(d)              .type = OPT_MS, .fallback = d, .max = INT32_MAX, .value_name = "MS"
#define SIZE(t, d, lo, hi) \
	.type = t, .fallback = d, .min = lo, .max = hi, .value_name = "BYTES"
#define LIMIT(d)           INTEGER(d, 0, INT32_MAX)
#define WHOLE(d) \
	.type = OPT_COUNT, .fallback = d, .min = 1, .max = 1 << 20, .value_name = "N"

#define PROTOCOL    VALUES("grpc", "http/protobuf", "http/json")
#define COMPRESSION VALUES("none", "gzip", "deflate")

/*
 * The options that each signal has for itself. All but the endpoint, from which each makes its own
 * in another way, are the general ones (m = otlp) where the signal's own are not given.
 */
#define OF(m, field) KEPT(m.field), .inherits = true, .general = offsetof(struct config, otlp.field)
#define OTLP(u, f, V, m, what, at, how, open, packed, ms) \
	ROW("exporter_otlp_" f "endpoint", "OTEL_EXPORTER_OTLP_" V "ENDPOINT", u, OTLP, \
	    "where " what " go" at, TEXT("URL"), KEPT(m.endpoint)), \
	ROW("exporter_otlp_" f "protocol", "OTEL_EXPORTER_OTLP_" V "PROTOCOL", u, OTLP, \
	    "how " what " are sent", CHOICE(how), PROTOCOL, OF(m, protocol)), \
	ROW("exporter_otlp_" f "insecure", "OTEL_EXPORTER_OTLP_" V "INSECURE", u, OTLP, \
	    "no TLS for " what " when the endpoint names no scheme", .type = OPT_BOOL, \
	    .value_name = "BOOL", .fallback = open, OF(m, insecure)), \
	ROW("exporter_otlp_" f "headers", "OTEL_EXPORTER_OTLP_" V "HEADERS", u, OTLP, \
	    "sent along with " what ": key=value, percent-encoded", TEXT("LIST"), \
	    OF(m, headers)), \
	ROW("exporter_otlp_" f "compression", "OTEL_EXPORTER_OTLP_" V "COMPRESSION", u, OTLP, \
	    "compression of " what "; deflate by HTTP alone", CHOICE(packed), COMPRESSION, OF(m, compression)), \
	ROW("exporter_otlp_" f "timeout", "OTEL_EXPORTER_OTLP_" V "TIMEOUT", u, OTLP, \
	    "limit for one attempt to send " what ", 0: none", MS(ms), OF(m, timeout)), \
	ROW("exporter_otlp_" f "certificate", "OTEL_EXPORTER_OTLP_" V "CERTIFICATE", u, OTLP, \
	    "authorities to trust, in PEM", PATH, OF(m, certificate)), \
	ROW("exporter_otlp_" f "client_key", "OTEL_EXPORTER_OTLP_" V "CLIENT_KEY", u, OTLP, \
	    "our private key, in PEM", PATH, OF(m, client_key)), \
	ROW("exporter_otlp_" f "client_certificate", "OTEL_EXPORTER_OTLP_" V "CLIENT_CERTIFICATE", \
	    u, OTLP, "our certificate, in PEM", PATH, OF(m, client_certificate))

#define BATCH(u, f, V, what, delay) \
	ROW(#f "_schedule_delay", "OTEL_" V "_SCHEDULE_DELAY", u, BATCHING, \
	    "longest wait of " what " before an export", MS(delay), KEPT(f.schedule_delay)), \
	ROW(#f "_export_timeout", "OTEL_" V "_EXPORT_TIMEOUT", u, BATCHING, \
	    "limit for one export of " what " with all its attempts, 0: none", MS("30000"), \
	    KEPT(f.export_timeout)), \
	ROW(#f "_max_queue_size", "OTEL_" V "_MAX_QUEUE_SIZE", u, BATCHING, \
	    what " that wait, at most", WHOLE("2048"), KEPT(f.max_queue_size)), \
	ROW(#f "_max_export_batch_size", "OTEL_" V "_MAX_EXPORT_BATCH_SIZE", u, BATCHING, \
	    what " in one export, at most", WHOLE("512"), KEPT(f.max_export_batch_size))

#define CAPTURE_HEADERS(V, u, what, ...) \
	ROW(NULL, "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_" V, u, TRACES, \
	    "headers of " what " to put on spans: regular expressions", LIST, __VA_ARGS__)
#define CLIENT_EXCLUDED(V, what) \
	VARIABLE("OTEL_PYTHON_" V "_EXCLUDED_URLS", TRACES, \
		 "URLs called by " what " that make no span: regular expressions", LIST)
#define JAEGER(f, V) DROPPED("exporter_jaeger_" f, "OTEL_EXPORTER_JAEGER_" V)

const struct option options[] = {
	OURS("pid", TRACE, "attach to these processes, their threads and all their children",
	     .type = OPT_PIDS, .min = 1, .max = 1 << 22, .value_name = "PID[,PID...]"),
	OURS("port", TRACE, "trace whoever listens on these TCP ports, now or later; also 8000-8010",
	     RANGES("PORT", 65535), KEPT(select[RULE_PORT])),
	OURS("exe", TRACE, "trace what runs these executables: a pattern of a path, of its end "
	     "(bin/python*) or of a file's name", GLOBS("GLOB"), KEPT(select[RULE_EXE])),
	OURS("name", TRACE, "trace processes of these names, as ps -o comm shows them, cut at 15 bytes",
	     GLOBS("GLOB"), KEPT(select[RULE_NAME])),
	OURS("cgroup", TRACE, "trace what is in these control groups or below them",
	     GLOBS("PATH"), KEPT(select[RULE_CGROUP])),
	OURS("all", TRACE, "trace all processes", SWITCH, KEPT(select_all)),
	OURS("exclude_port", TRACE, "but not whoever listens on these TCP ports",
	     RANGES("PORT", 65535), KEPT(exclude[RULE_PORT])),
	OURS("exclude_exe", TRACE, "but not what runs these executables", GLOBS("GLOB"),
	     KEPT(exclude[RULE_EXE])),
	OURS("exclude_name", TRACE, "but not processes of these names", GLOBS("GLOB"),
	     KEPT(exclude[RULE_NAME])),
	OURS("exclude_cgroup", TRACE, "but not what is in these control groups or below them",
	     GLOBS("PATH"), KEPT(exclude[RULE_CGROUP])),
	OURS("exclude_pid", TRACE, "but not these processes and their descendants",
	     RANGES("PID", 1 << 22), KEPT(exclude[RULE_PID])),
	OURS("duplicate", TRACE,
	     "tell also of processes that carry an OpenTelemetry SDK; else its signals are left to it",
	     SWITCH, KEPT(duplicate)),
	OURS("replay", TRACE, "read a recording instead of tracing; needs no rights", PATH,
	     KEPT(replay_path)),

	OURS("route", TRACE, "name requests of these paths by this route; again for more",
	     .type = OPT_TEXTS, KEPT(routes), .value_name = "'GET /a/{b}'"),

	OURS("capture_head", CAPTURE, "what is captured of the head of a request, at most",
	     SIZE(OPT_SIZE, "16384", 1 << 10, 1 << 14), KEPT(capture_head)),
	OURS("ring_size", CAPTURE, "buffer between kernel and daemon",
	     SIZE(OPT_POWER, "16M", 1 << 16, 1 << 30), KEPT(ring_size)),
	OURS("hooks", CAPTURE, "how the kernel is tapped", CHOICE("auto"),
	     VALUES("auto", "tracepoints", "mixed", "trampolines"), KEPT(hooks)),
	OURS("record", CAPTURE, "also write what the kernel sends into a file, for --replay", PATH,
	     KEPT(record_path)),
	OURS("check", CAPTURE, "say what this kernel offers and what would be used, then exit",
	     SWITCH, KEPT(check)),

	OURS("function", FUNCTIONS, "calls of functions that match become spans below their request's: "
	     "glob, lib.so:glob or exe+0xOFFSET; (1:TYPE=ATTR) and =>ATTR:TYPE tell arguments and the "
	     "result; again for more. A few us a call. none: not even the handlers a program tells of", .type = OPT_TEXTS,
	     .value_name = "FUNCTION", KEPT(functions)),
	OURS("count", FUNCTIONS, "a counter of calls, by attributes that --function takes of them: "
	     "'roll=dice.rolls{roll.value}'; again for more", .type = OPT_TEXTS,
	     .value_name = "FUNCTION=METRIC", KEPT(counts)),
	OURS("function_route", FUNCTIONS, "requests in which it is called have this route; again for "
	     "more", .type = OPT_TEXTS, .value_name = "FUNCTION=/ROUTE", KEPT(function_routes)),
	OURS("python_functions", FUNCTIONS, "of Python 3.8 to 3.11: views (the default where --function "
	     "is given), those of the application's functions that match, as app.py:roll*, or none; "
	     "with the spans that it makes itself by the bare OpenTelemetry API, and its counters up "
	     "to 3.10. Views name routes "
	     "that sources leave open. Costs up to 2 us for each call from C and each return: 50 or "
	     "so in a request of Flask, 80 where there are such spans, then up to half more CPU; "
	     "of a pattern in 3.11 also 3 us for each function that returns, of which there are "
	     "300, which doubles the CPU; again for more",
	     .type = OPT_TEXTS, .value_name = "views|GLOB|none", KEPT(python_functions)),
	OURS("usdt", FUNCTIONS, "USDT probes that match (globs) become events of the span they are in, "
	     "two of them such as gc__start and gc__done a span, with their integer arguments; "
	     "PROVIDER:PROBE(argN:TYPE=ATTRIBUTE,...) takes others, too; again for more", .type = OPT_TEXTS,
	     .value_name = "PROVIDER:PROBE", KEPT(usdt)),
	OURS("slow_probes", FUNCTIONS, "probe functions, too, that need single steps: some 20 us a "
	     "call", SWITCH, KEPT(slow_probes)),

	ROW("traces_exporter", "OTEL_TRACES_EXPORTER", HONOURED, EXPORTERS, "where spans go; otlp unless given "
	    "where there is a command, an endpoint or an exporter's variable", LIST,
	    .fallback = "text",
	    VALUES("console", "text", "otlp", "debug", "file", "file:PATH", "otlp/stdout", "otlp_json_file",
		   "zipkin", "zipkin_json", "none"),
	    .old = "logging",
	    KEPT(traces_exporter)),
	ROW("metrics_exporter", "OTEL_METRICS_EXPORTER", HONOURED, EXPORTERS, "where metrics go; "
	    "otlp in the same cases", LIST, .fallback = "none",
	    VALUES("console", "text", "otlp", "debug", "file", "file:PATH", "otlp/stdout", "otlp_json_file",
		   "prometheus", "none"),
	    .old = "logging", KEPT(metrics_exporter)),
	ROW("logs_exporter", "OTEL_LOGS_EXPORTER", LATER, EXPORTERS, "where logs go", LIST,
	    .fallback = "otlp", VALUES("console", "otlp", "none"), .old = "logging",
	    .alias = "OTEL_LOG_EXPORTER"),
	ROW("exporter_prometheus_host", "OTEL_EXPORTER_PROMETHEUS_HOST", HONOURED, EXPORTERS,
	    "address to serve /metrics on", TEXT("HOST"), .fallback = "localhost",
	    KEPT(prometheus_host)),
	ROW("exporter_prometheus_port", "OTEL_EXPORTER_PROMETHEUS_PORT", HONOURED, EXPORTERS,
	    "port to serve /metrics on, 0: any that is free", INTEGER("9464", 0, 65535),
	    KEPT(prometheus_port)),
	ROW("exporter_zipkin_endpoint", "OTEL_EXPORTER_ZIPKIN_ENDPOINT", HONOURED, EXPORTERS,
	    "where Zipkin listens", TEXT("URL"), .fallback = "http://localhost:9411/api/v2/spans",
	    KEPT(zipkin_endpoint)),
	ROW("exporter_zipkin_timeout", "OTEL_EXPORTER_ZIPKIN_TIMEOUT", HONOURED, EXPORTERS,
	    "limit for one attempt to reach Zipkin, 0: none", MS("10000"), KEPT(zipkin_timeout)),
	ROW(NULL, "ELASTIC_APM_SERVER_ENDPOINT", HONOURED, EXPORTERS,
	    "one more place for OTLP/gRPC", TEXT("URL"), KEPT(elastic_endpoint)),
	ROW(NULL, "ELASTIC_APM_SECRET_TOKEN", HONOURED, EXPORTERS, "the token for it",
	    TEXT("TOKEN"), KEPT(elastic_token)),
	ROW(NULL, "UPTRACE_DSN", NEVER, EXPORTERS, "where Uptrace's own distribution sends",
	    TEXT("DSN"), .why = "OTEL_EXPORTER_OTLP_ENDPOINT and _HEADERS say the same"),

	OTLP(HONOURED, "", "", otlp, "traces, metrics and logs",
	     " (default http://localhost:4317, by HTTP http://localhost:4318)", "grpc", "false",
	     "none", "10000"),
	OTLP(HONOURED, "traces_", "TRACES_", otlp_traces, "traces", "", NULL, NULL, NULL, NULL),
	OTLP(HONOURED, "metrics_", "METRICS_", otlp_metrics, "metrics", "", NULL, NULL, NULL, NULL),
	ROW("exporter_otlp_metrics_temporality_preference",
	    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", HONOURED, OTLP,
	    "what histograms and rising sums count from, also in files", CHOICE("cumulative"),
	    VALUES("cumulative", "delta", "lowmemory"), KEPT(otlp_temporality)),
	ROW("exporter_otlp_metrics_default_histogram_aggregation",
	    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", HONOURED, OTLP,
	    "shape of histograms, also in files", CHOICE("explicit_bucket_histogram"),
	    VALUES("explicit_bucket_histogram", "base2_exponential_bucket_histogram"),
	    KEPT(otlp_histograms)),
	OTLP(LATER, "logs_", "LOGS_", otlp_logs, "logs", "", NULL, NULL, NULL, NULL),

	ROW("propagators", "OTEL_PROPAGATORS", HONOURED, TRACES,
	    "headers that hand on a trace: tracecontext, baggage, b3, b3multi, jaeger, xray, none",
	    TEXT("LIST"), .fallback = "tracecontext,baggage", KEPT(propagators)),
	ROW("traces_sampler", "OTEL_TRACES_SAMPLER", HONOURED, TRACES,
	    "which traces are kept: always_on, always_off, traceidratio; after parentbased_, "
	    "where no parent decides", TEXT("NAME"), .fallback = "parentbased_always_on",
	    KEPT(traces_sampler)),
	ROW("traces_sampler_arg", "OTEL_TRACES_SAMPLER_ARG", HONOURED, TRACES,
	    "share of traces that traceidratio keeps, from 0 to 1", TEXT("RATIO"),
	    .fallback = "1.0", KEPT(traces_sampler_arg)),
	ROW("semconv_stability_opt_in", "OTEL_SEMCONV_STABILITY_OPT_IN", HONOURED, TRACES,
	    "names of attributes: http for the stable ones, http/dup for both", LIST,
	    KEPT(semconv_stability_opt_in)),
	VARIABLE("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", TRACES, "exceptions as log records",
		 CHOICE(NULL), VALUES("logs", "logs/dup")),
	ROW(NULL, "OTEL_PYTHON_EXCLUDED_URLS", HONOURED, TRACES,
	    "URLs that make no span: regular expressions", LIST, KEPT(excluded_urls)),
	ROW(NULL, "OTEL_PYTHON_FLASK_EXCLUDED_URLS", HONOURED, TRACES,
	    "the same, in the place of the other", LIST, KEPT(flask_excluded_urls)),
	CLIENT_EXCLUDED("REQUESTS", "requests"),
	CLIENT_EXCLUDED("URLLIB", "urllib"),
	CLIENT_EXCLUDED("URLLIB3", "urllib3"),
	CLIENT_EXCLUDED("HTTPX", "httpx"),
	CLIENT_EXCLUDED("AIOHTTP_CLIENT", "aiohttp"),
	CAPTURE_HEADERS("SERVER_REQUEST", HONOURED, "requests", KEPT(capture_request_headers)),
	CAPTURE_HEADERS("SERVER_RESPONSE", HONOURED, "responses", KEPT(capture_response_headers)),
	CAPTURE_HEADERS("CLIENT_REQUEST", LATER, "outgoing requests", .kept = false),
	CAPTURE_HEADERS("CLIENT_RESPONSE", LATER, "their responses", .kept = false),
	ROW(NULL, "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS", HONOURED, TRACES,
	    "headers whose values are redacted: regular expressions", LIST, KEPT(sanitize_headers)),
	ROW(NULL, "OTEL_PYTHON_INSTRUMENTATION_HTTP_CAPTURE_ALL_METHODS", HONOURED, TRACES,
	    "unknown methods keep their name", BOOL, KEPT(capture_all_methods)),
	ROW(NULL, "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", HONOURED, TRACES,
	    "methods that have a name", LIST, KEPT(known_methods)),
	ROW("disabled_instrumentations", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", HONOURED, TRACES,
	    "* traces nothing, only runs the command; names are those of Python packages", LIST,
	    KEPT(disabled_instrumentations)),

	ROW("metric_export_interval", "OTEL_METRIC_EXPORT_INTERVAL", HONOURED, METRICS,
	    "pause between two exports of metrics", MS("60000"), .min = 1,
	    KEPT(metric_export_interval)),
	ROW("metric_export_timeout", "OTEL_METRIC_EXPORT_TIMEOUT", HONOURED, METRICS,
	    "limit for one export of metrics with all its attempts, 0: none", MS("30000"),
	    KEPT(metric_export_timeout)),
	ROW("metrics_exemplar_filter", "OTEL_METRICS_EXEMPLAR_FILTER", HONOURED, METRICS,
	    "which measurements may be exemplars", CHOICE("trace_based"),
	    VALUES("trace_based", "always_on", "always_off"), KEPT(metrics_exemplar_filter)),
	OURS("metrics_body_size", METRICS,
	     "also measure http.server.request.body.size and http.server.response.body.size", SWITCH,
	     KEPT(metrics_body_size)),
	ROW("sdk_internal_metrics_enabled", "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", HONOURED,
	    METRICS, "also metrics about the daemon itself; always to Prometheus", BOOL,
	    KEPT(sdk_internal_metrics)),

	VARIABLE("OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED", LOGS, "capture logs", BOOL),
	VARIABLE("OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION", LOGS, "capture logs", BOOL),
	VARIABLE("OTEL_PYTHON_LOG_CODE_ATTRIBUTES", LOGS, "where in the code a log comes from",
		 BOOL),
	VARIABLE("OTEL_PYTHON_LOG_HANDLER_LEVEL", LOGS, "least severity of logs", TEXT("LEVEL")),

	ROW("service_name", "OTEL_SERVICE_NAME", HONOURED, RESOURCE,
	    "service.name; beats the one in --resource_attributes", TEXT("NAME"),
	    KEPT(service_name)),
	ROW("resource_attributes", "OTEL_RESOURCE_ATTRIBUTES", HONOURED, RESOURCE,
	    "more about the service: key=value, percent-encoded", .type = OPT_PAIRS,
	    .value_name = "LIST", KEPT(resource_attributes)),
	ROW("experimental_resource_detectors", "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", HONOURED,
	    RESOURCE, "facts to add; of the stable conventions process, host, os and container "
	    "unless given, else none", LIST,
	    VALUES("process", "os", "host", "container", "service_instance", "otel", "*"),
	    KEPT(resource_detectors)),
	OURS("command_args", RESOURCE, "the arguments of processes, too; they may hold secrets",
	     SWITCH, KEPT(command_args)),
	OURS("sdk_name", RESOURCE, "telemetry.sdk.name; opentelemetry says what an SDK says",
	     TEXT("NAME"), .fallback = "otel-ebpf", KEPT(sdk_name)),

	BATCH(HONOURED, bsp, "BSP", "spans", "5000"),
	BATCH(LATER, blrp, "BLRP", "log records", "1000"),

	ROW("attribute_count_limit", "OTEL_ATTRIBUTE_COUNT_LIMIT", HONOURED, LIMITS,
	    "attributes of anything", LIMIT("128"), KEPT(attribute_count_limit)),
	ROW("attribute_value_length_limit", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", HONOURED, LIMITS,
	    "characters of a text value of anything", LIMIT(NULL),
	    KEPT(attribute_value_length_limit)),
	ROW("span_attribute_count_limit", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", HONOURED, LIMITS,
	    "attributes of a span, in the place of the general limit", LIMIT(NULL),
	    KEPT(span_attribute_count_limit)),
	ROW("span_attribute_value_length_limit", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", HONOURED,
	    LIMITS, "characters of a text value of a span, likewise", LIMIT(NULL),
	    KEPT(span_attribute_value_length_limit)),
	ROW("span_event_count_limit", "OTEL_SPAN_EVENT_COUNT_LIMIT", HONOURED, LIMITS,
	    "events of a span", LIMIT("128"), KEPT(span_event_count_limit)),
	ROW("span_link_count_limit", "OTEL_SPAN_LINK_COUNT_LIMIT", NEVER, LIMITS,
	    "links of a span", LIMIT("128"), .why = "our spans have no links"),
	ROW("event_attribute_count_limit", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", HONOURED, LIMITS,
	    "attributes of an event", LIMIT("128"), KEPT(event_attribute_count_limit)),
	ROW("link_attribute_count_limit", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", NEVER, LIMITS,
	    "attributes of a link", LIMIT("128"), .why = "our spans have no links"),
	ROW("logrecord_attribute_count_limit", "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", LATER,
	    LIMITS, "attributes of a log record", LIMIT("128")),
	ROW("logrecord_attribute_value_length_limit", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
	    LATER, LIMITS, "characters of a text value of a log record", LIMIT(NULL)),

	PYTHON("context", "OTEL_PYTHON_CONTEXT", "how Python carries its context"),
	PYTHON("id_generator", "OTEL_PYTHON_ID_GENERATOR", "a Python class that makes ids"),
	PYTHON("tracer_provider", "OTEL_PYTHON_TRACER_PROVIDER", "a Python class"),
	PYTHON("meter_provider", "OTEL_PYTHON_METER_PROVIDER", "a Python class"),
	PYTHON("distro", "OTEL_PYTHON_DISTRO", "a Python package that sets defaults"),
	PYTHON("configurator", "OTEL_PYTHON_CONFIGURATOR", "a Python class that sets up the SDK"),
	PYTHON("tracer_configurator", "OTEL_PYTHON_TRACER_CONFIGURATOR", "a Python function"),
	PYTHON("meter_configurator", "OTEL_PYTHON_METER_CONFIGURATOR", "a Python function"),
	PYTHON("logger_configurator", "OTEL_PYTHON_LOGGER_CONFIGURATOR", "a Python function"),
	PYTHON("auto_instrumentation_experimental_gevent_patch",
	      "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH",
	      "patches Python modules"),
	PYTHON(NULL, "OTEL_PYTHON_LOG_CORRELATION", "changes the lines that Python logs"),
	DROPPED("experimental_disable_prometheus_unit_normalization",
		"OTEL_PYTHON_EXPERIMENTAL_DISABLE_PROMETHEUS_UNIT_NORMALIZATION"),
	JAEGER("agent_host", "AGENT_HOST"),
	JAEGER("agent_port", "AGENT_PORT"),
	JAEGER("agent_split_oversized_batches", "AGENT_SPLIT_OVERSIZED_BATCHES"),
	JAEGER("certificate", "CERTIFICATE"),
	JAEGER("endpoint", "ENDPOINT"),
	JAEGER("grpc_insecure", "GRPC_INSECURE"),
	JAEGER("password", "PASSWORD"),
	JAEGER("timeout", "TIMEOUT"),
	JAEGER("user", "USER"),

	ROW("sdk_disabled", "OTEL_SDK_DISABLED", HONOURED, OURSELVES,
	    "trace nothing, only run the command", BOOL, KEPT(sdk_disabled)),
	ROW("log_level", "OTEL_LOG_LEVEL", HONOURED, OURSELVES, "what to say on stderr",
	    CHOICE("info"), VALUES("debug", "info", "warn", "warning", "error"), KEPT(log_level)),
	ROW("config_file", "OTEL_CONFIG_FILE", LATER, OURSELVES,
	    "a declarative configuration in YAML", PATH, .alias = "OTEL_EXPERIMENTAL_CONFIG_FILE"),
	OURS("summary", OURSELVES,
	     "at the end, requests by route for a person, on stderr; on a terminal Ctrl-C shows it anyway",
	     SWITCH, KEPT(summary)),
	OURS("help", OURSELVES, "this text, also -h", .type = OPT_HELP),
	OURS("version", OURSELVES, "name and version", .type = OPT_VERSION),
};
const u32 option_cnt = ARRAY_SIZE(options);
_Static_assert(ARRAY_SIZE(options) <= CONFIG_OPTIONS_MAX, "raise CONFIG_OPTIONS_MAX");

const char *const option_group_titles[GROUP_CNT] = {
	[GROUP_TRACE] = "What to trace",
	[GROUP_CAPTURE] = "How to capture",
	[GROUP_FUNCTIONS] = "Functions",
	[GROUP_EXPORTERS] = "Exporters",
	[GROUP_OTLP] = "OTLP",
	[GROUP_TRACES] = "Traces",
	[GROUP_METRICS] = "Metrics",
	[GROUP_LOGS] = "Logs",
	[GROUP_RESOURCE] = "Resource",
	[GROUP_BATCHING] = "Batching",
	[GROUP_LIMITS] = "Limits",
	[GROUP_PYTHON] = "Python only",
	[GROUP_OURSELVES] = "The daemon itself",
};
/* clang-format on */

u32 option_row(size_t offset)
{
	u32 row = 0;

	while (!options[row].kept || options[row].offset != offset)
		row++;
	return row;
}
