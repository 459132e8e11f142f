// SPDX-License-Identifier: Apache-2.0
#include "proc/process_facts.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proc/facts.h"
#include "proc/procfs.h"

/* Linux takes 6 MiB of arguments and environment at exec; prctl(2) lets a process show more. */
#define ENVIRON_MAX ((size_t)6 << 20)
/* Users of /etc/passwd that are looked at. */
#define USERS_MAX 65536

int fact_exe(const char *rest, struct buf *out)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%.20s/exe", rest);
	n = readlink(link, path, sizeof(path));
	return n > 0 ? buf__append(out, path, (size_t)n) : -errno;
}

/* What stands before the next NUL, and the rest behind it. */
static struct str next_text(struct str *rest)
{
	ssize_t end = str_find(*rest, '\0', 0);
	struct str text = end < 0 ? *rest : str_sub(*rest, 0, (size_t)end);

	*rest = str_sub(*rest, text.len + 1, rest->len);
	return text;
}

int fact_environ(const char *rest, struct buf *out)
{
	struct buf all __cleanup(buf__free) = {0};
	struct str name = str_from(strchr(rest, '/')), left, text;
	int err = name.len > 1 ? procfs_read(rest, "environ", ENVIRON_MAX, &all) : -ENOENT;

	if (err)
		return err;
	name = str_sub(name, 1, name.len);
	for (left = buf__view(&all); left.len;) {
		text = next_text(&left);
		if (text.len > name.len + 1 && str_starts(text, name) && text.p[name.len] == '=')
			return buf__str(out, str_sub(text, name.len + 1, text.len));
	}
	return -ENOENT;
}

int fact_args(const char *rest, struct buf *out)
{
	size_t before = out->len;
	int err = procfs_read(rest, "cmdline", FACT_MAX + 1, out);

	return err ? err : out->len > before ? 0 : -ENOENT;
}

int fact_argv0(const char *rest, struct buf *out)
{
	struct buf all __cleanup(buf__free) = {0};
	int err = procfs_read(rest, "cmdline", PATH_MAX, &all);
	struct str left = buf__view(&all), text = next_text(&left);

	return err ? err : text.len ? buf__str(out, text) : -ENOENT;
}

int fact_parent(const char *rest, struct buf *out)
{
	s64 parent = procfs_status(rest, "PPid");

	/* 0: it is the first of its namespace */
	return parent > 0 ? buf__printf(out, "%" PRId64, parent) : -ENOENT;
}

static s64 clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (s64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* proc_pid_stat(5): field 22 counts ticks since boot; field 2 may hold blanks and parentheses. */
int fact_birth(const char *rest, struct buf *out)
{
	struct buf all __cleanup(buf__free) = {0};
	s64 ticks, boot = clock_ms(CLOCK_REALTIME) - clock_ms(CLOCK_BOOTTIME);
	int err = procfs_read(rest, "stat", 4096, &all);
	const char *field;

	if (err || buf__char(&all, '\0'))
		return -ENOENT;
	field = strrchr(all.p, ')');
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (!field)
		return -ENOENT;
	ticks = strtoll(field, NULL, 10);
	return buf__printf(out, "%" PRId64, boot + ticks * 1000 / sysconf(_SC_CLK_TCK));
}

/* Another root directory has other users. */
static bool has_our_root(const char *pid)
{
	char path[64];
	struct stat ours, theirs;

	snprintf(path, sizeof(path), "/proc/%.20s/root", pid);
	return !stat("/", &ours) && !stat(path, &theirs) && ours.st_dev == theirs.st_dev &&
	       ours.st_ino == theirs.st_ino;
}

/* From the file: a name service might ask the network, and keep us waiting. */
int fact_owner(const char *rest, struct buf *out)
{
	s64 uid = procfs_status(rest, "Uid");
	FILE *file __cleanup(procfs_close) = NULL;
	struct passwd *user;

	if (uid < 0 || !has_our_root(rest))
		return -ENOENT;
	file = fopen("/etc/passwd", "re");
	for (int i = 0; file && i < USERS_MAX && (user = fgetpwent(file)); i++)
		if (user->pw_uid == (uid_t)uid)
			return buf__str(out, str_from(user->pw_name));
	return -ENOENT;
}

int fact_cgroup(const char *rest, struct buf *out)
{
	return procfs_read(rest, "cgroup", FACT_MAX + 1, out);
}

/* "START-END r-xp OFFSET DEV INODE   /usr/lib/libc.so.6": the name, or nothing of other lines. */
static struct str mapped_code(const char *line)
{
	char rights[5];
	const char *path = strchr(line, '/'), *slash;

	if (!path || sscanf(line, "%*x-%*x %4s", rights) != 1 || rights[2] != 'x')
		return STR_NONE;
	slash = strrchr(path, '/');
	return (struct str){slash + 1, strcspn(slash + 1, "\n ")};
}

int fact_libs(const char *rest, struct buf *out)
{
	FILE *file __cleanup(procfs_close) = procfs_open(rest, "maps");
	size_t before = out->len;
	char line[PATH_MAX + 128];

	if (!file)
		return -errno;
	for (int i = 0; i < MAPS_MAX && fgets(line, sizeof(line), file); i++) {
		struct str name = mapped_code(line);

		if (name.len && !buf__str(out, name))
			buf__char(out, '\n');
	}
	return out->len > before ? 0 : -ENOENT;
}
