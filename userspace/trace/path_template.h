// SPDX-License-Identifier: Apache-2.0
/*
 * Learns templates of paths: /delete/1, /delete/2 -> /delete/{id}. Segments that look like ids,
 * UUIDs, hashes and the like become placeholders at once; a place in the path that takes too many
 * values becomes one too. Memory is bounded whatever paths come.
 */
#ifndef PATH_TEMPLATE_H
#define PATH_TEMPLATE_H

#include "model/arena.h"

struct path_templates;

int path_templates__new(struct path_templates **out);
void path_templates__free(struct path_templates *templates);

/*
 * The template of target's path (query, fragment and an absolute form's scheme and authority are not
 * part of it), as a copy in arena; target "*" gives "*". Empty when there is no memory.
 */
struct str path_templates__learn(struct path_templates *templates, struct str target, struct arena *arena);

#endif
