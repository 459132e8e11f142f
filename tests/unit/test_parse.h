// SPDX-License-Identifier: Apache-2.0
/* config__parse() on words of a test, with what it says. */
#ifndef TEST_PARSE_H
#define TEST_PARSE_H

#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"
#include "test.h"

struct outcome {
	int err;
	enum config_action action;
	struct config config;
	char said[8192];
};

static inline int argument_count(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return argc;
}

/* Parses and reports; argv without the program's name. What is said goes into out->said. */
static inline void parse(struct outcome *out, char **args, char **env)
{
	int argc = argument_count(args), said = memfd_create("stderr", 0), saved = dup(2);
	char **argv = calloc((size_t)argc + 2, sizeof(*argv));
	ssize_t len;

	argv[0] = "otel-ebpf";
	memcpy(argv + 1, args, (size_t)argc * sizeof(*argv));
	dup2(said, 2);
	out->err = config__parse(&out->config, argc + 1, argv, env, &out->action);
	if (!out->err && out->action == CONFIG_RUN)
		config__report(&out->config);
	dup2(saved, 2);
	len = pread(said, out->said, sizeof(out->said) - 1, 0);
	out->said[len > 0 ? len : 0] = '\0';
	if (out->config.command) /* outlives argv here, but only as a number */
		out->config.command = args + (out->config.command - (argv + 1));
	close(said);
	close(saved);
	free(argv);
}

#define ARGS(...) ((char *[]){__VA_ARGS__, NULL})
#define NO_ENV	  ((char *[]){NULL})

#endif
