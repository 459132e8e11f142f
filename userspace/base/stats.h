// SPDX-License-Identifier: Apache-2.0
/* Counters of what was seen and what was lost, by cause; stat_list.h names them. One thread only.
 */
#ifndef STATS_H
#define STATS_H

#include "base/buf.h"

enum stat_group {
	STAT_TOTAL,
	STAT_LOST,
	STAT_MARK,
	STAT_SEEN,
	STAT_OUTPUT,
	STAT_CALL,
	STAT_GROUP_CNT
};

enum stat {
#define STAT(name, group, text) STAT_##name,
#include "base/stat_list.h"
#undef STAT
	STAT_CNT
};

struct stats {
	u64 v[STAT_CNT];
};

static inline void stats__add(struct stats *stats, enum stat stat, u64 n)
{
	stats->v[stat] += n;
}

enum stat_group stat_group(enum stat stat);
const char *stat_text(enum stat stat);
/* Sum of the counters of one group. */
u64 stats__sum(const struct stats *stats, enum stat_group group);
/*
 * Appends "1000 requests, 1000 spans, 0 lost (ring 0, ...), 0 discarded, 0 open; marks: ...; ...".
 * Causes of loss are always named; what is left out on purpose ("7 excluded, 2 sampled out",
 * behind "discarded"), marks, recognised traffic and output loss only where not zero.
 */
void stats__print(const struct stats *stats, struct buf *out);

#endif
