// SPDX-License-Identifier: Apache-2.0
/* The lists of exporters, told apart into names and arguments. */
#include "config/config.h"
#include "config/options.h"
#include "config/value.h"

static bool has_exporter(const struct config_exporter *list, u32 cnt,
			 const struct config_exporter *exporter)
{
	for (u32 i = 0; i < cnt; i++) {
		if (str_eq(list[i].name, exporter->name) &&
		    str_eq(list[i].argument, exporter->argument))
			return true;
	}
	return false;
}

/* Those of the list that the row knows. */
static u32 exporters(const char *list, size_t offset,
		     struct config_exporter out[CONFIG_EXPORTERS_MAX])
{
	const struct option *option = &options[option_row(offset)];
	struct str rest = str_from(list), item;
	u32 cnt = 0;

	while (cnt < CONFIG_EXPORTERS_MAX && list_next(&rest, &item)) {
		struct str name = str_from(value_find(option, item));
		ssize_t colon = str_find(name, ':', 0);
		struct config_exporter exporter = {.name = name};

		if (!name.len || str_eq(name, STR("none")))
			continue;
		if (colon >= 0) {
			exporter.name.len = (size_t)colon;
			exporter.argument = str_sub(item, (size_t)colon + 1, item.len);
		}
		if (!has_exporter(out, cnt, &exporter))
			out[cnt++] = exporter;
	}
	return cnt;
}

/* One more place for what is exported at all. */
static u32 with_elastic(const struct config *config, u32 cnt,
			struct config_exporter out[CONFIG_EXPORTERS_MAX])
{
	if (cnt && cnt < CONFIG_EXPORTERS_MAX && config->elastic_endpoint)
		out[cnt++] = (struct config_exporter){.name = STR("elastic")};
	return cnt;
}

u32 config__exporters(const struct config *config, struct config_exporter out[CONFIG_EXPORTERS_MAX])
{
	size_t offset = offsetof(struct config, traces_exporter);

	return with_elastic(config, exporters(config->traces_exporter, offset, out), out);
}

u32 config__metrics_exporters(const struct config *config,
			      struct config_exporter out[CONFIG_EXPORTERS_MAX])
{
	size_t offset = offsetof(struct config, metrics_exporter);

	return with_elastic(config, exporters(config->metrics_exporter, offset, out), out);
}
