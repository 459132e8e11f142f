// SPDX-License-Identifier: Apache-2.0
#include "probe/mapped.h"

#include <errno.h>
#include <stdio.h>

/* vm.max_map_count, unless someone raised it. */
#define ROWS_MAX 65536
/* A path may be that long; what is longer ends in a row that names no file. */
#define ROW_MAX (4096 + 128)

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

void mapped_files(u32 tgid, bool (*fn)(void *owner, const struct mapped *mapped), void *owner)
{
	char path[80], row[ROW_MAX], name[4096];
	FILE *maps __cleanup(close_file) = NULL;
	unsigned long from, to, offset;

	snprintf(path, sizeof(path), "/proc/%u/maps", tgid);
	maps = fopen(path, "re");
	for (u32 i = 0; maps && i < ROWS_MAX && fgets(row, sizeof(row), maps); i++) {
		struct mapped mapped = {.path = path};

		/* proc_pid_maps(5): executable ones with a path */
		if (sscanf(row, "%lx-%lx %*2c%*1[x]%*c %lx %*x:%*x %*u /%4095[^\n]", &from, &to,
			   &offset, name) != 4)
			continue;
		mapped.from = from;
		mapped.offset = offset;
		mapped.name = str_from(strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
		snprintf(path, sizeof(path), "/proc/%u/map_files/%lx-%lx", tgid, from, to);
		if (!fn(owner, &mapped))
			break;
	}
}

struct search {
	bool found;
	u64 offset;
};

static bool on_function(void *owner, const struct binary_function *function)
{
	struct search *search = owner;

	search->found = str_eq(function->name, STR("_dl_debug_state"));
	search->offset = function->offset;
	return !search->found;
}

int mapped_loader(const struct mapped *mapped, struct binary **out, u64 *offset)
{
	struct search search = {0};
	int err;

	/* ld-linux-x86-64.so.2, ld-2.31.so, ld-musl-x86_64.so.1 */
	if (!str_starts(mapped->name, STR("ld-")))
		return -ENOENT;
	err = binary__open(out, mapped->path);
	if (err)
		return err;
	binary__functions(*out, on_function, &search);
	if (!search.found) {
		binary__free(*out);
		return -ENOENT;
	}
	*offset = search.offset;
	return 0;
}
