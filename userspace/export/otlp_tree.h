// SPDX-License-Identifier: Apache-2.0
/*
 * Telemetry as OTLP messages: trees of the structs that protoc-c made of export/proto, which
 * export/otlp.c packs, and export/otlp_json.c prints. A tree borrows its texts and ids; all else of
 * it lies in the arena.
 */
#ifndef OTLP_TREE_H
#define OTLP_TREE_H

#include "model/metric.h"

/*
 * For the arena. A tree of 512 usual spans takes 1.2 MB. Its message may have BUF_LIMIT bytes, and
 * is smaller than its tree.
 */
#define OTLP_TREE_LIMIT ((size_t)4 * BUF_LIMIT)

struct Otlp__TracesData;
struct Otlp__MetricsData;

/* NULL when there is no memory, or more is wanted than the arena's limit. */
struct Otlp__TracesData *otlp_traces_tree(struct arena *mem, const struct span *const *spans,
					  u32 cnt);
struct Otlp__MetricsData *otlp_metrics_tree(struct arena *mem, const struct metrics *metrics);

#endif
