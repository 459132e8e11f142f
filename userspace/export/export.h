// SPDX-License-Identifier: Apache-2.0
/*
 * An exporter takes batches away: open, send one batch at a time, close. To add one: one file that
 * defines a `struct export_ops`, and one line in export/list.h.
 */
#ifndef EXPORT_H
#define EXPORT_H

#include "base/loop.h"
#include "config/config.h"
#include "export/files.h"
#include "export/output.h"
#include "model/batch.h"
#include "model/sdk_metric.h"

struct outbox;

/* RETRY: nothing was taken, come again. DROP: a part or all is lost, and counted where it was. */
enum export_result { EXPORT_OK, EXPORT_RETRY, EXPORT_DROP };

/* What exporters may need from outside; borrowed, outlives them. */
struct export_env {
	struct output *output; /* telemetry on standard output */
	bool terminal;	       /* standard output is a terminal: colour is welcome */
	s64 utc_offset_s;      /* local time minus UTC, for people; 0 in replays */
	struct files *files;   /* telemetry in files */
	struct outbox *outbox; /* telemetry over the network */
	struct str argument;   /* what stands behind the exporter's name, "file:PATH"; or empty */
	const struct config *config;
	struct loop *loop;
	/* All metrics there are now: a reference of the caller's, or NULL: none, or no memory. */
	struct metrics *(*pull)(void *owner);
	void *owner;
};

struct exporter {
	const struct export_ops *ops;
	const char *component; /* "console_span_exporter"; with tell() */
	u64 exported, failed;  /* spans, counted by send(), of those that deliver at once */
};

struct export_ops {
	const char *name;
	const char *const *aliases; /* other names, up to NULL; NULL: none */
	int (*open)(struct exporter **out, const struct export_env *env);
	/* Never blocks. The batch is borrowed: keep it with batch__get(). */
	enum export_result (*send)(struct exporter *exporter, const struct batch *batch);
	void (*close)(struct exporter *exporter);
	/* What became of its spans so far; export_tell(), if send() counts. NULL: it cannot. */
	void (*tell)(const struct exporter *exporter, const struct sdk_component *component,
		     struct metric_builder *builder);
};

#define EXPORTER(name) extern const struct export_ops export_##name;
#include "export/list.h"
#undef EXPORTER

/* For send(): counts spans whose record was written, or not for this error. */
enum export_result exporter__count(struct exporter *exporter, u32 spans, int err);
/* The tell() of exporters that deliver at once or not at all: what failed found the output full. */
void export_tell(const struct exporter *exporter, const struct sdk_component *component,
		 struct metric_builder *builder);

/* NULL if there is none of that name. */
const struct export_ops *export_find(struct str name);
/* True if an exporter with that name and aliases is meant. */
bool export_is_named(struct str wanted, const char *name, const char *const *aliases);

#endif
