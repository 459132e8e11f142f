// SPDX-License-Identifier: Apache-2.0
/*
 * Headers that a user wants sent along: "api-key=secret,x-team=blue%20sky", as W3C Baggage writes
 * it, without properties. Values may be secrets: no message shows them.
 */
#ifndef HEADER_LIST_H
#define HEADER_LIST_H

#include "base/buf.h"

/* More than any receiver asks for. */
#define HEADERS_MAX 32

struct header {
	char *name; /* lower case */
	char *value;
};

/* Zero-initialised is empty. */
struct header_list {
	struct header headers[HEADERS_MAX];
	u32 cnt;
};

/*
 * NULL is an empty text. Of what is no header, or one that the protocol sets itself
 * (content-length, te), it says so, naming `source`, and goes on: 0, -ENOMEM.
 */
int header_list__parse(struct header_list *list, const char *text, const char *source);
/* Copies. Replaces one of the same name: 0, -ENOMEM, -EINVAL for what no header may hold (a line's
 * end), or -E2BIG past HEADERS_MAX. */
int header_list__set(struct header_list *list, struct str name, struct str value);
/* "authorization: Basic ..." of a URL's "user:password", percent-encoded. As header_list__set(). */
int header_list__set_user(struct header_list *list, struct str user);
void header_list__free(struct header_list *list);

#endif
