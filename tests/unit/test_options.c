// SPDX-License-Identifier: Apache-2.0
/* The table of options itself, how its flags are found, and the help made from it. */
#include "test.h"

#include <errno.h>

#include "base/log.h"
#include "config/flags.h"
#include "config/value.h"

/* clang-format off */
/* flags of opentelemetry-instrument 0.66b1 that have a variable */
static const char *const contract[] = {
	"attribute_count_limit", "attribute_value_length_limit",
	"auto_instrumentation_experimental_gevent_patch", "blrp_export_timeout",
	"blrp_max_export_batch_size", "blrp_max_queue_size", "blrp_schedule_delay",
	"bsp_export_timeout", "bsp_max_export_batch_size", "bsp_max_queue_size",
	"bsp_schedule_delay", "config_file", "configurator", "context",
	"disabled_instrumentations", "distro", "event_attribute_count_limit",
	"experimental_resource_detectors", "exporter_otlp_certificate",
	"exporter_otlp_client_certificate", "exporter_otlp_client_key",
	"exporter_otlp_compression", "exporter_otlp_endpoint", "exporter_otlp_headers",
	"exporter_otlp_insecure", "exporter_otlp_logs_certificate",
	"exporter_otlp_logs_client_certificate", "exporter_otlp_logs_client_key",
	"exporter_otlp_logs_compression", "exporter_otlp_logs_endpoint",
	"exporter_otlp_logs_headers", "exporter_otlp_logs_insecure", "exporter_otlp_logs_protocol",
	"exporter_otlp_logs_timeout", "exporter_otlp_metrics_certificate",
	"exporter_otlp_metrics_client_certificate", "exporter_otlp_metrics_client_key",
	"exporter_otlp_metrics_compression", "exporter_otlp_metrics_default_histogram_aggregation",
	"exporter_otlp_metrics_endpoint", "exporter_otlp_metrics_headers",
	"exporter_otlp_metrics_insecure", "exporter_otlp_metrics_protocol",
	"exporter_otlp_metrics_temporality_preference", "exporter_otlp_metrics_timeout",
	"exporter_otlp_protocol", "exporter_otlp_timeout", "exporter_otlp_traces_certificate",
	"exporter_otlp_traces_client_certificate", "exporter_otlp_traces_client_key",
	"exporter_otlp_traces_compression", "exporter_otlp_traces_endpoint",
	"exporter_otlp_traces_headers", "exporter_otlp_traces_insecure",
	"exporter_otlp_traces_protocol", "exporter_otlp_traces_timeout",
	"exporter_prometheus_host", "exporter_prometheus_port", "exporter_zipkin_endpoint",
	"exporter_zipkin_timeout", "id_generator", "link_attribute_count_limit", "log_level",
	"logger_configurator", "logrecord_attribute_count_limit",
	"logrecord_attribute_value_length_limit", "logs_exporter", "meter_configurator",
	"meter_provider", "metric_export_interval", "metric_export_timeout",
	"metrics_exemplar_filter", "metrics_exporter", "propagators", "resource_attributes",
	"sdk_disabled", "sdk_internal_metrics_enabled", "semconv_stability_opt_in", "service_name",
	"span_attribute_count_limit", "span_attribute_value_length_limit",
	"span_event_count_limit", "span_link_count_limit", "tracer_configurator",
	"tracer_provider", "traces_exporter", "traces_sampler", "traces_sampler_arg",
};
/* and of 0.48b0 alone */
static const char *const dropped[] = {
	"experimental_disable_prometheus_unit_normalization", "exporter_jaeger_agent_host",
	"exporter_jaeger_agent_port", "exporter_jaeger_agent_split_oversized_batches",
	"exporter_jaeger_certificate", "exporter_jaeger_endpoint", "exporter_jaeger_grpc_insecure",
	"exporter_jaeger_password", "exporter_jaeger_timeout", "exporter_jaeger_user",
};
/* clang-format on */

static const struct option *row_of(const char *flag)
{
	for (u32 i = 0; i < option_cnt; i++) {
		if (options[i].flag && !strcmp(options[i].flag, flag))
			return &options[i];
	}
	return NULL;
}

