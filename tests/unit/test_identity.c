// SPDX-License-Identifier: Apache-2.0
/* Who a process is: languages, containers, detectors, and whose word on its resource counts. */
#include "test_answers.h"

#include "base/log.h"
#include "proc/container.h"
#include "proc/language.h"

/* ---- languages ---- */

static void languages_by_executable(void)
{
	static const char *const rows[][2] = {
		{"python", "python"},
		{"python3", "python"},
		{"python3.11", "python"},
		{"python3.13t", "python"},
		{"pypy3.9", "python"},
		{"node", "nodejs"},
		{"node20", "nodejs"},
		{"nodejs", "nodejs"},
		{"java", "java"},
		{"ruby3.1", "ruby"},
		{"php8.2", "php"},
		{"php-fpm8.2", "php"},
		{"php-cgi", "php"},
		{"dotnet", "dotnet"},
		{"beam.smp", "erlang"},
		{"nginx", ""},
		{"node_exporter", ""},
		{"javaws", ""},
		{"pythonista", ""},
		{"", ""},
		{"pyth", ""},
		{"nodejs-proxy", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct language *row = language_of_executable(str_from(rows[i][0]));

		CHECK_STR(row ? row->key : STR(""), rows[i][1]);
	}
}

static void languages_by_libraries(void)
{
	static const char *const rows[][2] = {
		{"uwsgi\nlibc.so.6\nlibpython3.11.so.1.0\n", "python"},
		{"libphp8.2.so", "php"},
		{"app\nlibjvm.so\n\n", "java"},
		{"libruby-3.1.so.3.1\nlibruby-3.1.so.3.1\n", "ruby"},
		{"libnode.so.108\n", "nodejs"},
		{"libcoreclr.so\nlibclrjit.so\n", "dotnet"},
		{"libpython3.11.so.1.0\nlibjvm.so\n", ""}, /* which of them serves? */
		{"libjvmti.so\nlibpythonic.so\n", ""},
		{"", ""},
		{"\n\n", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct language *row = language_of_libraries(str_from(rows[i][0]));

		CHECK_STR(row ? row->key : STR(""), rows[i][1]);
	}
}

/* ---- containers ---- */

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OUTER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID   "6a0a1c2b-3d4e-5f60-7182-93a4b5c6d7e8"
#define UID_  "6a0a1c2b_3d4e_5f60_7182_93a4b5c6d7e8"
#define SLICE "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice"

static const struct {
	const char *cgroup, *id, *pod;
} containers[] = {
	{"0::/system.slice/docker-" ID ".scope\n", ID, ""},
	{"0::/docker/" ID, ID, ""},
	{"12:pids:/docker/" ID "\n11:memory:/docker/" ID "\n1:name=systemd:/docker/" ID "\n", ID,
	 ""},
	{"0::/docker/" OUTER "/docker/" ID "\n", ID, ""},
	{"0::/docker/" ID "/init.scope\n", ID, ""},
	{"2:cpu:/\n1:name=systemd:/user.slice\n0::/docker/" ID "\n", ID, ""},
	{"0::" SLICE "/cri-containerd-" ID ".scope\n", ID, UID},
	{"0::" SLICE "/crio-" ID ".scope/container\n", ID, UID},
	{"0::" SLICE "/docker-" ID ".scope\n", ID, UID},
	{"0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_
	 ".slice/cri-containerd-" ID ".scope\n",
	 ID, UID},
	{"0::/system.slice/containerd.service/kubepods-besteffort-pod" UID_
	 ".slice:cri-containerd:" ID "\n",
	 ID, UID},
	{"5:memory:/kubepods/besteffort/pod" UID "/" ID "\n", ID, UID},
	{"5:memory:/kubepods/pod" UID "/crio-" ID "\n", ID, UID},
	{"0::/kubepods/burstable/pod00112233445566778899aabbccddeeff/" ID "\n", ID,
	 "00112233445566778899aabbccddeeff"},
	{"0::/machine.slice/libpod-" ID ".scope/container\n", ID, ""},
	{"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope\n", ID,
	 ""},
	{"9:cpu:/libpod_parent/libpod-" ID "\n", ID, ""},
	{"0::/system.slice/nerdctl-" ID ".scope\n", ID, ""},
	{"0::/default/" ID "\n", ID, ""},
	/* none */
	{"0::/machine.slice/libpod-conmon-" ID ".scope\n", "", ""},
	{"0::" SLICE "/crio-conmon-" ID ".scope\n", "", UID},
	{"0::/system.slice/nginx.service\n", "", ""},
	{"0::/user.slice/user-0.slice/session-1.scope\n", "", ""},
	{"0::/\n", "", ""},
	{"0::/docker/" ID "0\n", "", ""},
	{"0::/docker/x" ID "\n", "", ""},
	{"0::/docker/g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", "", ""},
	{"0::/kubepods/pod" UID "0/podx/pod/pod-\n", "", ""},
	{"0::/kubepods/pod6a0a1c2b-3d4e-5f60-7182x93a4b5c6d7e8\n", "", ""},
	{ID "\n", "", ""},
	{"", "", ""},
	{"\n\n/\n", "", ""},
	{"0::/../../" ID "/..\n", ID, ""},
};

static void containers_by_cgroup(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(containers); i++) {
		struct container container;

		container_parse(&container, str_from(containers[i].cgroup));
		CHECK_STR(container.id, containers[i].id);
		CHECK_STR(container.pod, containers[i].pod);
	}
}

/* No prefix of a true one is another one, or read past its end (the sanitiser would say). */
static void containers_cut_short(void)
{
	static const char whole[] = SLICE "/cri-containerd-" ID ".scope";

	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		char *copy = malloc(len + 1);
		struct container container;

		memcpy(copy, whole, len);
		container_parse(&container, (struct str){copy, len});
		CHECK(!container.id.len);
		free(copy);
	}
}

