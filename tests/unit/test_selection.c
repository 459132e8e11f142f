// SPDX-License-Identifier: Apache-2.0
/*
 * Rules that choose processes: from the command line to the verdict on made-up processes; and what
 * /proc says of this one, listening on a port of its own.
 */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proc/selection.h"

#define ARGS(...) ((char *[]){"otel-ebpf", __VA_ARGS__, NULL})
#define SELF	  999

/* ---- a process and the rules ---- */

static struct candidate process;

/* nginx, process 30, below 20 and 10, listening on 80 and 8085. */
static void make_process(void)
{
	candidate__init(&process, 30);
	strcpy(process.exe, "/usr/sbin/nginx");
	strcpy(process.name, "nginx");
	strcpy(process.cgroups, "4:memory:/mem/web\n1:name=systemd:/init.scope\n"
				"0::/system.slice/nginx.service/worker\n");
	candidate__add_port(&process, 80);
	candidate__add_port(&process, 8085);
	process.parents[process.parent_cnt++] = 20;
	process.parents[process.parent_cnt++] = 10;
}

static struct selection *rules_of(char **argv)
{
	struct selection *selection = NULL;
	enum config_action action;
	struct config config;
	int argc = 0;

	while (argv[argc])
		argc++;
	if (config__parse(&config, argc, argv, (char *[]){NULL}, &action) ||
	    selection__new(&selection, &config, SELF))
		abort();
	return selection;
}

/* The verdict in words: "-", "excluded" or why it was chosen. */
static void check_verdict(char **argv, const char *want)
{
	struct selection *selection = rules_of(argv);
	struct buf why = {0};

	switch (selection__judge(selection, &process, &why)) {
	case VERDICT_NONE:
		CHECK_STR(STR("-"), want);
		break;
	case VERDICT_EXCLUDED:
		CHECK_STR(STR("excluded"), want);
		break;
	default:
		CHECK_STR(buf__view(&why), want);
	}
	buf__free(&why);
	selection__free(selection);
}

/* ---- what matches ---- */

static void ports(void)
{
	make_process();
	check_verdict(ARGS("--port", "80"), "port 80");
	check_verdict(ARGS("--port", "81,82"), "-");
	check_verdict(ARGS("--port", "81, 80"), "port 80");
	check_verdict(ARGS("--port", "8080-8090"), "port 8085");
	check_verdict(ARGS("--port", "8086-8090,1-79"), "-");
	check_verdict(ARGS("--port", "1-65535"), "port 80");
	check_verdict(ARGS("--port", "81", "--port", "8085"), "port 8085");
}

static void executables(void)
{
	static const struct {
		const char *pattern;
		bool matches;
	} cases[] = {
		{"nginx", true},
		{"ngin", false},
		{"ng*", true},
		{"*", true},
		{"sbin/nginx", true},
		{"*/nginx", true},
		{"bin/nginx", false},
		{"usr/sbin/nginx", true},
		{"x/usr/sbin/n*", false},
		{"/usr/sbin/nginx", true},
		{"/usr/*/nginx", true},
		{"/usr/*", false},
		{"/*", false},
		{"/sbin/nginx", false},
		{"[m-o]ginx", true},
		{"*/sbin/*", true},
		{"nginx,x", true},
		{"x, nginx", true},
	};
	char want[64];

	make_process();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(want, sizeof(want), "exe %s", cases[i].pattern);
		if (strchr(cases[i].pattern, ','))
			strcpy(want, "exe nginx");
		check_verdict(ARGS("--exe", (char *)cases[i].pattern),
			      cases[i].matches ? want : "-");
	}
	/* exec was told a name relative to where it was called, and the process is gone */
	strcpy(process.exe, "./todo");
	check_verdict(ARGS("--exe", "todo"), "exe todo");
	check_verdict(ARGS("--exe", "build/todo"), "-");
	strcpy(process.exe, "");
	check_verdict(ARGS("--exe", "*"), "-");
}

static void names(void)
{
	make_process();
	check_verdict(ARGS("--name", "nginx"), "name nginx");
	check_verdict(ARGS("--name", "n?inx"), "name n?inx");
	check_verdict(ARGS("--name", "ngin"), "-");
	strcpy(process.name, "a-server-with-l");
	check_verdict(ARGS("--name", "a-server-with-long-name"), "name a-server-with-long-name");
	check_verdict(ARGS("--name", "a-server-with"), "-");
	strcpy(process.name, "a/b");
	check_verdict(ARGS("--name", "a*"), "name a*");
}

