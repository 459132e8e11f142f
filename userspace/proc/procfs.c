// SPDX-License-Identifier: Apache-2.0
#include "proc/procfs.h"

#include <errno.h>
#include <stdlib.h>

void procfs_close(FILE **file)
{
	if (*file)
		fclose(*file);
}

FILE *procfs_open(const char *pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.*s/%s", (int)strcspn(pid, "/"), pid, name);
	return fopen(path, "re");
}

int procfs_read(const char *pid, const char *name, size_t max, struct buf *out)
{
	FILE *file __cleanup(procfs_close) = procfs_open(pid, name);
	size_t end = out->len + max, n = 1;

	if (!file)
		return -errno;
	while (n && out->len < end) {
		size_t want = end - out->len < 4096 ? end - out->len : 4096;

		if (buf__reserve(out, want))
			return -ENOMEM;
		n = fread(out->p + out->len, 1, want, file);
		out->len += n;
	}
	/* not all that may be opened may be read */
	return ferror(file) ? -errno : 0;
}

s64 procfs_status(const char *pid, const char *field)
{
	FILE *file __cleanup(procfs_close) = procfs_open(pid, "status");
	size_t len = strlen(field);
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, len) && line[len] == ':')
			return strtoll(line + len + 1, NULL, 10);
	return -ENOENT;
}
