// SPDX-License-Identifier: Apache-2.0
#include "proc/sdk.h"

#include <ctype.h>
#include <errno.h>

#include "model/resource.h"
#include "proc/elf_facts.h"
#include "proc/procfs.h"

/* Of what is read of a process, which may have made it as long as it likes: arguments and
 * environment seldom fill the 128 KiB that one of them may take, mappings a few thousand lines. */
#define TEXT_MAX ((size_t)1 << 20)

#define TRACES	RESOURCE_TRACES
#define METRICS RESOURCE_METRICS
#define BOTH	(TRACES | METRICS)

enum place { ENVIRONMENT, ARGUMENTS, MAPPINGS, IMAGE };

/* text, and then behind it in the same argument or variable, if given. */
struct sign {
	enum place place;
	const char *name; /* ENVIRONMENT: of the variable */
	const char *text, *then;
	const char *runtime; /* must be mapped, for variables are inherited by who ignores them: how
				the file's name begins, behind "lib" or not */
	const char *what;
	u32 signals;
};

/* one sign is one row: */
/* clang-format off */
static const struct sign signs[] = {
	{ENVIRONMENT, "PYTHONPATH", "opentelemetry/instrumentation/auto_instrumentation", NULL,
	 "python", "opentelemetry-instrument", BOTH},
	{ENVIRONMENT, "JAVA_TOOL_OPTIONS", "-javaagent:", "opentelemetry",
	 "libjvm.so", "OpenTelemetry's Java agent", BOTH},
	{ENVIRONMENT, "JDK_JAVA_OPTIONS", "-javaagent:", "opentelemetry",
	 "libjvm.so", "OpenTelemetry's Java agent", BOTH},
	{ARGUMENTS, NULL, "-javaagent:", "opentelemetry",
	 "libjvm.so", "OpenTelemetry's Java agent", BOTH},
	{ENVIRONMENT, "NODE_OPTIONS", "@opentelemetry/", NULL,
	 "node", "OpenTelemetry's packages for Node.js", BOTH},
	{ARGUMENTS, NULL, "@opentelemetry/", NULL,
	 "node", "OpenTelemetry's packages for Node.js", BOTH},
	{ENVIRONMENT, "CORECLR_PROFILER", "918728DD-259F-4A6A-AC2B-B85E1B658318", NULL,
	 "libcoreclr.so", "OpenTelemetry's .NET instrumentation", BOTH},
	{MAPPINGS, NULL, "/OpenTelemetry.dll", NULL,
	 "libcoreclr.so", "OpenTelemetry's .NET SDK", BOTH},
	{ENVIRONMENT, "RUBYOPT", "opentelemetry", NULL,
	 "ruby", "OpenTelemetry's Ruby instrumentation", BOTH},
	{ENVIRONMENT, "OTEL_PHP_AUTOLOAD_ENABLED", "true", NULL,
	 "opentelemetry.so", "OpenTelemetry's PHP SDK", BOTH},
	{MAPPINGS, NULL, "/ngx_otel_module.so", NULL, NULL, "nginx's OpenTelemetry module", TRACES},
	{MAPPINGS, NULL, "/otel_ngx_module.so", NULL, NULL, "nginx's OpenTelemetry module", TRACES},
	{MAPPINGS, NULL, "/ngx_http_opentelemetry_module.so", NULL,
	 NULL, "nginx's OpenTelemetry module", TRACES},
	{MAPPINGS, NULL, "/libmod_apache_otel", NULL,
	 NULL, "Apache's OpenTelemetry module", TRACES},
	{MAPPINGS, NULL, "/libopentelemetry_trace.", NULL,
	 NULL, "OpenTelemetry's C++ SDK", TRACES},
	{MAPPINGS, NULL, "/libopentelemetry_metrics.", NULL,
	 NULL, "OpenTelemetry's C++ SDK", METRICS},
	/* a module of the build list, as the linker of Go 1.18 and later notes it */
	{IMAGE, NULL, "dep\tgo.opentelemetry.io/otel/sdk\t", NULL,
	 NULL, "OpenTelemetry's Go SDK", TRACES},
	{IMAGE, NULL, "dep\tgo.opentelemetry.io/otel/sdk/metric\t", NULL,
	 NULL, "OpenTelemetry's Go SDK", METRICS},
	/* names of types that C++ keeps for dynamic_cast, and of sources that Rust keeps for panics */
	{IMAGE, NULL, "13opentelemetry2v13sdk5trace14TracerProviderE", NULL,
	 NULL, "OpenTelemetry's C++ SDK", TRACES},
	{IMAGE, NULL, "13opentelemetry2v13sdk7metrics13MeterProviderE", NULL,
	 NULL, "OpenTelemetry's C++ SDK", METRICS},
	{IMAGE, NULL, "opentelemetry_sdk-", NULL, NULL, "OpenTelemetry's Rust SDK", BOTH},
	/* the specification's process context, which some SDK has published */
	{MAPPINGS, NULL, ":OTEL_CTX", NULL, NULL, "an OpenTelemetry SDK", BOTH},
};

