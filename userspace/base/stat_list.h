// SPDX-License-Identifier: Apache-2.0
/*
 * Every counter of the daemon: STAT(NAME, group, "text"). One line here makes a counter that is
 * printed at exit and on SIGUSR1, and told as a metric.
 *
 *   requests = spans + lost + discarded + excluded + left to own SDKs + sampled out + open
 *   (the identity, exact)
 *
 * LOST    requests of which there will be no span, by cause
 * MARK    spans or connections with something missing, by cause; apart from the sum above
 * SEEN    traffic recognised but not parsed (connections), and other facts worth a look
 * OUTPUT  spans that were made but could not be written
 * CALL    calls of functions, where those are traced
 */
STAT(REQUESTS, TOTAL, "requests")
STAT(SPANS, TOTAL, "spans")
STAT(DISCARDED, TOTAL, "discarded")	/* read, never answered by design: after a closing answer */
STAT(EXCLUDED, TOTAL, "excluded")	/* asked to make no span, by their URL */
STAT(LEFT, TOTAL, "left to own SDKs")	/* the process tells of it itself */
STAT(SAMPLED_OUT, TOTAL, "sampled out") /* the sampler's or a parent's decision */
STAT(OPEN, TOTAL, "open")		/* a gauge: begun, neither ended nor discarded */

STAT(LOST_RING, LOST, "ring")		  /* the record with its begin found the ring buffer full */
STAT(LOST_UNSYNC, LOST, "unsynchronised") /* begun, then its answer could not be told apart */
STAT(LOST_END, LOST, "forgotten") /* its connection went: no room for it, or its close was lost */
STAT(LOST_MEMORY, LOST, "memory") /* no memory, or a table was full */

STAT(MARK_TRUNCATED, MARK, "truncated")	   /* a head longer than what is captured */
STAT(MARK_HOLE, MARK, "hole")		   /* bytes of a message were lost */
STAT(MARK_INFERRED, MARK, "inferred end")  /* the end of an answer was deduced, not seen */
STAT(MARK_MIDWAY, MARK, "joined midway")   /* connections already in use when first seen */
STAT(MARK_UNSYNC, MARK, "unsynchronised")  /* connections given up, until idle or for good */
STAT(MARK_READ_FAULT, MARK, "read faults") /* user memory was not readable for the probe */
STAT(MARK_MISSED, MARK, "missed probes")   /* the kernel skipped a program */
STAT(MARK_EVICTED, MARK, "evicted")	   /* connections forgotten because the table was full */
STAT(MARK_NO_STORAGE, MARK, "no storage")  /* connections the kernel had no memory for */
STAT(MARK_RECORDS, MARK, "lost records")   /* ring buffer records dropped, of any kind */
STAT(MARK_UNMEASURED, MARK,
     "not measured") /* measurements without memory, or of too many processes */
STAT(MARK_UNSETTLED, MARK,
     "undecided") /* processes that sent something, gone before rules could be asked of them */
STAT(MARK_BAD_RECORD, MARK, "bad records") /* records that did not decode */

STAT(SEEN_TLS, SEEN, "TLS")
STAT(SEEN_HTTP2, SEEN, "HTTP/2")
STAT(SEEN_IO_URING, SEEN, "io_uring")
STAT(SEEN_OTHER, SEEN, "other protocols")

STAT(OUTPUT_FULL, OUTPUT, "queue full")
STAT(OUTPUT_BROKEN, OUTPUT, "broken pipe")
STAT(OUTPUT_FAILED, OUTPUT, "write failed")

STAT(CALL_SPANS, CALL, "spans")
STAT(CALL_EVENTS, CALL, "events") /* of USDT probes, on spans */
STAT(CALL_OUTSIDE, CALL, "outside requests")
STAT(CALL_AMBIGUOUS, CALL, "within several") /* an event loop's, or of pipelined requests */
STAT(CALL_UNTOLD, CALL, "of requests without a span")
STAT(CALL_LOST, CALL, "lost")		  /* too deep, no memory or room, or the ring was full */
STAT(CALL_LEFT, CALL, "never returned")	  /* longjmp, exceptions, exit: their end is not known */
STAT(CALL_STRAY, CALL, "on other stacks") /* a signal handler's: their return is not probed */
STAT(CALL_ROUTE_LATE, CALL, "routes too late") /* it returned after its request had ended */
STAT(CALL_LATE, CALL, "processes or libraries before their probes") /* what ran until then */
