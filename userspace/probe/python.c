// SPDX-License-Identifier: Apache-2.0
#include "probe/python.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "model/arena.h"
#include "probe/binary.h"
#include "probe/interpreter.h"
#include "probe/return_place.h"

struct code {
	u32 number; /* 0: free */
	s32 function;
};

struct process {
	void *probes;
	u32 tgid;
	bool met;  /* code of it has been called */
	u64 since; /* the tick that saw that first */
	bool ends; /* of its own spans are probed */
	bool makes_spans;
	bool unfollowed_said;
};

struct python {
	struct python_env env;
	struct arena mem; /* of names */
	struct function table[PYTHON_FUNCTIONS_MAX];
	u32 cnt;
	struct code codes[PYTHON_CODES_MAX]; /* by number modulo their count */
	struct map processes;		     /* tgid -> struct process */
	bool full_said, returns_said;
	u64 versions_said; /* a bit for each minor version */
};

int python__new(struct python **out, const struct python_env *env)
{
	struct python *python = calloc(1, sizeof(*python));

	if (!python)
		return -ENOMEM;
	python->env = *env;
	*out = python;
	return 0;
}

static void forget(struct python *python, struct process *process)
{
	if (process && process->probes)
		python->env.detach(python->env.owner, process->probes);
	free(process);
}

void python__free(struct python *python)
{
	struct process *process;

	if (!python)
		return;
	for (u32 i = 0; (process = map__next(&python->processes, &i));)
		forget(python, process);
	map__free(&python->processes);
	arena__free(&python->mem);
	free(python);
}

static void complain(struct python *python, u32 tgid, u32 minor, int err)
{
	u64 bit = 1ULL << (minor & 63);

	if (err != -ENOTSUP) {
		log_warn("Python of pid %u cannot be probed: %s", tgid, strerror(-err));
		return;
	}
	if (!(python->versions_said & bit))
		log_warn("no views of Python 3.%u, which pid %u runs: neither its release nor its "
			 "build shows them (3.8 to 3.11 do)",
			 minor, tgid);
	python->versions_said |= bit;
}

static int probe_ends(struct python *python, struct process *process,
		      const struct python_sites *sites)
{
	int err = python->env.ends(python->env.owner, process->probes, sites);

	process->ends = sites && !err;
	return err;
}

/* Those of views are seen where they are called; up to 3.10 all are. */
static void choose_returns(struct python *python, u32 tgid, struct python_sites *sites)
{
	if (!python->env.glob_cnt)
		sites->returns = 0;
	else if (!sites->returns && sites->minor > 10 && !python->returns_said) {
		log_warn("Python of pid %u has no USDT probes: functions that it does not call by "
			 "way of C are not seen",
			 tgid);
		python->returns_said = true;
	}
}

static int attach(struct python *python, u32 tgid, const struct python_sites *found)
{
	struct process *process = calloc(1, sizeof(*process));
	struct python_sites wanted = *found, *sites = &wanted;
	int err;

	choose_returns(python, tgid, sites);
	err = process ? python->env.attach(python->env.owner, &process->probes, sites) : -ENOMEM;
	if (!err)
		err = probe_ends(python, process, sites);
	if (!err)
		process->tgid = tgid;
	if (!err)
		err = map__set(&python->processes, tgid, process);
	if (err)
		forget(python, process);
	return err;
}

bool python__process(struct python *python, u32 tgid)
{
	struct interpreter *interpreter;
	int err;

	python__exit(python, tgid);
	err = interpreter__find(&interpreter, tgid);
	if (err)
		return false;
	err = attach(python, tgid, interpreter__sites(interpreter));
	if (err && err != -ESRCH)
		complain(python, tgid, interpreter__sites(interpreter)->minor, err);
	interpreter__free(interpreter);
	return !err;
}

void python__exit(struct python *python, u32 tgid)
{
	forget(python, map__del(&python->processes, tgid));
}

