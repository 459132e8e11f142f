// SPDX-License-Identifier: Apache-2.0
/* probe/python.h: which Python code is asked for, and which function a call of it is one of. */
#include "probe/python.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

static int on_attach(void *owner, void **out, const struct python_sites *sites)
{
	(void)owner, (void)out, (void)sites;
	return -EPERM;
}

static int on_ends(void *owner, void *probes, const struct python_sites *sites)
{
	(void)owner, (void)probes, (void)sites;
	return -EPERM;
}

static void on_detach(void *owner, void *probes)
{
	(void)owner, (void)probes;
}

static struct python *new_python(const char *const *globs, u32 cnt)
{
	const struct python_env env = {.globs = globs,
				       .glob_cnt = cnt,
				       .attach = on_attach,
				       .ends = on_ends,
				       .detach = on_detach};
	struct python *python;

	if (python__new(&python, &env))
		abort();
	return python;
}

static bool meets(struct python *python, u32 number, const char *file, const char *name)
{
	const struct python_code code = {
		.tgid = 7,
		.number = number,
		.name = str_from(name),
		.file = str_from(file),
		.line = 12,
	};

	return python__meet(python, &code);
}

static void takes_all_views(void)
{
	struct python *python = new_python(NULL, 0);
	const struct function *function;

	CHECK(meets(python, 1, "/srv/app.py", "shop.<locals>.delete"));
	CHECK(python__number(python, 1) == 0);
	function = python__get(python, 0);
	CHECK(function && function->line == 12 && !function->named);
	CHECK_STR(function->name, "shop.<locals>.delete");
	CHECK_STR(function->file, "/srv/app.py");
	CHECK(!python__get(python, 1));
	python__free(python);
}

/* The same code in another process, or once more in this one, is the same function. */
static void knows_a_function_again(void)
{
	struct python *python = new_python(NULL, 0);

	CHECK(meets(python, 1, "/srv/app.py", "index"));
	CHECK(meets(python, 2, "/srv/app.py", "index"));
	CHECK(meets(python, 3, "/srv/other.py", "index"));
	CHECK(python__number(python, 2) == 0 && python__number(python, 3) == 1);
	python__free(python);
}

static void takes_what_matches(void)
{
	static const char *const globs[] = {"app.py:roll*", "*/jobs/*.py:Job.run"};
	struct python *python = new_python(globs, ARRAY_SIZE(globs));

	CHECK(meets(python, 1, "/srv/dice/app.py", "roll"));
	CHECK(meets(python, 2, "app.py", "rolls"));
	CHECK(!meets(python, 3, "/srv/dice/myapp.py", "roll"));
	CHECK(!meets(python, 4, "/srv/dice/app.py", "unroll"));
	CHECK(meets(python, 5, "/srv/jobs/mail.py", "Job.run"));
	CHECK(python__number(python, 5) == 2);
	CHECK(python__number(python, 4) == -ENOENT);
	python__free(python);
}

/* Calls of code that was told of long ago are not taken for those of what took its place. */
static void forgets_the_oldest(void)
{
	struct python *python = new_python(NULL, 0);

	CHECK(python__number(python, 0) == -ESTALE && python__number(python, 9) == -ESTALE);
	CHECK(meets(python, 9, "/srv/app.py", "index"));
	CHECK(meets(python, 9 + PYTHON_CODES_MAX, "/srv/app.py", "other"));
	CHECK(python__number(python, 9) == -ESTALE);
	CHECK(python__number(python, 9 + PYTHON_CODES_MAX) == 1);
	python__free(python);
}

static void has_a_limit(void)
{
	struct python *python = new_python(NULL, 0);
	char name[32];

	for (u32 i = 1; i <= PYTHON_FUNCTIONS_MAX + 2; i++) {
		snprintf(name, sizeof(name), "view%u", i);
		CHECK(meets(python, i, "/srv/app.py", name) == (i <= PYTHON_FUNCTIONS_MAX));
	}
	CHECK(python__number(python, PYTHON_FUNCTIONS_MAX) == PYTHON_FUNCTIONS_MAX - 1);
	CHECK(python__number(python, PYTHON_FUNCTIONS_MAX + 1) == -ENOENT);
	python__free(python);
}

static void leaves_other_programs_alone(void)
{
	struct python *python = new_python(NULL, 0);

	CHECK(!python__process(python, (u32)getpid())); /* no Python, and nothing said of it */
	python__exit(python, (u32)getpid());
	python__free(python);
}

int main(void)
{
	RUN(takes_all_views);
	RUN(knows_a_function_again);
	RUN(takes_what_matches);
	RUN(forgets_the_oldest);
	RUN(has_a_limit);
	RUN(leaves_other_programs_alone);
	return test_status();
}
