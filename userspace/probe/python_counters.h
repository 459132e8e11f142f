// SPDX-License-Identifier: Apache-2.0
/*
 * Counters that Python applications make of themselves with the OpenTelemetry API, all processes'
 * in one list: each is known by what it is called and what is added to it, so that two of the same
 * name, unit and kind are one. Attributes' names are kept, since those of metrics outlive calls.
 */
#ifndef PYTHON_COUNTERS_H
#define PYTHON_COUNTERS_H

#include "model/function.h"
#include "model/metric.h"

/* An application has some; what invents more names than this does so without end. */
#define PYTHON_COUNTERS_MAX 64
/* Names of attributes, of all of them. */
#define PYTHON_COUNTER_KEYS_MAX 256

struct python_counters;

int python_counters__new(struct python_counters **out);
/* NULL is fine. */
void python_counters__free(struct python_counters *counters);
/* PYTHON_COUNTERS_MAX of them, there for as long as the counters; filled in as they come. */
const struct metric_info *python_counters__infos(const struct python_counters *counters);
/*
 * The place of what is counted among them. -ENOSPC: there are too many; -EINVAL: it has no name
 * that a counter may have, falls though it must not, or does not go with what another of its name
 * counts. All but -ENOMEM are said once each. The attributes are put in order and keep their names.
 */
int python_counters__take(struct python_counters *counters, struct python_count *count);

#endif
