// SPDX-License-Identifier: Apache-2.0
/*
 * struct config: what the user asked for. config/options.c holds the one table of options: flag,
 * environment variable, type, default, help. A flag beats its variable; an empty variable counts as
 * unset (OpenTelemetry specification, configuration/sdk-environment-variables).
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/buf.h"

#define CONFIG_PIDS_MAX 256

/* Texts are owned by the config or live as long as argv and the environment. */
struct config {
	/* what to trace */
	u32 pids[CONFIG_PIDS_MAX];	/* --pid */
	u32 pid_cnt;
	char **command;			/* argv of the command to start, NULL if none; borrowed */
	/* how to capture */
	u64 capture_head;		/* --capture_head, bytes of a request head, 1024..65536 */
	u64 ring_size;			/* --ring_size, bytes, a power of two >= 64 KiB */
	const char *hooks;		/* --hooks, NULL: choose */
	const char *record_path;	/* --record, NULL if not asked for */
	const char *replay_path;	/* --replay, NULL if not asked for */
	bool check;			/* --check */
	/* what to say */
	const char *traces_exporter;	/* comma list; NULL: nothing said, see config_default_exporter() */
	const char *service_name;	/* NULL if not set */
	const char *resource_attributes; /* NULL if not set */
	const char *propagators;	/* comma list */
	const char *log_level;		/* "info" ... */
	bool sdk_disabled;
	bool endpoint_given;		/* some OTEL exporter or endpoint option or variable was given */
};

enum config_action { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION };

/*
 * Reads argv and env (NULL-terminated, as environ). Complains on stderr itself. 0, or -EINVAL for
 * what must end the program with status 2. On success *action says what to do.
 */
int config__parse(struct config *config, int argc, char **argv, char **env, enum config_action *action);
/* Says once, on stderr, which options were given that have no effect yet or never will. */
void config__report(const struct config *config);
void config__free(struct config *config);

/* --help, grouped, at most 100 columns, made from the table. */
void config_print_help(struct buf *out);

#endif
