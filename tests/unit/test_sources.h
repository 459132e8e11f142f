// SPDX-License-Identifier: Apache-2.0
/* Sources of an application that no disk holds, and the table that comes of them. */
#ifndef TEST_SOURCES_H
#define TEST_SOURCES_H

#include <errno.h>

#include "base/buf.h"
#include "route/route_source.h"

struct file {
	const char *path, *text;
};

/* owner: files, up to one without a path. */
static inline int read_file(void *owner, const char *path, struct buf *out)
{
	const struct file *file = owner;

	for (; file->path; file++)
		if (!strcmp(file->path, path))
			return buf__str(out, str_from(file->text));
	return -ENOENT;
}

/* "" if there is none. */
static inline void find_table(const struct file *files, struct str cmdline, struct buf *out)
{
	struct route_process process = {
		.cmdline = cmdline,
		.environ = STR("A=b\0FLASK_APP=app\0PYTHONPATH=lib::/lib/a:/lib/b\0"),
		.cwd = STR("/srv"),
		.read = read_file,
		.owner = (void *)files,
	};

	if (route_source__find(&process, out))
		buf__reset(out);
}

#define FLASK_RUN "python3\0-m\0flask\0run\0"

#endif
