// SPDX-License-Identifier: Apache-2.0
/*
 * What is made of argv and the environment, and what is said about it: each case holds the
 * arguments, the variables and every word that must appear on standard error.
 */
#include "test_parse.h"

#include <errno.h>

#include "base/rng.h"
#include "config/options.h"

#define E "otel-ebpf: "
/* What the option of exporters says that it takes. */
#define EXPORTERS                                                                            \
	"console, text, otlp, debug, file, file:PATH, otlp/stdout, otlp_json_file, zipkin, " \
	"zipkin_json, none"

static void defaults(void)
{
	struct outcome o;

	parse(&o, ARGS("--check"), NO_ENV);
	CHECK(!o.err && o.action == CONFIG_RUN && o.config.check);
	CHECK_STR(str_from(o.said), "");
	CHECK(o.config.capture_head == 16384 && o.config.ring_size == 16 << 20);
	CHECK(!o.config.hooks && !o.config.record_path && !o.config.replay_path);
	CHECK(!o.config.service_name && !o.config.resource_attributes);
	CHECK(!config__metrics_exporters(&o.config,
					 (struct config_exporter[CONFIG_EXPORTERS_MAX]){0}));
	CHECK(o.config.metric_export_interval == 60000);
	CHECK_STR(str_from(o.config.propagators), "tracecontext,baggage");
	CHECK_STR(str_from(o.config.log_level), "info");
	CHECK(!o.config.sdk_disabled && !o.config.command);
	config__free(&o.config);
	CHECK(!o.config.propagators);
}

/* What is refused, and with which words. */
static void refusals(void)
{
	static const struct {
		char *args[5];
		const char *said;
	} cases[] = {
		{{NULL}, "nothing to trace: give --pid, --port ... or a command (try --help)"},
		{{"--"}, "nothing to trace: give --pid, --port ... or a command (try --help)"},
		{{"--record=f"},
		 "nothing to trace: give --pid, --port ... or a command (try --help)"},
		{{"--traces_exporter"}, "--traces_exporter: expected one argument"},
		{{"--service", "--pid", "1"}, "--service_name: expected one argument"},
		{{"--pid", "--", "x"}, "--pid: expected one argument"},
		{{"--check=1"}, "--check: takes no value"},
		{{"--help="}, "--help: takes no value"},
		{{"--servise_name=s3cret"},
		 "unknown flag --servise_name, the nearest is --service_name"},
		{{"--traces-exportr"},
		 "unknown flag --traces-exportr, the nearest is --traces_exporter"},
		{{"-p", "1"}, "unknown flag -p, the nearest is --pid"},
		{{"-pid", "1"}, "unknown flag -pid, the nearest is --pid"},
		{{"--=1"}, "unknown flag --, the nearest is --pid"},
		{{"--exporter_jaeger_use=x"},
		 "unknown flag --exporter_jaeger_use, the nearest is --exporter_prometheus_host"},
		{{"--bsp_max=1"},
		 "--bsp_max is ambiguous: --bsp_max_queue_size, --bsp_max_export_batch_size"},
		{{"--re", "f"}, "--re is ambiguous: --replay, --record, --resource_attributes"},
		{{"--pid", "1", "x"}, "--pid or rules, --replay and a command exclude each other"},
		{{"--pid=1", "--replay=f"},
		 "--pid or rules, --replay and a command exclude each other"},
		{{"--record", "f", "--replay", "g"}, "--record and --replay exclude each other"},
		{{"--pid="}, "--pid: bad value \"\", want process ids from 1 to 4194304"},
		{{"--pid", "1,,2"},
		 "--pid: bad value \"1,,2\", want process ids from 1 to 4194304"},
		{{"--pid", "1,"}, "--pid: bad value \"1,\", want process ids from 1 to 4194304"},
		{{"--pid", "0"}, "--pid: bad value \"0\", want process ids from 1 to 4194304"},
		{{"--pid", "-5"}, "--pid: bad value \"-5\", want process ids from 1 to 4194304"},
		{{"--pid=4194305"},
		 "--pid: bad value \"4194305\", want process ids from 1 to 4194304"},
		{{"--capture_head=16385", "x"},
		 "--capture_head: bad value \"16385\", want a size from 1K to 16K"},
		{{"--ring_size=65537", "x"},
		 "--ring_size: bad value \"65537\", want a power of two from 64K to 1G"},
		{{"--hooks", "kprobes", "x"},
		 "--hooks: bad value \"kprobes\", want one of auto, tracepoints, mixed, "
		 "trampolines"},
		{{"--record=", "x"}, "--record: bad value \"\", want a file name"},
		{{"--replay", ""}, "--replay: bad value \"\", want a file name"},
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome o;
		char want[256];

		parse(&o, (char **)cases[i].args, NO_ENV);
		CHECK(o.err == -EINVAL);
		snprintf(want, sizeof(want), E "%s\n", cases[i].said);
		CHECK_STR(str_from(o.said), want);
	}
}

