// SPDX-License-Identifier: Apache-2.0
#include "probe/functions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "model/arena.h"
#include "probe/mapped.h"
#include "probe/site.h"

/* Code that is decoded of one function; a site is found in its first bytes or not at all. */
#define CODE_MAX (64u << 10)
/* Files of a process that functions are looked for in. */
#define FILES_MAX 32
/* A process that maps libraries all day has us look at its maps no more often. */
#define LOOKS_PER_TICK 8

/* A file, and the sites in it. */
struct file {
	struct binary *binary;
	struct str object;	     /* the spec's it was looked at for; empty: the executable */
	struct function_site *sites; /* owned */
	u32 cnt, cap;
	bool danger_said;
};

struct attachment {
	struct file *file;
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
	struct arena mem; /* of names */
	struct function table[FUNCTIONS_LIMIT];
	u32 cnt;
	struct file files[FUNCTIONS_BINARIES_MAX];
	u32 file_cnt;
	struct map processes;
	bool watches; /* libraries are asked for */
	u32 looks;    /* since the last tick */
	bool full_said, files_said, denied_said;
};

int functions__new(struct functions **out, const struct functions_env *env)
{
	struct functions *functions = calloc(1, sizeof(*functions));

	if (!functions)
		return -ENOMEM;
	functions->env = *env;
	functions->watches = env->look;
	for (u32 i = 0; i < env->spec_cnt && !env->none; i++)
		functions->watches |= env->specs[i].object.len;
	*out = functions;
	return 0;
}

static void process__free(struct functions *functions, struct process *process)
{
	if (!process)
		return;
	if (process->loader)
		functions->env.detach(functions->env.owner, process->loader);
	while (process->cnt)
		functions->env.detach(functions->env.owner,
				      process->attached[--process->cnt].probes);
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
	for (u32 i = 0; i < functions->file_cnt; i++) {
		binary__free(functions->files[i].binary);
		free(functions->files[i].sites);
	}
	arena__free(&functions->mem);
	free(functions);
}

const struct function *functions__get(const struct functions *functions, u32 number)
{
	return number < functions->cnt ? &functions->table[number] : NULL;
}

static bool add_site(struct file *file, struct function_site site)
{
	if (file->cnt == file->cap) {
		u32 cap = file->cap ? 2 * file->cap : 16;
		struct function_site *sites = realloc(file->sites, cap * sizeof(*sites));

		if (!sites)
			return false;
		file->sites = sites;
		file->cap = cap;
	}
	file->sites[file->cnt++] = site;
	return true;
}

/* Gives the function a number. */
static void add(struct functions *functions, struct file *file, const struct binary_function *found,
		const struct function_spec_text *spec, u64 offset)
{
	struct function *function = &functions->table[functions->cnt];
	char name[32];

	if (functions->cnt == FUNCTIONS_LIMIT) {
		if (!functions->full_said)
			log_warn("more than %u functions are asked for; the rest is left out",
				 FUNCTIONS_LIMIT);
		functions->full_said = true;
		return;
	}
	*function = (struct function){0};
	snprintf(name, sizeof(name), "0x%" PRIx64, found->offset);
	function->name =
		arena__dup(&functions->mem, found->name.len ? found->name : str_from(name));
	function->object = file->object;
	function->offset = found->offset;
	function->size = found->size;
	if (binary__source(file->binary, found->address, &function->file, &function->line))
		function->file = arena__dup(&functions->mem, function->file);
	memcpy(function->values, spec->values, sizeof(function->values));
	if (functions->env.describe(functions->env.owner, functions->cnt, function) ||
	    !add_site(file, (struct function_site){offset, functions->cnt}))
		return;
	functions->cnt++;
}

/* As struct site_need has them. */
static u8 needed_arguments(const struct function_spec_text *spec)
{
	u8 bits = 0;

	for (u32 i = 0; i < FUNCTION_VALUES_MAX; i++)
		if (spec->values[i].kind && spec->values[i].argument)
			bits |= (u8)(1u << spec->values[i].argument);
	return bits;
}

