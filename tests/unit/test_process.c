// SPDX-License-Identifier: Apache-2.0
/* proc/process: the table of processes against answers the test makes up. */
#include "test_answers.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

/* ---- processes ---- */

static void a_name_from_the_executable(void)
{
	struct fixture f = {
		.answers.v = {{"exe/1", "/usr/bin/python3.11"}, {"exe/2", "/opt/todo"}}};

	begin(&f);
	process_table__add(f.table, 1, 0);
	process_table__add(f.table, 2, 0);
	process_table__add(f.table, 3, 0);
	says(&f, 1, "service.name", "unknown_service:python3");
	says(&f, 1, "telemetry.sdk.language", "python");
	says(&f, 2, "service.name", "unknown_service:todo");
	says(&f, 2, "telemetry.sdk.language", "c");
	says(&f, 3, "service.name", "unknown_service");
	CHECK(process_table__alive(f.table) == 3);
	process_table__free(f.table);
}

static void a_name_that_was_asked_for(void)
{
	struct fixture f = {
		.config.resource_attributes =
			"a=1, b = x%20y%2 ,,c,service.name=listed,a=2,=3,telemetry.sdk.name=mine"};
	enum log_level before = log_get_level();

	log_set_level(LOG_ERROR); /* two of these are no pairs */
	begin(&f);
	process_table__add(f.table, 1, 0);
	says(&f, 1, "service.name", "listed");
	says(&f, 1, "a", "2");
	says(&f, 1, "b", "x y%2");
	says(&f, 1, "telemetry.sdk.name", "otel-ebpf");
	process_table__add(f.table, 2, 0);
	f.config.service_name = "flagged";
	says(&f, 2, "service.name", "flagged");
	says(&f, 1, "service.name", "listed");
	process_table__free(f.table);
	log_set_level(before);
}

/* One for its life, another for another process. */
static void instances_are_told_apart(void)
{
	struct fixture f = {0};
	struct resource *one, *again, *other;
	struct str id;

	begin(&f);
	process_table__add(f.table, 1, 0);
	process_table__add(f.table, 2, 0);
	one = process_table__resource(f.table, 1);
	again = process_table__resource(f.table, 1);
	other = process_table__resource(f.table, 2);
	CHECK(one && one == again && other && one != other);
	id = attr_of(one, "service.instance.id")->s;
	CHECK(id.len == 36 && id.p[14] == '4' && strchr("89ab", id.p[19]));
	CHECK(!str_eq(id, attr_of(other, "service.instance.id")->s));
	process_table__free(f.table);
	/* spans hold on to them */
	CHECK_STR(attr_of(one, "telemetry.sdk.name")->s, "otel-ebpf");
	resource__put(one);
	resource__put(again);
	resource__put(other);
}

static void fork_inherits_and_exec_renews(void)
{
	struct fixture f = {.answers.v = {{"exe/1", "/bin/sh"}}};
	struct resource *before, *after;

	begin(&f);
	process_table__add(f.table, 1, 0);
	f.answers.asked = 0;
	process_table__fork(f.table, 2, 1);
	CHECK(!f.answers.asked);
	says(&f, 2, "service.name", "unknown_service:sh");
	before = process_table__resource(f.table, 2);
	process_table__exec(f.table, 2);
	says(&f, 2, "service.name", "unknown_service:sh"); /* gone before it could be read */
	f.answers.v[1].key = "exe/2";
	f.answers.v[1].answer = "/usr/bin/node";
	process_table__exec(f.table, 2);
	says(&f, 2, "service.name", "unknown_service:node");
	says(&f, 1, "service.name", "unknown_service:sh");
	after = process_table__resource(f.table, 2);
	CHECK(before != after);
	resource__put(before);
	resource__put(after);
	process_table__exec(f.table, 99);
	CHECK(process_table__alive(f.table) == 2);
	process_table__free(f.table);
}

/* Found beside its parent: it may have been through an exec since its fork. */
static void a_child_that_is_found_speaks_for_itself(void)
{
	struct fixture f = {.answers.v = {{"exe/1", "/bin/sh"}, {"exe/2", "/opt/todo"}}};

	begin(&f);
	process_table__add(f.table, 1, 0);
	process_table__add(f.table, 2, 1);
	process_table__add(f.table, 3, 1);
	process_table__fork(f.table, 4, 9);
	says(&f, 2, "service.name", "unknown_service:todo");
	says(&f, 3, "service.name", "unknown_service:sh");
	says(&f, 4, "service.name", "unknown_service");
	process_table__free(f.table);
}

#define MINUTE (60 * NSEC_PER_SEC)

