// SPDX-License-Identifier: Apache-2.0
/*
 * The routes of one application, and which of them its framework takes for a request.
 *
 * As text, for that is how a recording keeps it: the style, and "absolute" if its server is known
 * to take targets in absolute form; then a line a rule, in the order in which the application adds
 * them.
 *
 *	werkzeug absolute
 *	= GET,HEAD,OPTIONS /delete/<int:task_id>
 *	~ * /page		with a slash behind it, too (strict_slashes=False)
 *	? GET /debug		may be there or not, so what it matches has no known route
 *	! * /admin/		some rules below /admin/ that are not known; "! * " below anything
 *	/ * 5 shop/^a+$		Django's re_path(): a regular expression behind 5 literal bytes
 *
 * Methods end in ",?" if there may be more of them. A route that is not certain is none, unless
 * its view was seen to run. So behind a tab a line tells, where that is known, which function that
 * is: "\t7 a /srv/app.py", by the line of its first decorator.
 */
#ifndef ROUTE_TABLE_H
#define ROUTE_TABLE_H

#include "route/route_pattern.h"

/* Applications have tens, large ones hundreds; a request is held against each. */
#define ROUTES_MAX 2048

struct function;
struct route_table;

/* NULL is fine. */
void route_table__free(struct route_table *table);
/* 0, -EINVAL if the text is none of a table, or -ENOMEM; -ENOENT if it holds no rule. */
int route_table__new(struct route_table **out, struct str text);
/* "werkzeug", as the first line spells it. */
const char *route_style_name(enum route_style style);
/*
 * The rule that takes the request, as the framework spells it; empty if none or none for certain.
 * target: of the request line. Lives as long as the table.
 */
struct str route_table__match(const struct route_table *table, struct str method,
			      struct str target);
/*
 * The same of a request in which these functions ran, and maybe others. Where the rules leave it
 * open, it is the one that takes the request and whose view is among them, if no other may be. If
 * the one they give has a view that is not, but others that take the request have: none.
 */
struct str route_table__settle(const struct route_table *table, struct str method,
			       struct str target, const struct function *const *ran, u32 cnt);

#endif
