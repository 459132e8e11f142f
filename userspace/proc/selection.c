// SPDX-License-Identifier: Apache-2.0
#include "proc/selection.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/value.h"

/* TASK_COMM_LEN without its NUL: longer names are cut by the kernel. */
#define NAME_LEN_MAX 15

struct rule {
	enum config_rule kind;
	bool excludes;
	u32 lo, hi;    /* of ports and process ids */
	char *pattern; /* of all others; owned */
};

struct selection {
	struct rule *rules; /* owned; as many as the command line has room for */
	u32 cnt;
	bool all;
	u32 self;
};

static const char *const kind_names[] = {
	[RULE_PORT] = "port",	  [RULE_EXE] = "exe", [RULE_NAME] = "name",
	[RULE_CGROUP] = "cgroup", [RULE_PID] = "pid",
};

static struct rule *add_rule(struct selection *selection, const struct rule *rule)
{
	struct rule *rules = reallocarray(selection->rules, selection->cnt + 1, sizeof(*rules));

	if (!rules)
		return NULL;
	selection->rules = rules;
	rules[selection->cnt] = *rule;
	return &rules[selection->cnt++];
}

static int add_ranges(struct selection *selection, struct rule rule, struct str rest)
{
	int err;

	while (!(err = list_next_range(&rest, &rule.lo, &rule.hi)))
		if (!add_rule(selection, &rule))
			return -ENOMEM;
	return err == -ENOENT ? 0 : err;
}

/* As /proc/PID/cgroup has it: from the root of the hierarchy, without a slash at the end. */
static struct str trim_group(struct str group)
{
	static const struct str mount = STR("/sys/fs/cgroup");

	if (str_starts(group, mount) && (group.len == mount.len || group.p[mount.len] == '/'))
		group = str_sub(group, mount.len, group.len);
	while (group.len && group.p[group.len - 1] == '/')
		group.len--;
	return group;
}

