// SPDX-License-Identifier: Apache-2.0
/*
 * sites PROGRAM GLOB [slow] [any]: where the site chooser would probe its functions, one a line;
 * slow: by single steps, too; any: whatever has become of the arguments.
 *
 *	NAME ADDRESS OFFSET fast|slow yes|no	no: a return probe cannot be set there
 *	NAME ADDRESS why not
 */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "probe/binary.h"
#include "probe/site.h"

struct search {
	struct binary *binary;
	const char *glob;
	struct site_need need;
};

static bool on_function(void *owner, const struct binary_function *function)
{
	const struct search *search = owner;
	u8 *code = malloc(function->size + 1);
	ssize_t len = binary__code(search->binary, function->offset, code, function->size);
	struct str text = {(const char *)code, len > 0 ? (size_t)len : 0};
	const char *why;
	struct site site;
	char name[128];

	snprintf(name, sizeof(name), "%.*s", STR_ARG(function->name));
	if (fnmatch(search->glob, name, 0)) {
		free(code);
		return true;
	}
	printf("%s %" PRIx64 " ", name, function->address);
	if (site_choose(text, function->offset, search->need, &site, &why))
		puts(why);
	else
		printf("%" PRIx64 " %s %s\n", site.offset, site.slow ? "slow" : "fast",
		       site.returns ? "yes" : "no");
	free(code);
	return true;
}

int main(int argc, char **argv)
{
	struct search search = {.need = {.arguments = 0xff}};

	if (argc < 3 || binary__open(&search.binary, argv[1]))
		return 2;
	search.glob = argv[2];
	for (int i = 3; i < argc; i++) {
		search.need.slow |= !strcmp(argv[i], "slow");
		if (!strcmp(argv[i], "any"))
			search.need.arguments = 0;
	}
	binary__functions(search.binary, on_function, &search);
	binary__free(search.binary);
	return 0;
}
