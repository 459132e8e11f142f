// SPDX-License-Identifier: Apache-2.0
/*
 * Facts about processes, the host and the environment that make output differ, asked for by a key.
 * Live they come from the system; a recording keeps the answers and gives them again in a replay.
 * So a question is for no more than is needed: of the environment of a process one variable.
 *
 *	exe/TGID		path of the executable
 *	environ/TGID/NAME	variable of the process, as it was at its exec; not an empty one
 *	argv0/TGID		the name it was called by
 *	args/TGID		all its arguments, each with a NUL behind it
 *	parent/TGID		id of its parent
 *	birth/TGID		when it was forked, unix ms
 *	owner/TGID		name of its user
 *	cgroup/TGID		/proc/TGID/cgroup
 *	libs/TGID		names of the files its code is mapped from, one a line
 *	go/TGID			version of Go it was built with, "go" if too old to tell
 *	python/TGID		version of CPython in its executable or libpython
 *	sdk/TGID		an OpenTelemetry SDK it carries, as proc/sdk.h has it
 *	listen/TGID/FAMILY/PORT/ADDR	address (32 hex digits) of the listener that accepted on
 *				ADDR:PORT
 *	routes/TGID		routes of its application, as route/route_table.h has them
 *	env/NAME		environment variable of the daemon
 *	host/name, host/machine, host/release	as uname(2) has them
 *	host/id			/etc/machine-id
 *	host/os			PRETTY_NAME of /etc/os-release
 */
#ifndef FACTS_H
#define FACTS_H

#include "base/buf.h"

/* No answer is longer: Linux takes arguments up to 128 KiB, what describes a service is short. */
#define FACT_MAX 32768

/*
 * Appends the answer to out. 0; -ENOENT: there is none; -EACCES: we may not read it; -E2BIG: it is
 * longer than FACT_MAX. Without an answer out is as it was.
 */
typedef int (*facts_fn)(void *owner, const char *key, struct buf *out);

/* owner is not used. Untrusted: what /proc says of a process is text it can choose. */
int facts_live(void *owner, const char *key, struct buf *out);

/* Whom to ask. */
struct facts {
	facts_fn fn;
	void *owner;
	bool refused_said, long_said; /* of each one warning, not one a process */
};

/* Replaces the contents of out by the answer. As facts_fn; says what could not be had, and why. */
int facts__ask(struct facts *facts, struct buf *out, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
