// SPDX-License-Identifier: Apache-2.0
#include "probe/functions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "probe/function_files.h"
#include "probe/interpreter.h"
#include "probe/mapped.h"

/* Files of a process that functions are looked for in. */
#define FILES_MAX 32
/* A process that maps libraries all day has us look at its maps no more often. */
#define LOOKS_PER_TICK 8

struct attachment {
	struct function_file *file;
	void *probes;
};

struct process {
	u32 tgid;
	struct attachment attached[FILES_MAX];
	u32 cnt;
	void *loader;	    /* the probe that tells of its libraries; NULL: none */
	bool stale;	    /* it has mapped libraries since we looked */
	const char *danger; /* why no return is probed, not even of its libraries */
};

struct functions {
	struct functions_env env;
	struct function_files *files;
	struct map processes;
	bool watches; /* libraries are asked for */
	u32 looks;    /* since the last tick */
	bool files_said;
};

int functions__new(struct functions **out, const struct functions_env *env)
{
	struct functions *functions = calloc(1, sizeof(*functions));
	int err;

	if (!functions)
		return -ENOMEM;
	functions->env = *env;
	err = function_files__new(&functions->files, &functions->env);
	if (err) {
		functions__free(functions);
		return err;
	}
	functions->watches = env->look;
	for (u32 i = 0; i < env->spec_cnt && !env->none; i++)
		functions->watches |= env->specs[i].object.len;
	*out = functions;
	return 0;
}

static void detach_loader(struct functions *functions, struct process *process)
{
	if (process->loader)
		functions->env.detach(functions->env.owner, process->loader);
	process->loader = NULL;
}

static void detach_functions(struct functions *functions, struct process *process)
{
	while (process->cnt) {
		struct attachment *attached = &process->attached[--process->cnt];

		functions->env.detach(functions->env.owner, attached->probes);
		function_files__leave(functions->files, attached->file);
	}
}

static void process__free(struct functions *functions, struct process *process)
{
	if (!process)
		return;
	detach_loader(functions, process);
	detach_functions(functions, process);
	free(process);
}

void functions__free(struct functions *functions)
{
	struct process *process;

	if (!functions)
		return;
	for (u32 i = 0; (process = map__next(&functions->processes, &i));)
		process__free(functions, process);
	map__free(&functions->processes);
	function_files__free(functions->files);
	free(functions);
}

const struct function *functions__get(const struct functions *functions, u32 number)
{
	return function_files__function(functions->files, number);
}

static bool is_attached(const struct process *process, const struct function_file *file)
{
	for (u32 i = 0; i < process->cnt; i++)
		if (process->attached[i].file == file)
			return true;
	return false;
}

static const char *danger_of(const struct functions *functions, const struct function_file *file)
{
	return binary__danger(file->binary, functions->env.spares_stacks);
}

static bool is_in_danger(const struct functions *functions, const struct process *process,
			 struct function_file *file)
{
	const char *what = process->danger ? process->danger : danger_of(functions, file);

	if (what && !file->danger_said)
		log_warn("no functions of %.*s of pid %u are probed: what can %s would crash of it",
			 STR_ARG(file->object.len ? file->object : STR("the executable")),
			 process->tgid, what);
	file->danger_said |= what != NULL;
	return what != NULL;
}

/* Of one that has ended meanwhile, as short-lived ones do, there is nothing to say. */
static void complain(const char *what, u32 tgid, int err)
{
	log_print(err == -ESRCH ? LOG_DEBUG : LOG_WARN, "pid %u: %s: %s", tgid, what,
		  strerror(-err));
}

/* Returns how many functions are probed now that were not before. */
static u32 attach(struct functions *functions, struct process *process, const char *path,
		  struct str object)
{
	struct function_file *file = function_files__open(functions->files, path, object);
	struct attachment *attached = &process->attached[process->cnt];
	char fd_path[64];
	int err;

