// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pipeline.h"

#include <errno.h>
#include <stdlib.h>

/* Its spans still lie in the cache of the CPU when the exporters read them and when they are freed.
 */
#define BATCH_SPANS 64

struct pipeline {
	pipeline_batch_fn deliver;
	void *owner;
	struct batch *batch; /* being filled; NULL if empty */
	u64 delivered, lost; /* spans */
};

int pipeline__new(struct pipeline **out, pipeline_batch_fn deliver, void *owner)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

	if (!pipeline)
		return -ENOMEM;
	pipeline->deliver = deliver;
	pipeline->owner = owner;
	*out = pipeline;
	return 0;
}

void pipeline__free(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	batch__put(pipeline->batch);
	free(pipeline);
}

bool pipeline__span(struct pipeline *pipeline, struct span *owned)
{
	if (!pipeline->deliver) {
		span__free(owned);
		pipeline->delivered++;
		return true;
	}
	if (!pipeline->batch)
		pipeline->batch = batch__new(BATCH_SPANS);
	if (!pipeline->batch) {
		span__free(owned);
		pipeline->lost++;
		return false;
	}
	batch__add(pipeline->batch, owned);
	if (pipeline->batch->cnt == BATCH_SPANS)
		pipeline__flush(pipeline);
	return true;
}

void pipeline__flush(struct pipeline *pipeline)
{
	struct batch *batch = pipeline->batch;

	if (!batch)
		return;
	pipeline->batch = NULL;
	pipeline->delivered += batch->cnt;
	pipeline->deliver(pipeline->owner, batch);
	batch__put(batch);
}

void pipeline__counts(const struct pipeline *pipeline, struct pipeline_counts *counts)
{
	*counts = (struct pipeline_counts){
		.delivered = pipeline->delivered,
		.lost = pipeline->lost,
		.queued = pipeline->batch ? pipeline->batch->cnt : 0,
		.capacity = BATCH_SPANS,
	};
}
