// SPDX-License-Identifier: Apache-2.0
/*
 * struct json_writer: a JSON document as json.dumps(document, indent=4) lays it out: every member
 * and item on a line of its own, empty objects and lists as "{}" and "[]"; or compact, as
 * json.dumps(document) does: {"n": 1, "m": 2}.
 *
 *	json_writer__open(w, '{');		{
 *	json_writer__key(w, "n");		    "n": 1
 *	buf__printf(w->out, "%d", 1);		}
 *	json_writer__close(w, '}');
 */
#ifndef JSON_WRITER_H
#define JSON_WRITER_H

#include "export/json.h"
#include "model/attrs.h"

/* Set out, and compact if wanted; the rest starts as zero. Scalars are appended to out, after
 * __key() or __item(). */
struct json_writer {
	struct buf *out;
	bool compact;
	u32 depth;
	bool started; /* the innermost object or list is not empty */
};

void json_writer__open(struct json_writer *w, char bracket);
void json_writer__close(struct json_writer *w, char bracket);
/* Before the value of an object's member. */
void json_writer__key(struct json_writer *w, const char *key);
/* Before each value of a list. */
void json_writer__item(struct json_writer *w);

/* Members with the values there are most of. */
void json_writer__member(struct json_writer *w, struct str key, struct str s);
void json_writer__str(struct json_writer *w, const char *key, struct str s);
void json_writer__int(struct json_writer *w, const char *key, s64 i);
void json_writer__u64(struct json_writer *w, const char *key, u64 i);
void json_writer__attrs(struct json_writer *w, struct str key, const struct attrs *attrs);

#endif
