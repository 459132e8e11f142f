// SPDX-License-Identifier: Apache-2.0
/* proc/sdk: which traces of an SDK are taken for one, and what makes it send less. */
#include "proc/sdk.h"

#include <unistd.h>

#include "model/resource.h"
#include "test.h"

#define BOTH	(RESOURCE_TRACES | RESOURCE_METRICS)
#define TEXT(s) ((struct str){s, sizeof(s)}) /* with the NUL that ends the last item */

#define PYTHON	 "7f00-7f10 r-xp 00000000 08:01 12 /usr/bin/python3.11\n"
#define JAVA	 "7f00-7f10 r-xp 00000000 08:01 12 /usr/lib/jvm/lib/server/libjvm.so\n"
#define NODE	 "7f00-7f10 r-xp 00000000 08:01 12 /usr/bin/node\n"
#define DOTNET	 "7f00-7f10 r-xp 00000000 08:01 12 /usr/lib/dotnet/libcoreclr.so\n"
#define NATIVE	 "7f00-7f10 r-xp 00000000 08:01 12 /usr/sbin/nginx\n"
#define LIB(lib) NATIVE "7f20-7f30 r-xp 00000000 08:01 13 /usr/lib/" lib "\n"

#define AUTO_PYTHON "PYTHONPATH=/v/opentelemetry/instrumentation/auto_instrumentation:/app\0"

