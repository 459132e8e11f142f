// SPDX-License-Identifier: Apache-2.0
#include "probe/usdt_probes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "model/arena.h"
#include "probe/function_spec.h"
#include "probe/mapped.h"
#include "probe/usdt.h"

/* Files with probes that one process maps. */
#define FILES_MAX 32

/* A probe that is asked for, at one of its places. Texts are in the arena of all. */
struct found {
	struct str provider, name;
	u64 offset, semaphore;
	struct usdt_arg args[USDT_ARGS_MAX];
	u32 arg_cnt;
};

/* A file with probes that are asked for. */
struct file {
	struct binary *binary;
	struct usdt_place *places; /* owned */
	u32 cnt;
};

struct attachment {
	const struct file *file;
	void *probes;
};

struct process {
	u32 tgid;
	struct attachment attached[FILES_MAX];
	u32 cnt;
};

struct usdt_probes {
	struct usdt_probes_env env;
	struct arena mem; /* of names */
	struct function table[USDT_PROBES_LIMIT];
	u32 cnt, site_cnt;
	struct file files[USDT_BINARIES_MAX];
	u32 file_cnt;
	struct map processes;
	bool full_said;
};

int usdt_spec_parse(struct str text, struct usdt_spec *spec, const char **why)
{
	struct function_spec_text values = {0};
	ssize_t colon;

	*why = function_spec_arguments(&text, true, &values);
	if (*why)
		return -EINVAL;
	memcpy(spec->values, values.values, sizeof(spec->values));
	colon = str_find(text, ':', 0);
	spec->provider = str_trim(str_sub(text, 0, colon < 0 ? 0 : (size_t)colon));
	spec->name = str_trim(str_sub(text, (size_t)colon + 1, text.len));
	if (colon >= 0 && spec->provider.len && spec->name.len && str_find(spec->name, ':', 0) < 0)
		return 0;
	*why = "want PROVIDER:PROBE, as python:gc__start";
	return -EINVAL;
}

int usdt_probes__new(struct usdt_probes **out, const struct usdt_probes_env *env)
{
	struct usdt_probes *probes = calloc(1, sizeof(*probes));

	if (!probes)
		return -ENOMEM;
	probes->env = *env;
	*out = probes;
	return 0;
}

static void process__free(struct usdt_probes *probes, struct process *process)
{
	while (process && process->cnt)
		probes->env.detach(probes->env.owner, process->attached[--process->cnt].probes);
	free(process);
}

static void file__free(struct file *file)
{
	binary__free(file->binary);
	free(file->places);
}

void usdt_probes__free(struct usdt_probes *probes)
{
	struct process *process;

	if (!probes)
		return;
	for (u32 i = 0; (process = map__next(&probes->processes, &i));)
		process__free(probes, process);
	map__free(&probes->processes);
	while (probes->file_cnt)
		file__free(&probes->files[--probes->file_cnt]);
	arena__free(&probes->mem);
	free(probes);
}

const struct function *usdt_probes__get(const struct usdt_probes *probes, u32 number)
{
	return number - FUNCTION_USDT < probes->cnt ? &probes->table[number - FUNCTION_USDT] : NULL;
}

static void say_full(struct usdt_probes *probes)
{
	if (!probes->full_said)
		log_warn("more USDT probes are asked for than there is room for; the rest is left "
			 "out");
	probes->full_said = true;
}

/* ---- what a file has ---- */

struct search {
	struct usdt_probes *probes;
	struct found *found; /* owned */
	u32 cnt;
};

static void search__free(struct search *search)
{
	free(search->found);
}

static bool names(const struct usdt_spec *spec, struct str provider, struct str name)
{
	return function_glob(spec->provider, provider) && function_glob(spec->name, name);
}

static bool is_asked_for(const struct usdt_probes *probes, const struct usdt_probe *probe)
{
	for (u32 i = 0; i < probes->env.spec_cnt; i++)
		if (names(&probes->env.specs[i], probe->provider, probe->name))
			return true;
	return false;
}

