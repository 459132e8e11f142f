// SPDX-License-Identifier: Apache-2.0
/*
 * struct grpc_answer: gathers what a server answers to a unary call, and judges it as gRPC's own
 * clients do (gRPC over HTTP2; statuscodes; http-grpc-status-mapping) and OTLP asks.
 */
#ifndef GRPC_ANSWER_H
#define GRPC_ANSWER_H

#include "deliver/transport.h"

#define GRPC_MESSAGE_MAX 512 /* of grpc-message, for one line of the log */

/* Zero-initialised, then reset. */
struct grpc_answer {
	u32 http_status;
	s32 status; /* -1: none came */
	char message[GRPC_MESSAGE_MAX];
	struct buf details; /* grpc-status-details-bin, decoded */
	struct buf body;    /* prefix and message, at most ANSWER_MAX bytes */
	bool too_long;
	struct buf text; /* what the result's message points to */
};

void grpc_answer__reset(struct grpc_answer *answer);
void grpc_answer__header(struct grpc_answer *answer, struct str name, struct str value);
void grpc_answer__data(struct grpc_answer *answer, struct str bytes);
/* h2_error: why the stream ended. The result lives until the next reset. */
void grpc_answer__judge(struct grpc_answer *answer, u32 h2_error, struct send_result *result);
/* There was no answer, since there was no connection. */
void grpc_unavailable(const char *why, bool refused, struct send_result *result);
void grpc_answer__free(struct grpc_answer *answer);

#endif
