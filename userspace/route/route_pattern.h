// SPDX-License-Identifier: Apache-2.0
/*
 * A route as its framework spells it, made fit for comparison with paths:
 *
 *	/delete/<int:task_id>	->	literal "/delete/", digits
 *
 *	ROUTE_WERKZEUG	Flask: <int:x>, <string(length=2):x>, <any(a,b):x>, <path:x> ...
 *	ROUTE_STARLETTE	Starlette, FastAPI and routes given by hand: {x}, {x:int}, {x:path} ...
 *	ROUTE_DJANGO	<int:x>, <slug:x>, <path:x> ...; routes begin without a slash
 *
 * A converter that is not known, or whose rules differ between versions, matches "maybe".
 */
#ifndef ROUTE_PATTERN_H
#define ROUTE_PATTERN_H

#include "model/arena.h"

enum route_style { ROUTE_WERKZEUG, ROUTE_STARLETTE, ROUTE_DJANGO, ROUTE_STYLE_CNT };
enum route_match { ROUTE_NO, ROUTE_MAYBE, ROUTE_YES };

enum route_kind {
	ROUTE_LITERAL,
	ROUTE_SEGMENT,	     /* characters but slashes */
	ROUTE_REST,	     /* any characters */
	ROUTE_REST_WERKZEUG, /* the same, but the first is no slash */
	ROUTE_DIGITS,
	ROUTE_FLOAT,
	ROUTE_UUID,
	ROUTE_SLUG,
	ROUTE_ANY,     /* one of a list */
	ROUTE_UNKNOWN, /* a converter of the application's own */
};

struct route_element {
	enum route_kind kind;
	struct str text; /* the literal; of ROUTE_ANY the list, "a,b" */
	u32 min, max;	 /* characters */
	bool strict;  /* of ROUTE_UUID: lower case alone; of ROUTE_FLOAT: the dot must be there */
	bool unicode; /* digits of all scripts count */
	bool unsure;  /* what fits its form may still be refused */
};

/* Lives in the arena it was compiled into. */
struct route_pattern {
	struct route_element *elements;
	u32 cnt;
	bool open;	   /* anything may follow */
	bool crosses;	   /* some converter takes slashes */
	bool has_variable; /* else it is one literal, or nothing */
};

/* The rule's text is kept. 0, -EINVAL if it is no rule of that style, -ENOMEM. */
int route_pattern__compile(struct route_pattern *pattern, enum route_style style, struct str rule,
			   struct arena *arena);
/* path: unescaped. Its time is bounded; what would take longer is a maybe. */
enum route_match route_pattern__match(const struct route_pattern *pattern, struct str path);

#endif