/* The rule of opentelemetry-instrument: OTEL_ or OTEL_PYTHON_, then the flag in capitals. */
static bool is_variable_of(const char *variable, const char *flag)
{
	const char *rest = variable + strlen("OTEL_");

	if (strncmp(variable, "OTEL_", 5))
		return false;
	if (strlen(rest) != strlen(flag) && !strncmp(rest, "PYTHON_", 7))
		rest += 7;
	for (; *rest && *flag; rest++, flag++) {
		if (*rest != (*flag >= 'a' && *flag <= 'z' ? *flag - 32 : *flag))
			return false;
	}
	return !*rest && !*flag;
}

static void table_is_complete(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(contract); i++) {
		const struct option *option = row_of(contract[i]);

		CHECK(option && option->use != OPT_DROPPED);
		CHECK(option && option->variable && is_variable_of(option->variable, option->flag));
		CHECK(option && option->value_name);
	}
	for (u32 i = 0; i < ARRAY_SIZE(dropped); i++) {
		const struct option *option = row_of(dropped[i]);

		CHECK(option && option->use == OPT_DROPPED);
		CHECK(option && is_variable_of(option->variable, option->flag));
	}
	CHECK(ARRAY_SIZE(contract) == 88 && ARRAY_SIZE(dropped) == 10);
}

/* Parses one flag with a value, from which nothing worse than a warning may come. */
static int parse_flag(struct config *config, const char *flag, char *value)
{
	char arg[OPTION_NAME_MAX + 3];
	char *argv[] = {"otel-ebpf", "--log_level", "error", arg, value, "--check", NULL};
	char *env[] = {NULL};
	enum config_action action;

	snprintf(arg, sizeof(arg), "--%s", flag);
	return config__parse(config, 6, argv, env, &action) || action != CONFIG_RUN;
}

static void every_flag_is_taken(void)
{
	struct config config;

	for (u32 i = 0; i < ARRAY_SIZE(contract); i++)
		CHECK(!parse_flag(&config, contract[i], "1"));
	for (u32 i = 0; i < ARRAY_SIZE(dropped); i++)
		CHECK(!parse_flag(&config, dropped[i], "1"));
	CHECK(parse_flag(&config, "no_such_flag", "1"));
}

static void log_level_is_obeyed(void)
{
	static const struct {
		char *name;
		enum log_level level;
	} cases[] = {
		{"debug", LOG_DEBUG},  {"info", LOG_INFO},   {"WARN", LOG_WARN},
		{"warning", LOG_WARN}, {"error", LOG_ERROR}, {"loud", LOG_INFO},
	};
	struct config config;

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK(!parse_flag(&config, "log_level", cases[i].name));
		CHECK(log_get_level() == cases[i].level);
	}
	log_set_level(LOG_INFO);
}

static void everything_can_be_disabled(void)
{
	struct config config;

	CHECK(!parse_flag(&config, "disabled_instrumentations", "flask,sqlite3"));
	CHECK(!config.sdk_disabled);
	CHECK(!parse_flag(&config, "disabled_instrumentations", "flask, *"));
	CHECK(config.sdk_disabled);
}

