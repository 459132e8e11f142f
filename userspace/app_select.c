// SPDX-License-Identifier: Apache-2.0
/*
 * Which processes are traced, where rules choose them (proc/selection.h). The kernel traces whoever
 * may match and says so in front of what such a process does; here it is decided, as the ring is
 * read:
 *
 *	CANDIDATE -> /proc/PID, the rules -> chosen:  a process like any other from now on
 *	                                  -> not:     its bit is cleared, what it did is passed over
 *
 * The records of a process that was not chosen go no further than this, not even into a recording:
 * so a replay needs no rules. A process that became another program stays if that is still the same
 * executable, for it is then one of the workers of a service, or if it descends from --pid.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "app.h"
#include "base/log.h"
#include "base/map.h"
#include "proc/selection.h"

#define TGID_MAX (1u << 22) /* PID_MAX_LIMIT of 64-bit kernels */
/* Whoever forked during a pass over /proc is found by the next; few do so again and again. */
#define PASSES_MAX 4
/* While records are being lost, how often all processes are looked at anew. */
#define RESCAN_NS NSEC_PER_SEC

/* Process ids, as bits: pages nobody touches cost nothing. */
struct tgid_set {
	u64 bits[TGID_MAX / 64];
};

struct app_select {
	struct selection *rules;
	struct listeners *listeners;
	struct candidate candidate; /* the one at hand */
	struct tgid_set refused;    /* whose records are passed over */
	struct tgid_set unsettled;  /* of those: gone before all that rules ask for was known */
	struct tgid_set heirs;	    /* descendants of --pid */
	struct map programs;	    /* tgid of who is traced -> hash of its executable's path */
	u64 lost_scanned;	    /* lost records when all processes were last looked at */
	u64 scanned;		    /* unix ns of that tick */
};

static bool has(const struct tgid_set *set, u32 tgid)
{
	return tgid < TGID_MAX && set->bits[tgid / 64] & 1ULL << (tgid % 64);
}

static void put(struct tgid_set *set, u32 tgid, bool in)
{
	u64 bit = 1ULL << (tgid % 64);

	if (tgid >= TGID_MAX || has(set, tgid) == in)
		return;
	if (in)
		set->bits[tgid / 64] |= bit;
	else
		set->bits[tgid / 64] &= ~bit;
}

void app__live_watch(const struct config *config, struct live_watch *watch)
{
	*watch = (struct live_watch){
		.strangers = config__selects(config),
		.execs = config__selects(config) || config__excludes(config),
		.listens = config->select[RULE_PORT].cnt || config->exclude[RULE_PORT].cnt,
		.renames = config->select[RULE_NAME].cnt || config->exclude[RULE_NAME].cnt,
		.cgroups = config->select[RULE_CGROUP].cnt || config->exclude[RULE_CGROUP].cnt,
	};
}

static int select_init(struct app *app, struct app_select *select)
{
	int err = listeners__new(&select->listeners);

	return err ? err : selection__new(&select->rules, &app->config, (u32)getpid());
}

int app__select_new(struct app *app)
{
	if (!config__selects(&app->config) && !config__excludes(&app->config))
		return 0;
	app->select = calloc(1, sizeof(*app->select));
	return app->select ? select_init(app, app->select) : -ENOMEM;
}

void app__select_free(struct app *app)
{
	if (!app->select)
		return;
	selection__free(app->select->rules);
	listeners__free(app->select->listeners);
	map__free(&app->select->programs);
	free(app->select);
}

/*
 * Reads what the rules ask for, and the exe, by which programs are told apart. A process that has
 * become a candidate again is no longer what it was told to be: then what was told counts.
 */