static int add_pattern(struct selection *selection, struct rule rule, struct str item)
{
	struct rule *added;
	bool relative;

	if (rule.kind == RULE_CGROUP)
		item = trim_group(item);
	relative = rule.kind == RULE_CGROUP && item.len && item.p[0] != '/';
	added = add_rule(selection, &rule);
	if (!added || asprintf(&added->pattern, "%s%.*s", relative ? "/" : "", STR_ARG(item)) < 0) {
		if (added)
			added->pattern = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int add_text(struct selection *selection, struct rule rule, const char *text)
{
	struct str rest = str_from(text), item;
	int err = 0;

	if (rule.kind == RULE_PORT || rule.kind == RULE_PID)
		return add_ranges(selection, rule, rest);
	while (!err && list_next(&rest, &item))
		err = add_pattern(selection, rule, item);
	return err;
}

static int add_texts(struct selection *selection, const struct config_texts *texts, bool excludes)
{
	int err = 0;

	for (u32 kind = 0; kind < RULE_CNT; kind++)
		for (u32 i = 0; i < texts[kind].cnt && !err; i++)
			err = add_text(selection, (struct rule){.kind = kind, .excludes = excludes},
				       texts[kind].v[i]);
	return err;
}

int selection__new(struct selection **out, const struct config *config, u32 self)
{
	struct selection *selection = calloc(1, sizeof(*selection));
	int err;

	if (!selection)
		return -ENOMEM;
	selection->all = config->select_all;
	selection->self = self;
	err = add_texts(selection, config->exclude, true);
	if (!err)
		err = add_texts(selection, config->select, false);
	if (err) {
		selection__free(selection);
		return err;
	}
	*out = selection;
	return 0;
}

void selection__free(struct selection *selection)
{
	if (!selection)
		return;
	for (u32 i = 0; i < selection->cnt; i++)
		free(selection->rules[i].pattern);
	free(selection->rules);
	free(selection);
}

u32 selection__facts(const struct selection *selection)
{
	u32 facts = 0;

	for (u32 i = 0; i < selection->cnt; i++)
		facts |= 1u << selection->rules[i].kind;
	return facts;
}

/* The port of the range it listens on, or 0. */
static u32 match_port(const struct rule *rule, const struct candidate *candidate)
{
	for (u32 port = rule->lo; port <= rule->hi && port < 65536; port++)
		if (candidate->ports[port / 64] & 1ULL << (port % 64))
			return port;
	return 0;
}

/* A pattern of as many parts as the path's end has; one that begins with a slash, of all. */
static bool match_exe(const char *pattern, const char *exe)
{
	const char *tail = exe + strlen(exe);

	if (!*exe)
		return false;
	if (*pattern == '/')
		return !fnmatch(pattern, exe, FNM_PATHNAME);
	for (const char *p = pattern; p; p = strchr(p + 1, '/'))
		while (tail > exe && *--tail != '/')
			;
	return !fnmatch(pattern, *tail == '/' ? tail + 1 : tail, FNM_PATHNAME);
}

static bool match_name(const char *pattern, const char *name)
{
	if (!*name)
		return false;
	return !fnmatch(pattern, name, 0) ||
	       (strlen(name) == NAME_LEN_MAX && !strncmp(pattern, name, NAME_LEN_MAX));
}

/*
 * "4:memory:/a/b": the group is /a/b, and also /memory/a/b, where version 1 mounts it below
 * /sys/fs/cgroup.
 */
static bool match_group(const char *pattern, char *line)
{
	static const int flags = FNM_PATHNAME | FNM_LEADING_DIR | FNM_NOESCAPE;
	char *controllers = strchr(line, ':'), *path;
	char mounted[PATH_MAX];

	path = controllers ? strchr(++controllers, ':') : NULL;
	if (!path)
		return false;
	*path++ = '\0';
	if (!*pattern || !fnmatch(pattern, path, flags))
		return true;
	if (!*controllers)
		controllers = "unified";
	else if (!strncmp(controllers, "name=", 5))
		controllers += 5;
	snprintf(mounted, sizeof(mounted), "/%s%s", controllers, path);
	return !fnmatch(pattern, mounted, flags);
}

static bool match_cgroups(const char *pattern, const char *cgroups)
{
	char lines[CANDIDATE_CGROUPS_MAX], *line, *save;

	snprintf(lines, sizeof(lines), "%s", cgroups);
	for (line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (match_group(pattern, line))
			return true;
	return false;
}

/* The process or one above it. */
static bool match_pid(const struct rule *rule, const struct candidate *candidate)
{
	bool matches = candidate->tgid >= rule->lo && candidate->tgid <= rule->hi;

	for (u32 i = 0; i < candidate->parent_cnt; i++)
		matches |= candidate->parents[i] >= rule->lo && candidate->parents[i] <= rule->hi;
	return matches;
}

static bool matches(const struct rule *rule, const struct candidate *candidate)
{
	switch (rule->kind) {
	case RULE_PORT:
		return match_port(rule, candidate);
	case RULE_EXE:
		return match_exe(rule->pattern, candidate->exe);
	case RULE_NAME:
		return match_name(rule->pattern, candidate->name);
	case RULE_CGROUP:
		return match_cgroups(rule->pattern, candidate->cgroups);
	default:
		return match_pid(rule, candidate);
	}
}

static void describe_rule(const struct rule *rule, struct buf *out)
{
	const char *kind = kind_names[rule->kind];

	if (rule->pattern)
		buf__printf(out, "%s %s", kind, *rule->pattern ? rule->pattern : "/");
	else if (rule->lo == rule->hi)
		buf__printf(out, "%s %u", kind, rule->lo);
	else
		buf__printf(out, "%s %u-%u", kind, rule->lo, rule->hi);
}

enum verdict selection__judge(const struct selection *selection, const struct candidate *candidate,
			      struct buf *why)
{
	if (candidate->tgid == selection->self)
		return VERDICT_EXCLUDED;
	/* exclusions stand first */
	for (u32 i = 0; i < selection->cnt; i++) {
		const struct rule *rule = &selection->rules[i];

		if (!matches(rule, candidate))
			continue;
		if (rule->excludes)
			return VERDICT_EXCLUDED;
		if (rule->kind == RULE_PORT)
			buf__printf(why, "port %u", match_port(rule, candidate));
		else
			describe_rule(rule, why);
		return VERDICT_CHOSEN;
	}
	if (!selection->all)
		return VERDICT_NONE;
	buf__str(why, STR("all"));
	return VERDICT_CHOSEN;
}

void selection__describe(const struct selection *selection, struct buf *out)
{
	const char *comma = "";

	for (u32 i = 0; i < selection->cnt; i++) {
		if (selection->rules[i].excludes)
			continue;
		buf__str(out, str_from(comma));
		describe_rule(&selection->rules[i], out);
		comma = ", ";
	}
	if (selection->all)
		buf__printf(out, "%sall", comma);
}
