// SPDX-License-Identifier: Apache-2.0
/*
 * Heads of HTTP/1 messages (RFC 9112 sections 2 to 5): where one ends, and what it says about the
 * message's framing and the connection. Nothing is copied; texts point into the head.
 *
 *	GET /a HTTP/1.1\r\n Host: x\r\n \r\n
 *	HTTP/1.1 200 OK\r\n Content-Length: 2\r\n \r\n
 */
#ifndef HTTP1_HEAD_H
#define HTTP1_HEAD_H

#include "model/http.h"
#include "proto/proto.h"

/* Servers refuse more than 8 to 80 KiB; what is longer is truncated here. */
#define HTTP1_HEAD_LIMIT (64u << 10)
/* A first line is cut at what is captured of a head, which is no less (--capture_head). */
#define HTTP1_CUT_MIN 1024
/* The longest registered method has 17 letters; this leaves room for private ones. */
#define HTTP1_METHOD_LIMIT 32

/* RFC 9110 section 5.6.2: tchar. */
bool http1_is_token(u8 c);
/* Visible, blank, tab or above ASCII: what should stand in a field's value. */
static inline bool http1_is_text(u8 c)
{
	return (c >= ' ' && c != 0x7f) || c == '\t';
}

/* RFC 9110 section 5.5: the others may be retained, as most servers do, and frame nothing. */
static inline bool http1_is_value(u8 c)
{
	return c != '\0' && c != '\r' && c != '\n';
}

enum start_part {
	START_EMPTY,
	START_EMPTY_LF,
	START_METHOD,
	START_TARGET,
	START_VERSION,
	START_YES,
	START_NO,
};

/* How far a request's first line was recognised; zero-initialised is at its first byte. */
struct http1_start {
	size_t pos;
	enum start_part part;
	u32 len; /* bytes of the part so far */
};

/* Goes on at start->pos of in, which is what was given before and more. */
enum match http1_start__match(struct http1_start *start, struct str in);
/*
 * The first line is so long that its end was not captured: is it a request's all the same? Its
 * method is then in capital letters and its target long and of the origin or absolute form.
 */
bool http1_start__cut(const struct http1_start *start, struct str in);
/* Do these first bytes of a server begin a status line? */
enum match http1_status_match(struct str in);

enum scan { SCAN_MORE, SCAN_DONE, SCAN_BARE_LF };

/* How far the search for the empty line got, so that no byte is searched twice. */
struct http1_scan {
	struct http1_start start;
	size_t line; /* where the line begins whose end is not found yet */
	size_t pos;
};

/*
 * *len: up to where the head is complete (SCAN_DONE) or not to be trusted (SCAN_BARE_LF): some
 * servers take LF alone for a line end and others do not.
 */
enum scan http1_scan__request(struct http1_scan *scan, struct str in, size_t *len);
/* LF alone is a line end here: the server that sent it knows what it means by it. */
enum scan http1_scan__answer(struct http1_scan *scan, struct str in, size_t *len);

enum head_flag {
	HEAD_LENGTH = 1 << 0,	    /* Content-Length */
	HEAD_LENGTH_AGAIN = 1 << 1, /* the same value more than once */
	HEAD_CODED = 1 << 2,	    /* Transfer-Encoding */
	HEAD_CHUNKED = 1 << 3,	    /* its last coding is chunked */
	HEAD_CLOSE = 1 << 4,	    /* Connection: close */
	HEAD_KEEP_ALIVE = 1 << 5,   /* Connection: keep-alive */
	HEAD_EXPECT = 1 << 6,	    /* Expect: 100-continue */
	HEAD_BAD_LINE = 1 << 7,	    /* a line that is no field, or a byte not allowed in it */
	HEAD_BAD_FRAMING = 1 << 8,  /* fields that contradict themselves about the length */
};

enum head_text { TEXT_HOST, TEXT_USER_AGENT, TEXT_TRACEPARENT, TEXT_TRACESTATE, TEXT_CNT };

struct http1_head {
	struct str method, target; /* of a request */
	struct str version;	   /* "1.0" or "1.1" */
	u16 status;		   /* of an answer */
	u32 flags;		   /* enum head_flag */
	u64 length;		   /* HEAD_LENGTH */
	struct {
		struct str value; /* the first; p NULL if there is none or it is folded */
		u32 cnt;
	} texts[TEXT_CNT];
	struct str fields; /* the lines after the first */
};

/*
 * Of a head that is complete or cut short; a line without its end is left out. -EPROTO: the first
 * line is not complete or not valid. start: how far it was recognised in the same text.
 */
int http1_head__request(struct http1_head *head, struct str text, const struct http1_start *start);
int http1_head__answer(struct http1_head *head, struct str text);

/* The same of text that ends within a target, see http1_start__cut(). The version is not known. */
void http1_head__cut_request(struct http1_head *head, struct str text);

/* It cannot be known where this request ends, or its server cannot be trusted to agree. */
bool http1_head__ambiguous(const struct http1_head *head);
/* The connection ends after this message, says its sender (RFC 9112 section 9.3). */
bool http1_head__closes(const struct http1_head *head);

/* Points the call's texts into the head, which must live in call->mem. 0 or -ENOMEM. */
int http1_head__fill(const struct http1_head *head, struct http_call *call);

#endif
