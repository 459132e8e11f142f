// SPDX-License-Identifier: Apache-2.0
/*
 * The resource of a traced process, in the order in which OpenTelemetry's Python SDK prints it. Of
 * each attribute the last of these that has a word on it is right:
 *
 *	what was detected
 *	OTEL_RESOURCE_ATTRIBUTES, then OTEL_SERVICE_NAME, of the process
 *	OTEL_RESOURCE_ATTRIBUTES, then OTEL_SERVICE_NAME, of the daemon, or its flags
 *
 * but telemetry.sdk.* is ours to say. A service nobody has named is unknown_service:EXECUTABLE, as
 * the specification demands: a name guessed from a script or a module would be one for strangers.
 */
#ifndef PROC_RESOURCE_H
#define PROC_RESOURCE_H

#include "proc/launch.h"
#include "proc/process.h"

/* One reference; NULL when there is no memory. launch: NULL if not known. */
struct resource *resource_of_process(struct process_env *env, u32 tgid,
				     const struct launch *launch);

/* Our own, of metrics about ourselves. rng is left as it is: ids do not depend on what is told. */
struct resource *resource_of_daemon(const struct rng *rng);

#endif
