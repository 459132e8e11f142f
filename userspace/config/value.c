// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include <errno.h>

bool list_next(struct str *rest, struct str *item)
{
	while (rest->len) {
		ssize_t comma = str_find(*rest, ',', 0);
		size_t len = comma < 0 ? rest->len : (size_t)comma;

		*item = str_trim(str_sub(*rest, 0, len));
		*rest = str_sub(*rest, len + 1, rest->len);
		if (item->len)
			return true;
	}
	return false;
}

bool config_list_has(const char *list, const char *name)
{
	struct str rest = str_from(list), item;

	while (list_next(&rest, &item)) {
		if (str_caseeq(item, str_from(name)))
			return true;
	}
	return false;
}

/* A value "name:WHAT" stands for all texts that begin so and go on. */
static bool matches(const char *value, struct str item)
{
	size_t name_len = (size_t)(strchrnul(value, ':') - value) + 1;

	if (name_len > strlen(value))
		return str_caseeq(item, str_from(value));
	return item.len > name_len &&
	       str_caseeq(str_sub(item, 0, name_len), (struct str){value, name_len});
}

static const char *find(const char *const *values, struct str item)
{
	for (; values && *values; values++) {
		if (matches(*values, item))
			return *values;
	}
	return NULL;
}

const char *value_find(const struct option *option, struct str item)
{
	if (option->old && str_caseeq(item, str_from(option->old)))
		return option->values[0];
	return find(option->values, item);
}

/* Decimal digits alone: 0 or -EINVAL; what does not fit is no number either. */
static int parse_digits(struct str s, u64 *number)
{
	if (!s.len)
		return -EINVAL;
	*number = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || *number > UINT64_MAX / 10 - 1)
			return -EINVAL;
		*number = *number * 10 + (u64)(s.p[i] - '0');
	}
	return 0;
}

/* Takes the suffix off: how far its number has to be shifted. */
static u32 take_suffix(struct str *s)
{
	static const char suffixes[] = "KMG";
	const char *hit;

	if (!s->len)
		return 0;
	hit = memchr(suffixes, s->p[s->len - 1] & ~0x20, sizeof(suffixes) - 1);
	if (!hit)
		return 0;
	s->len--;
	return 10 * (u32)(hit - suffixes + 1);
}

static bool is_size(const struct option *option)
{
	return option->type == OPT_SIZE || option->type == OPT_POWER;
}

static int parse_whole(const struct option *option, struct str s, u64 *number)
{
	u32 shift = is_size(option) ? take_suffix(&s) : 0;

	if (parse_digits(s, number) || *number > (u64)option->max >> shift)
		return -EINVAL;
	*number <<= shift;
	if (*number < (u64)option->min)
		return -EINVAL;
	if (option->type == OPT_POWER && (*number & (*number - 1)))
		return -EINVAL;
	return 0;
}

int list_next_range(struct str *rest, u32 *lo, u32 *hi)
{
	struct str item;
	u64 first, last;
	ssize_t dash;

	if (!list_next(rest, &item))
		return -ENOENT;
	dash = str_find(item, '-', 0);
	if (parse_digits(str_trim(str_sub(item, 0, dash < 0 ? item.len : (size_t)dash)), &first))
		return -EINVAL;
	last = first;
	if (dash >= 0 && parse_digits(str_trim(str_sub(item, (size_t)dash + 1, item.len)), &last))
		return -EINVAL;
	if (first > last || last > UINT32_MAX)
		return -EINVAL;
	*lo = (u32)first;
	*hi = (u32)last;
	return 0;
}

static int check_ranges(const struct option *option, const char *text)
{
	struct str rest = str_from(text);
	u32 lo, hi, cnt = 0;
	int err;

	while (!(err = list_next_range(&rest, &lo, &hi))) {
		if (lo < option->min || hi > option->max)
			return -EINVAL;
		cnt++;
	}
	return err == -ENOENT && cnt ? 0 : -EINVAL;
}

static int check_globs(const char *text)
{
	struct str rest = str_from(text), item;

	return list_next(&rest, &item) ? 0 : -EINVAL;
}

static int parse_bool(struct str s, u64 *number)
{
	*number = str_caseeq(s, STR("true"));
	return *number || str_caseeq(s, STR("false")) ? 0 : -EINVAL;
}