/* ---- whose word counts ---- */

#define PYTHON "/usr/bin/python3.11"

/* The resource as text: key=value of each attribute, in order. */
static void list(struct fixture *f, struct buf *text)
{
	struct resource *resource = process_table__resource(f->table, 7);

	for (u32 i = 0; resource && i < resource->attrs.cnt; i++) {
		const struct attr *attr = &resource->attrs.v[i];

		if (str_eq(attr->key, STR("service.instance.id")))
			continue; /* random, as test_process has it */
		buf__printf(text, "%.*s=", STR_ARG(attr->key));
		if (attr->type == ATTR_INT)
			buf__printf(text, "%lld ", (long long)attr->i);
		for (u32 j = 0; attr->type == ATTR_STR_LIST && j < attr->list.cnt; j++)
			buf__printf(text, "[%.*s]", STR_ARG(attr->list.v[j]));
		if (attr->type == ATTR_STR)
			buf__printf(text, "%.*s ", STR_ARG(attr->s));
	}
	resource__put(resource);
}

/* Of process 7. */
static void resource_is(struct fixture *f, const char *want)
{
	struct buf text = {0};

	begin(f);
	process_table__add(f->table, 7, 0);
	list(f, &text);
	CHECK_STR(buf__view(&text), want);
	buf__free(&text);
	process_table__free(f->table);
}

#define SDK                                                           \
	"telemetry.sdk.language=python telemetry.sdk.name=otel-ebpf " \
	"telemetry.sdk.version=" VERSION " "
#define AUTO   "telemetry.auto.version=" VERSION " "
#define DISTRO "telemetry.distro.name=otel-ebpf telemetry.distro.version=" VERSION " "

static void the_process_names_itself(void)
{
	struct fixture f = {
		.answers.v = {{"exe/7", PYTHON},
			      {"environ/7/OTEL_SERVICE_NAME", "shop"},
			      {"environ/7/OTEL_RESOURCE_ATTRIBUTES",
			       "a=1,service.name=listed,telemetry.sdk.name=x,b=%C3%A9"}}};

	resource_is(&f, SDK "a=1 service.name=shop b=\xc3\xa9 " AUTO);
	f.answers.v[1].key = "";
	resource_is(&f, SDK "a=1 service.name=listed b=\xc3\xa9 " AUTO);
	f.answers.v[2].answer = "service.name=,a=2";
	resource_is(&f, SDK "a=2 " AUTO "service.name=unknown_service:python3 ");
}

