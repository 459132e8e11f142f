// SPDX-License-Identifier: Apache-2.0
#include "probe/functions.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "model/arena.h"
#include "probe/site.h"

/* Code that is decoded of one function; a site is found in its first bytes or not at all. */
#define CODE_MAX (64u << 10)
/* Files of a process that functions are looked for in. */
#define FILES_MAX 32

/* A file, and the sites in it. */
struct file {
	struct binary *binary;
	struct str object;	     /* the spec's it was looked at for; empty: the executable */
	struct function_site *sites; /* owned */
	u32 cnt, cap;
};

struct attachment {
	struct file *file;
	void *probes;
};

struct process {
	u32 tgid;
	struct attachment attached[FILES_MAX];
	u32 cnt;
};

struct functions {
	struct functions_env env;
	struct arena mem; /* of names */
	struct function table[FUNCTIONS_LIMIT];
	u32 cnt;
	struct file files[FUNCTIONS_BINARIES_MAX];
	u32 file_cnt;
	struct map processes;
	bool full_said;
};

int functions__new(struct functions **out, const struct functions_env *env)
{
	struct functions *functions = calloc(1, sizeof(*functions));

	if (!functions)
		return -ENOMEM;
	functions->env = *env;
	*out = functions;
	return 0;
}

static void process__free(struct functions *functions, struct process *process)
{
	while (process && process->cnt)
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
	if (binary__source(file->binary, found->address, &function->file, &function->line))
		function->file = arena__dup(&functions->mem, function->file);
	memcpy(function->values, spec->values, sizeof(function->values));
	if (functions->env.describe(functions->env.owner, functions->cnt, function) ||
	    !add_site(file, (struct function_site){offset, functions->cnt}))
		return;
	functions->cnt++;
}

static bool needs_arguments(const struct function_spec_text *spec)
{
	for (u32 i = 0; i < FUNCTION_VALUES_MAX; i++)
		if (spec->values[i].kind && spec->values[i].argument)
			return true;
	return false;
}

static void choose_site(struct functions *functions, struct file *file,
			const struct binary_function *found, const struct function_spec_text *spec)
{
	u64 size = found->size && found->size < CODE_MAX ? found->size : CODE_MAX;
	u8 *code = malloc(size);
	const char *why = "its code cannot be read";
	struct site_need need = {functions->env.slow, needs_arguments(spec)};
	struct site site;
	ssize_t n = code ? binary__code(file->binary, found->offset, code, size) : -ENOMEM;
	int err = n < 0 ? (int)n
			: site_choose((struct str){(char *)code, (size_t)n}, found->offset, need,
				      &site, &why);

	free(code);
	if (!err && binary__is_go(file->binary))
		err = -ENOTSUP, why = "Go moves its stacks, so a return cannot be probed";
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

static bool glob_matches(struct str glob, struct str name)
{
	char pattern[256], text[512];

	if (glob.len >= sizeof(pattern) || name.len >= sizeof(text))
		return false;
	snprintf(pattern, sizeof(pattern), "%.*s", STR_ARG(glob));
	snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	return !fnmatch(pattern, text, 0);
}

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
		    !glob_matches(spec->glob, found->name))
			continue;
		choose_site(functions, search->file, found, spec);
		return true;
	}
	while (rest.len) {
		ssize_t comma = str_find(rest, ',', 0);
		size_t len = comma < 0 ? rest.len : (size_t)comma;

		if (glob_matches(str_trim(str_sub(rest, 0, len)), found->name)) {
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

/* The file at path, looked through already or now. */
static struct file *file_of(struct functions *functions, const char *path, struct str object)
{
	struct binary *binary;
	struct file *file;
	int err = binary__open(&binary, path);

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

static int attach(struct functions *functions, struct process *process, const char *path,
		  struct str object)
{
	struct file *file = file_of(functions, path, object);
	struct attachment *attached = &process->attached[process->cnt];
	char fd_path[64];
	int err;

	if (!file || !file->cnt || process->cnt == FILES_MAX)
		return 0;
	for (u32 i = 0; i < process->cnt; i++)
		if (process->attached[i].file == file)
			return 0;
	snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", binary__fd(file->binary));
	err = functions->env.attach(functions->env.owner, &attached->probes, fd_path, process->tgid,
				    file->sites, file->cnt);
	if (err) {
		log_warn("functions of pid %u cannot be probed: %s", process->tgid, strerror(-err));
		return err;
	}
	if (!still_runs(file, path)) {
		functions->env.detach(functions->env.owner, attached->probes);
		return -ESTALE;
	}
	attached->file = file;
	process->cnt++;
	return (int)file->cnt;
}

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* proc_pid_maps(5): executable mappings of files whose name a spec names. */
static int attach_library(struct functions *functions, struct process *process,
			  const struct function_spec_text *spec)
{
	char path[64], row[4096 + 128], name[4096];
	FILE *maps __cleanup(close_file) = NULL;
	unsigned long from, to;
	int sum = 0;

	snprintf(path, sizeof(path), "/proc/%u/maps", process->tgid);
	maps = fopen(path, "re");
	while (maps && fgets(row, sizeof(row), maps)) {
		const char *base;

		if (sscanf(row, "%lx-%lx %*2c%*1[x]%*c %*x %*x:%*x %*u %4095[^\n]", &from, &to,
			   name) != 3)
			continue;
		base = strrchr(name, '/');
		if (!base || !glob_matches(spec->object, str_from(base + 1)))
			continue;
		snprintf(path, sizeof(path), "/proc/%u/map_files/%lx-%lx", process->tgid, from, to);
		int n = attach(functions, process, path, spec->object);

		sum += n > 0 ? n : 0;
	}
	return sum;
}

int functions__process(struct functions *functions, u32 tgid)
{
	struct process *process = calloc(1, sizeof(*process));
	char path[64];
	int sum;

	functions__exit(functions, tgid);
	if (!process)
		return -ENOMEM;
	process->tgid = tgid;
	if (map__set(&functions->processes, tgid, process)) {
		free(process);
		return -ENOMEM;
	}
	snprintf(path, sizeof(path), "/proc/%u/exe", tgid);
	sum = attach(functions, process, path, STR_NONE);
	for (u32 i = 0; i < functions->env.spec_cnt; i++)
		if (functions->env.specs[i].object.len)
			sum += attach_library(functions, process, &functions->env.specs[i]);
	return sum;
}

void functions__exit(struct functions *functions, u32 tgid)
{
	process__free(functions, map__del(&functions->processes, tgid));
}
