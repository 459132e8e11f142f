// SPDX-License-Identifier: Apache-2.0
/*
 * What a receiver's answer holds beside its status: a partial success, when to come again. Its
 * bytes are anybody's.
 */
#ifndef OTLP_ANSWER_H
#define OTLP_ANSWER_H

#include "deliver/transport.h"

/* More than any receiver has to say; what is longer is not read. */
#define ANSWER_MAX ((size_t)64 << 10)

/*
 * An Export...ServiceResponse, in protobuf or JSON, of a request that was taken: makes result
 * SEND_OK or SEND_PARTIAL. Its message lies in text. One that cannot be read is a warning: sent
 * again, the items would be there twice.
 */
void otlp_answer_taken(struct send_result *result, struct str body, struct buf *text);
/* A google.rpc.Status of one that was not: told_when if it has RetryInfo; its message, if any. */
void otlp_answer_status(struct send_result *result, struct str body, struct buf *text);

#endif