static bool is_name(char c)
{
	return c == '_' || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

enum naming { NAMED_NOT, NAMED_BY_BEGINNING, NAMED };

/* Does the text name it, or its beginning with a '*' behind? */
static enum naming naming_of(struct str text, const char *variable)
{
	size_t end = 0, from;

	for (from = 0; from < text.len; from = end + 1) {
		for (end = from; end < text.len && is_name(text.p[end]);)
			end++;
		if (end - from < strlen("OTEL_") || strncmp(text.p + from, variable, end - from))
			continue;
		if (end < text.len && text.p[end] == '*')
			return NAMED_BY_BEGINNING;
		if (!variable[end - from])
			return NAMED;
	}
	return NAMED_NOT;
}

/* Of what has no effect, README says so and why. From the top folder, as tests/run runs it. */
static void readme_names_what_has_no_effect(void)
{
	FILE *file = fopen("README.md", "r");
	static char bytes[256 << 10];
	size_t len = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
	const char *begin = memmem(bytes, len, "\n### Without effect", 19);
	struct str table = {begin, begin ? len - (size_t)(begin - bytes) : 0};
	ssize_t end = str_find(table, '#', 5);

	CHECK(len && len < sizeof(bytes) && begin && end > 0);
	table = str_sub(table, 0, end > 0 ? (size_t)end : 0);
	for (u32 i = 0; i < option_cnt; i++) {
		const char *name = options[i].variable ? options[i].variable : "-";
		enum naming naming = naming_of(table, name);
		bool ok = options[i].use == OPT_HONOURED ? naming != NAMED : naming != NAMED_NOT;

		if (!ok)
			printf("# README.md, table \"Without effect\": %s\n", name);
		CHECK(ok);
	}
	if (file)
		fclose(file);
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void table_is_sane(void)
{
	for (u32 i = 0; i < option_cnt; i++) {
		const struct option *o = &options[i];
		struct value value;

		CHECK(o->flag || o->variable);
		CHECK(!o->flag || strlen(o->flag) + 3 <= OPTION_NAME_MAX);
		CHECK(!o->variable || strlen(o->variable) + 1 <= OPTION_NAME_MAX);
		CHECK(o->help && o->group < GROUP_CNT && option_group_titles[o->group]);
		CHECK(!o->value_name == (o->type <= OPT_SWITCH));
		CHECK(!o->fallback || !value__parse(&value, o, o->fallback));
		CHECK(!o->kept || o->offset < offsetof(struct config, given));
		CHECK(o->type != OPT_CHOICE || o->values);
		CHECK(o->variable || o->use == OPT_HONOURED);
		CHECK(!o->old || o->values);
		CHECK(!o->why == (o->use != OPT_NEVER));
		for (u32 j = 0; j < i; j++) {
			CHECK(!same(o->flag, options[j].flag));
			CHECK(!same(o->variable, options[j].variable));
			CHECK(!same(o->alias, options[j].variable));
			CHECK(!o->kept || !options[j].kept || o->offset != options[j].offset);
		}
	}
}

/* What each type accepts, at its limits and just past them. */
static void values(void)
{
	static const struct {
		const char *flag, *text;
		s64 number; /* -1: refused */
	} cases[] = {
		{"capture_head", "1023", -1},
		{"capture_head", "1024", 1024},
		{"capture_head", " 1k ", 1024},
		{"capture_head", "16K", 16384},
		{"capture_head", "16385", -1},
		{"capture_head", "1M", -1},
		{"capture_head", "K", -1},
		{"capture_head", "2KB", -1},
		{"capture_head", "+2048", -1},
		{"capture_head", "", -1},
		{"ring_size", "32K", -1},
		{"ring_size", "64K", 65536},
		{"ring_size", "65537", -1},
		{"ring_size", "3M", -1},
		{"ring_size", "1g", 1 << 30},
		{"ring_size", "2G", -1},
		{"ring_size", "18446744073709551615G", -1},
		{"ring_size", "18014398509481985K", -1},
		{"bsp_max_queue_size", "0", -1},
		{"bsp_max_queue_size", "1", 1},
		{"bsp_max_queue_size", "1K", -1},
		{"bsp_schedule_delay", "0", 0},
		{"bsp_schedule_delay", "2147483647", INT32_MAX},
		{"bsp_schedule_delay", "2147483648", -1},
		{"bsp_schedule_delay", "18446744073709551617", -1},
		{"bsp_schedule_delay", "0.5", -1},
		{"exporter_prometheus_port", "65535", 65535},
		{"exporter_prometheus_port", "65536", -1},
		{"sdk_disabled", " True", 1},
		{"sdk_disabled", "FALSE", 0},
		{"sdk_disabled", "1", -1},
		{"sdk_disabled", "truer", -1},
		{"traces_sampler", "anything", 0},
		{"metrics_exemplar_filter", "ALWAYS_ON", 0},
		{"metrics_exemplar_filter", "always", -1},
		{"metrics_exemplar_filter", "", -1},
		{"config_file", "", -1},
		{"semconv_stability_opt_in", "anything", 0},
		{"traces_exporter", "fax", -1},
		{"traces_exporter", "fax,none", 0},
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct value value;
		int err = value__parse(&value, row_of(cases[i].flag), cases[i].text);

		CHECK(err == (cases[i].number < 0 ? -EINVAL : 0));
		CHECK(err || value.number == (u64)cases[i].number);
	}
}

/* Of every flag, each beginning that no other flag shares means that flag, with '-' or with '_'. */
static void abbreviations(void)
{
	for (u32 i = 0; i < option_cnt; i++) {
		const char *flag = options[i].flag;
		char arg[OPTION_NAME_MAX + 3];

		if (!flag || options[i].use == OPT_DROPPED)
			continue;
		for (size_t len = 1; len <= strlen(flag); len++) {
			u32 sharing = 0;

			for (u32 j = 0; j < option_cnt; j++)
				sharing += options[j].flag && options[j].use != OPT_DROPPED &&
					   !strncmp(options[j].flag, flag, len);
			if (sharing > 1 && flag[len])
				continue;
			snprintf(arg, sizeof(arg), "--%.*s", (int)len, flag);
			CHECK(flag_find(str_from(arg)) == (int)i);
			for (char *c = arg; *c; c++)
				*c = *c == '_' ? '-' : *c;
			CHECK(flag_find(str_from(arg)) == (int)i);
		}
	}
}

static void nearest(void)
{
	static const char *const cases[][2] = {
		{"pids", "pid"},
		{"rcord", "record"},
		{"serviec_name", "service_name"},
		{"otlp_endpoint", "exporter_otlp_endpoint"},
		{"trace-exporter", "traces_exporter"},
		{"ringsize", "ring_size"},
	};
	char giant[4096];

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(str_from(options[flag_nearest(str_from(cases[i][0]))].flag), cases[i][1]);
	memset(giant, 'x', sizeof(giant));
	CHECK(flag_nearest((struct str){giant, sizeof(giant)}) < option_cnt);
}

static void lists(void)
{
	CHECK(config_list_has("tracecontext,baggage", "baggage"));
	CHECK(config_list_has(" a ,, TraceContext ", "tracecontext"));
	CHECK(!config_list_has("tracecontexts", "tracecontext"));
	CHECK(!config_list_has("", "a") && !config_list_has(NULL, "a") &&
	      !config_list_has(",", ""));
}

static void help(void)
{
	struct buf out = {0};
	char *line, *rest = NULL;

	config_print_help(&out);
	buf__char(&out, '\0');
	CHECK(!out.failed);
	for (u32 i = 0; i < option_cnt; i++) {
		const struct option *o = &options[i];
		char want[2 * OPTION_NAME_MAX];

		snprintf(want, sizeof(want), "\n  %s%s", o->flag ? "--" : "",
			 o->flag ? o->flag : o->variable);
		CHECK(!strstr(out.p, want) == (o->use == OPT_DROPPED));
		snprintf(want, sizeof(want),
			 o->flag ? "[%s]" : "%s=", o->variable ? o->variable : "");
		CHECK(!o->variable || o->use == OPT_DROPPED || strstr(out.p, want));
	}
	for (u32 i = 0; i < GROUP_CNT; i++)
		CHECK(strstr(out.p, option_group_titles[i]));
	CHECK(strstr(
		out.p,
		"\n  --traces_exporter LIST [OTEL_TRACES_EXPORTER]\n        where spans go; "));
	CHECK(strstr(out.p, "a list of console, text, otlp, "));
	CHECK(strstr(out.p, "\n  --logs_exporter LIST [OTEL_LOGS_EXPORTER] (not yet)\n"));
	for (line = strtok_r(out.p, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		CHECK(strlen(line) <= 100 && line[strlen(line) - 1] != ' ');
	buf__free(&out);
}

/* "file:PATH": a name in any case, a colon, and what is meant by it, as it is written. */
static void exporters_have_arguments(void)
{
	char *args[] = {"x", "--check", "--traces_exporter",
			"file, File:/A.jsonl,file:x:y,file:x:y,file:,text:x,otlp/stdout", NULL};
	struct config_exporter exporters[CONFIG_EXPORTERS_MAX];
	struct buf all __cleanup(buf__free) = {0};
	enum config_action action;
	struct config config;
	u32 cnt;

	CHECK(!config__parse(&config, 4, args, args + 4, &action));
	cnt = config__exporters(&config, exporters);
	for (u32 i = 0; i < cnt; i++)
		buf__printf(&all, "%.*s(%.*s) ", STR_ARG(exporters[i].name),
			    STR_ARG(exporters[i].argument));
	CHECK_STR(buf__view(&all), "file() file(/A.jsonl) file(x:y) otlp/stdout() ");
}

int main(void)
{
	RUN(table_is_complete);
	RUN(table_is_sane);
	RUN(every_flag_is_taken);
	RUN(log_level_is_obeyed);
	RUN(everything_can_be_disabled);
	RUN(readme_names_what_has_no_effect);
	RUN(values);
	RUN(abbreviations);
	RUN(nearest);
	RUN(lists);
	RUN(help);
	RUN(exporters_have_arguments);
	return test_status();
}
