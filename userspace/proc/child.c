// SPDX-License-Identifier: Apache-2.0
#include "proc/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

static int number_of(const char *name, unsigned long *value)
{
	const char *text = getenv(name);
	char *end;

	if (!text || !*text)
		return -ENOENT;
	errno = 0;
	*value = strtoul(text, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

/* Back from root to the user who called sudo. */
static int become_user(void)
{
	unsigned long uid, gid;
	struct passwd *user;

	if (geteuid() || number_of("SUDO_UID", &uid) || number_of("SUDO_GID", &gid))
		return 0;
	user = getpwuid((uid_t)uid);
	if (user ? initgroups(user->pw_name, (gid_t)gid) : setgroups(0, NULL))
		return -errno;
	if (setgid((gid_t)gid) || setuid((uid_t)uid))
		return -errno;
	if (user && (setenv("HOME", user->pw_dir, 1) || setenv("USER", user->pw_name, 1) ||
		     setenv("LOGNAME", user->pw_name, 1)))
		return -errno;
	return 0;
}

int child_exec(char **argv)
{
	int err = become_user();

	if (err) {
		log_error("cannot become the user of SUDO_UID: %s", strerror(-err));
		return 126;
	}
	execvp(argv[0], argv);
	err = errno;
	log_error("cannot run %s: %s", argv[0], strerror(err));
	return err == ENOENT ? 127 : 126;
}

/* Closed by exec, unless there is none: then a byte says so. */
__attribute__((noreturn)) static void fail(int end, int status)
{
	if (write(end, "", 1) < 0)
		log_debug("nobody waits for the command");
	_exit(status);
}

__attribute__((noreturn)) static void run(char **argv, const sigset_t *mask, int gate, int end)
{
	char byte;

	/* the parent died before it could say go: its end of the pipe is closed all the same */
	if (read(gate, &byte, 1) != 1)
		_exit(125);
	close(gate);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	fail(end, child_exec(argv));
}

static void close_pipe(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

int child__start(struct child *child, char **argv, const sigset_t *mask)
{
	int gate[2], end[2], err;

	if (pipe2(gate, O_CLOEXEC))
		return -errno;
	if (pipe2(end, O_CLOEXEC)) {
		err = -errno;
		close_pipe(gate);
		return err;
	}
	child->pid = fork();
	if (child->pid < 0) {
		err = -errno;
		child->pid = 0;
		close_pipe(gate);
		close_pipe(end);
		return err;
	}
	if (!child->pid) {
		close(gate[1]);
		close(end[0]);
		run(argv, mask, gate[0], end[1]);
	}
	close(gate[0]);
	close(end[1]);
	child->gate = gate[1];
	child->end = end[0];
	return 0;
}

bool child__go(struct child *child)
{
	char byte;
	ssize_t n;

	/* a child that was killed meanwhile is reaped like any other */
	if (write(child->gate, "", 1) < 0)
		log_debug("the command ended before it began");
	close(child->gate);
	child->gate = -1;
	do
		n = read(child->end, &byte, 1);
	while (n < 0 && errno == EINTR);
	close(child->end);
	child->end = -1;
	return !n;
}

int child_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
