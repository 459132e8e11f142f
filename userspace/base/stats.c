// SPDX-License-Identifier: Apache-2.0
#include "base/stats.h"

static const struct {
	enum stat_group group;
	const char *text;
} info[STAT_CNT] = {
#define STAT(name, group, text) {STAT_##group, text},
#include "base/stat_list.h"
#undef STAT
};

enum stat_group stat_group(enum stat stat)
{
	return info[stat].group;
}

const char *stat_text(enum stat stat)
{
	return info[stat].text;
}

u64 stats__sum(const struct stats *stats, enum stat_group group)
{
	u64 sum = 0;

	for (int i = 0; i < STAT_CNT; i++)
		if (info[i].group == group)
			sum += stats->v[i];
	return sum;
}

static void print_group(const struct stats *stats, struct buf *out, enum stat_group group,
			bool zeros)
{
	const char *sep = "";

	for (int i = 0; i < STAT_CNT; i++) {
		if (info[i].group != group || (!zeros && !stats->v[i]))
			continue;
		buf__printf(out, "%s%s %llu", sep, info[i].text, (unsigned long long)stats->v[i]);
		sep = ", ";
	}
}

static void print_optional(const struct stats *stats, struct buf *out, enum stat_group group,
			   const char *title)
{
	if (!stats__sum(stats, group))
		return;
	buf__printf(out, "; %s: ", title);
	print_group(stats, out, group, false);
}

/* Where there is any: left out as the user asked, or the process's own SDK makes it right. */
static void print_left_out(const struct stats *stats, struct buf *out, enum stat stat)
{
	if (stats->v[stat])
		buf__printf(out, ", %llu %s", (unsigned long long)stats->v[stat], info[stat].text);
}

void stats__print(const struct stats *stats, struct buf *out)
{
	const u64 *v = stats->v;

	buf__printf(out, "%llu requests, %llu spans, %llu lost (",
		    (unsigned long long)v[STAT_REQUESTS], (unsigned long long)v[STAT_SPANS],
		    (unsigned long long)stats__sum(stats, STAT_LOST));
	print_group(stats, out, STAT_LOST, true);
	buf__printf(out, "), %llu discarded", (unsigned long long)v[STAT_DISCARDED]);
	print_left_out(stats, out, STAT_EXCLUDED);
	print_left_out(stats, out, STAT_LEFT);
	print_left_out(stats, out, STAT_SAMPLED_OUT);
	buf__printf(out, ", %llu open", (unsigned long long)v[STAT_OPEN]);
	print_optional(stats, out, STAT_MARK, "marks");
	print_optional(stats, out, STAT_SEEN, "not parsed");
	print_optional(stats, out, STAT_OUTPUT, "not written");
	print_optional(stats, out, STAT_CALL, "functions");
}
