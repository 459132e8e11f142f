// SPDX-License-Identifier: Apache-2.0
#include "probe/python_counters.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"

struct python_counters {
	struct metric_info infos[PYTHON_COUNTERS_MAX];
	u32 cnt;
	struct str keys[PYTHON_COUNTER_KEYS_MAX];
	u32 key_cnt;
	struct arena mem; /* of texts */
	bool full_said, refused_said;
};

int python_counters__new(struct python_counters **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void python_counters__free(struct python_counters *counters)
{
	if (!counters)
		return;
	arena__free(&counters->mem);
	free(counters);
}

const struct metric_info *python_counters__infos(const struct python_counters *counters)
{
	return counters->infos;
}

/* With a NUL behind it; NULL: no memory. */
static const char *keep(struct python_counters *counters, struct str text)
{
	char *kept = arena__alloc(&counters->mem, text.len + 1);

	if (!kept)
		return NULL;
	if (text.len)
		memcpy(kept, text.p, text.len);
	kept[text.len] = '\0';
	return kept;
}

static bool is_text(struct str text)
{
	return str_find(text, '\0', 0) < 0;
}

static int add(struct python_counters *counters, const struct python_count *count)
{
	struct metric_info *info = &counters->infos[counters->cnt];

	if (counters->cnt == PYTHON_COUNTERS_MAX)
		return -ENOSPC;
	*info = (struct metric_info){
		.name = keep(counters, count->name),
		.unit = keep(counters, count->unit),
		.description = keep(counters, count->description),
		.kind = METRIC_SUM,
		.monotonic = count->monotonic,
		.whole = count->whole,
	};
	return info->name && info->unit && info->description ? (int)counters->cnt++ : -ENOMEM;
}

/* Names differ by more than case (specification, metrics/api). */
static bool is_named(const struct metric_info *info, struct str name)
{
	return str_caseeq(str_from(info->name), name);
}

static int find(struct python_counters *counters, const struct python_count *count)
{
	for (u32 i = 0; i < counters->cnt; i++) {
		const struct metric_info *info = &counters->infos[i];

		if (!is_named(info, count->name))
			continue;
		if (info->monotonic != count->monotonic || (info->whole && !count->whole) ||
		    !str_eq(str_from(info->unit), count->unit))
			return -EINVAL;
		return (int)i;
	}
	return add(counters, count);
}

static int keep_key(struct python_counters *counters, struct str *key)
{
	struct str kept;

	for (u32 i = 0; i < counters->key_cnt; i++)
		if (str_eq(counters->keys[i], *key)) {
			*key = counters->keys[i];
			return 0;
		}
	if (counters->key_cnt == PYTHON_COUNTER_KEYS_MAX)
		return -ENOSPC;
	kept = arena__dup(&counters->mem, *key);
	if (!kept.p)
		return -ENOMEM;
	counters->keys[counters->key_cnt++] = kept;
	*key = kept;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct str x = ((const struct attr *)a)->key, y = ((const struct attr *)b)->key;
	const int order = memcmp(x.p, y.p, x.len < y.len ? x.len : y.len);

	return order ? order : (x.len > y.len) - (x.len < y.len);
}

static int refuse(struct python_counters *counters, const struct python_count *count, int err)
{
	bool *said = err == -ENOSPC ? &counters->full_said : &counters->refused_said;

	if (err != -ENOMEM && !*said)
		log_warn(err == -ENOSPC
				 ? "a Python application has more counters, or attributes of "
				   "them, than are kept: %.*s is lost"
				 : "what a Python application adds to its counter %.*s is lost: "
				   "OpenTelemetry does not allow its name or amount, or another "
				   "counter has that name",
			 STR_ARG(count->name));
	*said |= err != -ENOMEM;
	return err;
}

static bool is_name(struct str name)
{
	if (!name.len || name.len > 255 || !isalpha((unsigned char)name.p[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!isalnum((unsigned char)name.p[i]) && !strchr("_.-/", name.p[i]))
			return false;
	return true;
}

static bool is_valid(const struct python_count *count)
{
	const bool falls = count->whole ? count->amount.i < 0 : !(count->amount.d >= 0);

	return is_name(count->name) && is_text(count->unit) && is_text(count->description) &&
	       !(count->monotonic && falls);
}

int python_counters__take(struct python_counters *counters, struct python_count *count)
{
	int counter = is_valid(count) ? find(counters, count) : -EINVAL, err = 0;

	if (counter < 0)
		return refuse(counters, count, counter);
	for (u32 i = 0; i < count->attr_cnt && !err; i++)
		err = count->attrs[i].key.len ? keep_key(counters, &count->attrs[i].key) : -EINVAL;
	if (err)
		return refuse(counters, count, err);
	qsort(count->attrs, count->attr_cnt, sizeof(count->attrs[0]), compare);
	if (count->whole && !counters->infos[counter].whole) {
		count->amount.d = (double)count->amount.i;
		count->whole = false;
	}
	return counter;
}
