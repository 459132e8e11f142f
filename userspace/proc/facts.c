// SPDX-License-Identifier: Apache-2.0
#include "proc/facts.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* Each gets what stands behind its prefix. of: what it reads of a process; NULL: it is of none. */
static const struct {
	const char *prefix;
	int (*fn)(const char *rest, struct buf *out);
	const char *of;
} sources[] = {
	{"exe/", fact_exe, "the executable"},
	{"environ/", fact_environ, "the environment"},
	{"argv0/", fact_argv0, "the arguments"},
	{"args/", fact_args, "the arguments"},
	{"parent/", fact_parent, "the parent"},
	{"birth/", fact_birth, "the age"},
	{"owner/", fact_owner, "the owner"},
	{"cgroup/", fact_cgroup, "the control group"},
	{"libs/", fact_libs, "the libraries"},
	{"go/", fact_go, "the executable"},
	{"python/", fact_python, "the executable"},
	{"sdk/", fact_sdk, "the files"},
	{"listen/", fact_listen, "the sockets"},
	{"routes/", fact_routes, "the sources"},
	{"env/", fact_env, NULL},
	{"host/name", fact_host_name, NULL},
	{"host/machine", fact_host_machine, NULL},
	{"host/release", fact_host_release, NULL},
	{"host/id", fact_host_id, NULL},
	{"host/os", fact_host_os, NULL},
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

static bool may_trace_all(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	return !syscall(SYS_capget, &head, data) &&
	       data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective & CAP_TO_MASK(CAP_SYS_PTRACE);
}

/* "exe/1": the executable of pid 1. */
static void say_refused(const char *key)
{
	const char *why = may_trace_all() ? "a security module or a user namespace forbids it"
					  : "cap_sys_ptrace would help";

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		size_t len = strlen(sources[i].prefix);

		if (!sources[i].of || strncmp(key, sources[i].prefix, len) != 0)
			continue;
		log_warn("%s of pid %.*s may not be read, so its resource lacks it: %s",
			 sources[i].of, (int)strcspn(key + len, "/"), key + len, why);
		return;
	}
	log_warn("%s may not be read, so resources lack it", key);
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
		say_refused(key);
	} else if (err == -E2BIG && !facts->long_said) {
		facts->long_said = true;
		log_warn("%s is longer than %d bytes and left out", key, FACT_MAX);
	}
	return err;
}