/* setjmp() and the like: what they keep to return by again would be the kernel's address. */
static bool returns_twice(struct str name)
{
	static const struct str names[] = {
		STR("setjmp"),	   STR("_setjmp"), STR("sigsetjmp"), STR("__sigsetjmp"),
		STR("getcontext"), STR("savectx"), STR("vfork"),     STR("__vfork"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

static void choose_site(struct functions *functions, struct file *file,
			const struct binary_function *found, const struct function_spec_text *spec)
{
	u64 size = found->size && found->size < CODE_MAX ? found->size : CODE_MAX;
	u8 *code = malloc(size);
	const char *why = "its code cannot be read";
	struct site_need need = {functions->env.slow, needed_arguments(spec)};
	struct site site;
	ssize_t n = code ? binary__code(file->binary, found->offset, code, size) : -ENOMEM;
	int err = n < 0 ? (int)n
			: site_choose((struct str){(char *)code, (size_t)n}, found->offset, need,
				      &site, &why);

	free(code);
	if (!err && binary__is_go(file->binary))
		err = -ENOTSUP, why = "Go moves its stacks, so a return cannot be probed";
	else if (!err && returns_twice(found->name))
		err = -ENOTSUP, why = "it returns more than once";
	else if (!err && !site.returns)
		err = -ENOTSUP, why = "its return address is out of reach where a probe is safe";
	if (err) {
		log_warn("no spans of function %.*s: %s", STR_ARG(found->name), why);
		return;
	}
	if (site.slow)
		log_warn("function %.*s is probed by single steps, some 20 us a call",
			 STR_ARG(found->name));
	add(functions, file, found, spec, site.offset);
}

struct search {
	struct functions *functions;
	struct file *file;
};

/* The first spec that names it decides. */
static bool on_function(void *owner, const struct binary_function *found)
{
	struct search *search = owner;
	struct functions *functions = search->functions;
	struct str rest =
		search->file->object.len ? STR_NONE : binary__handlers(search->file->binary);
	struct function_spec_text handler = {0};

	for (u32 i = 0; i < functions->env.spec_cnt; i++) {
		const struct function_spec_text *spec = &functions->env.specs[i];

		if (!str_eq(spec->object, search->file->object) || !spec->glob.len ||
		    !function_glob(spec->glob, found->name))
			continue;
		choose_site(functions, search->file, found, spec);
		return true;
	}
	while (rest.len) {
		ssize_t comma = str_find(rest, ',', 0);
		size_t len = comma < 0 ? rest.len : (size_t)comma;

		if (function_glob(str_trim(str_sub(rest, 0, len)), found->name)) {
			choose_site(functions, search->file, found, &handler);
			return true;
		}
		rest = str_sub(rest, len + 1, rest.len);
	}
	return true;
}

static void look_through(struct functions *functions, struct file *file)
{
	struct search search = {functions, file};
	struct binary_function found;
	int n = binary__functions(file->binary, on_function, &search);

	if (n < 0)
		log_warn("its functions cannot be read: %s", strerror(-n));
	for (u32 i = 0; i < functions->env.spec_cnt; i++) {
		const struct function_spec_text *spec = &functions->env.specs[i];

		if (spec->glob.len || !str_eq(spec->object, file->object))
			continue;
		if (binary__function_at(file->binary, spec->offset, &found)) {
			log_warn("no function at offset 0x%" PRIx64, spec->offset);
			continue;
		}
		choose_site(functions, file, &found, spec);
	}
}

static void say_once(bool *said, const char *what)
{
	if (!*said)
		log_warn("%s", what);
	*said = true;
}

/* The file at path, looked through already or now. NULL: there is none, or no place for it. */
static struct file *file_of(struct functions *functions, const char *path, struct str object)
{
	struct binary *binary;
	struct file *file;
	int err = binary__open(&binary, path);

	if (err == -EPERM || err == -EACCES)
		say_once(&functions->denied_said, "files of traced processes cannot be opened, so "
						  "there are no spans of their functions: "
						  "cap_sys_ptrace, and for libraries "
						  "cap_checkpoint_restore, would permit it");
	if (err)
		return NULL;
	for (u32 i = 0; i < functions->file_cnt; i++) {
		file = &functions->files[i];
		if (str_eq(file->object, object) &&
		    binary_id_eq(binary__id(file->binary), binary__id(binary))) {
			binary__free(binary);
			return file;
		}
	}
	if (functions->file_cnt == FUNCTIONS_BINARIES_MAX) {
		say_once(&functions->files_said,
			 "functions are asked for in too many files; the rest is left out");
		binary__free(binary);
		return NULL;
	}
	file = &functions->files[functions->file_cnt++];
	*file = (struct file){.binary = binary, .object = object};
	look_through(functions, file);
	return file;
}

/* Does the process still run what was looked at? */
static bool still_runs(const struct file *file, const char *path)
{
	struct binary *binary;
	bool same;

	if (binary__open(&binary, path))
		return false;
	same = binary_id_eq(binary__id(file->binary), binary__id(binary));
	binary__free(binary);
	return same;
}

static bool is_attached(const struct process *process, const struct file *file)
{
	for (u32 i = 0; i < process->cnt; i++)
		if (process->attached[i].file == file)
			return true;
	return false;
}

static const char *danger_of(const struct functions *functions, const struct file *file)
{
	return binary__danger(file->binary, functions->env.spares_stacks);
}

static bool is_in_danger(const struct functions *functions, const struct process *process,
			 struct file *file)
{
	const char *what = process->danger ? process->danger : danger_of(functions, file);

	if (what && !file->danger_said)
		log_warn("no functions of %.*s of pid %u are probed: what can %s would crash of it",
			 STR_ARG(file->object.len ? file->object : STR("the executable")),
			 process->tgid, what);
	file->danger_said |= what != NULL;
	return what != NULL;
}

/* Returns how many functions are probed now that were not before. */
static u32 attach(struct functions *functions, struct process *process, const char *path,
		  struct str object)
{
	struct file *file = file_of(functions, path, object);
	struct attachment *attached = &process->attached[process->cnt];
	char fd_path[64];
	int err;

	if (!file || is_attached(process, file))
		return 0;
	if (!object.len)
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
		log_warn("functions of pid %u cannot be probed: %s", process->tgid, strerror(-err));
		return 0;
	}
	if (!still_runs(file, path)) {
		functions->env.detach(functions->env.owner, attached->probes);
		return 0;
	}
	attached->file = file;
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
		log_warn("libraries that pid %u maps later are not seen: %s", process->tgid,
			 strerror(-err));
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

static u32 attach_libraries(struct functions *functions, struct process *process)
{
	struct look look = {functions, process, 0};

	process->stale = false;
	if (!functions->env.none)
		mapped_files(process->tgid, attach_library, &look);
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
	snprintf(path, sizeof(path), "/proc/%u/exe", tgid);
	sum = functions->env.none ? 0 : attach(functions, process, path, STR_NONE);
	if (functions->watches) {
		/* first, so that no library comes between */
		mapped_files(tgid, watch_loader, &(struct look){functions, process, 0});
		sum += attach_libraries(functions, process);
	}
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

u32 functions__tick(struct functions *functions)
{
	struct process *process;
	u32 sum = 0;

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