static void groups(void)
{
	make_process();
	check_verdict(ARGS("--cgroup", "/system.slice"), "cgroup /system.slice");
	check_verdict(ARGS("--cgroup", "/system.slice/nginx.service/"),
		      "cgroup /system.slice/nginx.service");
	check_verdict(ARGS("--cgroup", "system.slice/*.service"), "cgroup /system.slice/*.service");
	check_verdict(ARGS("--cgroup", "/system.slice/nginx"), "-");
	check_verdict(ARGS("--cgroup", "/system"), "-");
	check_verdict(ARGS("--cgroup", "/sys/fs/cgroup/system.slice"), "cgroup /system.slice");
	check_verdict(ARGS("--cgroup", "/sys/fs/cgroup/unified/system.slice"),
		      "cgroup /unified/system.slice");
	check_verdict(ARGS("--cgroup", "/sys/fs/cgroup/memory/mem"), "cgroup /memory/mem");
	check_verdict(ARGS("--cgroup", "/sys/fs/cgroup/systemd/init.scope"),
		      "cgroup /systemd/init.scope");
	check_verdict(ARGS("--cgroup", "/sys/fs/cgroup/memory/web"), "-");
	check_verdict(ARGS("--cgroup", "/sys/fs/cgroup"), "cgroup /");
	check_verdict(ARGS("--cgroup", "/"), "cgroup /");
	strcpy(process.cgroups, "no colon\n1:one\n");
	check_verdict(ARGS("--cgroup", "/"), "-");
}

static void all_but(void)
{
	make_process();
	check_verdict(ARGS("--all"), "all");
	check_verdict(ARGS("--all", "--exclude_port", "1-79,8085"), "excluded");
	check_verdict(ARGS("--all", "--exclude_exe", "*/nginx"), "excluded");
	check_verdict(ARGS("--all", "--exclude_name", "nginx"), "excluded");
	check_verdict(ARGS("--all", "--exclude_cgroup", "/system.slice"), "excluded");
	check_verdict(ARGS("--all", "--exclude_pid", "30"), "excluded");
	check_verdict(ARGS("--all", "--exclude_pid", "9-10"), "excluded");
	check_verdict(ARGS("--all", "--exclude_pid", "11,31"), "all");
	check_verdict(ARGS("--port", "80", "--exclude_name", "nginx"), "excluded");
	check_verdict(ARGS("--pid", "30", "--exclude_port", "80"), "excluded");
	check_verdict(ARGS("--pid", "30", "--exclude_port", "81"), "-");
	process.tgid = SELF;
	check_verdict(ARGS("--all"), "excluded");
}

static void rules_add_up(void)
{
	make_process();
	check_verdict(ARGS("--port", "1", "--exe", "x", "--name", "nginx"), "name nginx");
	check_verdict(ARGS("--port", "1", "--exe", "x", "--name", "y", "--all"), "all");
	check_verdict(ARGS("--pid", "1", "--exe", "x"), "-");
}

static void what_is_asked_and_said(void)
{
	struct selection *selection =
		rules_of(ARGS("--name", "a,b", "--port", "80-90,7", "--exclude_exe", "x",
			      "--cgroup", "/", "--all", "--pid", "4"));
	struct buf out = {0};

	selection__describe(selection, &out);
	CHECK_STR(buf__view(&out), "port 80-90, port 7, name a, name b, cgroup /, all");
	CHECK(selection__facts(selection) ==
	      (1u << RULE_NAME | 1u << RULE_PORT | 1u << RULE_EXE | 1u << RULE_CGROUP));
	buf__free(&out);
	selection__free(selection);
	selection = rules_of(ARGS("--all"));
	CHECK(!selection__facts(selection));
	selection__free(selection);
}

