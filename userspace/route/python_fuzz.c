// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzz target: two modules, app.py and part.py, the latter behind a byte 1, and behind a second one
 * a request. Whatever table comes of them can be read and asked.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/function.h"
#include "route/route_source.h"
#include "route/route_table.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

struct files {
	struct str app, part;
};

static int read_file(void *owner, const char *path, struct buf *out)
{
	const struct files *files = owner;

	if (!strcmp(path, "/a/app.py"))
		return buf__str(out, files->app);
	if (!strcmp(path, "/a/part.py"))
		return buf__str(out, files->part);
	return -ENOENT;
}

static struct str cut(struct str *rest)
{
	ssize_t end = str_find(*rest, 1, 0);
	struct str piece = str_sub(*rest, 0, end < 0 ? rest->len : (size_t)end);

	*rest = str_sub(*rest, piece.len + 1, rest->len);
	return piece;
}

static void ask(struct str text, struct str target)
{
	static const struct function view = {.name = STR("f"), .file = STR("/a/app.py"), .line = 1};
	const struct function *ran[] = {&view};
	struct route_table *table;
	int err = route_table__new(&table, text);

	if (err && err != -ENOENT && err != -ENOMEM)
		abort();
	if (err)
		return;
	route_table__match(table, STR("GET"), target);
	route_table__settle(table, STR("POST"), STR("/a/1/b-c.d/"), ran, 1);
	route_table__free(table);
}

static void find(struct files *files, struct str cmdline, struct str target)
{
	struct route_process process = {
		.cmdline = cmdline,
		.environ = STR("FLASK_APP=app.py\0DJANGO_SETTINGS_MODULE=part\0"),
		.cwd = STR("/a"),
		.read = read_file,
		.owner = files,
	};
	struct buf text = {0};

	if (!route_source__find(&process, &text))
		ask(buf__view(&text), target);
	buf__free(&text);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct str rest = {(const char *)data, len}, target;
	struct files files;

	files.app = cut(&rest);
	files.part = cut(&rest);
	target = cut(&rest);
	find(&files, STR("python3\0-m\0flask\0run\0"), target);
	find(&files, STR("python3\0app.py\0"), target);
	find(&files, STR("python3\0/bin/gunicorn\0app:app\0"), target);
	find(&files, STR("python3\0manage.py\0runserver\0"), target);
	find(&files, STR("python3\0/bin/gunicorn\0app:application\0"), target);
	return 0;
}
