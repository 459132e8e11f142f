// SPDX-License-Identifier: Apache-2.0
#include "model/batch.h"

#include <assert.h>
#include <stdlib.h>

struct batch *batch__new(u32 cap)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	batch->refs = 1;
	batch->cap = cap;
	batch->spans = calloc(cap ? cap : 1, sizeof(*batch->spans));
	if (!batch->spans) {
		batch__put(batch);
		return NULL;
	}
	return batch;
}

void batch__add(struct batch *batch, struct span *owned)
{
	assert(batch->refs == 1 && batch->cnt < batch->cap);
	batch->spans[batch->cnt++] = owned;
}

struct batch *batch__get(const struct batch *batch)
{
	struct batch *kept = (struct batch *)batch;

	kept->refs++;
	return kept;
}

void batch__put(struct batch *batch)
{
	u32 i;

	if (!batch || --batch->refs)
		return;
	for (i = 0; i < batch->cnt; i++)
		span__free(batch->spans[i]);
	free(batch->spans);
	free(batch);
}
