// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzz target: lines are targets learned by one tree. A template is short printable ASCII, a path,
 * and the same when its target comes again at once.
 */
#include <stdlib.h>

#include "trace/path_template.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void check_template(struct str template)
{
	if (template.len && template.p[0] != '/' && !str_eq(template, STR("*")))
		abort();
	if (template.len > 1047)
		abort();
	for (size_t i = 0; i < template.len; i++)
		if (template.p[i] <= ' ' || template.p[i] > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct str input = {(const char *)data, len};
	struct path_templates *templates;
	size_t from = 0;

	if (path_templates__new(&templates))
		abort();
	while (from < len) {
		ssize_t newline = str_find(input, '\n', from);
		size_t end = newline < 0 ? len : (size_t)newline;
		struct str target = str_sub(input, from, end - from), first;
		struct arena arena = {0};

		first = path_templates__learn(templates, target, &arena);
		check_template(first);
		if (!str_eq(first, path_templates__learn(templates, target, &arena)))
			abort();
		arena__free(&arena);
		from = end + 1;
	}
	if (path_templates__node_cnt(templates) > PATH_TEMPLATES_MAX_NODES)
		abort();
	path_templates__free(templates);
	return 0;
}
