// SPDX-License-Identifier: Apache-2.0
#include "probe/function_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/arena.h"
#include "probe/site.h"

/* Code that is decoded of one function; a site is found in its first bytes or not at all. */
#define CODE_MAX (64u << 10)

struct function_files {
	const struct functions_env *env; /* borrowed */
	struct arena mem;		 /* of names */
	struct function table[FUNCTIONS_LIMIT];
	u32 cnt;
	struct function_file list[FUNCTIONS_BINARIES_MAX];
	u32 list_cnt;
	bool full_said, files_said, denied_said;
};

int function_files__new(struct function_files **out, const struct functions_env *env)
{
	struct function_files *files = calloc(1, sizeof(*files));

	if (!files)
		return -ENOMEM;
	files->env = env;
	*out = files;
	return 0;
}

void function_files__free(struct function_files *files)
{
	if (!files)
		return;
	for (u32 i = 0; i < files->list_cnt; i++) {
		binary__free(files->list[i].binary);
		free(files->list[i].sites);
	}
	arena__free(&files->mem);
	free(files);
}

const struct function *function_files__function(const struct function_files *files, u32 number)
{
	return number < files->cnt ? &files->table[number] : NULL;
}

static bool add_site(struct function_file *file, struct function_site site)
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
static void add(struct function_files *files, struct function_file *file,
		const struct binary_function *found, const struct function_spec_text *spec,
		u64 offset)
{
	struct function *function = &files->table[files->cnt];
	char name[32];

	if (files->cnt == FUNCTIONS_LIMIT) {
		if (!files->full_said)
			log_warn("more than %u functions are asked for; the rest is left out",
				 FUNCTIONS_LIMIT);
		files->full_said = true;
		return;
	}
	*function = (struct function){0};
	snprintf(name, sizeof(name), "0x%" PRIx64, found->offset);
	function->name = arena__dup(&files->mem, found->name.len ? found->name : str_from(name));
	function->object = file->object;
	function->offset = found->offset;
	function->size = found->size;
	if (binary__source(file->binary, found->address, &function->file, &function->line))
		function->file = arena__dup(&files->mem, function->file);
	memcpy(function->values, spec->values, sizeof(function->values));
	if (files->env->describe(files->env->owner, files->cnt, function) ||
	    !add_site(file, (struct function_site){offset, files->cnt}))
		return;
	files->cnt++;
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

static void choose_site(struct function_files *files, struct function_file *file,
			const struct binary_function *found, const struct function_spec_text *spec)
{
	u64 size = found->size && found->size < CODE_MAX ? found->size : CODE_MAX;
	u8 *code = malloc(size);
	const char *why = "its code cannot be read";
	struct site_need need = {files->env->slow, needed_arguments(spec)};
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
	add(files, file, found, spec, site.offset);
}

struct search {
	struct function_files *files;
	struct function_file *file;
};

/* The first spec that names it decides. */
static bool on_function(void *owner, const struct binary_function *found)
{
	struct search *search = owner;
	struct function_files *files = search->files;
	struct str rest =
		search->file->object.len ? STR_NONE : binary__handlers(search->file->binary);
	struct function_spec_text handler = {0};

	for (u32 i = 0; i < files->env->spec_cnt; i++) {
		const struct function_spec_text *spec = &files->env->specs[i];

		if (!str_eq(spec->object, search->file->object) || !spec->glob.len ||
		    !function_glob(spec->glob, found->name))
			continue;
		choose_site(files, search->file, found, spec);
		return true;
	}
	while (rest.len) {
		ssize_t comma = str_find(rest, ',', 0);
		size_t len = comma < 0 ? rest.len : (size_t)comma;

		if (function_glob(str_trim(str_sub(rest, 0, len)), found->name)) {
			choose_site(files, search->file, found, &handler);
			return true;
		}
		rest = str_sub(rest, len + 1, rest.len);
	}
	return true;
}

static void look_through(struct function_files *files, struct function_file *file)
{
	struct search search = {files, file};
	struct binary_function found;
	int n = binary__functions(file->binary, on_function, &search);

	if (n < 0)
		log_warn("its functions cannot be read: %s", strerror(-n));
	for (u32 i = 0; i < files->env->spec_cnt; i++) {
		const struct function_spec_text *spec = &files->env->specs[i];

		if (spec->glob.len || !str_eq(spec->object, file->object))
			continue;
		if (binary__function_at(file->binary, spec->offset, &found)) {
			log_warn("no function at offset 0x%" PRIx64, spec->offset);
			continue;
		}
		choose_site(files, file, &found, spec);
	}
}

void say_once(bool *said, const char *what)
{
	if (!*said)
		log_warn("%s", what);
	*said = true;
}

struct function_file *function_files__open(struct function_files *files, const char *path,
					   struct str object)
{
	struct binary *binary;
	struct function_file *file;
	int err = binary__open(&binary, path);

	if (err == -EPERM || err == -EACCES)
		say_once(&files->denied_said, "files of traced processes cannot be opened, so "
					      "there are no spans of their functions: "
					      "cap_sys_ptrace, and for libraries "
					      "cap_checkpoint_restore, would permit it");
	if (err)
		return NULL;
	for (u32 i = 0; i < files->list_cnt; i++) {
		file = &files->list[i];
		if (str_eq(file->object, object) &&
		    binary_id_eq(binary__id(file->binary), binary__id(binary))) {
			binary__free(binary);
			return file;
		}
	}
	if (files->list_cnt == FUNCTIONS_BINARIES_MAX) {
		say_once(&files->files_said,
			 "functions are asked for in too many files; the rest is left out");
		binary__free(binary);
		return NULL;
	}
	file = &files->list[files->list_cnt++];
	*file = (struct function_file){.binary = binary, .object = object};
	look_through(files, file);
	return file;
}

bool function_file__is_at(const struct function_file *file, const char *path)
{
	struct binary *binary;
	bool same;

	if (binary__open(&binary, path))
		return false;
	same = binary_id_eq(binary__id(file->binary), binary__id(binary));
	binary__free(binary);
	return same;
}
