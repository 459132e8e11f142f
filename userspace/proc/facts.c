// SPDX-License-Identifier: Apache-2.0
#include "proc/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "proc/elf_facts.h"
#include "proc/host_facts.h"
#include "proc/listen_fact.h"
#include "proc/process_facts.h"
#include "proc/sdk.h"
#include "route/route_source.h"

static int fact_routes(const char *tgid, struct buf *out)
{
	return route_source__find_live((u32)strtoul(tgid, NULL, 10), out);
}

static int fact_env(const char *name, struct buf *out)
{
	const char *value = getenv(name);

	return value && *value ? buf__str(out, str_from(value)) : -ENOENT;
}

/* Each gets what stands behind its prefix. */
static const struct {
	const char *prefix;
	int (*fn)(const char *rest, struct buf *out);
} sources[] = {
	{"exe/", fact_exe},
	{"environ/", fact_environ},
	{"argv0/", fact_argv0},
	{"args/", fact_args},
	{"parent/", fact_parent},
	{"birth/", fact_birth},
	{"owner/", fact_owner},
	{"cgroup/", fact_cgroup},
	{"libs/", fact_libs},
	{"go/", fact_go},
	{"python/", fact_python},
	{"sdk/", fact_sdk},
	{"listen/", fact_listen},
	{"routes/", fact_routes},
	{"env/", fact_env},
	{"host/name", fact_host_name},
	{"host/machine", fact_host_machine},
	{"host/release", fact_host_release},
	{"host/id", fact_host_id},
	{"host/os", fact_host_os},
};

/* What the callers tell apart. */
static int outcome(int err)
{
	if (!err || err == -E2BIG)
		return err;
	return err == -EACCES || err == -EPERM ? -EACCES : -ENOENT;
}

int facts_live(void *owner, const char *key, struct buf *out)
{
	size_t before = out->len;
	int err = -ENOENT;

	(void)owner;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		size_t len = strlen(sources[i].prefix);

		if (!strncmp(key, sources[i].prefix, len)) {
			err = sources[i].fn(key + len, out);
			break;
		}
	}
	if (!err && out->len - before > FACT_MAX)
		err = -E2BIG;
	if (err)
		out->len = before;
	return outcome(err);
}

int facts__ask(struct facts *facts, struct buf *out, const char *fmt, ...)
{
	char key[128];
	va_list ap;
	int err;

	va_start(ap, fmt);
	vsnprintf(key, sizeof(key), fmt, ap);
	va_end(ap);
	buf__reset(out);
	err = facts->fn(facts->owner, key, out);
	if (err == -EACCES && !facts->refused_said) {
		facts->refused_said = true;
		log_warn("%s may not be read, so its resource lacks it; cap_sys_ptrace would help",
			 key);
	} else if (err == -E2BIG && !facts->long_said) {
		facts->long_said = true;
		log_warn("%s is longer than %d bytes and left out", key, FACT_MAX);
	}
	return err;
}