static void on_probe(void *owner, const struct usdt_probe *probe)
{
	struct search *search = owner;
	struct found *found = &search->found[search->cnt];

	if (!is_asked_for(search->probes, probe))
		return;
	if (search->cnt == USDT_SITES_LIMIT) {
		say_full(search->probes);
		return;
	}
	found->provider = arena__dup(&search->probes->mem, probe->provider);
	found->name = arena__dup(&search->probes->mem, probe->name);
	found->offset = probe->offset;
	found->semaphore = probe->semaphore;
	found->arg_cnt = usdt_args_parse(probe->args, found->args, USDT_ARGS_MAX);
	if (found->arg_cnt > USDT_ARGS_MAX)
		found->arg_cnt = USDT_ARGS_MAX;
	search->cnt += found->provider.len && found->name.len;
}

/* ---- pairs ---- */

static const struct {
	struct str begin, end;
} pairs[] = {
	{STR("__start"), STR("__done")}, {STR("__start"), STR("__end")},
	{STR("__begin"), STR("__end")},	 {STR("__entry"), STR("__return")},
	{STR("__entry"), STR("__exit")},
};

/* The name without what marks a begin or an end; false: it does not end so. */
static bool strip(struct str name, struct str suffix, struct str *stem)
{
	if (name.len <= suffix.len ||
	    !str_eq(str_sub(name, name.len - suffix.len, suffix.len), suffix))
		return false;
	*stem = str_sub(name, 0, name.len - suffix.len);
	return true;
}

static const struct found *find(const struct search *search, struct str provider, struct str stem,
				struct str suffix)
{
	struct str other;

	for (u32 i = 0; i < search->cnt; i++)
		if (str_eq(search->found[i].provider, provider) &&
		    strip(search->found[i].name, suffix, &other) && str_eq(other, stem))
			return &search->found[i];
	return NULL;
}

/* What a probe tells of. */
struct meaning {
	enum usdt_role role;
	struct str name; /* of the event, or what both names of a span have in common */
	const struct found *begin, *end;
	struct str end_suffix;
};

static struct meaning meaning_of(const struct search *search, const struct found *found)
{
	struct meaning meaning = {.role = USDT_EVENT, .name = found->name, .begin = found};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		bool begins = strip(found->name, pairs[i].begin, &meaning.name);

		if (!begins && !strip(found->name, pairs[i].end, &meaning.name))
			continue;
		meaning.begin = find(search, found->provider, meaning.name, pairs[i].begin);
		meaning.end = find(search, found->provider, meaning.name, pairs[i].end);
		meaning.end_suffix = pairs[i].end;
		meaning.role = begins ? USDT_BEGIN : USDT_END;
		if (meaning.begin && meaning.end)
			return meaning;
	}
	return (struct meaning){.role = USDT_EVENT, .name = found->name, .begin = found};
}

/* ---- numbers ---- */

/* What the first spec that names this argument takes it for; NULL: none does. */
static const struct function_value *typed(const struct usdt_probes *probes,
					  const struct found *found, u32 number)
{
	for (u32 i = 0; i < probes->env.spec_cnt; i++) {
		const struct usdt_spec *spec = &probes->env.specs[i];

		for (u32 j = 0; j < FUNCTION_VALUES_MAX && spec->values[j].kind; j++)
			if (spec->values[j].argument == number &&
			    names(spec, found->provider, found->name))
				return &spec->values[j];
	}
	return NULL;
}

/* How many of the first values are texts; has: is one of them this attribute? */
static u32 texts_before(const struct function *function, u32 at, struct str attr, bool *has)
{
	u32 cnt = 0;

	*has = false;
	for (u32 i = 0; i < at; i++) {
		cnt += function->values[i].kind == VALUE_TEXT;
		*has |= str_eq(function->values[i].attr, attr);
	}
	return cnt;
}

