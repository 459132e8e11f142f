// SPDX-License-Identifier: Apache-2.0
#include "model/resource.h"

#include <stdlib.h>

#include "model/utf8.h"

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

void resource__set(struct resource *resource, struct str key, struct str value)
{
	struct arena *mem = &resource->mem;
	struct attrs *attrs = &resource->attrs;

	if (attrs->cnt == RESOURCE_ATTRS_MAX && !attrs__find(attrs, key)) {
		attrs->dropped++;
		return;
	}
	key = arena__dup(mem, utf8_clean(mem, key));
	value = arena__dup(mem, utf8_clean(mem, value));
	if (key.p && value.p)
		attrs__set(attrs, mem, (struct attr){.key = key, .type = ATTR_STR, .s = value});
	else
		attrs->dropped++;
}
