// SPDX-License-Identifier: Apache-2.0
/* What HTTP's statuses mean to who POSTs telemetry (OTLP specification, OTLP/HTTP Response). */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "deliver/transport.h"

/* A status that is not 2xx: sets outcome, code and payload. */
void http_judge(struct send_result *result, u32 status);
/* "120" or "Fri, 31 Dec 1999 23:59:59 GMT"; what cannot be read says nothing. now: unix ns. */
void http_retry_after(struct send_result *result, struct str value, u64 now);

#endif