static void look(struct app *app, const struct capture_source *source)
{
	struct app_select *select = app->select;
	struct candidate *candidate = &select->candidate;
	u32 facts = selection__facts(select->rules);
	bool is_now = live__asked(app->live, source->tgid) == source->asked;

	candidate__init(candidate, source->tgid);
	memcpy(candidate->exe, source->exe, sizeof(source->exe));
	memcpy(candidate->name, source->comm, sizeof(source->comm));
	candidate__add_port(candidate, source->port);
	if (is_now)
		facts |= 1u << RULE_EXE;
	else if (candidate->exe[0])
		candidate->known |= 1u << RULE_EXE;
	if (!is_now && candidate->name[0])
		candidate->known |= 1u << RULE_NAME;
	candidate__read(candidate, facts & ~candidate->known, select->listeners);
}

/* FNV-1a; in place of a pointer. NULL if there is no path. */
static void *program_of(const struct candidate *candidate)
{
	uintptr_t hash = 0xcbf29ce484222325ULL;

	for (const char *c = candidate->exe; *c; c++)
		hash = (hash ^ (u8)*c) * 0x100000001b3ULL;
	return candidate->exe[0] ? (void *)hash : NULL;
}

/* Without memory it is a program that no other is. */
static void set_program(struct app_select *select, u32 tgid, void *program)
{
	if (!program || map__set(&select->programs, tgid, program))
		map__del(&select->programs, tgid);
}

static bool is_same_program(const struct app_select *select, u32 of)
{
	const void *program = map__get(&select->programs, of);

	return program && program == program_of(&select->candidate);
}

/* kin: the process, or one above it, that would make it one of ours; 0: none. */
static bool is_wanted(struct app *app, u32 kin, struct buf *why)
{
	const struct app_select *select = app->select;

	switch (selection__judge(select->rules, &select->candidate, why)) {
	case VERDICT_CHOSEN:
		return true;
	case VERDICT_EXCLUDED:
		return false;
	default:
		return kin && process_table__is_alive(app->processes, kin) &&
		       (has(&select->heirs, kin) || is_same_program(select, kin));
	}
}

/* Of --all nobody wants a line a process. */
static void take(struct app *app, u32 tgid, u32 parent, struct buf *why)
{
	struct candidate *candidate = &app->select->candidate;
	bool is_new = !process_table__is_alive(app->processes, tgid);

	put(&app->select->refused, tgid, false);
	set_program(app->select, tgid, program_of(candidate));
	if (!is_new)
		return;
	put(&app->select->heirs, tgid, has(&app->select->heirs, parent));
	app_on_process(app, tgid, parent);
	if (!why->len)
		return;
	candidate__read(candidate, 1u << RULE_NAME, NULL);
	log_print(str_eq(buf__view(why), STR("all")) ? LOG_DEBUG : LOG_INFO,
		  "tracing %s, pid %u (%.*s)", candidate->name, tgid, STR_ARG(buf__view(why)));
}

static void refuse(struct app *app, const struct capture_source *source)
{
	struct app_select *select = app->select;
	u32 facts = selection__facts(select->rules);

	if (process_table__is_alive(app->processes, source->tgid))
		app_on_left(app, source->tgid, source->ts);
	log_debug("passing over pid %u (%s)", source->tgid, select->candidate.exe);
	put(&select->refused, source->tgid, true);
	put(&select->unsettled, source->tgid, facts & ~select->candidate.known);
	put(&select->heirs, source->tgid, false);
	set_program(select, source->tgid, NULL);
}

/* parent: if tgid is its child of the same program, it is chosen as the parent was; 0: do not ask.
 */
static bool decide(struct app *app, const struct capture_source *source, u32 parent)
{
	struct buf why __cleanup(buf__free) = {0};

	look(app, source);
	if (is_wanted(app, parent ? parent : source->tgid, &why)) {
		take(app, source->tgid, parent, &why);
		return true;
	}
	live__untrace(app->live, source->tgid, source->asked);
	refuse(app, source);
	return false;
}

/* For whom no candidate was told. */
static struct capture_source source_now(struct app *app, u32 tgid)
{
	return (struct capture_source){
		.ts = app->last_tick,
		.tgid = tgid,
		.asked = live__asked(app->live, tgid),
	};
}