	if (!file || is_attached(process, file))
		return 0;
	if (!object.len && !process->danger)
		process->danger = danger_of(functions, file);
	if (!file->cnt || is_in_danger(functions, process, file))
		return 0;
	if (process->cnt == FILES_MAX) {
		say_once(&functions->files_said,
			 "functions are asked for in too many files; the rest is left out");
		return 0;
	}
	snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", binary__fd(file->binary));
	err = functions->env.attach(functions->env.owner, &attached->probes, fd_path, process->tgid,
				    file->sites, file->cnt);
	if (err) {
		complain("its functions cannot be probed", process->tgid, err);
		return 0;
	}
	if (!function_file__is_at(file, path)) {
		functions->env.detach(functions->env.owner, attached->probes);
		return 0;
	}
	attached->file = file;
	function_file__use(file);
	process->cnt++;
	return file->cnt;
}

struct look {
	struct functions *functions;
	struct process *process;
	u32 sum;
};

static bool watch_loader(void *owner, const struct mapped *mapped)
{
	struct look *look = owner;
	const struct functions_env *env = &look->functions->env;
	struct process *process = look->process;
	struct binary *binary;
	char fd_path[64];
	u64 offset;
	int err;

	if (mapped_loader(mapped, &binary, &offset))
		return true;
	snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", binary__fd(binary));
	err = env->watch(env->owner, &process->loader, fd_path, process->tgid, offset);
	binary__free(binary);
	if (err)
		complain("libraries that it maps later are not seen", process->tgid, err);
	return false;
}

static bool attach_library(void *owner, const struct mapped *mapped)
{
	struct look *look = owner;
	struct functions *functions = look->functions;

	for (u32 i = 0; i < functions->env.spec_cnt; i++) {
		struct str object = functions->env.specs[i].object;

		if (object.len && function_glob(object, mapped->name))
			look->sum += attach(functions, look->process, mapped->path, object);
	}
	return true;
}

/* Extensions of Python that keep several stacks in the place of one come with their libraries. */
static void note_greenlets(struct functions *functions, struct process *process)
{
	if (process->danger || !interpreter_has_greenlets(process->tgid))
		return;
	process->danger = "switch stacks (greenlets)";
	if (!process->cnt)
		return;
	log_warn("functions of pid %u are probed no longer: it comes to use greenlets",
		 process->tgid);
	detach_functions(functions, process);
	functions->env.give_up(functions->env.owner, process->tgid);
}

static u32 attach_libraries(struct functions *functions, struct process *process)
{
	struct look look = {functions, process, 0};

	process->stale = false;
	if (!functions->env.none) {
		note_greenlets(functions, process);
		mapped_files(process->tgid, attach_library, &look);
	}
	if (functions->env.look)
		look.sum += functions->env.look(functions->env.owner, process->tgid);
	return look.sum;
}

int functions__process(struct functions *functions, u32 tgid)
{
	struct process *process = calloc(1, sizeof(*process));
	char path[64];
	u32 sum;

	functions__exit(functions, tgid);
	if (!process)
		return -ENOMEM;
	process->tgid = tgid;
	if (map__set(&functions->processes, tgid, process)) {
		free(process);
		return -ENOMEM;
	}
	/* first, so that no library comes between */
	mapped_files(tgid, watch_loader, &(struct look){functions, process, 0});
	if (!functions->env.none)
		note_greenlets(functions, process);
	snprintf(path, sizeof(path), "/proc/%u/exe", tgid);
	sum = functions->env.none ? 0 : attach(functions, process, path, STR_NONE);
	sum += attach_libraries(functions, process);
	if (!functions->watches && !process->cnt)
		detach_loader(functions, process);
	return (int)sum;
}

u32 functions__mapped(struct functions *functions, u32 tgid)
{
	struct process *process = map__get(&functions->processes, tgid);

	if (!process)
		return 0;
	process->stale = true;
	if (functions->looks == LOOKS_PER_TICK)
		return 0;
	functions->looks++;
	return attach_libraries(functions, process);
}

u32 functions__tick(struct functions *functions, u64 now)
{
	struct process *process;
	u32 sum = 0;

	function_files__tick(functions->files, now);
	functions->looks = 0;
	for (u32 i = 0; (process = map__next(&functions->processes, &i));)
		if (process->stale)
			sum += !!attach_libraries(functions, process);
	return sum;
}

void functions__exit(struct functions *functions, u32 tgid)
{
	process__free(functions, map__del(&functions->processes, tgid));
}
