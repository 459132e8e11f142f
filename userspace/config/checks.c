// SPDX-License-Identifier: Apache-2.0
#include "config/checks.h"

#include <inttypes.h>

#include "base/log.h"
#include "config/value.h"

/* TASK_COMM_LEN without its NUL. */
#define NAME_LEN_MAX 15
/* Of what users wrote, this much is shown. */
#define SHOWN_MAX 80

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_encoded(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] == '%' &&
		    (i + 2 >= value.len || !is_hex(value.p[i + 1]) || !is_hex(value.p[i + 2])))
			return false;
	return true;
}

void check_pairs(const char *name, const char *text)
{
	struct str rest = str_from(text), item;

	while (list_next(&rest, &item)) {
		struct str shown = str_sub(item, 0, SHOWN_MAX);
		ssize_t equals = str_find(item, '=', 0);

		if (equals < 0 || !str_trim(str_sub(item, 0, (size_t)equals)).len)
			log_warn("%s: not key=value: %.*s; left out", name, STR_ARG(shown));
		else if (!is_encoded(str_sub(item, (size_t)equals, item.len)))
			log_warn("%s: %% without two hex digits: %.*s; taken as it is", name,
				 STR_ARG(shown));
	}
}

/* Stars may stand for nothing; a set in brackets is one character, and not looked at. */
static size_t least_len(struct str pattern)
{
	size_t len = 0;

	for (size_t i = 0; i < pattern.len; i++)
		len += pattern.p[i] != '*';
	return str_find(pattern, '[', 0) < 0 ? len : 0;
}

void check_names(const char *name, const char *text)
{
	struct str rest = str_from(text), item;

	while (list_next(&rest, &item)) {
		struct str cut = str_sub(item, 0, NAME_LEN_MAX);
		bool wild = str_find(cut, '*', 0) >= 0 || str_find(cut, '?', 0) >= 0;

		if (least_len(item) <= NAME_LEN_MAX)
			continue;
		if (wild)
			log_warn("%s: no name is as long as \"%.*s\": the kernel cuts them at %d "
				 "bytes",
				 name, STR_ARG(str_sub(item, 0, SHOWN_MAX)), NAME_LEN_MAX);
		else
			log_warn("%s: the kernel cuts names at %d bytes: \"%.*s\" stands for "
				 "\"%.*s\"",
				 name, NAME_LEN_MAX, STR_ARG(str_sub(item, 0, SHOWN_MAX)),
				 STR_ARG(cut));
	}
}

void check_batch(struct config_batch *batch, const char *name)
{
	if (batch->max_export_batch_size <= batch->max_queue_size)
		return;
	log_warn("%s: %" PRIu64 " is more than the queue holds; taken for %" PRIu64, name,
		 batch->max_export_batch_size, batch->max_queue_size);
	batch->max_export_batch_size = batch->max_queue_size;
}
