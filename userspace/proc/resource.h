// SPDX-License-Identifier: Apache-2.0
/* The resource of a traced process, in the order in which OpenTelemetry's Python SDK prints it. */
#ifndef PROC_RESOURCE_H
#define PROC_RESOURCE_H

#include "proc/process.h"

/* One reference; NULL when there is no memory. exe: path of its executable, "" if not known. */
struct resource *resource_of_process(const struct process_env *env, const char *exe);

#endif
