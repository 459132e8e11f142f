// SPDX-License-Identifier: Apache-2.0
/*
 * What can be found out about a process and its host, by the names that
 * OTEL_EXPERIMENTAL_RESOURCE_DETECTORS gives the finders. What cannot be known exactly is left out.
 */
#ifndef DETECTORS_H
#define DETECTORS_H

#include "model/resource.h"
#include "proc/facts.h"
#include "proc/language.h"

/* Of whom to find out, and how. */
struct subject {
	struct facts *facts;
	u32 tgid;
	struct str exe;			 /* path of the executable, empty if not known */
	const struct language *language; /* NULL if not known */
	bool stable;			 /* values as the stable conventions have them */
	bool args;			 /* the arguments, too */
};

/* list: of process, os, host, container or "*"; in its order. Others are passed over. */
void detect_all(struct resource *resource, const struct subject *subject, const char *list);
/* Behind the last slash. */
struct str base_name(struct str path);

#endif