/* As it is asked for; else arg0, arg1 ... or, of those of a span's end, done.arg0 */
static void add_value(struct usdt_probes *probes, struct function *function, u32 at,
		      const struct found *found, u32 number, struct str end_suffix)
{
	const struct function_value *as = typed(probes, found, number);
	struct str end = str_sub(end_suffix, 2, end_suffix.len);
	struct function_value *value = &function->values[at];
	char name[64];
	bool has = false;
	u32 texts = as ? texts_before(function, at, as->attr, &has) : 0;

	snprintf(name, sizeof(name), "%.*s%sarg%u", STR_ARG(end), end.len ? "." : "", number);
	*value = (struct function_value){.kind = VALUE_INT, .bits = 64, .argument = number};
	if (as && (as->kind != VALUE_TEXT || texts < USDT_TEXTS_MAX))
		*value = *as;
	else if (as)
		log_warn("of %.*s more than two strings are asked for; %s is left a number",
			 STR_ARG(function->name), name);
	if (!value->attr.len || has)
		value->attr = arena__dup(&probes->mem, str_from(name));
}

static u32 most_args(const struct search *search, const struct found *of)
{
	u32 most = 0;

	for (u32 i = 0; of && i < search->cnt; i++)
		if (str_eq(search->found[i].provider, of->provider) &&
		    str_eq(search->found[i].name, of->name) && search->found[i].arg_cnt > most)
			most = search->found[i].arg_cnt;
	return most;
}

/* Its number in the table of those that this file has, or a new one; negative errno. first: of
 * the values of an end. */
static int number_of(struct usdt_probes *probes, const struct search *search, u32 from,
		     const struct meaning *meaning, u32 *first)
{
	u32 begins = most_args(search, meaning->begin), ends = most_args(search, meaning->end);
	struct function *function = &probes->table[probes->cnt];
	char name[512];

	*first = meaning->role == USDT_END ? begins : 0;
	snprintf(name, sizeof(name), "%.*s:%.*s", STR_ARG(meaning->begin->provider),
		 STR_ARG(meaning->name));
	for (u32 i = from; i < probes->cnt; i++)
		if (str_eq(probes->table[i].name, str_from(name)) &&
		    (probes->table[i].kind == FUNCTION_EVENT) == (meaning->role == USDT_EVENT))
			return (int)i;
	if (probes->cnt == USDT_PROBES_LIMIT)
		return -ENOSPC;
	*function = (struct function){
		.name = arena__dup(&probes->mem, str_from(name)),
		.kind = meaning->role == USDT_EVENT ? FUNCTION_EVENT : FUNCTION_SPAN,
	};
	for (u32 i = 0; i < begins; i++)
		add_value(probes, function, i, meaning->begin, i, STR_NONE);
	for (u32 i = 0; i < ends && begins + i < FUNCTION_VALUES_MAX; i++)
		add_value(probes, function, begins + i, meaning->end, i, meaning->end_suffix);
	if (!function->name.len ||
	    probes->env.describe(probes->env.owner, FUNCTION_USDT + probes->cnt, function))
		return -ENOMEM;
	return (int)probes->cnt++;
}

/* Where an argument is, taken for what its value is asked for as. */
static struct usdt_arg arg_as(const struct usdt_arg *arg, const struct function *function, u32 at)
{
	struct usdt_arg out = *arg;
	enum function_value_kind kind = function->values[at].kind;
	bool unused;

	if (kind == VALUE_TEXT)
		out.text = (u8)(1 + texts_before(function, at, STR_NONE, &unused));
	if (arg->is_float && kind != VALUE_DOUBLE)
		out.kind = USDT_ARG_UNKNOWN;
	return out;
}

static void add_site(struct usdt_probes *probes, const struct search *search, struct file *file,
		     u32 from, const struct found *found)
{
	struct meaning meaning = meaning_of(search, found);
	struct usdt_site site = {.role = meaning.role};
	u32 first;
	int number = number_of(probes, search, from, &meaning, &first);

	if (number < 0 || probes->site_cnt == USDT_SITES_LIMIT) {
		say_full(probes);
		return;
	}
	site.function = FUNCTION_USDT + (u32)number;
	site.first = (u8)first;
	for (u32 i = 0; i < found->arg_cnt && first + i < USDT_ARGS_MAX; i++) {
		site.args[site.arg_cnt] =
			arg_as(&found->args[i], &probes->table[number], first + i);
		if (site.args[site.arg_cnt++].kind == USDT_ARG_UNKNOWN)
			log_debug("argument %u of %.*s:%.*s at 0x%llx cannot be read", i,
				  STR_ARG(found->provider), STR_ARG(found->name),
				  (unsigned long long)found->offset);
	}
	if (probes->env.describe_site(probes->env.owner, probes->site_cnt, &site))
		return;
	file->places[file->cnt++] =
		(struct usdt_place){found->offset, found->semaphore, probes->site_cnt++};
}

