// SPDX-License-Identifier: Apache-2.0
#include "model/resource.h"

#include <stdlib.h>

struct resource *resource__new(void)
{
	struct resource *resource = calloc(1, sizeof(*resource));

	if (resource)
		resource->refs = 1;
	return resource;
}

struct resource *resource__get(struct resource *resource)
{
	resource->refs++;
	return resource;
}

void resource__put(struct resource *resource)
{
	if (!resource || --resource->refs)
		return;
	arena__free(&resource->mem);
	free(resource);
}
