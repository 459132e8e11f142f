// SPDX-License-Identifier: Apache-2.0
/*
 * Reads argv, then the environment, into config->given; then gives each option its meaning:
 *
 *	argv, env  ->  given[row] = {text, who said it}  ->  fields of struct config
 *
 * So a variable that a flag beats is never looked at, and complains of nothing.
 */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "config/checks.h"
#include "config/flags.h"
#include "config/names.h"
#include "config/options.h"
#include "config/value.h"

/* Where the reading of argv stands. */
struct arguments {
	char **next;
	char **end;
};

static bool takes_value(const struct option *option)
{
	return option->type > OPT_SWITCH;
}

/* argparse's rule: what begins with '-' is a flag, unless it is a number or '-' alone. */
static bool is_flag(const char *arg)
{
	return arg[0] == '-' && arg[1] && !(arg[1] >= '0' && arg[1] <= '9');
}

/* The value after '=' (given) or in the next argument: 0, or -EINVAL with a complaint. */
static int read_value(const struct option *option, const char **text, struct arguments *args)
{
	if (!takes_value(option)) {
		if (*text) {
			log_error("--%s: takes no value", option->flag);
			return -EINVAL;
		}
		*text = "";
		return 0;
	}
	if (*text)
		return 0;
	if (args->next == args->end || is_flag(*args->next)) {
		log_error("--%s: expected one argument", option->flag);
		return -EINVAL;
	}
	*text = *args->next++;
	return 0;
}

static int refuse_value(const struct option *option, const char *name, const char *text)
{
	__cleanup(buf__free) struct buf want = {0};

	value_describe(option, &want);
	log_error("%s: bad value \"%.200s\", want %.*s", name, text, STR_ARG(buf__view(&want)));
	return -EINVAL;
}

static int add_pids(struct config *config, const struct option *option, const char *text)
{
	int err = value_add_pids(config, option, text);

	if (err == -E2BIG)
		log_error("--%s: at most %d processes", option->flag, CONFIG_PIDS_MAX);
	if (err != -EINVAL)
		return err ? -EINVAL : 0;
	return refuse_value(option, "--pid", text);
}

/* An option that is kept with all it was given, not with the last alone. */
static int add_text(struct config *config, const struct option *option, const char *text)
{
	struct config_texts *texts = (void *)((char *)config + option->offset);
	char name[OPTION_NAME_MAX];
	struct value value;

	if (texts->cnt == CONFIG_TEXTS_MAX) {
		log_error("--%s: given more than %d times; it takes lists", option->flag,
			  CONFIG_TEXTS_MAX);
		return -EINVAL;
	}
	snprintf(name, sizeof(name), "--%s", option->flag);
	if (value__parse(&value, option, text))
		return refuse_value(option, name, text);
	texts->v[texts->cnt++] = text;
	return 0;
}

/* What the flag is given may have to be looked at each time, for the last alone is kept. */
static int add_value(struct config *config, const struct option *option, const char *text)
{
	if (option->type == OPT_PIDS)
		return add_pids(config, option, text);
	return option_adds_up(option) ? add_text(config, option, text) : 0;
}

/* One argument that begins with '-'. 1 if reading ends there: --help, --version. */
static int read_flag(struct config *config, const char *arg, struct arguments *args,
		     enum config_action *action)
{
	ssize_t equals = str_find(str_from(arg), '=', 0);
	const char *text = equals < 0 ? NULL : arg + equals + 1;
	const struct option *option;
	int row, err;

	row = flag_find((struct str){arg, equals < 0 ? strlen(arg) : (size_t)equals});
	if (row < 0)
		return row;
	option = &options[row];
	err = read_value(option, &text, args);
	if (err)
		return err;
	config->given[row] = (struct config_given){.text = text};
	err = add_value(config, option, text);
	if (err)
		return err;
	if (option->type == OPT_HELP)
		*action = CONFIG_HELP;
	if (option->type == OPT_VERSION)
		*action = CONFIG_VERSION;
	return *action != CONFIG_RUN;
}

/* Up to the command, if there is one. As read_flag(). */
static int read_arguments(struct config *config, int argc, char **argv, enum config_action *action)
{
	struct arguments args = {argv + 1, argv + argc};

	while (args.next < args.end) {
		char *arg = *args.next;
		int err;

		if (arg[0] != '-' || !arg[1])
			break;
		args.next++;
		if (!strcmp(arg, "--"))
			break;
		err = read_flag(config, arg, &args, action);
		if (err)
			return err;
	}
	if (args.next < args.end)
		config->command = args.next;
	return 0;
}

/* NULL if there is none, or an empty one. */
static const char *find_variable(char **env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++) {
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return (*env)[len + 1] ? *env + len + 1 : NULL;
	}
	return NULL;
}

