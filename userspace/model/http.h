// SPDX-License-Identifier: Apache-2.0
/*
 * struct http_call: one HTTP request and its answer, as facts, in no convention's words. Parsers
 * fill it, trace/ gives it ids, model/semconv turns it into attributes, export/text.c prints it.
 */
#ifndef HTTP_H
#define HTTP_H

#include "model/arena.h"
#include "model/peer.h"

enum http_mark {
	HTTP_REQUEST_TRUNCATED = 1 << 0,  /* the request's head is longer than captured */
	HTTP_RESPONSE_TRUNCATED = 1 << 1, /* the same of the final answer's head */
	HTTP_HOLE = 1 << 2,		  /* bytes were lost whose content matters */
	HTTP_INFERRED_END = 1 << 3,	  /* the end of the answer was deduced, not seen */
};

/* Trace context of a request: its own ids, and its parent's if it named one. */
struct trace_context {
	u8 trace_id[16];
	u8 span_id[8];
	u8 parent_id[8];  /* all zero: a root span */
	u8 flags;	  /* W3C trace-flags, 0x01 sampled */
	struct str state; /* tracestate as received, in the call's arena; empty if not valid */
};

struct http_call {
	struct arena mem; /* owns every text below */
	struct peer peer;

	/* The request. Texts point into request_head or into mem. */
	struct str request_head; /* from the method to the empty line, or what there is */
	struct str method;	 /* as sent: case matters (RFC 9110 section 9.1) */
	struct str target;	 /* as sent: origin, absolute, authority form or "*" */
	struct str
		version; /* "1.0" or "1.1"; empty: the target is cut, see HTTP_REQUEST_TRUNCATED */
	struct str host; /* Host field, trimmed; p NULL if there is none */
	struct str user_agent;	/* p NULL if there is none */
	struct str traceparent; /* p NULL if there is none or more than one */
	struct str tracestate;	/* several fields joined by commas (RFC 9110 section 5.3) */

	/* The final answer: of 1xx only 101 is final (RFC 9110 section 15.2). */
	struct str response_head;
	u16 status; /* 0: no status line was seen */

	u64 start_ns; /* unix; the process read the first byte of the request */
	u64 end_ns;   /* unix; the answer's last byte went to the kernel, or it was given up */
	u64 request_size, response_size; /* bytes on the socket: head, framing and body */
	/* Bytes of the bodies alone; -1: not whole, or where framing lies among them is not known.
	 */
	s64 request_body, response_body;

	u32 marks;	   /* enum http_mark */
	const char *error; /* why it is incomplete, static, for error.type; NULL if complete */

	struct trace_context context; /* set when the request begins */
};

/* NULL when there is no memory. */
struct http_call *http_call__new(void);
void http_call__free(struct http_call *call);

struct http_field {
	struct str name, value; /* the value is trimmed */
};

/*
 * A head is a start line and field lines, each ended by CRLF or LF; its fields are what follows the
 * start line. Where the head was cut, the line without its end does not count: half a value reads
 * like a whole one. Folded lines are not joined.
 */
struct str http_head_fields(struct str head);
/* Takes the next field off; false at the end. Lines that are no fields are passed over. */
bool http_next_field(struct str *fields, struct http_field *field);
/* Value of the first field of that name in a head; p NULL if there is none. */
struct str http_head_field(struct str head, struct str name);

/* Appends the names of the marks, e.g. "truncated_request,hole". */
void http_print_marks(struct buf *out, u32 marks, char separator);

#endif