static void signs(void)
{
	static const struct {
		struct str environment, arguments, mappings, image;
		u32 signals;
		const char *what;
	} rows[] = {
		{TEXT("A=1\0" AUTO_PYTHON), TEXT("python\0app.py"), TEXT(PYTHON), STR(""), BOTH,
		 "opentelemetry-instrument"},
		/* inherited by who knows nothing of it */
		{TEXT(AUTO_PYTHON), TEXT("nginx"), TEXT(NATIVE), STR(""), 0, NULL},
		{TEXT("PYTHONPATH=/app"), TEXT("python"), TEXT(PYTHON), STR(""), 0, NULL},
		{TEXT("X" AUTO_PYTHON), TEXT("python"), TEXT(PYTHON), STR(""), 0, NULL},
		/* told how to behave, without being there */
		{TEXT("OTEL_SERVICE_NAME=x"), TEXT("python"), TEXT(PYTHON), STR(""), 0, NULL},
		{TEXT(""), TEXT("java\0-javaagent:/o/opentelemetry-javaagent.jar\0-jar\0a.jar"),
		 TEXT(JAVA), STR(""), BOTH, "OpenTelemetry's Java agent"},
		{TEXT("JAVA_TOOL_OPTIONS=-Xmx1g -javaagent:/o/opentelemetry.jar"), TEXT("java"),
		 TEXT(JAVA), STR(""), BOTH, "OpenTelemetry's Java agent"},
		/* another agent, of a program whose name tells nothing */
		{TEXT(""), TEXT("java\0-javaagent:/o/jolokia.jar\0-jar\0opentelemetry.jar"),
		 TEXT(JAVA), STR(""), 0, NULL},
		{TEXT("NODE_OPTIONS=--require @opentelemetry/auto-instrumentations-node/register"),
		 TEXT("node\0a.js"), TEXT(NODE), STR(""), BOTH,
		 "OpenTelemetry's packages for Node.js"},
		{TEXT(""), TEXT("node\0-r\0@opentelemetry/x\0a.js"), TEXT(NODE), STR(""), BOTH,
		 "OpenTelemetry's packages for Node.js"},
		{TEXT("CORECLR_PROFILER={918728DD-259F-4A6A-AC2B-B85E1B658318}"), TEXT("app"),
		 TEXT(DOTNET), STR(""), BOTH, "OpenTelemetry's .NET instrumentation"},
		{TEXT("CORECLR_PROFILER={11111111-259F-4A6A-AC2B-B85E1B658318}"), TEXT("app"),
		 TEXT(DOTNET), STR(""), 0, NULL},
		{TEXT(""), TEXT("nginx"), TEXT(LIB("ngx_otel_module.so")), STR(""), RESOURCE_TRACES,
		 "nginx's OpenTelemetry module"},
		{TEXT(""), TEXT("app"), TEXT(LIB("libopentelemetry_trace.so")), STR(""),
		 RESOURCE_TRACES, "OpenTelemetry's C++ SDK"},
		{TEXT(""), TEXT("app"),
		 TEXT(LIB("libopentelemetry_trace.so") LIB("libopentelemetry_metrics.so")), STR(""),
		 BOTH, "OpenTelemetry's C++ SDK"},
		{TEXT(""), TEXT("app"), TEXT(LIB("libopentelemetry_api.so")), STR(""), 0, NULL},
		{TEXT(""), TEXT("app"), TEXT(NATIVE "7f40-7f41 r--p 0 00:00 0 [anon:OTEL_CTX]\n"),
		 STR(""), BOTH, "an OpenTelemetry SDK"},
		{TEXT(""), TEXT("app"), TEXT(NATIVE "7f4-7f5 r--p 0 00:01 7 /memfd:OTEL_CTX\n"),
		 STR(""), BOTH, "an OpenTelemetry SDK"},
		{TEXT(""), TEXT("app"), TEXT(NATIVE),
		 STR("path\tapp\ndep\tgo.opentelemetry.io/otel/sdk\tv1.28.0\th1:x=\n"),
		 RESOURCE_TRACES, "OpenTelemetry's Go SDK"},
		{TEXT(""), TEXT("app"), TEXT(NATIVE),
		 STR("dep\tgo.opentelemetry.io/otel/sdk/metric\tv1.28.0\th1:x=\n"),
		 RESOURCE_METRICS, "OpenTelemetry's Go SDK"},
		/* the API alone does nothing */
		{TEXT(""), TEXT("app"), TEXT(NATIVE),
		 STR("dep\tgo.opentelemetry.io/otel\tv1.28.0\th1:x=\n"), 0, NULL},
		{TEXT(""), TEXT("app"), TEXT(NATIVE),
		 STR("xN13opentelemetry2v13sdk5trace14TracerProviderE"), RESOURCE_TRACES,
		 "OpenTelemetry's C++ SDK"},
		{TEXT(""), TEXT("app"), TEXT(NATIVE),
		 STR("/r/opentelemetry_sdk-0.27.1/src/trace/span.rs"), BOTH,
		 "OpenTelemetry's Rust SDK"},
		{STR(""), STR(""), STR(""), STR(""), 0, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct sdk_evidence evidence = {rows[i].environment, rows[i].arguments,
						      rows[i].mappings, rows[i].image};
		struct sdk sdk;

		CHECK(sdk_find(&sdk, &evidence) == (rows[i].signals != 0));
		CHECK(sdk.signals == rows[i].signals);
		if (rows[i].what)
			CHECK_STR(str_from(sdk.what), rows[i].what);
		else
			CHECK(!sdk.what);
	}
}

static void switches(void)
{
	static const struct {
		struct str environment, arguments;
		u32 signals;
	} rows[] = {
		{TEXT(AUTO_PYTHON "OTEL_SDK_DISABLED=true"), TEXT("python"), 0},
		{TEXT(AUTO_PYTHON "OTEL_SDK_DISABLED= True "), TEXT("python"), 0},
		{TEXT(AUTO_PYTHON "OTEL_SDK_DISABLED=false"), TEXT("python"), BOTH},
		{TEXT(AUTO_PYTHON "OTEL_SDK_DISABLED=truely"), TEXT("python"), BOTH},
		{TEXT("OTEL_TRACES_EXPORTER=none\0" AUTO_PYTHON), TEXT("python"), RESOURCE_METRICS},
		{TEXT("OTEL_METRICS_EXPORTER=none\0" AUTO_PYTHON), TEXT("python"), RESOURCE_TRACES},
		{TEXT("OTEL_METRICS_EXPORTER=none\0OTEL_TRACES_EXPORTER=none\0" AUTO_PYTHON),
		 TEXT("python"), 0},
		{TEXT("OTEL_TRACES_EXPORTER=console,none\0" AUTO_PYTHON), TEXT("python"), BOTH},
		{TEXT(AUTO_PYTHON), TEXT("java\0-Dotel.sdk.disabled=true"), 0},
		{TEXT(AUTO_PYTHON), TEXT("java\0-Dotel.traces.exporter=none"), RESOURCE_METRICS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct sdk_evidence evidence = {rows[i].environment, rows[i].arguments,
						      STR(PYTHON), STR_NONE};
		struct sdk sdk;

		sdk_find(&sdk, &evidence);
		CHECK(sdk.signals == rows[i].signals);
	}
}

static void interpreters(void)
{
	CHECK(sdk_is_interpreter(STR(PYTHON)) && sdk_is_interpreter(STR(JAVA)));
	CHECK(sdk_is_interpreter(STR(NODE)) &&
	      sdk_is_interpreter(STR(LIB("libpython3.11.so.1.0"))));
	CHECK(!sdk_is_interpreter(STR(NATIVE)) && !sdk_is_interpreter(STR("")));
	/* nor is what lies in a folder of that name, or has a longer one */
	CHECK(!sdk_is_interpreter(STR(LIB("python3.11/python/app"))));
	CHECK(!sdk_is_interpreter(STR(LIB("node/app") LIB("node_exporter") LIB("pythonic"))));
}

/* A recording's facts are not to be trusted. */
static void facts(void)
{
	static const struct {
		struct str fact;
		u32 signals;
	} rows[] = {
		{STR("3 an SDK"), BOTH},
		{STR("1 x"), RESOURCE_TRACES},
		{STR("2 x"), RESOURCE_METRICS},
		{STR(""), 0},
		{STR("3"), 0},
		{STR("3 "), 0},
		{STR("0 x"), 0},
		{STR("4 x"), 0},
		{STR("33x"), 0},
		{STR("x 3"), 0},
	};
	struct str what;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK(sdk_fact_signals(rows[i].fact, &what) == rows[i].signals);
	CHECK(sdk_fact_signals(STR("3 an SDK"), &what));
	CHECK_STR(what, "an SDK");
}

/* This test names SDKs among its constants as they do themselves; nobody is process 0. */
static void live(void)
{
	struct buf out = {0};
	char tgid[16];

	snprintf(tgid, sizeof(tgid), "%d", getpid());
	CHECK(!fact_sdk(tgid, &out));
	CHECK_STR(buf__view(&out), "3 OpenTelemetry's Go SDK");
	buf__reset(&out);
	CHECK(fact_sdk("0", &out) < 0 && !out.len);
	buf__free(&out);
}

int main(void)
{
	RUN(signs);
	RUN(switches);
	RUN(interpreters);
	RUN(facts);
	RUN(live);
	return test_status();
}