static void read_environment(struct config *config, char **env)
{
	for (u32 i = 0; i < option_cnt; i++) {
		const struct option *option = &options[i];
		struct config_given *given = &config->given[i];

		if (given->text || !option->variable)
			continue;
		given->variable = option->variable;
		given->text = find_variable(env, option->variable);
		if (given->text || !option->alias)
			continue;
		given->variable = option->alias;
		given->text = find_variable(env, option->alias);
		if (given->text)
			log_warn("%s is taken for %s", option->alias, option->variable);
	}
}

static void store(struct config *config, const struct option *option, const struct value *value)
{
	void *field = (char *)config + option->offset;

	if (!option->kept || option_adds_up(option))
		return;
	switch (option->type) {
	case OPT_SWITCH:
	case OPT_BOOL:
		*(bool *)field = value->number;
		break;
	case OPT_COUNT:
	case OPT_MS:
	case OPT_SIZE:
	case OPT_POWER:
		*(u64 *)field = value->number;
		break;
	default:
		*(const char **)field = value->text;
	}
}

/* "--traces_exporter" or "OTEL_TRACES_EXPORTER", as the user said it. */
static void spell(const struct config *config, u32 row, char name[OPTION_NAME_MAX])
{
	const char *variable = config->given[row].variable;

	snprintf(name, OPTION_NAME_MAX, "%s%s", variable ? "" : "--",
		 variable ? variable : options[row].flag);
}

/* Names what a list holds beside the values that count; false if there was nothing to name. */
static bool check_list(const struct option *option, const char *name, const char *text,
		       const char *outcome)
{
	__cleanup(names__free) struct names unknown = {0};
	__cleanup(buf__free) struct buf want = {0};
	struct str rest = str_from(text), item;

	while (list_next(&rest, &item)) {
		struct str shown = str_sub(item, 0, OPTION_NAME_MAX);

		if (!value_find(option, item))
			names__add(&unknown, "\"%.*s\"", STR_ARG(shown));
	}
	if (option->old && config_list_has(text, option->old))
		log_warn("%s: %s is deprecated, taken for %s", name, option->old,
			 option->values[0]);
	if (unknown.text.len) {
		value_describe(option, &want);
		log_warn("%s: unknown value %s, want %.*s; %s", name, names__finish(&unknown),
			 STR_ARG(buf__view(&want)), outcome);
	}
	return unknown.text.len;
}

/* A value that cannot be used. 0 if the daemon can go on without it. */
static int complain(const struct option *option, const char *name, const char *text)
{
	__cleanup(buf__free) struct buf want = {0};
	const char *fallback = option->fallback;
	char outcome[OPTION_NAME_MAX];

	if (!option->variable)
		return refuse_value(option, name, text);
	value_describe(option, &want);
	snprintf(outcome, sizeof(outcome), "%s%s", fallback ? "using the default " : "ignored",
		 fallback ? fallback : "");
	if (option->type == OPT_LIST && check_list(option, name, text, outcome))
		return 0;
	log_warn("%s: bad value \"%.200s\", want %.*s; %s", name, text, STR_ARG(buf__view(&want)),
		 outcome);
	return 0;
}

/* The value of the general option. */
static void inherit(struct config *config, const struct option *option)
{
	const void *general = (const char *)config + option->general;
	struct value value = {0};

	if (option->type == OPT_BOOL)
		value.number = *(const bool *)general;
	else if (option->type == OPT_MS)
		value.number = *(const u64 *)general;
	else
		value.text = *(const char *const *)general;
	store(config, option, &value);
}

/* The default first, so that a bad value leaves it in force. */
static int apply(struct config *config, u32 row)
{
	const struct option *option = &options[row];
	const char *text = config->given[row].text;
	char name[OPTION_NAME_MAX];
	struct value value;

	if (option->fallback && !value__parse(&value, option, option->fallback))
		store(config, option, &value);
	else if (option->inherits)
		inherit(config, option);
	/* of ours, an empty value is a mistake; of OpenTelemetry's, as good as none */
	if (!text || (!*text && option->variable))
		return 0;
	spell(config, row, name);
	if (value__parse(&value, option, text))
		return complain(option, name, text);
	if (option->type == OPT_LIST && option->values)
		check_list(option, name, text, "skipped");
	if (option->type == OPT_PAIRS)
		check_pairs(name, text);
	store(config, option, &value);
	return 0;
}

static enum log_level log_level_of(const char *name)
{
	if (!strcmp(name, "debug"))
		return LOG_DEBUG;
	if (!strcmp(name, "info"))
		return LOG_INFO;
	return strcmp(name, "error") ? LOG_WARN : LOG_ERROR;
}

/* How much is said comes first, for what follows may have much to say. */
static int apply_all(struct config *config)
{
	u32 level = option_row(offsetof(struct config, log_level));
	int err = apply(config, level);

	log_set_level(log_level_of(config->log_level));
	for (u32 i = 0; i < option_cnt && !err; i++)
		if (i != level)
			err = apply(config, i);
	return err;
}

static bool ends_with(const char *text, struct str tail)
{
	size_t len = strlen(text);

	return len >= tail.len && !memcmp(text + len - tail.len, tail.p, tail.len);
}

