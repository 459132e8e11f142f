// SPDX-License-Identifier: Apache-2.0
#include "proc/resource.h"

#include <stdio.h>

#include "base/log.h"

/* Executables by name, a prefix: python3.11. The registry of telemetry.sdk.language (semconv 1.44).
 */
static const struct {
	struct str prefix, language;
} languages[] = {
	{STR("python"), STR("python")}, {STR("pypy"), STR("python")}, {STR("node"), STR("nodejs")},
	{STR("java"), STR("java")},	{STR("ruby"), STR("ruby")},   {STR("php"), STR("php")},
	{STR("dotnet"), STR("dotnet")}, {STR("beam"), STR("erlang")},
};

static struct str base_name(const char *exe)
{
	const char *slash = strrchr(exe, '/');

	return str_from(slash ? slash + 1 : exe);
}

/* Where the process's language cannot be told, that of the code which makes the telemetry: ours. */
static struct str language_of(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(languages); i++)
		if (str_starts(name, languages[i].prefix))
			return languages[i].language;
	return STR("c");
}

/* RFC 9562 section 5.4, version 4; from our own generator, so that a replay gives the same. */
static struct str instance_id(struct rng *rng, struct arena *arena)
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
	return arena__dup(arena, (struct str){text, 36});
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Values of OTEL_RESOURCE_ATTRIBUTES are percent-encoded (W3C Baggage). */
static struct str percent_decode(struct arena *arena, struct str s)
{
	char *out = arena__alloc(arena, s.len ? s.len : 1);
	size_t len = 0;

	if (!out)
		return STR_NONE;
	for (size_t i = 0; i < s.len; i++) {
		int high = s.p[i] == '%' && i + 2 < s.len ? hex_digit(s.p[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;

		out[len++] = low >= 0 ? (char)(high << 4 | low) : s.p[i];
		i += low >= 0 ? 2 : 0;
	}
	return (struct str){out, len};
}

/* A pair that is none is left out with a warning, the others stay: as the Python SDK does. */
static void add_pair(struct resource *resource, struct str pair, struct str *service_name)
{
	ssize_t eq = str_find(pair, '=', 0);
	struct str key, value;

	if (eq <= 0) {
		if (str_trim(pair).len)
			log_warn("resource attribute is not key=value: %.*s", STR_ARG(pair));
		return;
	}
	key = arena__dup(&resource->mem, str_trim(str_sub(pair, 0, (size_t)eq)));
	value = percent_decode(&resource->mem, str_trim(str_sub(pair, (size_t)eq + 1, pair.len)));
	if (str_eq(key, STR("service.name")))
		*service_name = value;
	else if (!attrs__find(&resource->attrs, key))
		attrs__str(&resource->attrs, &resource->mem, key, value);
}

static void add_pairs(struct resource *resource, const char *list, struct str *service_name)
{
	struct str rest = str_from(list);

	while (rest.len) {
		ssize_t comma = str_find(rest, ',', 0);
		size_t len = comma < 0 ? rest.len : (size_t)comma;

		add_pair(resource, str_sub(rest, 0, len), service_name);
		rest = str_sub(rest, len + 1, rest.len);
	}
}

struct resource *resource_of_process(const struct process_env *env, const char *exe)
{
	struct resource *resource = resource__new();
	struct str name = base_name(exe), service = STR_NONE;
	struct buf unknown __cleanup(buf__free) = {0};
	struct arena *mem;

	if (!resource)
		return NULL;
	mem = &resource->mem;
	attrs__str(&resource->attrs, mem, STR("telemetry.sdk.language"), language_of(name));
	attrs__str(&resource->attrs, mem, STR("telemetry.sdk.name"), STR("otel-ebpf"));
	attrs__str(&resource->attrs, mem, STR("telemetry.sdk.version"), STR(VERSION));
	attrs__str(&resource->attrs, mem, STR("service.instance.id"), instance_id(env->rng, mem));
	if (env->config->resource_attributes)
		add_pairs(resource, env->config->resource_attributes, &service);
	if (env->config->service_name)
		service = arena__dup(mem, str_from(env->config->service_name));
	if (service.len) {
		attrs__str(&resource->attrs, mem, STR("service.name"), service);
		attrs__str(&resource->attrs, mem, STR("telemetry.auto.version"), STR(VERSION));
		return resource;
	}
	/* the SDK adds its last resort at the end */
	attrs__str(&resource->attrs, mem, STR("telemetry.auto.version"), STR(VERSION));
	buf__printf(&unknown, name.len ? "unknown_service:%.*s" : "unknown_service", STR_ARG(name));
	attrs__str(&resource->attrs, mem, STR("service.name"),
		   arena__dup(mem, buf__view(&unknown)));
	return resource;
}
