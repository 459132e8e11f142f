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

enum export_result exporter__count(struct exporter *exporter, u32 spans, int err)
{
	*(err ? &exporter->failed : &exporter->exported) += spans;
	return err ? EXPORT_DROP : EXPORT_OK;
}

void export_tell(const struct exporter *exporter, const struct sdk_component *component,
		 struct metric_builder *builder)
{
	sdk_metric__tell(builder, SDK_EXPORTED, component, NULL, exporter->exported);
	sdk_metric__tell(builder, SDK_EXPORTED, component, "output dropped", exporter->failed);
}

const struct export_ops *export_find(struct str name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(exporters); i++)
		if (export_is_named(name, exporters[i]->name, exporters[i]->aliases))
			return exporters[i];
	return NULL;
}