static void bad_rules(void)
{
	static char *const bad[][2] = {
		{"--port", "0"},	{"--port", "65536"}, {"--port", "90-80"},
		{"--port", "80-"},	{"--port", "-80"},   {"--port", "http"},
		{"--port", ""},		{"--port", "80,x"},  {"--exe", ""},
		{"--exe", " , "},	{"--name", ","},     {"--cgroup", ""},
		{"--exclude_pid", "0"},
	};
	enum config_action action;
	struct config config;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(config__parse(&config, 3, ARGS(bad[i][0], bad[i][1]), (char *[]){NULL},
				    &action) == -EINVAL);
	/* an exclusion alone chooses nobody; a recording holds what was chosen */
	CHECK(config__parse(&config, 3, ARGS("--exclude_name", "a"), (char *[]){NULL}, &action));
	CHECK(config__parse(&config, 4, ARGS("--replay=a", "--exclude_name", "a"), (char *[]){NULL},
			    &action));
	CHECK(config__parse(&config, 4, ARGS("--port", "80", "command"), (char *[]){NULL},
			    &action));
	CHECK(!config__parse(&config, 4, ARGS("--exclude_name", "a", "command"), (char *[]){NULL},
			     &action));
}

/* ---- what /proc says ---- */

static u32 listen_somewhere(int *fd, int family)
{
	struct sockaddr_in6 addr = {.sin6_family = (sa_family_t)family};
	socklen_t len = sizeof(addr);

	*fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(*fd, (struct sockaddr *)&addr,
		 family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(addr)) ||
	    listen(*fd, 1) || getsockname(*fd, (struct sockaddr *)&addr, &len))
		return 0;
	return ntohs(addr.sin6_port); /* where IPv4 has it, too */
}

static bool has_port(u32 port)
{
	return process.ports[port / 64] & 1ULL << (port % 64);
}

static void this_process(void)
{
	struct listeners *listeners;
	u32 port, facts = (1u << RULE_CNT) - 1;
	int fd, udp = socket(AF_INET, SOCK_DGRAM, 0);

	if (listeners__new(&listeners))
		abort();
	prctl(PR_SET_NAME, "a (b) c");
	port = listen_somewhere(&fd, AF_INET);
	candidate__init(&process, (u32)getpid());
	candidate__read(&process, facts, listeners);
	CHECK(process.known == facts && port && has_port(port));
	CHECK_STR(str_from(process.name), "a (b) c");
	CHECK(strstr(process.exe, "/test_selection"));
	CHECK(strchr(process.cgroups, ':') && process.parent_cnt);
	CHECK(process.parents[0] == (u32)getppid());
	close(fd);
	/* remembered until told that sockets may have changed; the inode is gone all the same */
	candidate__init(&process, (u32)getpid());
	candidate__read(&process, facts, listeners);
	CHECK(!has_port(port));
	port = listen_somewhere(&fd, AF_INET);
	listeners__changed(listeners);
	candidate__init(&process, (u32)getpid());
	candidate__read(&process, facts, listeners);
	CHECK(has_port(port));
	close(fd);
	close(udp);
	listeners__free(listeners);
}

static void over_inet6(void)
{
	struct listeners *listeners;
	int fd = -1;
	u32 port = listen_somewhere(&fd, AF_INET6);

	if (listeners__new(&listeners))
		abort();
	candidate__init(&process, (u32)getpid());
	candidate__read(&process, 1u << RULE_PORT, listeners);
	if (port)
		CHECK(has_port(port));
	else
		printf("# no IPv6 here\n");
	close(fd);
	listeners__free(listeners);
}

/* What an event told stays; what it did not tell is not known. */
static void gone_process(void)
{
	struct listeners *listeners;

	if (listeners__new(&listeners))
		abort();
	candidate__init(&process, 1 << 30);
	strcpy(process.name, "gone");
	candidate__add_port(&process, 80);
	candidate__add_port(&process, 1 << 20);
	candidate__read(&process, (1u << RULE_CNT) - 1, listeners);
	CHECK(process.known == 1u << RULE_NAME && has_port(80));
	CHECK_STR(str_from(process.name), "gone");
	listeners__free(listeners);
}

int main(void)
{
	RUN(ports);
	RUN(executables);
	RUN(names);
	RUN(groups);
	RUN(all_but);
	RUN(rules_add_up);
	RUN(what_is_asked_and_said);
	RUN(bad_rules);
	RUN(this_process);
	RUN(over_inet6);
	RUN(gone_process);
	return test_status();
}
