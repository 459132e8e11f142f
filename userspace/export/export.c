// SPDX-License-Identifier: Apache-2.0
#include "export/export.h"

static const struct export_ops *const exporters[] = {
#define EXPORTER(name) &export_##name,
#include "export/list.h"
#undef EXPORTER
};

bool export_is_named(struct str wanted, const char *name, const char *const *aliases)
{
	for (; aliases && *aliases; aliases++)
		if (str_eq(wanted, str_from(*aliases)))
			return true;
	return str_eq(wanted, str_from(name));
}

const struct export_ops *export_find(struct str name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(exporters); i++)
		if (export_is_named(name, exporters[i]->name, exporters[i]->aliases))
			return exporters[i];
	return NULL;
}
