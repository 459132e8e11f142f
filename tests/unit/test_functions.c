// SPDX-License-Identifier: Apache-2.0
/*
 * Whose functions are probed: those of the file that a process runs, whatever its name stands for
 * by now, and of nothing else should the process become another program meanwhile.
 */
#include "probe/functions.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

__attribute__((noinline)) int probed_here(int a);

static int (*volatile identity)(int a) = abs;

__attribute__((noinline)) int probed_here(int a)
{
	return identity(a) + a;
}

/* By its name it returns twice, as setjmp() does. */
__attribute__((noinline)) int savectx(int a);

__attribute__((noinline)) int savectx(int a)
{
	return identity(a) + a;
}

/* What stands for the kernel side: it counts, and may change the process meanwhile. */
struct rig {
	struct functions *functions;
	struct function_spec_text spec;
	char program[64], other[64];
	pid_t child;
	int pipe[2];	      /* its stdout */
	bool becomes_another; /* while it is attached to */
	u32 described, attached, detached, watched;
	u64 inode; /* of what was attached to */
};

static u64 inode_of(const char *path)
{
	struct stat status;

	return stat(path, &status) ? 0 : status.st_ino;
}

/* Until it is another program, and all that this takes is mapped: it says so itself. */
static void wait_for_child(const struct rig *rig)
{
	char byte;

	CHECK(read(rig->pipe[0], &byte, 1) == 1);
}

/* Of this program, under a name of its own. */
static void copy_self(char *path)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = mkstemp(path);
	char page[65536];
	ssize_t n;

	while ((n = read(from, page, sizeof(page))) > 0)
		CHECK(write(to, page, (size_t)n) == n);
	CHECK(!n && !fchmod(to, 0755));
	close(from);
	close(to);
}

static int on_describe(void *owner, u32 number, const struct function *function)
{
	struct rig *rig = owner;

	CHECK(number == rig->described++);
	CHECK_STR(function->name, "probed_here");
	return 0;
}

static int on_attach(void *owner, void **out, const char *path, u32 tgid,
		     const struct function_site *sites, u32 cnt)
{
	struct rig *rig = owner;

	CHECK(tgid == (u32)rig->child && cnt == 1 && sites->number == 0);
	rig->inode = inode_of(path);
	rig->attached++;
	if (rig->becomes_another) {
		kill(rig->child, SIGUSR1);
		wait_for_child(rig);
	}
	*out = rig;
	return 0;
}

static int on_watch(void *owner, void **out, const char *path, u32 tgid, u64 offset)
{
	struct rig *rig = owner;

	CHECK(inode_of(path) && tgid == (u32)rig->child && offset);
	rig->watched++;
	*out = rig;
	return 0;
}

static void on_detach(void *owner, void *probes)
{
	CHECK(probes == owner);
	((struct rig *)owner)->detached++;
}

static void start_child(struct rig *rig)
{
	CHECK(!pipe2(rig->pipe, O_CLOEXEC));
	rig->child = fork();
	if (!rig->child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		dup2(rig->pipe[1], STDOUT_FILENO);
		execl(rig->program, rig->program, rig->other, NULL);
		_exit(1);
	}
	close(rig->pipe[1]);
	wait_for_child(rig);
}

static void rig__open_on(struct rig *rig, const char *spec, bool spares_stacks)
{
	const struct functions_env env = {
		.specs = &rig->spec,
		.spec_cnt = 1,
		.slow = true,
		.spares_stacks = spares_stacks,
		.owner = rig,
		.describe = on_describe,
		.attach = on_attach,
		.watch = on_watch,
		.detach = on_detach,
	};
	const char *why;

	*rig = (struct rig){.program = "/tmp/functionsXXXXXX", .other = "/tmp/functionsXXXXXX"};
	copy_self(rig->program);
	copy_self(rig->other);
	CHECK(!function_spec_parse(str_from(spec), &rig->spec, &why));
	CHECK(!functions__new(&rig->functions, &env));
	start_child(rig);
}

static void rig__open(struct rig *rig, const char *spec)
{
	rig__open_on(rig, spec, true);
}

static void rig__close(struct rig *rig)
{
	functions__free(rig->functions);
	CHECK(rig->detached == rig->attached + rig->watched);
	kill(rig->child, SIGKILL);
	CHECK(waitpid(rig->child, NULL, 0) == rig->child);
	close(rig->pipe[0]);
	unlink(rig->program);
	unlink(rig->other);
}

static void what_returns_twice(void)
{
	struct rig rig;

	CHECK(savectx(1) == 2);
	rig__open(&rig, "savectx");
	CHECK(!functions__process(rig.functions, (u32)rig.child));
	CHECK(!rig.described && !rig.attached);
	rig__close(&rig);
}

/* Until 6.13 a program that may give signal handlers one is left alone. */
static void signal_stacks(void)
{
	struct rig rig;
	stack_t stack;

	CHECK(!sigaltstack(NULL, &stack));
	rig__open_on(&rig, "probed_*", false);
	CHECK(!functions__process(rig.functions, (u32)rig.child));
	CHECK(rig.described == 1 && !rig.attached);
	rig__close(&rig);
}

static void what_runs(void)
{
	struct rig rig;
	u64 inode;

	rig__open(&rig, "probed_*");
	inode = inode_of(rig.program);
	CHECK(!rename(rig.other, rig.program));
	CHECK(functions__process(rig.functions, (u32)rig.child) == 1);
	CHECK(rig.inode == inode && rig.inode != inode_of(rig.program));
	CHECK(rig.attached == 1 && !rig.detached && rig.watched == 1);
	functions__exit(rig.functions, (u32)rig.child);
	CHECK(rig.detached == 2);
	rig__close(&rig);
}

static void not_what_it_was(void)
{
	struct rig rig;

	rig__open(&rig, "probed_*");
	rig.becomes_another = true;
	CHECK(functions__process(rig.functions, (u32)rig.child) == 0);
	/* neither is its loader watched, with nothing left to lose */
	CHECK(rig.attached == 1 && rig.watched == 1 && rig.detached == 2);
	rig__close(&rig);
}

/* Its loader is watched before its libraries are looked at; the spec's is none of them. */
static void libraries(void)
{
	struct rig rig;

	rig__open(&rig, "nolibrary.so:probed_*");
	CHECK(functions__process(rig.functions, (u32)rig.child) == 0);
	CHECK(rig.watched == 1 && !rig.attached);
	CHECK(!functions__mapped(rig.functions, (u32)rig.child));
	CHECK(!functions__mapped(rig.functions, 1));
	CHECK(!functions__tick(rig.functions, 1));
	rig__close(&rig);
}

static void gone(void)
{
	struct rig rig;
	pid_t child;

	rig__open(&rig, "probed_*");
	child = fork();
	if (!child)
		_exit(0);
	CHECK(waitpid(child, NULL, 0) == child);
	CHECK(functions__process(rig.functions, (u32)child) == 0);
	CHECK(!rig.attached);
	rig__close(&rig);
}

/* As the child: says that it is there, waits, and becomes the other program when it is told. */
static int be_child(const char *other)
{
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (write(STDOUT_FILENO, "", 1) != 1)
		return 1;
	sigwait(&set, &number);
	execl(other, other, other, NULL);
	return 1;
}

int main(int argc, char **argv)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (argc > 1)
		return be_child(argv[1]) + probed_here(argc);
	RUN(what_runs);
	RUN(what_returns_twice);
	RUN(signal_stacks);
	RUN(not_what_it_was);
	RUN(libraries);
	RUN(gone);
	return test_status();
}
