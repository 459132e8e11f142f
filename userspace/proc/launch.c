// SPDX-License-Identifier: Apache-2.0
#include "proc/launch.h"

#include <stdio.h>
#include <stdlib.h>

struct launch *launch__read(struct facts *facts, u32 tgid)
{
	struct launch *launch = calloc(1, sizeof(*launch));
	char key[32];

	if (!launch)
		return NULL;
	launch->refs = 1;
	snprintf(key, sizeof(key), "exe/%u", tgid);
	/* not facts__ask(): that it is lacking is said when it serves something */
	if (facts->fn(facts->owner, key, &launch->exe)) {
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