/* What is complained of but let pass, by flag and by variable; then what is reported. */
static void warnings(void)
{
	/* clang-format off */
	static const struct {
		char *args[5];
		char *env[4];
		const char *said[4];
	} cases[] = {
		{{"x"}, {"OTEL_SDK_DISABLED=yes"},
		 {"OTEL_SDK_DISABLED: bad value \"yes\", want true or false; "
		  "using the default false"}},
		{{"--sdk_disabled=1", "x"}, {NULL},
		 {"--sdk_disabled: bad value \"1\", want true or false; using the default false"}},
		{{"x"}, {"OTEL_LOG_LEVEL=loud"},
		 {"OTEL_LOG_LEVEL: bad value \"loud\", want one of debug, info, warn, warning, "
		  "error; using the default info"}},
		{{"--blrp_schedule_delay=soon", "x"}, {NULL},
		 {"--blrp_schedule_delay: bad value \"soon\", want milliseconds, 0 or more; "
		  "using the default 1000",
		  "not honoured yet: --blrp_schedule_delay"}},
		{{"x"}, {"OTEL_BSP_MAX_QUEUE_SIZE=0"},
		 {"OTEL_BSP_MAX_QUEUE_SIZE: bad value \"0\", want an integer, "
		  "from 1 to 1048576; using the default 2048"}},
		{{"x"}, {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=-1"},
		 {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: bad value \"-1\", want an integer, 0 or "
		  "more; ignored"}},
		{{"x"}, {"OTEL_EXPORTER_OTLP_PROTOCOL=smtp"},
		 {"OTEL_EXPORTER_OTLP_PROTOCOL: bad value \"smtp\", want one of grpc, "
		  "http/protobuf, http/json; using the default grpc"}},
		{{"--traces_exporter", "fax", "x"}, {NULL},
		 {"--traces_exporter: unknown value \"fax\", want a list of " EXPORTERS
		  "; using the default text"}},
		{{"x"}, {"OTEL_TRACES_EXPORTER=otlp, console, fax"},
		 {"OTEL_TRACES_EXPORTER: unknown value \"fax\", want a list of " EXPORTERS "; skipped"}},
		{{"--traces_exporter", " , ", "x"}, {NULL},
		 {"--traces_exporter: bad value \" , \", want a list of " EXPORTERS "; "
		  "using the default text"}},
		{{"x"}, {"OTEL_LOG_EXPORTER=console"},
		 {"OTEL_LOG_EXPORTER is taken for OTEL_LOGS_EXPORTER",
		  "not honoured yet: OTEL_LOG_EXPORTER"}},
		{{"--traces_exporter=text", "x"},
		 {"OTEL_LOG_EXPORTER=console", "OTEL_LOGS_EXPORTER=none"}, {NULL}},
		{{"--traces_exporter=text", "x"}, {"OTEL_LOG_EXPORTER=none", "OTEL_LOGS_EXPORTER="},
		 {"OTEL_LOG_EXPORTER is taken for OTEL_LOGS_EXPORTER"}},
		{{"--pid=1"}, {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=h:1"},
		 {"not honoured yet: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"}},
		{{"--metrics_exporter=none", "--logs_exporter=None", "--traces_exporter=none", "x"},
		 {NULL}, {NULL}},
		{{"x"}, {"OTEL_EXPORTER_JAEGER_ENDPOINT=h"},
		 {"without meaning here: OTEL_EXPORTER_JAEGER_ENDPOINT "
		  "(dropped by OpenTelemetry)"}},
		{{"--context=a", "--blrp_export_timeout=1", "x"},
		 {"OTEL_BLRP_SCHEDULE_DELAY=1", "OTEL_PYTHON_DISTRO=b", "OTEL_CONFIG_FILE=c"},
		 {"not honoured yet: OTEL_BLRP_SCHEDULE_DELAY, --blrp_export_timeout, "
		  "OTEL_CONFIG_FILE",
		  "without meaning here: --context (Python only), "
		  "OTEL_PYTHON_DISTRO (Python only)"}},
		{{"--resource_attributes", "a,b=%zz,c=%20,=d", "x"}, {"OTEL_RESOURCE_ATTRIBUTES=e"},
		 {"--resource_attributes: not key=value: a; left out",
		  "--resource_attributes: % without two hex digits: b=%zz; taken as it is",
		  "--resource_attributes: not key=value: =d; left out"}},
		{{"x"}, {"OTEL_RESOURCE_ATTRIBUTES=a=b=c,d=%2"},
		 {"OTEL_RESOURCE_ATTRIBUTES: % without two hex digits: d=%2; taken as it is"}},
		{{"--bsp_max_queue_size=10", "--bsp_max_export_batch_size=512", "x"}, {NULL},
		 {"--bsp_max_export_batch_size: 512 is more than the queue holds; taken for 10"}},
		{{"--bsp_max_queue_size=10", "x"}, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE=11"},
		 {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 11 is more than the queue holds; taken for 10"}},
		{{"--bsp_max_queue_size=10", "--bsp_max_export_batch_size=10", "x"}, {NULL}, {NULL}},
		{{"--name", "fifteen_letters,a_name_too_long_to_be"}, {NULL},
		 {"--name: the kernel cuts names at 15 bytes: \"a_name_too_long_to_be\" stands for "
		  "\"a_name_too_long\""}},
		{{"--all", "--exclude_name", "ab*_name_too_long", "--name=*aaaaabbbbbccccc*"}, {NULL},
		 {"--exclude_name: no name is as long as \"ab*_name_too_long\": the kernel cuts them "
		  "at 15 bytes"}},
		/* what a flag beats is not looked at, what is empty counts as unset */
		{{"--sdk_disabled=false", "x"}, {"OTEL_SDK_DISABLED=maybe"}, {NULL}},
		{{"--bsp_schedule_delay=", "x"}, {"OTEL_BSP_SCHEDULE_DELAY=maybe"}, {NULL}},
		{{"x"}, {"OTEL_BSP_SCHEDULE_DELAY=", "OTEL_SDK_DISABLED=", "OTEL_CONTEXT"}, {NULL}},
	};
	/* clang-format on */

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf want = {0};
		struct outcome o;

		parse(&o, (char **)cases[i].args, (char **)cases[i].env);
		CHECK(!o.err);
		for (const char *const *line = cases[i].said; *line; line++)
			buf__printf(&want, E "%s\n", *line);
		buf__char(&want, '\0');
		CHECK_STR(str_from(o.said), want.p);
		buf__free(&want);
	}
}

static void batch_comes_from_the_queue(void)
{
	struct outcome o;

	parse(&o, ARGS("--bsp_max_queue_size=10", "x"), NO_ENV);
	CHECK(o.config.bsp.max_queue_size == 10 && o.config.bsp.max_export_batch_size == 10);
}

static void values_arrive(void)
{
	struct outcome o;

	parse(&o,
	      ARGS("--capture-head=1k", "--ring_size", "1G", "--hooks=Mixed", "--record", "r",
		   "--service_name", "shop", "--resource-attributes=a=b,c=d", "--log_level", "WARN",
		   "--sdk_disabled=TRUE", "--pid", "7"),
	      ARGS("OTEL_SERVICE_NAME=other", "OTEL_PROPAGATORS=none"));
	CHECK(!o.err);
	CHECK_STR(str_from(o.said), "");
	CHECK(o.config.capture_head == 1024 && o.config.ring_size == 1 << 30);
	CHECK_STR(str_from(o.config.hooks), "mixed");
	CHECK_STR(str_from(o.config.record_path), "r");
	CHECK_STR(str_from(o.config.service_name), "shop");
	CHECK_STR(str_from(o.config.resource_attributes), "a=b,c=d");
	CHECK_STR(str_from(o.config.log_level), "warn");
	CHECK_STR(str_from(o.config.propagators), "none");
	CHECK_STR(str_from(o.config.attribute_count_limit), "128");
	CHECK(!o.config.span_attribute_count_limit); /* or the general one would never count */
	CHECK(o.config.sdk_disabled && o.config.pid_cnt == 1 && o.config.pids[0] == 7);

	parse(&o, ARGS("--capture_head=16K", "--ring_size=65536", "--hooks", "auto", "--replay=f"),
	      ARGS("OTEL_SERVICE_NAME=other", "OTEL_LOG_LEVEL=", "OTEL_SDK_DISABLED=tRuE"));
	CHECK(!o.err && o.config.capture_head == 16384 && o.config.ring_size == 65536);
	CHECK(!o.config.hooks && o.config.sdk_disabled);
	CHECK_STR(str_from(o.config.replay_path), "f");
	CHECK_STR(str_from(o.config.service_name), "other");
	CHECK_STR(str_from(o.config.log_level), "info");

	parse(&o, ARGS("--service_name", "", "--check"), ARGS("OTEL_SERVICE_NAME=other"));
	CHECK(!o.err && !o.config.service_name);
	/* the last one counts */
	parse(&o, ARGS("--service_name=a", "--service-name=-b", "--check"), NO_ENV);
	CHECK_STR(str_from(o.config.service_name), "-b");
}

static void conventions_arrive(void)
{
	static const char headers[] =
		"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE=x-.*";
	struct outcome o;

	parse(&o, ARGS("--semconv_stability_opt_in=http/dup, gen_ai", "--check"),
	      ARGS("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS=GET,brew",
		   "OTEL_PYTHON_EXCLUDED_URLS=a,b", "OTEL_TRACES_SAMPLER=Traceidratio",
		   "OTEL_PYTHON_INSTRUMENTATION_HTTP_CAPTURE_ALL_METHODS=true", (char *)headers));
	CHECK(!o.err);
	CHECK_STR(str_from(o.said), "");
	CHECK_STR(str_from(o.config.semconv_stability_opt_in), "http/dup, gen_ai");
	CHECK_STR(str_from(o.config.known_methods), "GET,brew");
	CHECK_STR(str_from(o.config.excluded_urls), "a,b");
	CHECK_STR(str_from(o.config.capture_response_headers), "x-.*");
	/* who parses it complains of it */
	CHECK_STR(str_from(o.config.traces_sampler), "Traceidratio");
	CHECK(o.config.capture_all_methods && !o.config.flask_excluded_urls);
	CHECK(!o.config.capture_request_headers && !o.config.sanitize_headers);
}

static void commands(void)
{
	char *flask[] = {"--service", "todo", "flask", "run", "-p", "5000", "--help", NULL};
	char *dashed[] = {"--check", "--", "--pid", "1", NULL};
	char *lone[] = {"-", NULL};
	struct outcome o;

	parse(&o, flask, NO_ENV);
	CHECK(!o.err && o.action == CONFIG_RUN && o.config.command == flask + 2);
	parse(&o, dashed, NO_ENV);
	CHECK(!o.err && o.config.command == dashed + 2 && !o.config.pid_cnt);
	parse(&o, lone, NO_ENV);
	CHECK(!o.err && o.config.command == lone);
}

static void actions(void)
{
	static char *const helps[] = {"--help", "-h", "--he"};
	struct outcome o;

	for (u32 i = 0; i < ARRAY_SIZE(helps); i++) {
		parse(&o, ARGS("--check", helps[i], "--nonsense"), ARGS("OTEL_SDK_DISABLED=x"));
		CHECK(!o.err && o.action == CONFIG_HELP && !*o.said);
	}
	parse(&o, ARGS("--version"), NO_ENV);
	CHECK(!o.err && o.action == CONFIG_VERSION && !*o.said);
}

static void pids(void)
{
	char many[2048] = "--pid=1";
	struct outcome o;
	size_t len = strlen(many);

	parse(&o, ARGS("--pid", "1, 2", "--pid=3", "--pi", "2,4194304"), NO_ENV);
	CHECK(!o.err && o.config.pid_cnt == 4);
	CHECK(o.config.pids[0] == 1 && o.config.pids[1] == 2 && o.config.pids[2] == 3);
	CHECK(o.config.pids[3] == 4194304);
	for (u32 i = 2; i <= CONFIG_PIDS_MAX; i++)
		len += (size_t)sprintf(many + len, ",%u", i);
	parse(&o, ARGS(many, "--pid", "256"), NO_ENV);
	CHECK(!o.err && o.config.pid_cnt == CONFIG_PIDS_MAX);
	parse(&o, ARGS(many, "--pid", "257"), NO_ENV);
	CHECK(o.err == -EINVAL);
	CHECK_STR(str_from(o.said), E "--pid: at most 256 processes\n");
}

static void exporters(void)
{
	static const struct {
		const char *given, *effective, *said;
	} cases[] = {
		{"", "otlp ", ""},
		{"console", "console ", ""},
		{" text , Console,text", "text console ", ""},
		{"none", "", ""},
		{"none,console", "console ", ""},
		{"logging", "console ",
		 E "OTEL_TRACES_EXPORTER: logging is deprecated, taken for console\n"},
		{"otlp", "otlp ", ""},
		{"otlp,zipkin_json,console", "otlp zipkin_json console ", ""},
		{"fax,telex", "text ",
		 E
		 "OTEL_TRACES_EXPORTER: unknown value \"fax\", \"telex\", want a list of " EXPORTERS
		 "; using the default text\n"},
		{"none,fax", "",
		 E "OTEL_TRACES_EXPORTER: unknown value \"fax\", want a list of " EXPORTERS "; "
		   "skipped\n"},
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config_exporter exporters[CONFIG_EXPORTERS_MAX];
		char variable[128], effective[128] = "";
		struct outcome o;
		u32 cnt;

		snprintf(variable, sizeof(variable), "OTEL_TRACES_EXPORTER=%s", cases[i].given);
		parse(&o, ARGS("x"), ARGS(variable));
		cnt = config__exporters(&o.config, exporters);
		for (u32 j = 0; j < cnt; j++)
			strcat(strncat(effective, exporters[j].name.p, exporters[j].name.len), " ");
		CHECK_STR(str_from(effective), cases[i].effective);
		CHECK_STR(str_from(o.said), cases[i].said);
	}
}

static u32 count_lines(const char *text, const char *begin)
{
	u32 cnt = 0;

	for (; text && *text; text = strchr(text, '\n') + 1)
		cnt += !strncmp(text, begin, strlen(begin));
	return cnt;
}

/* Everything given at once, with a secret wherever any text goes. */
static void report_is_short_and_discreet(void)
{
	char texts[CONFIG_OPTIONS_MAX][OPTION_NAME_MAX + 16], *env[CONFIG_OPTIONS_MAX] = {NULL};
	struct outcome o;
	u32 cnt = 0;

	for (u32 i = 0; i < option_cnt; i++) {
		const struct option *option = &options[i];
		const char *value = option->fallback ? option->fallback : "s3cret";

		if (!option->variable || option->use == OPT_HONOURED || option->values)
			continue;
		if (option->type == OPT_INTEGER)
			value = "5";
		if (option->type == OPT_BOOL)
			value = "true";
		if (option->type == OPT_MS)
			value = "6";
		snprintf(texts[cnt], sizeof(texts[cnt]), "%s=%s", option->variable, value);
		env[cnt] = texts[cnt];
		cnt++;
	}
	parse(&o, ARGS("--traces_exporter=text", "x"), env);
	CHECK(!o.err);
	CHECK(!strstr(o.said, "s3cret"));
	CHECK(count_lines(o.said, "") == 2);
	CHECK(count_lines(o.said, E "not honoured yet: ") == 1);
	CHECK(strstr(o.said, ", OTEL_EXPORTER_OTLP_LOGS_HEADERS, "));
	CHECK(strstr(o.said, "OTEL_PYTHON_CONTEXT (Python only), "));
	CHECK(strstr(o.said, "OTEL_EXPORTER_JAEGER_PASSWORD (dropped by OpenTelemetry)"));
	CHECK(strlen(o.said) < 2 * 2048);
}

/* A word as a user might mistype it: a flag cut, glued to a value, or mere bytes. */
static char *random_word(struct rng *rng, char word[96])
{
	static const char *const values[] = {
		"",  "1",  "16M", "none", "console,otlp",	  "text", "true",
		"-", "--", "1,2", ",",	  "99999999999999999999", "=",	  "\xff\n"};
	const struct option *option = &options[rng__next(rng) % option_cnt];
	const char *value = values[rng__next(rng) % ARRAY_SIZE(values)];
	const char *flag = option->flag ? option->flag : "";
	u32 kind = rng__next(rng) % 8;

	if (kind < 3)
		snprintf(word, 96, "--%s=%s", flag, value);
	else if (kind < 5)
		snprintf(word, 96, "--%.*s", (int)(1 + rng__next(rng) % 60), flag);
	else if (kind < 7)
		snprintf(word, 96, "%s", value);
	else
		snprintf(word, 96, "%s%016lx", rng__next(rng) & 1 ? "--" : "-", rng__next(rng));
	if (word[0] && !(rng__next(rng) % 8))
		word[rng__next(rng) % strlen(word)] ^= (char)(1 + rng__next(rng) % 127);
	return word;
}

static bool is_consistent(const struct config *config)
{
	struct config_exporter exporters[CONFIG_EXPORTERS_MAX];

	return config->pid_cnt <= CONFIG_PIDS_MAX && config->capture_head >= 1024 &&
	       config->capture_head <= 16384 && config->ring_size >= 65536 &&
	       !(config->ring_size & (config->ring_size - 1)) && config->propagators &&
	       config__exporters(config, exporters) <= CONFIG_EXPORTERS_MAX &&
	       (config->pid_cnt || config__selects(config) || config->command || config->check ||
		config->replay_path);
}

static void fuzz(void)
{
	struct rng rng;
	u32 fine = 0, refused = 0;

	rng__seed(&rng, 1);
	for (u32 round = 0; round < 2000; round++) {
		char words[8][96], variables[4][96 + OPTION_NAME_MAX];
		char *args[9] = {NULL}, *env[5] = {NULL};
		struct outcome o;

		for (u32 i = 0; i < rng__next(&rng) % 9 && i < 8; i++)
			args[i] = random_word(&rng, words[i]);
		for (u32 i = 0; i < 4; i++) {
			char value[96];
			const char *name = options[rng__next(&rng) % option_cnt].variable;

			snprintf(variables[i], sizeof(variables[i]), "%s=%s", name ? name : "",
				 random_word(&rng, value));
			env[i] = variables[i];
		}
		parse(&o, args, env);
		CHECK(o.err == 0 || o.err == -EINVAL);
		CHECK(o.err == 0 || *o.said);
		CHECK(o.err || o.action != CONFIG_RUN || is_consistent(&o.config));
		fine += !o.err;
		refused += !!o.err;
	}
	CHECK(fine > 100 && refused > 100);
}

int main(void)
{
	RUN(defaults);
	RUN(refusals);
	RUN(warnings);
	RUN(batch_comes_from_the_queue);
	RUN(values_arrive);
	RUN(conventions_arrive);
	RUN(commands);
	RUN(actions);
	RUN(pids);
	RUN(exporters);
	RUN(report_is_short_and_discreet);
	RUN(fuzz);
	return test_status();
}
