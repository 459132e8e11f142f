// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/log.h"

extern char **environ;

static int run(const struct config *config)
{
	if (config->check)
		return app_check(config);
	if (!config->sdk_disabled)
		return app_run(config);
	if (config->command)
		return child_exec(config->command);
	log_warn("nothing to do: OTEL_SDK_DISABLED, or all instrumentations are disabled");
	return 0;
}

static int print(struct buf *text)
{
	ssize_t n = write(STDOUT_FILENO, text->p, text->len);

	buf__free(text);
	return n < 0;
}

int main(int argc, char **argv)
{
	struct config config;
	enum config_action action;
	struct buf text = {0};
	int status;

	if (config__parse(&config, argc, argv, environ, &action))
		return 2;
	if (action == CONFIG_HELP) {
		config_print_help(&text);
		return print(&text);
	}
	if (action == CONFIG_VERSION) {
		buf__printf(&text, "otel-ebpf %s (%s)\n", VERSION, GIT_REVISION);
		return print(&text);
	}
	status = run(&config);
	config__free(&config);
	return status;
}
