// SPDX-License-Identifier: Apache-2.0
/*
 * --help, made from the table:
 *
 *	Exporters:
 *	  --traces_exporter LIST [OTEL_TRACES_EXPORTER]
 *	        where spans go: a list of console, text, none (default text)
 */
#include "config/config.h"

#include "config/options.h"
#include "config/value.h"

#define HELP_WIDTH  100
#define HELP_INDENT 8

/* A line that is being written. */
struct line {
	struct buf *out;
	size_t len;
	bool fresh; /* no word so far */
};

static void line__begin(struct line *line, size_t indent)
{
	buf__printf(line->out, "%*s", (int)indent, "");
	line->len = indent;
	line->fresh = true;
}

/* Goes on in a new line if there is no room for the word. */
static void line__word(struct line *line, struct str word)
{
	if (!line->fresh && line->len + 1 + word.len > HELP_WIDTH) {
		buf__char(line->out, '\n');
		line__begin(line, HELP_INDENT);
	}
	if (!line->fresh)
		buf__char(line->out, ' ');
	buf__str(line->out, word);
	line->len += word.len + !line->fresh;
	line->fresh = false;
}

/* Text of words and blanks, in as many lines as it takes. */
static void print_text(struct buf *out, size_t indent, struct str text)
{
	struct line line = {.out = out};

	line__begin(&line, indent);
	while (text.len) {
		ssize_t blank = str_find(text, ' ', 0);
		size_t len = blank < 0 ? text.len : (size_t)blank;

		line__word(&line, str_sub(text, 0, len));
		text = str_sub(text, len + 1, text.len);
	}
	buf__char(out, '\n');
}

/* "--flag VALUE [VARIABLE]", or "VARIABLE=VALUE" where there is no flag. */
static void print_names(const struct option *option, struct buf *out)
{
	__cleanup(buf__free) struct buf text = {0};
	const char *value = option->value_name;

	if (option->flag)
		buf__printf(&text, "--%s%s%s", option->flag, value ? " " : "", value ? value : "");
	if (option->flag && option->variable)
		buf__printf(&text, " [%s]", option->variable);
	if (!option->flag)
		buf__printf(&text, "%s=%s", option->variable, value);
	if (option->use == OPT_LATER)
		buf__str(&text, STR(" (not yet)"));
	print_text(out, 2, buf__view(&text));
}

static bool is_worth_describing(const struct option *option)
{
	return option->values || option->type == OPT_SIZE || option->type == OPT_POWER;
}

static void print_meaning(const struct option *option, struct buf *out)
{
	__cleanup(buf__free) struct buf text = {0};

	buf__str(&text, str_from(option->help));
	if (is_worth_describing(option)) {
		buf__str(&text, STR(": "));
		value_describe(option, &text);
	}
	if (option->fallback)
		buf__printf(&text, " (default %s)", option->fallback);
	if (option->why)
		buf__printf(&text, "; no effect: %s", option->why);
	print_text(out, HELP_INDENT, buf__view(&text));
}

static void print_group(enum option_group group, struct buf *out)
{
	buf__printf(out, "\n%s:\n", option_group_titles[group]);
	for (u32 i = 0; i < option_cnt; i++) {
		if (options[i].group != group || options[i].use == OPT_DROPPED)
			continue;
		print_names(&options[i], out);
		print_meaning(&options[i], out);
	}
}

static void print_environment(struct buf *out)
{
	static const char text[] =
		"\nEnvironment:\n"
		"  A variable in brackets stands for the flag before it. A flag beats its\n"
		"  variable; an empty variable counts as unset.\n";

	buf__str(out, STR(text));
	for (u32 i = 0; i < option_cnt; i++) {
		const struct option *option = &options[i];

		if (option->alias)
			buf__printf(out, "  %s is taken for %s.\n", option->alias,
				    option->variable);
	}
}

void config_print_help(struct buf *out)
{
	static const char text[] =
		"Usage: otel-ebpf [OPTION...] --pid PID[,PID...]   trace running servers\n"
		"       otel-ebpf [OPTION...] --port PORT ...      ... and those to come\n"
		"       otel-ebpf [OPTION...] COMMAND [ARG...]     start a server, trace it\n"
		"\n"
		"Telemetry goes to standard output, everything else to standard error. Options\n"
		"are those of opentelemetry-instrument and some more; they end at the\n"
		"command or at --. A name may be cut short where that is clear; - and _ in\n"
		"it are the same.\n";

	buf__str(out, STR(text));
	for (enum option_group group = 0; group < GROUP_CNT; group++)
		print_group(group, out);
	print_environment(out);
}