/* What makes an SDK send less; the whole value, its case does not matter. */
static const struct {
	enum place place;
	const char *name, *value;
	u32 signals;
} switches[] = {
	{ENVIRONMENT, "OTEL_SDK_DISABLED", "true", BOTH},
	{ENVIRONMENT, "OTEL_JAVAAGENT_ENABLED", "false", BOTH},
	{ENVIRONMENT, "OTEL_TRACES_EXPORTER", "none", TRACES},
	{ENVIRONMENT, "OTEL_METRICS_EXPORTER", "none", METRICS},
	{ARGUMENTS, "-Dotel.sdk.disabled", "true", BOTH},
	{ARGUMENTS, "-Dotel.javaagent.enabled", "false", BOTH},
	{ARGUMENTS, "-Dotel.traces.exporter", "none", TRACES},
	{ARGUMENTS, "-Dotel.metrics.exporter", "none", METRICS},
};
/* clang-format on */

/* ---- finding ---- */

static struct str place_of(const struct sdk_evidence *evidence, enum place place)
{
	switch (place) {
	case ENVIRONMENT:
		return evidence->environment;
	case ARGUMENTS:
		return evidence->arguments;
	case MAPPINGS:
		return evidence->mappings;
	case IMAGE:
		break;
	}
	return evidence->image;
}

/* Takes the next item off a list separated by NUL. */
static bool next_item(struct str *list, struct str *item)
{
	ssize_t end = str_find(*list, '\0', 0);
	size_t len = end < 0 ? list->len : (size_t)end;

	if (!list->len)
		return false;
	*item = str_sub(*list, 0, len);
	*list = str_sub(*list, len + 1, list->len);
	return true;
}

/* Value of name=value; p NULL if it is another name. */
static struct str value_of(struct str item, const char *name)
{
	size_t len = strlen(name);

	if (item.len <= len || memcmp(item.p, name, len) || item.p[len] != '=')
		return STR_NONE;
	return str_sub(item, len + 1, item.len);
}

static struct str behind(struct str s, const char *text)
{
	const char *hit = s.len ? memmem(s.p, s.len, text, strlen(text)) : NULL;

	if (!hit)
		return STR_NONE;
	hit += strlen(text);
	return (struct str){hit, s.len - (size_t)(hit - s.p)};
}

static bool holds(struct str s, const char *text)
{
	return behind(s, text).p;
}

static bool item_has(const struct sign *sign, struct str item)
{
	struct str value = sign->name ? value_of(item, sign->name) : item;
	struct str rest = behind(value, sign->text);

	return rest.p && (!sign->then || holds(rest, sign->then));
}

/* python: python3.11, libpython3.11.so.1.0, but neither pythonic nor what lies in a folder python.
 */
