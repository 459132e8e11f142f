// SPDX-License-Identifier: Apache-2.0
/* Files come and go, as they do where programs are installed all day: those that run keep their
 * place and their functions' numbers, and others get the places of those that nobody runs. */
#include "probe/function_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#define MINUTE (60 * NSEC_PER_SEC)

__attribute__((noinline)) int known(int a);

static int (*volatile identity)(int a) = abs;

__attribute__((noinline)) int known(int a)
{
	return identity(a) + a;
}

struct rig {
	struct function_spec_text spec;
	struct functions_env env;
	struct function_files *files;
	u32 last; /* number given to a function */
	int fds[FUNCTIONS_BINARIES_MAX + 2];
};

static int on_describe(void *owner, u32 number, const struct function *function)
{
	CHECK_STR(function->name, "known");
	((struct rig *)owner)->last = number;
	return 0;
}

/* This program, in a file of its own. */
static int copy_self(void)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = memfd_create("copy", MFD_CLOEXEC);
	struct stat status;

	CHECK(from >= 0 && to >= 0 && !fstat(from, &status));
	CHECK(sendfile(to, from, NULL, (size_t)status.st_size) == status.st_size);
	close(from);
	return to;
}

static struct function_file *open_copy(struct rig *rig, u32 i)
{
	char path[64];

	if (!rig->fds[i])
		rig->fds[i] = copy_self();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", rig->fds[i]);
	return function_files__open(rig->files, path, STR_NONE);
}

static void rig__open(struct rig *rig)
{
	*rig = (struct rig){.spec.glob = STR("known")};
	rig->env = (struct functions_env){
		.specs = &rig->spec,
		.spec_cnt = 1,
		.slow = true,
		.owner = rig,
		.describe = on_describe,
	};
	CHECK(!function_files__new(&rig->files, &rig->env));
}

static void rig__close(struct rig *rig)
{
	function_files__free(rig->files);
	for (u32 i = 0; i < ARRAY_SIZE(rig->fds); i++)
		if (rig->fds[i])
			close(rig->fds[i]);
}

static void same_file(void)
{
	struct function_file *file;
	struct rig rig;

	rig__open(&rig);
	file = open_copy(&rig, 0);
	CHECK(file && file->cnt == 1 && !rig.last && known(1) == 2);
	CHECK(open_copy(&rig, 0) == file);
	CHECK(open_copy(&rig, 1) != file && rig.last == 1);
	CHECK_STR(function_files__function(rig.files, 1)->name, "known");
	CHECK(!function_files__function(rig.files, 2));
	CHECK(!function_files__function(rig.files, FUNCTIONS_LIMIT));
	rig__close(&rig);
}

static void no_room(void)
{
	struct function_file *first, *second;
	struct rig rig;

	rig__open(&rig);
	for (u32 i = 0; i < FUNCTIONS_BINARIES_MAX; i++)
		CHECK(open_copy(&rig, i) && rig.last == i);
	first = open_copy(&rig, 0);
	function_file__use(first);
	function_files__tick(rig.files, MINUTE - 1);
	CHECK(!open_copy(&rig, FUNCTIONS_BINARIES_MAX));
	/* looked at again: the first two are not those that go */
	second = open_copy(&rig, 1);
	function_files__tick(rig.files, MINUTE);
	CHECK(open_copy(&rig, FUNCTIONS_BINARIES_MAX) && rig.last == 2);
	CHECK(open_copy(&rig, FUNCTIONS_BINARIES_MAX + 1) && rig.last == 3);
	CHECK(open_copy(&rig, 0) == first && open_copy(&rig, 1) == second && rig.last == 3);
	CHECK_STR(function_files__function(rig.files, 2)->name, "known");
	function_files__tick(rig.files, 10 * MINUTE);
	CHECK(open_copy(&rig, 2) && rig.last == 4);
	function_files__leave(rig.files, first);
	rig__close(&rig);
}

int main(void)
{
	RUN(same_file);
	RUN(no_room);
	return test_status();
}
