// SPDX-License-Identifier: Apache-2.0
/*
 * Reads what a running process would: paths are resolved inside its root, whatever links it lays
 * there; only regular files are opened, for opening others may block or do things.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "route/route_source.h"

/* Of a command line and an environment; a longer one is left alone. */
#define TEXT_MAX ((size_t)128 << 10)
/* Of one source file. */
#define FILE_MAX ((size_t)256 << 10)

#define ROUTE_SOURCE(name) \
	int route_##name##_find(const struct route_process *process, struct buf *out);
#include "route/list.h"
#undef ROUTE_SOURCE

int route_source__find(const struct route_process *process, struct buf *out)
{
	static int (*const sources[])(const struct route_process *process, struct buf *out) = {
#define ROUTE_SOURCE(name) route_##name##_find,
#include "route/list.h"
#undef ROUTE_SOURCE
	};
	size_t before = out->len;

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		if (!sources[i](process, out))
			return 0;
		out->len = before;
	}
	return -ENOENT;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int read_all(int fd, size_t max, struct buf *out)
{
	size_t before = out->len;
	ssize_t n = 1;

	while (n > 0 && out->len - before <= max) {
		if (buf__reserve(out, 4096))
			return -ENOMEM;
		n = read(fd, out->p + out->len, 4096);
		out->len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return -errno;
	return out->len - before > max ? -E2BIG : 0;
}

/* owner: fd of the root. */
static int read_file(void *owner, const char *path, struct buf *out)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int place __cleanup(close_fd) = -1, file __cleanup(close_fd) = -1;
	struct stat status;
	char self[32];

	place = (int)syscall(SYS_openat2, *(int *)owner, path, &how, sizeof(how));
	if (place < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (fstat(place, &status) || !S_ISREG(status.st_mode))
		return -EINVAL;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", place);
	file = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return file < 0 ? -errno : read_all(file, FILE_MAX, out);
}

static int read_proc(u32 tgid, const char *name, struct buf *out)
{
	int fd __cleanup(close_fd) = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", tgid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : read_all(fd, TEXT_MAX, out);
}

int route_source__find_live(u32 tgid, struct buf *out)
{
	struct buf cmdline __cleanup(buf__free) = {0}, variables __cleanup(buf__free) = {0};
	int root __cleanup(close_fd) = -1;
	struct route_process process = {.read = read_file, .owner = &root};
	char path[64], cwd[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/cwd", tgid);
	len = readlink(path, cwd, sizeof(cwd));
	snprintf(path, sizeof(path), "/proc/%u/root", tgid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (len <= 0 || len == sizeof(cwd) || root < 0 || read_proc(tgid, "cmdline", &cmdline) ||
	    read_proc(tgid, "environ", &variables))
		return -ENOENT;
	process.cmdline = buf__view(&cmdline);
	process.environ = buf__view(&variables);
	process.cwd = (struct str){cwd, (size_t)len};
	return route_source__find(&process, out);
}
