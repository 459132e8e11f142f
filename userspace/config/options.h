// SPDX-License-Identifier: Apache-2.0
/*
 * The one table of options. Whatever speaks of options is made from it: the flags, the environment,
 * the defaults, --help and the list of what is not honoured yet.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "config/config.h"

/* No flag and no variable is longer. */
#define OPTION_NAME_MAX 80

enum option_type {
	OPT_HELP, /* the flags without a value: --help, --version, */
	OPT_VERSION,
	OPT_SWITCH, /* and what is true once given */
	OPT_PIDS,   /* comma list of process ids; given again, it adds */
	OPT_RANGES, /* comma list of numbers and ranges 8000-8010; given again, it adds */
	OPT_GLOBS,  /* comma list of patterns; given again, it adds */
	OPT_TEXTS,  /* a text; given again, it adds */
	OPT_STRING, /* taken as it is; never printed, it may hold a secret */
	OPT_PAIRS,  /* comma list of key=value, percent-encoded */
	OPT_FILE,
	OPT_LIST,   /* comma list; of `values`, if there are any */
	OPT_CHOICE, /* one of `values`, kept as the table spells it */
	OPT_BOOL,   /* "true" or "false" in any case */
	OPT_INTEGER,
	OPT_COUNT, /* an integer, kept as a number */
	OPT_MS,	   /* an integer of milliseconds */
	OPT_SIZE,  /* bytes; 16384, 16K, 16M or 1G */
	OPT_POWER, /* an OPT_SIZE that is a power of two */
};

enum option_use {
	OPT_HONOURED,
	OPT_LATER,   /* parsed and checked, without effect so far */
	OPT_NEVER,   /* it has nothing to act on; `why` says so */
	OPT_DROPPED, /* a flag of 0.48b0, since dropped: accepted by its full name, not shown */
};

enum option_group {
	GROUP_TRACE,
	GROUP_CAPTURE,
	GROUP_FUNCTIONS,
	GROUP_EXPORTERS,
	GROUP_OTLP,
	GROUP_TRACES,
	GROUP_METRICS,
	GROUP_LOGS,
	GROUP_RESOURCE,
	GROUP_BATCHING,
	GROUP_LIMITS,
	GROUP_PYTHON,
	GROUP_OURSELVES,
	GROUP_CNT
};

/*
 * A row without a variable is an option of ours: a bad value of it is an error. A bad value of any
 * other is warned of and ignored (OpenTelemetry specification, configuration/common).
 */
struct option {
	const char *flag;     /* without dashes, words joined by '_'; NULL: only a variable */
	const char *variable; /* NULL: only a flag */
	const char *alias;    /* another variable taken for `variable`, with a notice */
	enum option_type type;
	enum option_use use;
	enum option_group group;
	s64 min, max; /* of numbers, both included */
	/*
	 * struct config has a field for it, at offset: a bool, a u64 of a count, milliseconds or
	 * bytes, else the text, of OPT_INTEGER too: NULL tells that there is none; or, where
	 * options add up, a struct config_texts.
	 */
	bool kept;
	size_t offset;
	bool inherits; /* not given, it has the value of the field at `general`, of an earlier row
			*/
	size_t general;
	const char *fallback; /* the default as text, NULL if there is none */
	/*
	 * What a choice or list may hold, up to NULL; NULL: anything. "name:WHAT" is a name with
	 * an argument.
	 */
	const char *const *values;
	const char *old;	/* deprecated name of values[0] */
	const char *value_name; /* for --help */
	const char *help;
	const char *why; /* OPT_NEVER: why it has no effect */
};

extern const struct option options[];
extern const u32 option_cnt;
/* The row that is kept in the field of struct config at offset; there is one. */
u32 option_row(size_t offset);

/* Given again, it adds: kept as a struct config_texts. */
static inline bool option_adds_up(const struct option *option)
{
	return option->type == OPT_RANGES || option->type == OPT_GLOBS || option->type == OPT_TEXTS;
}

extern const char *const option_group_titles[GROUP_CNT];

#endif
