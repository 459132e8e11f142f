// SPDX-License-Identifier: Apache-2.0
#include "export/export.h"

static const struct export_ops *const exporters[] = {
#define EXPORTER(name) &export_##name,
#include "export/list.h"
#undef EXPORTER
};

const struct export_ops *export_find(struct str name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(exporters); i++)
		if (str_eq(name, str_from(exporters[i]->name)))
			return exporters[i];
	return NULL;
}