static bool select_fork(struct app *app, const struct capture_source *source)
{
	struct app_select *select = app->select;

	if (!process_table__is_alive(app->processes, source->parent)) {
		const struct capture_source child = source_now(app, source->tgid);

		decide(app, &child, 0);
		return false;
	}
	put(&select->refused, source->tgid, false);
	put(&select->heirs, source->tgid, has(&select->heirs, source->parent));
	set_program(select, source->tgid, map__get(&select->programs, source->parent));
	return true;
}

/* Data of whom nobody told comes of a record that was lost. */
static bool select_data(struct app *app, const struct capture_source *source)
{
	struct app_select *select = app->select;

	if (!has(&select->refused, source->tgid)) {
		const struct capture_source sender = source_now(app, source->tgid);

		return process_table__is_known(app->processes, source->tgid) ||
		       decide(app, &sender, 0);
	}
	if (has(&select->unsettled, source->tgid)) {
		put(&select->unsettled, source->tgid, false);
		stats__add(&app->stats, STAT_MARK_UNSETTLED, 1);
	}
	return false;
}

bool app__select_record(struct app *app, struct str record)
{
	struct capture_source source;

	if (!app->select || decode_source(record, app->clock_offset, &source))
		return true; /* who decodes it counts it */
	switch (source.kind) {
	case SOURCE_CANDIDATE:
		listeners__changed(app->select->listeners);
		decide(app, &source, 0);
		return false;
	case SOURCE_FORK:
		return select_fork(app, &source);
	case SOURCE_DATA:
		return select_data(app, &source);
	case SOURCE_EXIT:
		set_program(app->select, source.tgid, NULL);
		/* fallthrough */
	case SOURCE_EXEC:
		return process_table__is_alive(app->processes, source.tgid);
	default:
		return !has(&app->select->refused, source.tgid);
	}
}

bool app__select_admits(struct app *app, u32 tgid)
{
	const struct capture_source source = source_now(app, tgid);
	struct buf why __cleanup(buf__free) = {0};

	if (tgid == (u32)getpid())
		return false;
	if (!app->select)
		return true;
	look(app, &source);
	return selection__judge(app->select->rules, &app->select->candidate, &why) !=
	       VERDICT_EXCLUDED;
}

void app__select_heir(struct app *app, u32 tgid)
{
	if (app->select)
		put(&app->select->heirs, tgid, true);
}

static void scan_one(void *owner, u32 tgid, u32 parent)
{
	struct app *app = owner;
	const struct capture_source source = source_now(app, tgid);

	if (process_table__is_alive(app->processes, tgid))
		parent = 0; /* it is asked of itself, as at an exec */
	decide(app, &source, process_table__is_alive(app->processes, parent) ? parent : 0);
}

/* Looks at all processes, until a pass finds nobody new. */
static void scan(struct app *app)
{
	u32 before;

	for (u32 i = 0; i < PASSES_MAX; i++) {
		before = process_table__alive(app->processes);
		listeners__changed(app->select->listeners);
		process_each(scan_one, app);
		if (process_table__alive(app->processes) == before)
			break;
	}
}

void app__select_existing(struct app *app)
{
	struct buf rules __cleanup(buf__free) = {0};
	u32 cnt;

	scan(app);
	cnt = process_table__alive(app->processes);
	selection__describe(app->select->rules, &rules);
	if (cnt)
		log_info("attached to %u process%s (hooks: %s)", cnt, cnt == 1 ? "" : "es",
			 live__hooks(app->live));
	else
		log_info("attached (hooks: %s); nothing matches yet, waiting for %.*s",
			 live__hooks(app->live), STR_ARG(buf__view(&rules)));
}

void app__select_tick(struct app *app)
{
	struct app_select *select = app->select;

	if (!select || select->lost_scanned == app->counts.lost_records ||
	    select->scanned + RESCAN_NS > app->last_tick)
		return;
	select->lost_scanned = app->counts.lost_records;
	select->scanned = app->last_tick;
	scan(app);
}
