// SPDX-License-Identifier: Apache-2.0
#include "proc/resource.h"

#include <stdio.h>

#include "base/log.h"
#include "model/comma_list.h"
#include "model/percent.h"
#include "proc/detectors.h"

/* In the stable conventions one daemon says of whom it speaks; the legacy ones are Python's word
 * for word. */
#define DEFAULT_DETECTORS "process,host,os,container"

/* RFC 9562 section 5.4, version 4; from our own generator, so that a replay gives the same. */
static void set_instance_id(struct resource *resource, struct rng *rng)
{
	char text[37];
	u8 id[16];

	rng__fill(rng, id, sizeof(id));
	id[6] = (u8)((id[6] & 0x0f) | 0x40);
	id[8] = (u8)((id[8] & 0x3f) | 0x80);
	for (int i = 0, at = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		snprintf(text + at, 3, "%02x", id[i]);
		at += 2;
	}
	resource__set(resource, STR("service.instance.id"), (struct str){text, 36});
}

/* A pair that is none is left out, the others stay: as the Python SDK does. False: it was none. */
static bool set_pair(struct resource *resource, struct str pair)
{
	ssize_t eq = str_find(pair, '=', 0);
	struct str key = str_trim(str_sub(pair, 0, eq < 0 ? 0 : (size_t)eq)), value;

	if (!key.len)
		return false;
	value = percent_decode(&resource->mem, str_trim(str_sub(pair, (size_t)eq + 1, pair.len)));
	/* the SDK's words about itself stand; an empty name is as good as none */
	if (!str_starts(key, STR("telemetry.sdk.")) &&
	    (value.len || !str_eq(key, STR("service.name"))))
		resource__set(resource, key, value);
	return true;
}

/* As a user, or the process, wrote them. Returns the last pair that was none; p NULL: all were. */
static struct str set_given(struct resource *resource, struct str list, struct str service_name)
{
	struct str pair, bad = STR_NONE;

	while ((pair = comma_list_next(&list)).p)
		bad = set_pair(resource, pair) ? bad : pair;
	if (service_name.len)
		resource__set(resource, STR("service.name"), service_name);
	return bad;
}

/* Of ours that was said at the start (config/checks.h), also if the process has inherited it. */
static void set_own(struct process_env *env, struct resource *resource, u32 tgid,
		    const struct launch *launch)
{
	struct str list = buf__view(&launch->resource_attributes);
	struct str bad = set_given(resource, list, buf__view(&launch->service_name));

	if (!bad.p || env->pair_said || str_eq(list, str_from(env->config->resource_attributes)))
		return;
	log_warn("OTEL_RESOURCE_ATTRIBUTES of pid %u: not key=value: %.*s; left out", tgid,
		 STR_ARG(bad));
	env->pair_said = true;
}

/* The interpreter as people call it, and as it calls itself: python3, not python3.11. */
static struct str without_minor(struct str name)
{
	ssize_t dot = str_find(name, '.', 0);

	return dot < 0 ? name : str_sub(name, 0, (size_t)dot);
}

static void set_unknown_service(struct resource *resource, const struct subject *subject)
{
	struct str name = base_name(subject->exe);
	struct buf text __cleanup(buf__free) = {0};

	if (subject->language && str_eq(subject->language->key, STR("python")) &&
	    language_of_executable(name))
		name = without_minor(name);
	buf__printf(&text, name.len ? "unknown_service:%.*s" : "unknown_service", STR_ARG(name));
	resource__set(resource, STR("service.name"), buf__view(&text));
}

/* telemetry.distro.* is the new name of telemetry.auto.version. */
static void set_distro(struct resource *resource, enum semconv_set set)
{
	if (set & SEMCONV_LEGACY)
		resource__set(resource, STR("telemetry.auto.version"), STR(VERSION));
	if (set & SEMCONV_STABLE) {
		resource__set(resource, STR("telemetry.distro.name"), STR("otel-ebpf"));
		resource__set(resource, STR("telemetry.distro.version"), STR(VERSION));
	}
}

/* By its executable's name, by what it maps, by what Go's linker wrote; the cheapest first. */
static const struct language *language_of(struct subject *subject)
{
	struct buf answer __cleanup(buf__free) = {0};
	const struct language *language = language_of_executable(base_name(subject->exe));

	if (language || !subject->exe.len)
		return language;
	if (!facts__ask(subject->facts, &answer, "libs/%u", subject->tgid))
		language = language_of_libraries(buf__view(&answer));
	if (!language && !facts__ask(subject->facts, &answer, "go/%u", subject->tgid))
		language = language_go();
	return language;
}

/* A file that was replaced while it runs, as by an upgrade, is what it was. */
static struct str without_deleted(struct str exe)
{
	static const struct str mark = STR(" (deleted)");

	if (exe.len > mark.len && str_eq(str_sub(exe, exe.len - mark.len, mark.len), mark))
		exe.len -= mark.len;
	return exe;
}

static void fill(struct process_env *env, struct resource *resource, struct subject *subject,
		 const struct launch *launch)
{
	const struct config *config = env->config;
	const char *list = config->resource_detectors;
	/* Where it cannot be told, that of the code which makes the telemetry: ours. */
	struct str language = subject->language ? subject->language->key : STR("c");

	resource__set(resource, STR("telemetry.sdk.language"), language);
	resource__set(resource, STR("telemetry.sdk.name"), str_from(config->sdk_name));
	resource__set(resource, STR("telemetry.sdk.version"), STR(VERSION));
	set_instance_id(resource, env->rng);
	if (!list && subject->stable)
		list = DEFAULT_DETECTORS;
	detect_all(resource, subject, list);
	if (launch)
		set_own(env, resource, subject->tgid, launch);
	set_given(resource, str_from(config->resource_attributes), str_from(config->service_name));
	set_distro(resource, env->set);
	/* the SDK adds its last resort at the end */
	if (!attrs__find(&resource->attrs, STR("service.name")))
		set_unknown_service(resource, subject);
}

struct resource *resource_of_process(struct process_env *env, u32 tgid, const struct launch *launch)
{
	struct resource *resource = resource__new();
	struct buf exe __cleanup(buf__free) = {0};
	struct subject subject = {
		.facts = &env->facts,
		.tgid = tgid,
		.exe = launch ? without_deleted(buf__view(&launch->exe)) : STR_NONE,
		.stable = env->set & SEMCONV_STABLE,
		.args = env->config->command_args,
	};

	if (!resource)
		return NULL;
	if (!launch)
		facts__ask(&env->facts, &exe, "exe/%u", tgid); /* says why it is not known */
	subject.language = language_of(&subject);
	fill(env, resource, &subject, launch);
	if (resource->attrs.dropped)
		log_warn("pid %u: %u attributes of its resource left out, beyond %d or without "
			 "memory",
			 tgid, resource->attrs.dropped, RESOURCE_ATTRS_MAX);
	return resource;
}

struct resource *resource_of_daemon(const struct rng *rng)
{
	struct resource *resource = resource__new();
	struct rng own = *rng;

	if (!resource)
		return NULL;
	rng__seed(&own, ~rng__next(&own));
	resource__set(resource, STR("telemetry.sdk.language"), STR("c"));
	resource__set(resource, STR("telemetry.sdk.name"), STR("otel-ebpf"));
	resource__set(resource, STR("telemetry.sdk.version"), STR(VERSION));
	set_instance_id(resource, &own);
	resource__set(resource, STR("service.name"), STR("otel-ebpf"));
	resource__set(resource, STR("service.version"), STR(VERSION));
	return resource;
}