/* Somebody thinks of OpenTelemetry: a variable names an exporter, or anything an endpoint. */
static bool asks_for_otel(const struct config *config, u32 row)
{
	const struct config_given *given = &config->given[row];
	const struct option *option = &options[row];

	if (!given->text || !*given->text || !option->variable || option->use == OPT_DROPPED)
		return false;
	return ends_with(option->variable, STR("_ENDPOINT")) ||
	       (given->variable && ends_with(option->variable, STR("_EXPORTER")));
}

/* HTTP is what is instrumented here, whatever Python package speaks it. */
static void disable(struct config *config)
{
	char name[OPTION_NAME_MAX];

	if (config_list_has(config->disabled_instrumentations, "*")) {
		config->sdk_disabled = true;
		return;
	}
	spell(config, option_row(offsetof(struct config, disabled_instrumentations)), name);
	log_warn("%s: only * has an effect; packages of Python are not what is traced", name);
}

static void default_to_otlp(struct config *config, size_t offset)
{
	const char *text = config->given[option_row(offset)].text;

	if (!text || !*text)
		*(const char **)((char *)config + offset) = "otlp";
}

/* What follows from several options together. */
static void conclude(struct config *config)
{
	bool otlp = config->command; /* as opentelemetry-instrument */
	char name[OPTION_NAME_MAX];

	spell(config, option_row(offsetof(struct config, bsp.max_export_batch_size)), name);
	check_batch(&config->bsp, name);
	for (u32 i = 0; i < config->select[RULE_NAME].cnt; i++)
		check_names("--name", config->select[RULE_NAME].v[i]);
	for (u32 i = 0; i < config->exclude[RULE_NAME].cnt; i++)
		check_names("--exclude_name", config->exclude[RULE_NAME].v[i]);

	for (u32 i = 0; i < option_cnt && !config->replay_path; i++)
		otlp |= asks_for_otel(config, i);
	if (otlp) {
		default_to_otlp(config, offsetof(struct config, traces_exporter));
		default_to_otlp(config, offsetof(struct config, metrics_exporter));
	}
	if (config->disabled_instrumentations)
		disable(config);
	if (config->hooks && !strcmp(config->hooks, "auto"))
		config->hooks = NULL;
}

static int refuse(const char *why)
{
	log_error("%s", why);
	return -EINVAL;
}

static bool has_texts(const struct config_texts *texts)
{
	u32 cnt = 0;

	for (u32 i = 0; i < RULE_CNT; i++)
		cnt += texts[i].cnt;
	return cnt;
}

bool config__selects(const struct config *config)
{
	return config->select_all || has_texts(config->select);
}

bool config__excludes(const struct config *config)
{
	return has_texts(config->exclude);
}

static int check_together(const struct config *config)
{
	bool live = config->pid_cnt || config__selects(config);
	u32 targets = live + !!config->command + !!config->replay_path;

	if (config->record_path && config->replay_path)
		return refuse("--record and --replay exclude each other");
	if (targets > 1)
		return refuse("--pid or rules, --replay and a command exclude each other");
	if (!targets && !config->check)
		return refuse("nothing to trace: give --pid, --port ... or a command (try --help)");
	if (config__excludes(config) && config->replay_path)
		return refuse("a recording holds what was traced: --exclude_... comes too late");
	return 0;
}

int config__parse(struct config *config, int argc, char **argv, char **env,
		  enum config_action *action)
{
	int err;

	*config = (struct config){0};
	*action = CONFIG_RUN;
	err = read_arguments(config, argc, argv, action);
	if (err)
		return err < 0 ? err : 0;
	read_environment(config, env);
	err = apply_all(config);
	if (err)
		return err;
	conclude(config);
	return check_together(config);
}

/* "none" asks for nothing, and that is what there is. */
static bool asks_for_nothing(const struct option *option, const char *text)
{
	return !*text || (value_find(option, STR("none")) &&
			  str_caseeq(str_trim(str_from(text)), STR("none")));
}

void config__report(const struct config *config)
{
	__cleanup(names__free) struct names later = {0}, never = {0};

	for (u32 i = 0; i < option_cnt; i++) {
		const struct option *option = &options[i];
		const char *text = config->given[i].text;
		char name[OPTION_NAME_MAX];

		if (!text || option->use == OPT_HONOURED || asks_for_nothing(option, text))
			continue;
		spell(config, i, name);
		if (option->use == OPT_LATER)
			names__add(&later, "%s", name);
		else
			names__add(&never, "%s (%s)", name,
				   option->why ? option->why : "dropped by OpenTelemetry");
	}
	if (later.text.len)
		log_warn("not honoured yet: %s", names__finish(&later));
	if (never.text.len)
		log_warn("without meaning here: %s", names__finish(&never));
}

void config__free(struct config *config)
{
	*config = (struct config){0}; /* nothing of it is owned */
}
