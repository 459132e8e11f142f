// SPDX-License-Identifier: Apache-2.0
/*
 * Learns templates of paths, fit for span names: /delete/1, /delete/2 -> /delete/{id}.
 * Segments that look like an id become a placeholder at once; a place in the path that takes too
 * many words becomes one too. Memory is bounded whatever paths come, and so is the number of
 * templates ever given: at most two for each of PATH_TEMPLATES_MAX_NODES.
 *
 *	{id}	decimal digits			{date}	2024-10-28, with or without a time
 *	{uuid}	8-4-4-4-12 hex digits		{ip}	IPv4 address
 *	{hash}	16 or more hex digits, one 0-9	{email}	e-mail address
 *	{float}	0.0727, with three digits or more behind the dot
 *	{token}	20 or more letters and digits, well mixed; else more than 64 bytes, or any that no
 *		URI has
 *	{param}	any word: too many were seen in this place (64; fewer as the tree fills up)
 *	{rest}	this segment and all that follow: deeper than 16, or the tree is full
 *
 * A file keeps its extension (1234.json -> {id}.json); parameters after ";" are dropped.
 */
#ifndef PATH_TEMPLATE_H
#define PATH_TEMPLATE_H

#include "model/arena.h"

/* 320 KiB if ever full; a server has tens of routes, hardly hundreds. */
#define PATH_TEMPLATES_MAX_NODES 4096

struct path_templates;

int path_templates__new(struct path_templates **out);
void path_templates__free(struct path_templates *templates);

/*
 * The template of target's path (query, fragment and an absolute form's scheme and authority are
 * not part of it), as a copy in arena; target "*" gives "*". Printable ASCII, at most 1047 bytes.
 * Empty for CONNECT's host:port and whatever else is no path, and when there is no memory.
 */
struct str path_templates__learn(struct path_templates *templates, struct str target,
				 struct arena *arena);

/* How much of PATH_TEMPLATES_MAX_NODES is used; it never shrinks. */
u32 path_templates__node_cnt(const struct path_templates *templates);

#endif
