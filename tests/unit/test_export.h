// SPDX-License-Identifier: Apache-2.0
/* Spans through an exporter, into text. */
#ifndef TEST_EXPORT_H
#define TEST_EXPORT_H

#include <sys/mman.h>
#include <unistd.h>

#include "export/export.h"
#include "test_file.h"

#define LONG_MS 60000 /* waits for what must happen; who waits has an alarm that comes first */

/* What an exporter makes of spans; the caller frees it. */
static inline struct str export_spans(const char *name, const struct export_env *like,
				      struct span *const *owned, u32 cnt)
{
	struct export_env env = like ? *like : (struct export_env){0};
	const struct export_ops *ops = export_find(str_from(name));
	int fd = memfd_create("out", 0);
	struct batch *batch = batch__new(cnt);
	struct exporter *exporter;
	struct str text;

	while (batch->cnt < cnt)
		batch__add(batch, owned[batch->cnt]);
	CHECK(!output__new(&env.output, fd, 1 << 20, false));
	CHECK(!ops->open(&exporter, &env) && exporter->ops == ops);
	CHECK(ops->send(exporter, batch) == EXPORT_OK);
	ops->close(exporter);
	CHECK(!output__flush(env.output, LONG_MS));
	output__free(env.output);
	batch__put(batch);
	text = read_all(fd);
	close(fd);
	return text;
}

#endif
