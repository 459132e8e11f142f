// SPDX-License-Identifier: Apache-2.0
/*
 * The command in whose front otel-ebpf was put: started as the invoking user, held before its first
 * instruction until it is traced, its terminal, pipes and signals untouched.
 */
#ifndef CHILD_H
#define CHILD_H

#include <signal.h>

#include "base/types.h"

struct child {
	pid_t pid; /* 0: none */
	int gate;  /* closing it lets the child go on to exec; -1 once open */
	int end;   /* at its end the child has become the command, or exited; -1 once read */
};

/*
 * Forks; the child waits. mask: the signal mask it gets back. Under sudo (SUDO_UID, SUDO_GID,
 * SUDO_USER) it becomes the user again, groups and HOME included. 0 or negative errno.
 * A command that cannot be run ends the child with 127 (not found) or 126, as in a shell.
 */
int child__start(struct child *child, char **argv, const sigset_t *mask);
/* Becomes the command, as the same user, and is not traced. The exit status if that cannot be. */
int child_exec(char **argv);
/* Lets it run. False: it could not become the command, as it has said itself. */
bool child__go(struct child *child);
/* The exit status a shell would show: its own, or 128 + signal. */
int child_status(int wait_status);

#endif
