// SPDX-License-Identifier: Apache-2.0
#include "proc/detectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "config/config.h"
#include "model/comma_list.h"
#include "model/utf8.h"
#include "proc/container.h"

/* Arguments that are kept; a longer list is left out whole. */
#define ARGS_MAX 1024

struct str base_name(struct str path)
{
	size_t at = path.len;

	while (at && path.p[at - 1] != '/')
		at--;
	return str_sub(path, at, path.len);
}

/* A fact as an attribute; false if it is not known. */
static bool set_fact(struct resource *resource, struct facts *facts, const char *attribute,
		     const char *key)
{
	struct buf answer __cleanup(buf__free) = {0};

	if (facts__ask(facts, &answer, "%s", key) || !answer.len)
		return false;
	resource__set(resource, str_from(attribute), buf__view(&answer));
	return true;
}

static bool ask_number(const struct subject *subject, const char *fact, s64 *number)
{
	struct buf answer __cleanup(buf__free) = {0};
	char *end;

	if (facts__ask(subject->facts, &answer, "%s/%u", fact, subject->tgid) || !answer.len ||
	    buf__char(&answer, '\0'))
		return false;
	*number = strtoll(answer.p, &end, 10);
	return !*end && *number > 0;
}

static void set_number(struct resource *resource, const char *attribute, s64 number)
{
	attrs__set(&resource->attrs, &resource->mem,
		   (struct attr){.key = str_from(attribute), .type = ATTR_INT, .i = number});
}

/* The fact that has the version of a runtime. */
static const struct {
	struct str runtime;
	const char *fact;
} versions[] = {
	{STR("cpython"), "python"},
	{STR("go"), "go"},
};

static void detect_version(struct resource *resource, const struct subject *subject)
{
	char key[32];

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		if (!str_eq(subject->language->runtime, versions[i].runtime))
			continue;
		snprintf(key, sizeof(key), "%s/%u", versions[i].fact, subject->tgid);
		set_fact(resource, subject->facts, "process.runtime.version", key);
	}
}

/*
 * A process may write a title over its arguments ("nginx: worker process"): such a text is no
 * command, and may hold what was an argument.
 */
static void detect_command(struct resource *resource, const struct subject *subject)
{
	struct buf answer __cleanup(buf__free) = {0};

	if (!facts__ask(subject->facts, &answer, "argv0/%u", subject->tgid) &&
	    str_find(buf__view(&answer), ' ', 0) < 0)
		resource__set(resource, STR("process.command"), buf__view(&answer));
}

static void detect_args(struct resource *resource, const struct subject *subject)
{
	struct buf answer __cleanup(buf__free) = {0};
	struct arena *mem = &resource->mem;
	struct attr attr = {.key = STR("process.command_args"), .type = ATTR_STR_LIST};
	struct str rest;

	if (facts__ask(subject->facts, &answer, "args/%u", subject->tgid))
		return;
	rest = arena__dup(mem, buf__view(&answer));
	attr.list.v = arena__alloc(mem, ARGS_MAX * sizeof(*attr.list.v));
	while (rest.len && attr.list.v && attr.list.cnt < ARGS_MAX) {
		ssize_t end = str_find(rest, '\0', 0);
		size_t len = end < 0 ? rest.len : (size_t)end;

		attr.list.v[attr.list.cnt++] = utf8_clean(mem, str_sub(rest, 0, len));
		rest = str_sub(rest, len + 1, rest.len);
	}
	if (attr.list.v && !rest.len)
		attrs__set(&resource->attrs, mem, attr);
	else
		resource->attrs.dropped++;
}

/* 2023-11-21T09:25:34.853Z */
static void detect_birth(struct resource *resource, const struct subject *subject)
{
	char text[64], whole[32];
	time_t seconds;
	struct tm utc;
	s64 ms;

	if (!ask_number(subject, "birth", &ms))
		return;
	seconds = ms / 1000;
	if (!gmtime_r(&seconds, &utc) || !strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &utc))
		return;
	snprintf(text, sizeof(text), "%s.%03dZ", whole, (int)(ms % 1000));
	resource__set(resource, STR("process.creation.time"), str_from(text));
}

static void detect_process(struct resource *resource, const struct subject *subject)
{
	char owner[32];
	s64 parent;

	if (subject->language && subject->language->runtime.len) {
		resource__set(resource, STR("process.runtime.name"), subject->language->runtime);
		detect_version(resource, subject);
	}
	set_number(resource, "process.pid", subject->tgid);
	if (subject->exe.len) {
		resource__set(resource, STR("process.executable.name"), base_name(subject->exe));
		resource__set(resource, STR("process.executable.path"), subject->exe);
	}
	detect_command(resource, subject);
	if (subject->args)
		detect_args(resource, subject);
	if (ask_number(subject, "parent", &parent))
		set_number(resource, "process.parent_pid", parent);
	snprintf(owner, sizeof(owner), "owner/%u", subject->tgid);
	set_fact(resource, subject->facts, "process.owner", owner);
	detect_birth(resource, subject);
}

static void detect_os(struct resource *resource, const struct subject *subject)
{
	resource__set(resource, STR("os.type"), STR("linux"));
	set_fact(resource, subject->facts, "os.version", "host/release");
	set_fact(resource, subject->facts, "os.description", "host/os");
}

/* What uname(2) calls machines the registry of host.arch calls otherwise, Python does not. */
static const struct {
	struct str machine, arch;
} archs[] = {
	{STR("x86_64"), STR("amd64")},
	{STR("aarch64"), STR("arm64")},
};

static void detect_arch(struct resource *resource, const struct subject *subject)
{
	struct buf answer __cleanup(buf__free) = {0};
	struct str machine;

	if (facts__ask(subject->facts, &answer, "host/machine"))
		return;
	machine = buf__view(&answer);
	for (size_t i = 0; i < ARRAY_SIZE(archs) && subject->stable; i++)
		if (str_eq(machine, archs[i].machine))
			machine = archs[i].arch;
	resource__set(resource, STR("host.arch"), machine);
}

static void detect_host(struct resource *resource, const struct subject *subject)
{
	set_fact(resource, subject->facts, "host.name", "host/name");
	detect_arch(resource, subject);
	set_fact(resource, subject->facts, "host.id", "host/id");
}

static void detect_container(struct resource *resource, const struct subject *subject)
{
	struct buf answer __cleanup(buf__free) = {0};
	struct container container;

	if (facts__ask(subject->facts, &answer, "cgroup/%u", subject->tgid))
		return;
	container_parse(&container, buf__view(&answer));
	if (container.id.len)
		resource__set(resource, STR("container.id"), container.id);
	if (container.pod.len)
		resource__set(resource, STR("k8s.pod.uid"), container.pod);
}

static const struct {
	struct str name;
	void (*detect)(struct resource *resource, const struct subject *subject);
} detectors[] = {
	{STR("process"), detect_process},
	{STR("os"), detect_os},
	{STR("host"), detect_host},
	{STR("container"), detect_container},
};

void detect_all(struct resource *resource, const struct subject *subject, const char *list)
{
	bool every = config_list_has(list, "*");
	struct str rest = str_from(every ? "*" : list), item;

	while ((item = comma_list_next(&rest)).p)
		for (size_t i = 0; i < ARRAY_SIZE(detectors); i++)
			if (every || str_caseeq(item, detectors[i].name))
				detectors[i].detect(resource, subject);
}
