// SPDX-License-Identifier: Apache-2.0
/* A signal's place for OTLP, as the options have it: transport, limits and queue. */
#ifndef OTLP_TARGET_H
#define OTLP_TARGET_H

#include "config/config.h"
#include "deliver/outbox.h"

/* What a signal has of its own. */
struct otlp_signal {
	const char *name;    /* "traces", as variables and HTTP's path name it */
	const char *service; /* gRPC's path */
	const struct config_otlp *options;
	const char *exporters; /* all that this signal goes to */
	bool elastic;	       /* not to the options' endpoint but to ELASTIC_APM_SERVER_ENDPOINT */
};

/*
 * Opens a delivery whose ops, owner, schedule, limits and retry time are set in *delivery. 0 or
 * negative errno; complains itself. *out NULL: that place gets this signal anyway.
 */
int otlp_target_open(struct outbox *outbox, const struct config *config,
		     const struct otlp_signal *signal, struct delivery_options *delivery,
		     struct delivery **out);
/* True if requests are to be in JSON. */
bool otlp_target_is_json(const struct otlp_signal *signal);

#endif