static void exit_keeps_for_a_minute(void)
{
	struct fixture f = {.answers.v = {{"exe/1", "/bin/a"}}};

	begin(&f);
	process_table__add(f.table, 1, 0);
	says(&f, 1, "service.name", "unknown_service:a");
	process_table__exit(f.table, 1, MINUTE);
	process_table__exit(f.table, 1, 2 * MINUTE);
	process_table__exit(f.table, 99, MINUTE);
	CHECK(process_table__alive(f.table) == 0);
	f.answers.v[0].key = NULL;
	process_table__tick(f.table, 2 * MINUTE - 1);
	says(&f, 1, "service.name", "unknown_service:a");
	process_table__tick(f.table, 2 * MINUTE);
	says(&f, 1, "service.name", "unknown_service");
	process_table__free(f.table);
}

static void an_id_is_used_again(void)
{
	struct fixture f = {.answers.v = {{"exe/1", "/bin/a"}}};

	begin(&f);
	process_table__add(f.table, 1, 0);
	f.answers.v[0].answer = "/bin/b";
	process_table__add(f.table, 1, 0); /* told twice, not used again */
	says(&f, 1, "service.name", "unknown_service:a");
	process_table__exit(f.table, 1, MINUTE);
	process_table__add(f.table, 1, 0);
	says(&f, 1, "service.name", "unknown_service:b");
	CHECK(process_table__alive(f.table) == 1);
	process_table__tick(f.table, 9 * MINUTE);
	says(&f, 1, "service.name", "unknown_service:b");
	process_table__free(f.table);
}

/* Many come and go; only the old ones go. */
/* Whoever was asked for a resource may have spans on the way; of the others there may be many. */
static void silent_processes_go_at_once(void)
{
	struct fixture f = {0};

	begin(&f);
	process_table__add(f.table, 1, 0);
	process_table__add(f.table, 2, 0);
	resource__put(process_table__resource(f.table, 1));
	CHECK(process_table__is_alive(f.table, 1) && process_table__is_alive(f.table, 2));
	process_table__exit(f.table, 1, MINUTE);
	process_table__exit(f.table, 2, MINUTE);
	CHECK(!process_table__is_alive(f.table, 2));
	process_table__tick(f.table, MINUTE + NSEC_PER_SEC - 1);
	CHECK(process_table__is_known(f.table, 1) && process_table__is_known(f.table, 2));
	process_table__tick(f.table, MINUTE + NSEC_PER_SEC);
	CHECK(process_table__is_known(f.table, 1) && !process_table__is_known(f.table, 2));
	process_table__free(f.table);
}

static void ticks_forget_many(void)
{
	struct fixture f = {0};

	begin(&f);
	for (u32 tgid = 1; tgid <= 1000; tgid++) {
		process_table__add(f.table, tgid, 0);
		if (tgid % 2)
			process_table__exit(f.table, tgid, tgid % 4 == 1 ? MINUTE : 5 * MINUTE);
	}
	process_table__tick(f.table, 3 * MINUTE);
	CHECK(process_table__alive(f.table) == 500);
	f.answers.asked = 0;
	for (u32 tgid = 1; tgid <= 1000; tgid++)
		resource__put(process_table__resource(f.table, tgid));
	/* why it is not known is asked of each, and those forgotten are asked about anew */
	CHECK(f.answers.asked == 1000 + 250);
	process_table__free(f.table);
}

static u32 own_signals(struct fixture *f, u32 tgid)
{
	struct resource *resource = process_table__resource(f->table, tgid);
	u32 signals = resource->own_signals;

	resource__put(resource);
	return signals;
}

/* A program's own SDK goes with the program; with --duplicate it does not matter. */
static void an_sdk_of_its_own(void)
{
	struct fixture f = {.answers.v = {{"sdk/1", "3 an agent"}, {"sdk/2", "nonsense"}}};
	enum log_level before = log_get_level();

	begin(&f);
	log_set_level(LOG_ERROR);
	CHECK(own_signals(&f, 1) == (RESOURCE_TRACES | RESOURCE_METRICS));
	CHECK(own_signals(&f, 2) == 0 && own_signals(&f, 3) == 0);
	f.answers.v[0].answer = "1 another";
	CHECK(own_signals(&f, 1) == (RESOURCE_TRACES | RESOURCE_METRICS));
	process_table__exec(f.table, 1);
	CHECK(own_signals(&f, 1) == RESOURCE_TRACES);
	f.config.duplicate = true;
	process_table__exec(f.table, 1);
	CHECK(own_signals(&f, 1) == 0);
	log_set_level(before);
	process_table__free(f.table);
}

/* ---- listeners, by made-up answers ---- */

static const u8 local[16] = {10, 0, 0, 1};

static void listener_is(struct fixture *f, u16 port, const u8 *want)
{
	u8 addr[16];

	memset(addr, 0xee, sizeof(addr));
	process_table__listen_addr(f->table, 1, false, port, local, addr);
	CHECK(!memcmp(addr, want, 16));
}