static bool is_named(struct str file, const char *runtime)
{
	struct str stem = str_from(runtime), rest;

	if (str_starts(file, STR("lib")) && !str_starts(stem, STR("lib")))
		file = str_sub(file, 3, file.len);
	rest = str_sub(file, stem.len, file.len);
	return str_starts(file, stem) &&
	       !(rest.len && (isalpha((u8)rest.p[0]) || rest.p[0] == '_'));
}

/* Of lines as /proc/PID/maps has them. */
static bool maps_runtime(struct str mappings, const char *runtime)
{
	while (mappings.len) {
		ssize_t end = str_find(mappings, '\n', 0);
		struct str line = str_sub(mappings, 0, end < 0 ? mappings.len : (size_t)end);
		const char *slash = memrchr(line.p, '/', line.len);

		mappings = str_sub(mappings, line.len + 1, mappings.len);
		if (slash &&
		    is_named(str_sub(line, (size_t)(slash - line.p) + 1, line.len), runtime))
			return true;
	}
	return false;
}

static bool has_sign(const struct sign *sign, const struct sdk_evidence *evidence)
{
	struct str list = place_of(evidence, sign->place), item;

	if (sign->runtime && !maps_runtime(evidence->mappings, sign->runtime))
		return false;
	if (sign->place == MAPPINGS || sign->place == IMAGE)
		return holds(list, sign->text);
	while (next_item(&list, &item))
		if (item_has(sign, item))
			return true;
	return false;
}

static u32 switched_off(const struct sdk_evidence *evidence)
{
	u32 signals = 0;

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		struct str list = place_of(evidence, switches[i].place), item;

		while (next_item(&list, &item))
			if (str_caseeq(str_trim(value_of(item, switches[i].name)),
				       str_from(switches[i].value)))
				signals |= switches[i].signals;
	}
	return signals;
}

bool sdk_find(struct sdk *sdk, const struct sdk_evidence *evidence)
{
	*sdk = (struct sdk){0};
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		if (!has_sign(&signs[i], evidence))
			continue;
		sdk->signals |= signs[i].signals;
		if (!sdk->what)
			sdk->what = signs[i].what;
	}
	sdk->signals &= ~switched_off(evidence);
	return sdk->signals;
}

bool sdk_is_interpreter(struct str mappings)
{
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (signs[i].runtime && maps_runtime(mappings, signs[i].runtime))
			return true;
	return false;
}

/* ---- the fact ---- */

int fact_sdk(const char *rest, struct buf *out)
{
	struct buf environment __cleanup(buf__free) = {0}, arguments __cleanup(buf__free) = {0};
	struct buf mappings __cleanup(buf__free) = {0}, image __cleanup(buf__free) = {0};
	struct sdk_evidence evidence;
	struct sdk sdk;

	/* what cannot be read has no sign in it */
	procfs_read(rest, "environ", TEXT_MAX, &environment);
	procfs_read(rest, "cmdline", TEXT_MAX, &arguments);
	procfs_read(rest, "maps", TEXT_MAX, &mappings);
	evidence = (struct sdk_evidence){
		.environment = buf__view(&environment),
		.arguments = buf__view(&arguments),
		.mappings = buf__view(&mappings),
	};
	if (!sdk_is_interpreter(evidence.mappings))
		elf_constants(rest, &image);
	evidence.image = buf__view(&image);
	if (!sdk_find(&sdk, &evidence))
		return -ENOENT;
	return buf__printf(out, "%u %s", sdk.signals, sdk.what);
}

u32 sdk_fact_signals(struct str fact, struct str *what)
{
	*what = str_sub(fact, 2, fact.len);
	if (fact.len < 3 || fact.p[0] < '1' || fact.p[0] > '3' || fact.p[1] != ' ')
		return 0;
	return (u32)(fact.p[0] - '0');
}
