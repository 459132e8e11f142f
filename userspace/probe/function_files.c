// SPDX-License-Identifier: Apache-2.0
#include "probe/function_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "probe/site.h"

/* Code that is decoded of one function; a site is found in its first bytes or not at all. */
#define CODE_MAX (64u << 10)
/* A file that no process runs is kept for the next that does, and its numbers for calls that wait
 * for their requests; after that long it may make room for another. */
#define KEEP_NS (60 * NSEC_PER_SEC)

struct function_files {
	const struct functions_env *env;	/* borrowed */
	struct function table[FUNCTIONS_LIMIT]; /* without a name: free; texts are their file's */
	struct function_file list[FUNCTIONS_BINARIES_MAX]; /* without a binary: free */
	u64 now;					   /* the last tick */
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

static void forget(struct function_files *files, struct function_file *file)
{
	for (u32 i = 0; i < file->cnt; i++)
		files->table[file->sites[i].number] = (struct function){0};
	binary__free(file->binary);
	arena__free(&file->mem);
	free(file->sites);
	*file = (struct function_file){0};
}

void function_files__free(struct function_files *files)
{
	for (u32 i = 0; files && i < ARRAY_SIZE(files->list); i++)
		forget(files, &files->list[i]);
	free(files);
}

/* The file that nobody has run for longest; false: there is none to forget. */
static bool make_room(struct function_files *files)
{
	struct function_file *oldest = NULL;

	for (u32 i = 0; i < ARRAY_SIZE(files->list); i++) {
		struct function_file *file = &files->list[i];

		if (file->binary && !file->users && files->now - file->used_ns >= KEEP_NS &&
		    (!oldest || file->used_ns < oldest->used_ns))
			oldest = file;
	}
	if (oldest)
		forget(files, oldest);
	return oldest;
}

void function_files__tick(struct function_files *files, u64 now)
{
	files->now = now;
}

void function_file__use(struct function_file *file)
{
	file->users++;
}

void function_files__leave(struct function_files *files, struct function_file *file)
{
	file->users--;
	file->used_ns = files->now;
}

const struct function *function_files__function(const struct function_files *files, u32 number)
{
	return number < FUNCTIONS_LIMIT && files->table[number].name.p ? &files->table[number]
								       : NULL;
}

/* ---- what cannot be done, a line of each kind ---- */

#define CAUSES_MAX 16
#define NAMES_MAX  3

struct cause {
	const char *why; /* static: its address tells it apart */
	bool lost;	 /* there are no spans of these functions */
	u32 cnt;
	char names[256]; /* of the first */
};

struct search {
	struct function_files *files;
	struct function_file *file;
	struct cause causes[CAUSES_MAX];
	u32 cause_cnt;
};

static void note(struct search *search, bool lost, const char *why, struct str name)
{
	struct cause *cause = search->causes, *end = cause + search->cause_cnt;
	size_t len;

	while (cause < end && cause->why != why)
		cause++;
	if (cause == search->causes + CAUSES_MAX)
		return;
	if (cause == end) {
		*cause = (struct cause){.why = why, .lost = lost};
		search->cause_cnt++;
	}
	len = strlen(cause->names);
	if (cause->cnt++ < NAMES_MAX)
		snprintf(cause->names + len, sizeof(cause->names) - len, "%s%.*s", len ? ", " : "",
			 STR_ARG(name));
}

static void say(const struct search *search, const char *path)
{
	char name[256];
	ssize_t len = readlink(path, name, sizeof(name) - 1);

	name[len < 0 ? 0 : len] = '\0';
	for (u32 i = 0; i < search->cause_cnt; i++) {
		const struct cause *cause = &search->causes[i];
		const char *lost = cause->lost ? "no spans of " : "";

		if (cause->cnt == 1)
			log_warn("%sfunction %s: %s", lost, cause->names, cause->why);
		else
			log_warn("%s%u functions of %s (%s%s): %s", lost, cause->cnt, name,
				 cause->names, cause->cnt > NAMES_MAX ? " ..." : "", cause->why);
	}
}

/* ---- functions ---- */

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

/* Below FUNCTIONS_LIMIT, or -ENOSPC. */
static int free_number(struct function_files *files)
{
	do {
		for (u32 i = 0; i < FUNCTIONS_LIMIT; i++)
			if (!files->table[i].name.p)
				return (int)i;
	} while (make_room(files));
	if (!files->full_said)
		log_warn("more than %u functions are asked for; the rest is left out",
			 FUNCTIONS_LIMIT);
	files->full_said = true;
	return -ENOSPC;
}

/* Gives the function a number. */
static void add(struct search *search, const struct binary_function *found,
		const struct function_spec_text *spec, u64 offset)
{
	struct function_files *files = search->files;
	struct function_file *file = search->file;
	int number = free_number(files);
	struct function function = {
		.object = file->object,
		.offset = found->offset,
		.size = found->size,
	};

	if (number < 0)
		return;
	function.name = arena__dup(&file->mem, found->name);
	if (binary__source(file->binary, found->address, &function.file, &function.line))
		function.file = arena__dup(&file->mem, function.file);
	memcpy(function.values, spec->values, sizeof(function.values));
	if (function.name.p && !files->env->describe(files->env->owner, (u32)number, &function) &&
	    add_site(file, (struct function_site){offset, (u32)number}))
		files->table[number] = function;
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

static void choose_site(struct search *search, const struct binary_function *found,
			const struct function_spec_text *spec)
{
	const struct binary *binary = search->file->binary;
	u64 size = found->size && found->size < CODE_MAX ? found->size : CODE_MAX;
	u8 *code = malloc(size);
	const char *why = "its code cannot be read";
	struct site_need need = {search->files->env->slow, needed_arguments(spec)};
	struct site site;
	ssize_t n = code ? binary__code(binary, found->offset, code, size) : -ENOMEM;
	int err = n < 0 ? (int)n
			: site_choose((struct str){(char *)code, (size_t)n}, found->offset, need,
				      &site, &why);

	free(code);
	if (!err && binary__is_go(binary))
		err = -ENOTSUP, why = "Go moves its stacks, so a return cannot be probed";
	else if (!err && returns_twice(found->name))
		err = -ENOTSUP, why = "it returns more than once";
	else if (!err && !site.returns)
		err = -ENOTSUP, why = "its return address is out of reach where a probe is safe";
	if (err) {
		note(search, true, why, found->name);
		return;
	}
	if (site.slow)
		note(search, false, "probed by single steps, some 20 us a call", found->name);
	add(search, found, spec, site.offset);
}

static bool is_named(const struct search *search, const struct function_spec_text *spec,
		     struct str name)
{
	return str_eq(spec->object, search->file->object) && spec->glob.len &&
	       function_glob(spec->glob, name);
}

/* What all specs that name it ask of it together; false: none does. */
static bool merge_specs(struct search *search, struct str name, struct function_spec_text *out)
{
	const struct functions_env *env = search->files->env;
	bool found = false;

	*out = (struct function_spec_text){0};
	for (u32 i = 0; i < env->spec_cnt; i++) {
		if (!is_named(search, &env->specs[i], name))
			continue;
		found = true;
		if (!function_spec__merge(out, &env->specs[i]))
			note(search, false,
			     "of what is asked of it only four values are taken, of these two "
			     "strings, and one for each attribute",
			     name);
	}
	return found;
}

/* Does the program itself tell of it? */
static bool is_handler(const struct search *search, struct str name)
{
	struct str rest =
		search->file->object.len ? STR_NONE : binary__handlers(search->file->binary);

	while (rest.len) {
		ssize_t comma = str_find(rest, ',', 0);
		size_t len = comma < 0 ? rest.len : (size_t)comma;

		if (function_glob(str_trim(str_sub(rest, 0, len)), name))
			return true;
		rest = str_sub(rest, len + 1, rest.len);
	}
	return false;
}

static bool on_function(void *owner, const struct binary_function *found)
{
	struct search *search = owner;
	struct function_spec_text spec;

	if (merge_specs(search, found->name, &spec) || is_handler(search, found->name))
		choose_site(search, found, &spec);
	return true;
}

static void look_through(struct function_files *files, struct function_file *file, const char *path)
{
	struct search search = {.files = files, .file = file};
	struct binary_function found;
	char name[32];
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
		snprintf(name, sizeof(name), "0x%" PRIx64, found.offset);
		if (!found.name.len)
			found.name = str_from(name);
		choose_site(&search, &found, spec);
	}
	say(&search, path);
}

/* ---- files ---- */

void say_once(bool *said, const char *what)
{
	if (!*said)
		log_warn("%s", what);
	*said = true;
}

static struct function_file *find(struct function_files *files, const struct binary *binary,
				  struct str object)
{
	for (u32 i = 0; i < ARRAY_SIZE(files->list); i++) {
		struct function_file *file = &files->list[i];

		if (file->binary && str_eq(file->object, object) &&
		    binary_id_eq(binary__id(file->binary), binary__id(binary)))
			return file;
	}
	return NULL;
}

static struct function_file *free_file(struct function_files *files)
{
	do {
		for (u32 i = 0; i < ARRAY_SIZE(files->list); i++)
			if (!files->list[i].binary)
				return &files->list[i];
	} while (make_room(files));
	say_once(&files->files_said,
		 "functions are asked for in too many files; the rest is left out");
	return NULL;
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
	file = find(files, binary, object);
	if (file) {
		file->used_ns = files->now;
		binary__free(binary);
		return file;
	}
	file = free_file(files);
	if (!file) {
		binary__free(binary);
		return NULL;
	}
	*file = (struct function_file){.binary = binary, .object = object, .used_ns = files->now};
	look_through(files, file, path);
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
