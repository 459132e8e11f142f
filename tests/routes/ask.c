// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the routes of a command as the daemon would of a running process, then says which of them
 * takes each request of its input: "GET /a/1" -> "/a/<int:x>", or "-". Behind tabs may stand where
 * functions are that ran, two at most: "GET /a/1\t7 a /srv/app.py".
 *
 *	ask FOLDER VARIABLE=VALUE... -- COMMAND ARGUMENT... <requests
 *
 * The table goes to stderr. Status 3: there is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/function.h"
#include "route/route_source.h"
#include "route/route_table.h"

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static int read_file(void *owner, const char *path, struct buf *out)
{
	FILE *file __cleanup(close_file) = fopen(path, "re");
	char piece[4096];
	size_t n;

	(void)owner;
	while (file && (n = fread(piece, 1, sizeof(piece), file)))
		buf__append(out, piece, n);
	return file ? 0 : -2;
}

/* Cuts a view off the line's end; false if there is none. */
static bool cut_view(char *line, struct function *view)
{
	char *at = strrchr(line, '\t'), *name = at ? strchr(at, ' ') : NULL;
	char *file = name ? strchr(name + 1, ' ') : NULL;

	if (!file)
		return false;
	*at = *name = *file = '\0';
	*view = (struct function){
		.line = (u32)atoi(at + 1),
		.name = str_from(name + 1),
		.file = str_from(file + 1),
	};
	return true;
}

static void answer(const struct route_table *table, char *line)
{
	struct function views[2];
	const struct function *ran[] = {&views[0], &views[1]};
	struct str method, target, route;
	u32 cnt = 0;

	line[strcspn(line, "\n")] = '\0';
	while (cnt < ARRAY_SIZE(views) && cut_view(line, &views[cnt]))
		cnt++;
	method = (struct str){line, strcspn(line, " ")};
	target = str_from(line + method.len + (line[method.len] == ' '));
	route = route_table__settle(table, method, target, ran, cnt);
	printf("%.*s\n", STR_ARG(route.len ? route : STR("-")));
}

int main(int argc, char **argv)
{
	struct buf words __cleanup(buf__free) = {0}, variables __cleanup(buf__free) = {0};
	struct buf text __cleanup(buf__free) = {0};
	struct route_process process = {.read = read_file};
	struct route_table *table;
	char line[8192];
	int i = 2;

	for (; i < argc && strcmp(argv[i], "--"); i++)
		buf__append(&variables, argv[i], strlen(argv[i]) + 1);
	for (i++; i < argc; i++)
		buf__append(&words, argv[i], strlen(argv[i]) + 1);
	if (argc < 2)
		return 2;
	process.cwd = str_from(argv[1]);
	process.cmdline = buf__view(&words);
	process.environ = buf__view(&variables);
	if (route_source__find(&process, &text) || route_table__new(&table, buf__view(&text)))
		return 3;
	fprintf(stderr, "%.*s", STR_ARG(buf__view(&text)));
	while (fgets(line, sizeof(line), stdin))
		answer(table, line);
	route_table__free(table);
	return 0;
}