void python__spans(struct python *python, u32 tgid)
{
	struct process *process = map__get(&python->processes, tgid);
	struct interpreter *interpreter;
	int err;

	if (!process)
		return;
	process->makes_spans = true;
	if (process->ends || interpreter__find(&interpreter, tgid))
		return;
	err = probe_ends(python, process, interpreter__sites(interpreter));
	if (err)
		complain(python, tgid, interpreter__sites(interpreter)->minor, err);
	else
		log_info("pid %u makes spans of its own, which are followed from now on", tgid);
	interpreter__free(interpreter);
}

static int probe_place(struct python *python, struct process *process,
		       const struct python_place_asked *asked)
{
	struct python_return at = {.address = asked->address};
	struct return_place place;
	char path[64];
	int err = return_place__find(&place, asked->tgid, asked->address);

	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", binary__fd(place.binary));
	at.offset = place.offset;
	at.freed = place.freed;
	err = python->env.place(python->env.owner, process->probes, asked, path, &at);
	return_place__free(&place);
	return err;
}

void python__place(struct python *python, const struct python_place_asked *asked)
{
	struct process *process = map__get(&python->processes, asked->tgid);
	int err = process ? probe_place(python, process, asked) : -ESTALE;

	if (!err || err == -ESTALE || process->unfollowed_said)
		return;
	process->unfollowed_said = true;
	log_warn("not all functions of Python in pid %u can be followed: what calls them at %llx "
		 "cannot be probed: %s",
		 asked->tgid, (unsigned long long)asked->address, strerror(-err));
}

void python__tick(struct python *python, u64 now)
{
	struct process *process;

	for (u32 i = 0; (process = map__next(&python->processes, &i));) {
		if (!process->ends || process->makes_spans || !process->met)
			continue;
		if (!process->since)
			process->since = now;
		if (now - process->since < PYTHON_SPANS_NS)
			continue;
		log_debug("pid %u makes no spans of its own: their ends are not probed",
			  process->tgid);
		probe_ends(python, process, NULL);
	}
}

static bool glob_matches(const char *glob, const char *text)
{
	const char *at = text;

	/* its beginning is that of the path or of one of its parts */
	while (fnmatch(glob, at, 0)) {
		at = strchr(at, '/');
		if (!at++)
			return false;
	}
	return true;
}

static bool is_wanted(const struct python *python, const struct python_code *code)
{
	char text[1024];

	if (snprintf(text, sizeof(text), "%.*s:%.*s", STR_ARG(code->file), STR_ARG(code->name)) >=
	    (int)sizeof(text))
		return false;
	for (u32 i = 0; i < python->env.glob_cnt; i++)
		if (glob_matches(python->env.globs[i], text))
			return true;
	return !python->env.glob_cnt;
}

/* Its place in the table, or negative errno. */
static int function_of(struct python *python, const struct python_code *code)
{
	struct function *function;

	for (u32 i = 0; i < python->cnt; i++) {
		function = &python->table[i];
		if (function->line == code->line && str_eq(function->name, code->name) &&
		    str_eq(function->file, code->file))
			return (int)i;
	}
	if (python->cnt == PYTHON_FUNCTIONS_MAX) {
		if (!python->full_said)
			log_warn("more than %u Python functions are called; the rest is left out",
				 PYTHON_FUNCTIONS_MAX);
		python->full_said = true;
		return -ENOSPC;
	}
	function = &python->table[python->cnt];
	*function = (struct function){
		.name = arena__dup(&python->mem, code->name),
		.file = arena__dup(&python->mem, code->file),
		.line = code->line,
	};
	return function->name.p && function->file.p ? (int)python->cnt++ : -ENOMEM;
}

bool python__meet(struct python *python, const struct python_code *code)
{
	struct process *process = map__get(&python->processes, code->tgid);
	int function = is_wanted(python, code) ? function_of(python, code) : -ENOENT;

	python->codes[code->number % PYTHON_CODES_MAX] = (struct code){code->number, function};
	if (process)
		process->met = true;
	return function >= 0;
}

int python__number(const struct python *python, u32 code_number)
{
	const struct code *code = &python->codes[code_number % PYTHON_CODES_MAX];

	if (!code_number || code->number != code_number)
		return -ESTALE;
	return code->function >= 0 ? code->function : -ENOENT;
}

const struct function *python__get(const struct python *python, u32 number)
{
	return number < python->cnt ? &python->table[number] : NULL;
}
