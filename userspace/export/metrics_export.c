// SPDX-License-Identifier: Apache-2.0
#include "export/metrics_export.h"

#include <inttypes.h>

#include "export/json.h"

static const struct metrics_export_ops *const exporters[] = {
#define METRICS_EXPORTER(name) &export_##name##_metrics,
#include "export/metrics_list.h"
#undef METRICS_EXPORTER
};

void metrics_export_bound(struct buf *out, const struct metric_info *info, u32 i)
{
	double bound = info->bounds[i];

	if (info->bounds_as_written && bound == (double)(s64)bound)
		buf__printf(out, "%" PRId64, (s64)bound);
	else
		json_double(out, bound);
}

const struct metrics_export_ops *metrics_export_find(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(exporters); i++)
		if (export_is_named(name, exporters[i]->name, exporters[i]->aliases))
			return exporters[i];
	return NULL;
}
