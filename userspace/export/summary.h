// SPDX-License-Identifier: Apache-2.0
/*
 * The summary: what a person wants to know when a run is over, by method and route; and by service,
 * if there are several.
 *
 *	1234 requests, 3 errors, in 61.5 s
 *	     COUNT    RATE/S   ERRORS       P50       P99       MAX  ROUTE
 *	      1200      19.5        3     1.1ms     4.5ms    12.0ms  GET /delete/{id}
 *	                                                     12.0ms 4bf92f3577b34da6a3ce929d0e0e4736
 *
 * Below a route are the trace ids of its slowest requests: of those that have a span to look up. An
 * error is what makes a server's span one: a status from 500 on, or an answer that is not complete.
 * Count, rate and maximum are exact, quantiles less than 0.8 % off (model/quantiles.h).
 *
 * It counts every call that ended, before sampling, but for excluded URLs.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "model/semconv.h"

/* Routes counted apart, each 30 KB; a server has tens. What comes later is counted as "others". */
#define SUMMARY_ROUTES_MAX 128
/* Routes shown, the busiest; the rest is summed up in a line. */
#define SUMMARY_ROWS_MAX 20
/* Trace ids below each. */
#define SUMMARY_SLOWEST_MAX 3

struct summary;

/* semconv is borrowed. 0 or -ENOMEM. */
int summary__new(struct summary **out, const struct semconv *semconv);
/* NULL is fine. */
void summary__free(struct summary *summary);

/* route: the framework's own or a learned one; empty if there is none. sent: its span is, too. */
void summary__add(struct summary *summary, const struct span *span, struct str route, bool sent);
/*
 * since, until: unix ns, when requests were watched for; a request that began before, or ended
 * after, widens it.
 */
void summary__print(const struct summary *summary, u64 since, u64 until, bool colour,
		    struct buf *out);

#endif
