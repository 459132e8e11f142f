// SPDX-License-Identifier: Apache-2.0
#include "proc/launch.h"

#include <stdlib.h>

struct launch *launch__read(struct facts *facts, u32 tgid)
{
	struct launch *launch = calloc(1, sizeof(*launch));

	if (!launch)
		return NULL;
	launch->refs = 1;
	if (facts__ask(facts, &launch->exe, "exe/%u", tgid)) {
		launch__put(launch);
		return NULL;
	}
	facts__ask(facts, &launch->service_name, "environ/%u/OTEL_SERVICE_NAME", tgid);
	facts__ask(facts, &launch->resource_attributes, "environ/%u/OTEL_RESOURCE_ATTRIBUTES",
		   tgid);
	return launch;
}

struct launch *launch__get(struct launch *launch)
{
	if (launch)
		launch->refs++;
	return launch;
}

void launch__put(struct launch *launch)
{
	if (!launch || --launch->refs)
		return;
	buf__free(&launch->exe);
	buf__free(&launch->service_name);
	buf__free(&launch->resource_attributes);
	free(launch);
}
