// SPDX-License-Identifier: Apache-2.0
/*
 * Finished spans on their way out: gathered into batches, each handed to every exporter. A batch
 * goes out when it is full and at every tick, so a span waits at most one tick.
 */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "model/batch.h"

struct pipeline;

/* Takes a batch, borrowed for the call. */
typedef void (*pipeline_batch_fn)(void *owner, const struct batch *batch);

/* deliver NULL: nobody takes spans, they are gone at once. */
int pipeline__new(struct pipeline **out, pipeline_batch_fn deliver, void *owner);
/* What was not flushed is dropped. */
void pipeline__free(struct pipeline *pipeline);
/* False: there was no memory, the span is gone. */
bool pipeline__span(struct pipeline *pipeline, struct span *owned);
void pipeline__flush(struct pipeline *pipeline);

struct pipeline_counts {
	u64 delivered, lost; /* spans handed to the exporters; gone for want of memory */
	u32 queued, capacity;
};

void pipeline__counts(const struct pipeline *pipeline, struct pipeline_counts *counts);

#endif