/* False: no memory, or nothing that is asked for. */
static bool look_through(struct usdt_probes *probes, struct file *file, const char *path)
{
	struct search search __cleanup(search__free) = {
		.probes = probes, .found = calloc(USDT_SITES_LIMIT, sizeof(*search.found))};
	u32 bad, from = probes->cnt;

	if (!search.found)
		return false;
	bad = usdt_each(file->binary, on_probe, &search);
	if (bad)
		log_warn("%u USDT probes of %s are damaged or no nop, and left out", bad, path);
	if (!search.cnt)
		return false;
	file->places = calloc(search.cnt, sizeof(*file->places));
	for (u32 i = 0; file->places && i < search.cnt; i++)
		add_site(probes, &search, file, from, &search.found[i]);
	return file->cnt;
}

/* ---- processes ---- */

/* The file at path, looked through already or now; NULL: it has nothing that is asked for. */
static const struct file *file_of(struct usdt_probes *probes, const char *path)
{
	struct file file = {0};

	if (binary__open(&file.binary, path))
		return NULL;
	for (u32 i = 0; i < probes->file_cnt; i++)
		if (binary_id_eq(binary__id(probes->files[i].binary), binary__id(file.binary))) {
			binary__free(file.binary);
			return &probes->files[i];
		}
	if (probes->file_cnt == USDT_BINARIES_MAX) {
		say_full(probes);
		file__free(&file);
		return NULL;
	}
	if (!look_through(probes, &file, path)) {
		file__free(&file);
		return NULL;
	}
	probes->files[probes->file_cnt] = file;
	return &probes->files[probes->file_cnt++];
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

struct attaching {
	struct usdt_probes *probes;
	struct process *process;
	u32 places; /* attached */
};

static bool attach(void *owner, const struct mapped *mapped)
{
	struct attaching *attaching = owner;
	struct process *process = attaching->process;
	const struct usdt_probes_env *env = &attaching->probes->env;
	const struct file *file = file_of(attaching->probes, mapped->path);
	struct attachment *attached = &process->attached[process->cnt];
	char path[64];
	int err;

	for (u32 i = 0; file && i < process->cnt; i++)
		if (process->attached[i].file == file)
			return true;
	if (!file)
		return true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", binary__fd(file->binary));
	err = env->attach(env->owner, &attached->probes, path, process->tgid, file->places,
			  file->cnt);
	if (err) {
		/* short-lived ones may have ended meanwhile */
		log_print(err == -ESRCH ? LOG_DEBUG : LOG_WARN,
			  "USDT probes of pid %u cannot be attached: %s", process->tgid,
			  strerror(-err));
		return true;
	}
	if (!still_runs(file, mapped->path)) {
		env->detach(env->owner, attached->probes);
		return true;
	}
	attached->file = file;
	process->cnt++;
	attaching->places += file->cnt;
	return process->cnt < FILES_MAX;
}

/* The one with this id, known already or now; NULL: no memory. */
static struct process *process_of(struct usdt_probes *probes, u32 tgid)
{
	struct process *process = map__get(&probes->processes, tgid);

	if (process)
		return process;
	process = calloc(1, sizeof(*process));
	if (!process || map__set(&probes->processes, tgid, process)) {
		free(process);
		return NULL;
	}
	process->tgid = tgid;
	return process;
}

u32 usdt_probes__look(struct usdt_probes *probes, u32 tgid)
{
	struct attaching attaching = {probes, process_of(probes, tgid), 0};

	if (attaching.process && attaching.process->cnt < FILES_MAX)
		mapped_files(tgid, attach, &attaching);
	return attaching.places;
}

void usdt_probes__exit(struct usdt_probes *probes, u32 tgid)
{
	process__free(probes, map__del(&probes->processes, tgid));
}