static void listeners_are_asked_for_once(void)
{
	static const u8 any[16];
	struct fixture f = {.answers.v = {{"listen/1/inet/80/0a000001000000000000000000000000",
					   "00000000000000000000000000000000"}}};

	begin(&f);
	process_table__add(f.table, 1, 0);
	f.answers.asked = 0;
	listener_is(&f, 80, any);
	listener_is(&f, 80, any);
	CHECK(f.answers.asked == 1);
	listener_is(&f, 81, local);
	listener_is(&f, 81, local);
	CHECK(f.answers.asked == 2);
	process_table__exec(f.table, 1); /* asks for its path */
	listener_is(&f, 80, any);
	CHECK(f.answers.asked == 4);
	process_table__free(f.table);
}

/* What is no address leaves the connection's own. */
static void listeners_that_make_no_sense(void)
{
	static const char *const nonsense[] = {"",
					       "00",
					       "0000000000000000000000000000000g",
					       "000000000000000000000000000000000",
					       "0a 0b 0c 0d 0e 0f 00 00 00 00 00",
					       "0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-"};

	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		struct fixture f = {
			.answers.v = {{"listen/1/inet/80/0a000001000000000000000000000000",
				       nonsense[i]}}};

		begin(&f);
		listener_is(&f, 80, local);
		process_table__free(f.table);
	}
}

/* A flood of addresses is answered, and the table does not keep them all (a leak would be
 * reported). */
static void listeners_are_bounded(void)
{
	struct fixture f = {0};

	begin(&f);
	for (u32 port = 0; port < 5000; port++)
		listener_is(&f, (u16)port, local);
	CHECK(f.answers.asked == 5000);
	listener_is(&f, 0, local);
	CHECK(f.answers.asked == 5001);
	listener_is(&f, 4999, local);
	CHECK(f.answers.asked == 5001);
	process_table__free(f.table);
}

/* ---- the system's processes ---- */

static void processes_of_the_system(void)
{
	CHECK(process_of((u32)getpid()) == getpid());
	CHECK(process_of(0) == -ESRCH && process_of(UINT32_MAX) == -ESRCH);
}

struct found {
	u32 cnt, tgid, parent;
};

static void on_descendant(void *owner, u32 tgid, u32 parent)
{
	struct found *found = owner;

	found->cnt++;
	found->tgid = tgid;
	found->parent = parent;
}

static void a_child_is_a_descendant(void)
{
	struct found found = {0};
	int gate[2];
	pid_t pid;

	if (pipe(gate))
		abort();
	pid = fork();
	if (!pid) {
		char byte;

		close(gate[1]);
		_exit(read(gate[0], &byte, 1) != 0);
	}
	process_descendants((u32)getpid(), on_descendant, &found);
	CHECK(found.cnt == 1 && found.tgid == (u32)pid && found.parent == (u32)getpid());
	found.cnt = 0;
	process_descendants((u32)pid, on_descendant, &found);
	CHECK(found.cnt == 0);
	close(gate[1]);
	close(gate[0]);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

static void *outlive(void *gate)
{
	char byte;

	return read(*(int *)gate, &byte, 1) ? gate : NULL;
}

/* Its first thread, that is. */
static bool is_zombie(pid_t pid)
{
	char path[32], state = '\0';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = '\0';
	fclose(file);
	return state == 'Z';
}

/* A zombie is gone, but not while another thread of it runs. */
static void zombies_are_gone(void)
{
	siginfo_t info;
	int gate[2];
	pthread_t thread;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	CHECK(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	CHECK(process_is_gone((u32)pid) && process_of((u32)pid) == pid);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(process_is_gone((u32)pid) && process_is_gone(0) && !process_is_gone((u32)getpid()));
	if (pipe(gate))
		abort();
	pid = fork();
	if (!pid) {
		close(gate[1]);
		pthread_create(&thread, NULL, outlive, &gate[0]);
		pthread_exit(NULL);
	}
	close(gate[0]);
	for (int i = 0; i < 10000000 && !is_zombie(pid); i++)
		sched_yield();
	CHECK(is_zombie(pid) && !process_is_gone((u32)pid));
	close(gate[1]);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

int main(void)
{
	RUN(a_name_from_the_executable);
	RUN(a_name_that_was_asked_for);
	RUN(instances_are_told_apart);
	RUN(fork_inherits_and_exec_renews);
	RUN(a_child_that_is_found_speaks_for_itself);
	RUN(exit_keeps_for_a_minute);
	RUN(an_id_is_used_again);
	RUN(silent_processes_go_at_once);
	RUN(ticks_forget_many);
	RUN(an_sdk_of_its_own);
	RUN(listeners_are_asked_for_once);
	RUN(listeners_that_make_no_sense);
	RUN(listeners_are_bounded);
	RUN(processes_of_the_system);
	RUN(a_child_is_a_descendant);
	RUN(zombies_are_gone);
	return test_status();
}