static int parse_list(const struct option *option, const char *text)
{
	struct str rest = str_from(text), item;

	if (!option->values)
		return 0;
	while (list_next(&rest, &item)) {
		if (value_find(option, item))
			return 0;
	}
	return -EINVAL;
}

int value__parse(struct value *value, const struct option *option, const char *text)
{
	struct str s = str_trim(str_from(text));

	*value = (struct value){.text = text};
	switch (option->type) {
	case OPT_HELP:
	case OPT_VERSION:
	case OPT_PIDS:
	case OPT_STRING:
	case OPT_PAIRS:
	case OPT_TEXTS:
		return 0;
	case OPT_SWITCH:
		value->number = 1;
		return 0;
	case OPT_RANGES:
		return check_ranges(option, text);
	case OPT_GLOBS:
		return check_globs(text);
	case OPT_FILE:
		return *text ? 0 : -EINVAL;
	case OPT_LIST:
		return parse_list(option, text);
	case OPT_CHOICE:
		value->text = value_find(option, s);
		return value->text ? 0 : -EINVAL;
	case OPT_BOOL:
		return parse_bool(s, &value->number);
	case OPT_INTEGER:
	case OPT_COUNT:
	case OPT_MS:
	case OPT_SIZE:
	case OPT_POWER:
		return parse_whole(option, s, &value->number);
	}
	return -EINVAL;
}

static bool has_pid(const struct config *config, u64 pid)
{
	for (u32 i = 0; i < config->pid_cnt; i++) {
		if (config->pids[i] == pid)
			return true;
	}
	return false;
}

int value_add_pids(struct config *config, const struct option *option, const char *text)
{
	struct str rest = str_from(text);
	bool more = true;

	/* not list_next(): a forgotten process must not go unnoticed, so "1,,2" is refused */
	while (more) {
		ssize_t comma = str_find(rest, ',', 0);
		size_t len = comma < 0 ? rest.len : (size_t)comma;
		u64 pid;

		if (parse_whole(option, str_trim(str_sub(rest, 0, len)), &pid))
			return -EINVAL;
		if (!has_pid(config, pid)) {
			if (config->pid_cnt == CONFIG_PIDS_MAX)
				return -E2BIG;
			config->pids[config->pid_cnt++] = (u32)pid;
		}
		rest = str_sub(rest, len + 1, rest.len);
		more = comma >= 0;
	}
	return 0;
}

static void describe_number(const struct option *option, s64 number, struct buf *out)
{
	static const char *const suffixes[] = {"", "K", "M", "G"};
	u32 i = 0;

	while (is_size(option) && i < ARRAY_SIZE(suffixes) - 1 && number && number % 1024 == 0) {
		number /= 1024;
		i++;
	}
	buf__printf(out, "%lld%s", (long long)number, suffixes[i]);
}

static void describe_range(const struct option *option, struct buf *out)
{
	if (option->max == INT32_MAX) {
		buf__printf(out, "%lld or more", (long long)option->min);
		return;
	}
	buf__str(out, STR("from "));
	describe_number(option, option->min, out);
	buf__str(out, STR(" to "));
	describe_number(option, option->max, out);
}

static void describe_values(const struct option *option, struct buf *out)
{
	for (const char *const *value = option->values; value && *value; value++)
		buf__printf(out, "%s%s", value == option->values ? "" : ", ", *value);
}

void value_describe(const struct option *option, struct buf *out)
{
	static const char *const words[] = {
		[OPT_HELP] = "no value",
		[OPT_VERSION] = "no value",
		[OPT_SWITCH] = "no value",
		[OPT_PIDS] = "process ids ",
		[OPT_RANGES] = "numbers and ranges ",
		[OPT_GLOBS] = "patterns",
		[OPT_TEXTS] = "a text",
		[OPT_STRING] = "a text",
		[OPT_PAIRS] = "pairs key=value",
		[OPT_FILE] = "a file name",
		[OPT_LIST] = "a list of ",
		[OPT_CHOICE] = "one of ",
		[OPT_BOOL] = "true or false",
		[OPT_INTEGER] = "an integer, ",
		[OPT_COUNT] = "an integer, ",
		[OPT_MS] = "milliseconds, ",
		[OPT_SIZE] = "a size ",
		[OPT_POWER] = "a power of two ",
	};

	buf__str(out, str_from(words[option->type]));
	if (option->values)
		describe_values(option, out);
	else if (option->max)
		describe_range(option, out);
}
