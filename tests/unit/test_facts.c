// SPDX-License-Identifier: Apache-2.0
/* proc/facts: what the system answers of this test, of programs and listeners it starts itself. */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/facts.h"
#include "proc/launch.h"

static void fact_is(const char *key, const char *want)
{
	struct buf out = {0};

	buf__str(&out, STR("before "));
	CHECK(facts_live(NULL, key, &out) == (want ? 0 : -ENOENT));
	CHECK(str_starts(buf__view(&out), STR("before ")));
	CHECK_STR(str_sub(buf__view(&out), 7, out.len), want ? want : "");
	buf__free(&out);
}

/* Of "SOURCE/PID" and, of variables, "/NAME". */
static void fact_of(pid_t pid, const char *source, const char *rest, const char *want)
{
	char key[64];

	snprintf(key, sizeof(key), "%s/%d%s", source, pid, rest);
	fact_is(key, want);
}

static void keys_that_make_no_sense(void)
{
	static const char *const keys[] = {"",
					   "exe/0",
					   "exe/",
					   "nothing/1",
					   "environ/1",
					   "environ//PATH",
					   "environ/self/",
					   "listen/1/inet/80/0",
					   "listen/self/inet/80/",
					   "birth/x",
					   "libs/0",
					   "go/0",
					   "python/0",
					   "host/",
					   "env/"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		fact_is(keys[i], NULL);
}

static void facts_of_the_daemon(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = '\0';
	fact_of(getpid(), "exe", "", exe);
	setenv("TEST_FACT", "value", 1);
	fact_is("env/TEST_FACT", "value");
	setenv("TEST_FACT", "", 1);
	fact_is("env/TEST_FACT", NULL);
}

static void where_it_comes_from(void)
{
	char want[32];
	struct passwd *user = getpwuid(getuid());
	struct buf out = {0};
	time_t birth;

	snprintf(want, sizeof(want), "%d", getppid());
	fact_of(getpid(), "parent", "", want);
	fact_of(getpid(), "owner", "", user ? user->pw_name : NULL);
	snprintf(want, sizeof(want), "birth/%d", getpid());
	CHECK(!facts_live(NULL, want, &out) && !buf__char(&out, '\0'));
	birth = (time_t)(strtoll(out.p, NULL, 10) / 1000);
	/* the suite takes minutes, not hours */
	CHECK(birth <= time(NULL) && birth > time(NULL) - 3600);
	buf__free(&out);
}

struct child {
	pid_t pid;
	int in, out;
};

/* A program that writes what it reads. Returns when it has done so, and thus is all there. */
static struct child start(const char *path, char **argv, char **env)
{
	int in[2], out[2];
	char byte = 'x';
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		abort();
	pid = fork();
	if (!pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execve(path, argv, env);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	CHECK(write(in[1], &byte, 1) == 1 && read(out[0], &byte, 1) == 1);
	return (struct child){pid, in[1], out[0]};
}

/* Its end is that of its input. */
static void stop(struct child child)
{
	close(child.in);
	CHECK(waitpid(child.pid, NULL, 0) == child.pid);
	close(child.out);
}

static void what_an_exec_was_given(void)
{
	char *argv[] = {"a cat", "-", "-", NULL};
	char *env[] = {"OTEL_SERVICE_NAMES=no",
		       "OTEL_SERVICE_NAME=shop=1",
		       "nothing",
		       "OTEL_SERVICE_NAME=later",
		       "EMPTY=",
		       "LAST=x y",
		       NULL};
	struct buf out = {0};
	char key[32];
	struct child cat = start("/bin/cat", argv, env);
	pid_t pid = cat.pid;

	fact_of(pid, "environ", "/OTEL_SERVICE_NAME", "shop=1");
	fact_of(pid, "environ", "/LAST", "x y");
	fact_of(pid, "environ", "/EMPTY", NULL);
	fact_of(pid, "environ", "/nothing", NULL);
	fact_of(pid, "environ", "/OTEL", NULL);
	fact_of(pid, "argv0", "", "a cat");
	snprintf(key, sizeof(key), "args/%d", pid);
	CHECK(!facts_live(NULL, key, &out) && out.len == 10 && !memcmp(out.p, "a cat\0-\0-", 10));
	buf__reset(&out);
	snprintf(key, sizeof(key), "libs/%d", pid);
	CHECK(!facts_live(NULL, key, &out) && !buf__char(&out, '\0'));
	CHECK(out.p && strstr(out.p, "cat\n") && strstr(out.p, "\nlibc"));
	fact_of(pid, "go", "", NULL);
	fact_of(pid, "python", "", NULL);
	buf__free(&out);
	stop(cat);
	fact_of(pid, "environ", "/LAST", NULL);
}

/* What is too long is not cut, and said once. */
static void long_answers(void)
{
	static char large[FACT_MAX + 32] = "LARGE=";
	char *argv[] = {"cat", NULL}, *env[] = {large, "SMALL=1", NULL};
	struct facts facts = {.fn = facts_live};
	enum log_level before = log_get_level();
	struct buf out = {0};
	struct child cat;

	memset(large + 6, 'x', FACT_MAX + 1);
	cat = start("/bin/cat", argv, env);
	log_set_level(LOG_ERROR);
	CHECK(facts__ask(&facts, &out, "environ/%d/LARGE", cat.pid) == -E2BIG);
	CHECK(!out.len && facts.long_said && !facts.refused_said);
	log_set_level(before);
	CHECK(!facts__ask(&facts, &out, "environ/%d/SMALL", cat.pid) && out.len == 1);
	stop(cat);
	buf__free(&out);
}

/* Its memory of what it said is kept, so it is said once. */
static int ask_as_nobody(void)
{
	static const char want[] = "otel-ebpf: the executable of pid 1 may not be read, so its "
				   "resource lacks it: cap_sys_ptrace would help\n";
	struct facts facts = {.fn = facts_live};
	int said = memfd_create("stderr", 0);
	struct buf out = {0};
	char text[256];

	if (!getuid() && setresuid(65534, 65534, 65534))
		return 1;
	dup2(said, 2);
	for (int i = 0; i < 2; i++)
		if (facts__ask(&facts, &out, "exe/1") != -EACCES)
			return 1;
	return !facts.refused_said || facts.long_said || out.len ||
	       pread(said, text, sizeof(text), 0) != (ssize_t)strlen(want) ||
	       memcmp(text, want, strlen(want)) != 0;
}

static int refuse(void *owner, const char *key, struct buf *out)
{
	(void)owner;
	(void)key;
	(void)out;
	return -EACCES;
}

/* Of a process that may never serve anything nothing is lacking. */
static void what_is_not_lacking_yet(void)
{
	struct facts facts = {.fn = refuse};

	CHECK(!launch__read(&facts, 1) && !facts.refused_said);
}

static void what_may_not_be_read(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(ask_as_nobody());
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* What the interpreter says: "3.11.2". Python 3.11 is the first that can be asked from outside. */
static bool python_says(const char *what, char text[64])
{
	FILE *file = popen(what, "r");
	bool said = file && fscanf(file, "%63s", text) == 1;

	return file && !pclose(file) && said;
}

#define VERSION_INFO                                                           \
	"/usr/bin/python3 -c 'import sys; assert sys.version_info >= (3, 11);" \
	"print(\"%d.%d.%d\" % sys.version_info[:3])' 2>/dev/null"
#define LIBRARY                                                             \
	"/usr/bin/python3 -c 'import glob, sys; print(glob.glob("           \
	"\"/usr/lib/*/libpython%d.%d.so.1.0\" % sys.version_info[:2])[0])'" \
	" 2>/dev/null"

static void python_tells_its_version(void)
{
	char *argv[] = {"python3", "-c", "import os\nwhile os.write(1, os.read(0, 1)): pass", NULL};
	char *env[] = {NULL}, version[64];
	struct child python;

	if (!python_says(VERSION_INFO, version)) {
		printf("skip %s: lacks Python 3.11\n", test_name);
		return;
	}
	python = start("/usr/bin/python3", argv, env);
	fact_of(python.pid, "python", "", version);
	fact_of(python.pid, "go", "", NULL);
	stop(python);
}

/* As uwsgi and Python's own containers have it. */
static void libpython_tells_its_version(void)
{
	char *argv[] = {"cat", NULL}, version[64], library[64], preload[96];
	char *env[] = {preload, NULL};
	struct child cat;

	if (getuid() || !python_says(VERSION_INFO, version) || !python_says(LIBRARY, library)) {
		printf("skip %s: lacks root or libpython\n", test_name);
		return;
	}
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", library);
	cat = start("/bin/cat", argv, env);
	fact_of(cat.pid, "python", "", version);
	stop(cat);
}

static void facts_of_the_host(void)
{
	static const char *const keys[] = {"host/name", "host/machine", "host/release"};
	char name[65];
	struct buf out = {0};

	CHECK(!gethostname(name, sizeof(name)));
	fact_is("host/name", name);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++, buf__reset(&out))
		CHECK(!facts_live(NULL, keys[i], &out) && out.len);
	if (!access("/etc/machine-id", R_OK) && !facts_live(NULL, "host/id", &out))
		CHECK(out.len == 32);
	buf__reset(&out);
	if (!access("/etc/os-release", R_OK)) {
		CHECK(!facts_live(NULL, "host/os", &out) && out.len);
		CHECK(str_find(buf__view(&out), '"', 0) < 0);
	}
	buf__free(&out);
}

/* ---- listeners ---- */

/* Listens at addr on any port and asks who listens where a connection to `local_addr` came in. */
static void listen_and_ask(int family, const char *addr, const char *local_addr, const char *want)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	bool is6 = family == AF_INET6;
	void *where = is6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr;
	struct sockaddr *sa = is6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
	socklen_t len = is6 ? sizeof(in6) : sizeof(in);
	struct buf key = {0}, out = {0};
	u8 bytes[16] = {0};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(family, addr, where);
	if (fd < 0 || bind(fd, sa, len) || listen(fd, 1) || getsockname(fd, sa, &len)) {
		printf("skip %s: lacks %s\n", test_name, addr);
		close(fd);
		return;
	}
	inet_pton(family, local_addr, bytes);
	buf__printf(&key, "listen/%d/%s/%u/", getpid(), is6 ? "inet6" : "inet",
		    ntohs(is6 ? in6.sin6_port : in.sin_port));
	for (int i = 0; i < 16; i++)
		buf__printf(&key, "%02x", bytes[i]);
	buf__char(&key, '\0');
	CHECK(facts_live(NULL, key.p, &out) == (want ? 0 : -ENOENT));
	if (want)
		CHECK_STR(buf__view(&out), want);
	close(fd);
	buf__reset(&out);
	CHECK(facts_live(NULL, key.p, &out) == -ENOENT);
	buf__free(&key);
	buf__free(&out);
}

static void listeners_of_this_process(void)
{
	listen_and_ask(AF_INET, "127.0.0.1", "127.0.0.1", "7f000001000000000000000000000000");
	listen_and_ask(AF_INET, "127.0.0.1", "127.0.0.2", NULL);
	listen_and_ask(AF_INET, "0.0.0.0", "127.0.0.1", "00000000000000000000000000000000");
}

static void listeners_of_this_process_inet6(void)
{
	listen_and_ask(AF_INET6, "::", "::ffff:127.0.0.1", "00000000000000000000000000000000");
	listen_and_ask(AF_INET6, "::", "::1", "00000000000000000000000000000000");
	listen_and_ask(AF_INET6, "::1", "::1", "00000000000000000000000000000001");
	listen_and_ask(AF_INET6, "::1", "::2", NULL);
}

int main(void)
{
	RUN(keys_that_make_no_sense);
	RUN(facts_of_the_daemon);
	RUN(where_it_comes_from);
	RUN(what_an_exec_was_given);
	RUN(long_answers);
	RUN(what_may_not_be_read);
	RUN(what_is_not_lacking_yet);
	RUN(python_tells_its_version);
	RUN(libpython_tells_its_version);
	RUN(facts_of_the_host);
	RUN(listeners_of_this_process);
	RUN(listeners_of_this_process_inet6);
	return test_status();
}