static void the_daemon_has_the_last_word(void)
{
	struct fixture f = {.config.resource_attributes = "a=mine,service.name=ours",
			    .answers.v = {{"exe/7", PYTHON},
					  {"environ/7/OTEL_SERVICE_NAME", "shop"},
					  {"environ/7/OTEL_RESOURCE_ATTRIBUTES", "a=1,b=2"}}};

	resource_is(&f, SDK "a=mine b=2 service.name=ours " AUTO);
	f.config.service_name = "flagged";
	resource_is(&f, SDK "a=mine b=2 service.name=flagged " AUTO);
}

/* What is given beats what is found, where it stood. */
static void what_is_given_beats_what_is_found(void)
{
	struct fixture f = {.config.resource_detectors = "host",
			    .config.sdk_name = "opentelemetry",
			    .config.resource_attributes = "host.name=given",
			    .answers.v = {{"exe/7", PYTHON}, {"host/name", "found"}}};

	resource_is(&f, "telemetry.sdk.language=python telemetry.sdk.name=opentelemetry "
			"telemetry.sdk.version=" VERSION " host.name=given " AUTO
			"service.name=unknown_service:python3 ");
}

static void hostile_attributes(void)
{
	struct buf pairs = {0};
	struct fixture f = {.answers.v = {{"exe/7", "/opt/\xff (deleted)"},
					  {"environ/7/OTEL_SERVICE_NAME", "a\xff\xc3"}}};
	enum log_level before = log_get_level();
	struct resource *resource;

	for (int i = 0; i < 5000; i++)
		buf__printf(&pairs, "k%d=%%ff,", i);
	buf__char(&pairs, '\0');
	f.answers.v[2].key = "environ/7/OTEL_RESOURCE_ATTRIBUTES";
	f.answers.v[2].answer = pairs.p;
	log_set_level(LOG_ERROR);
	begin(&f);
	resource = process_table__resource(f.table, 7);
	log_set_level(before);
	CHECK(resource->attrs.cnt == RESOURCE_ATTRS_MAX);
	CHECK(resource->attrs.dropped > 4000);
	CHECK_STR(attr_of(resource, "k0")->s, "\xef\xbf\xbd");
	CHECK_STR(attr_of(resource, "telemetry.sdk.name")->s, "otel-ebpf");
	resource__put(resource);
	process_table__free(f.table);
	f.answers.v[2].key = NULL;
	resource_is(&f, "telemetry.sdk.language=c telemetry.sdk.name=otel-ebpf "
			"telemetry.sdk.version=" VERSION
			" service.name=a\xef\xbf\xbd\xef\xbf\xbd " AUTO);
	f.answers.v[1].key = NULL;
	resource_is(&f, "telemetry.sdk.language=c telemetry.sdk.name=otel-ebpf "
			"telemetry.sdk.version=" VERSION " " AUTO
			"service.name=unknown_service:\xef\xbf\xbd ");
	buf__free(&pairs);
}

/* ---- detectors ---- */

#define PROCESS_FACTS                                                                     \
	{"exe/7", PYTHON}, {"python/7", "3.11.2"}, {"argv0/7", "/app/.venv/bin/python3"}, \
		{"parent/7", "3"}, {"owner/7", "www-data"}, {"birth/7", "1700558734053"}, \
	{                                                                                 \
		"args/7", "python3|-c|"                                                   \
	}
#define HOST_FACTS                                                                  \
	{"host/name", "app-host"}, {"host/machine", "x86_64"}, {"host/id", "0123"}, \
		{"host/release", "6.1.0"},                                          \
	{                                                                           \
		"host/os", "Debian"                                                 \
	}
#define PROCESS_                                                                     \
	"process.runtime.name=cpython process.runtime.version=3.11.2 process.pid=7 " \
	"process.executable.name=python3.11 process.executable.path=" PYTHON         \
	" process.command=/app/.venv/bin/python3 "
#define BIRTH                                          \
	"process.parent_pid=3 process.owner=www-data " \
	"process.creation.time=2023-11-21T09:25:34.053Z "
#define OS	   "os.type=linux os.version=6.1.0 os.description=Debian "
#define HOST(arch) "host.name=app-host host.arch=" arch " host.id=0123 "
#define NAME	   "service.name=unknown_service:python3 "

/* As the golden `resource`, whose order is that of the list. */
static void detectors_by_name(void)
{
	struct fixture f = {.config.resource_detectors = "process, OS,host,otel,unknown",
			    .answers.v = {PROCESS_FACTS, HOST_FACTS}};

	resource_is(&f, SDK PROCESS_ BIRTH OS HOST("x86_64") AUTO NAME);
	f.config.resource_detectors = "host,service_instance";
	resource_is(&f, SDK HOST("x86_64") AUTO NAME);
	f.config.resource_detectors = "otel";
	resource_is(&f, SDK AUTO NAME);
	f.config.resource_detectors = "host,*";
	f.config.command_args = true;
	resource_is(&f, SDK PROCESS_ "process.command_args=[python3][-c]" BIRTH OS HOST("x86_64")
				AUTO NAME);
}

static void detectors_of_the_stable_conventions(void)
{
	struct fixture f = {.set = SEMCONV_STABLE,
			    .answers.v = {PROCESS_FACTS,
					  HOST_FACTS,
					  {"cgroup/7", "0::" SLICE "/crio-" ID ".scope\n"}}};

	resource_is(&f, SDK PROCESS_ BIRTH HOST("amd64") OS "container.id=" ID " k8s.pod.uid=" UID
							    " " DISTRO NAME);
	f.config.resource_detectors = "container";
	f.set = SEMCONV_DUP;
	resource_is(&f, SDK "container.id=" ID " k8s.pod.uid=" UID " " AUTO DISTRO NAME);
}

/* What is not known is not said: no facts, or facts that make no sense. */
static void detectors_that_find_nothing(void)
{
	struct fixture f = {.config.resource_detectors = "*", .config.command_args = true};

	resource_is(&f, "telemetry.sdk.language=c telemetry.sdk.name=otel-ebpf "
			"telemetry.sdk.version=" VERSION " process.pid=7 os.type=linux " AUTO
			"service.name=unknown_service ");
	f = (struct fixture){.config.resource_detectors = "process",
			     .answers.v = {{"exe/7", "/usr/sbin/nginx"},
					   {"argv0/7", "nginx: worker process"},
					   {"parent/7", "3x"},
					   {"birth/7", "-5"},
					   {"owner/7", ""}}};
	resource_is(&f,
		    "telemetry.sdk.language=c telemetry.sdk.name=otel-ebpf "
		    "telemetry.sdk.version=" VERSION " process.pid=7 process.executable.name=nginx "
		    "process.executable.path=/usr/sbin/nginx " AUTO
		    "service.name=unknown_service:nginx ");
}

static void languages_of_processes(void)
{
	static const struct {
		const char *exe, *key, *answer, *language, *name;
	} rows[] = {
		{"/usr/bin/uwsgi-core", "libs/7", "libpython3.11.so.1.0\n", "python", "uwsgi-core"},
		{"/opt/app", "go/7", "go1.19.8", "go", "app"},
		{"/opt/node_exporter", "go/7", "go1.19.8", "go", "node_exporter"},
		{"/opt/app.v2", "libs/7", "libc.so.6\n", "c", "app.v2"},
		{"/opt/pypy3.9 (deleted)", "", "", "python", "pypy3"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f = {
			.answers.v = {{"exe/7", rows[i].exe}, {rows[i].key, rows[i].answer}}};
		char name[64];

		snprintf(name, sizeof(name), "unknown_service:%s", rows[i].name);
		begin(&f);
		says(&f, 7, "telemetry.sdk.language", rows[i].language);
		says(&f, 7, "service.name", name);
		process_table__free(f.table);
	}
}

int main(void)
{
	RUN(languages_by_executable);
	RUN(languages_by_libraries);
	RUN(containers_by_cgroup);
	RUN(containers_cut_short);
	RUN(the_process_names_itself);
	RUN(the_daemon_has_the_last_word);
	RUN(what_is_given_beats_what_is_found);
	RUN(hostile_attributes);
	RUN(detectors_by_name);
	RUN(detectors_of_the_stable_conventions);
	RUN(detectors_that_find_nothing);
	RUN(languages_of_processes);
	return test_status();
}
