// SPDX-License-Identifier: Apache-2.0
#include "export/json_writer.h"

#include <inttypes.h>

static void new_line(struct json_writer *w)
{
	buf__printf(w->out, "\n%*s", (int)(4 * w->depth), "");
}

void json_writer__open(struct json_writer *w, char bracket)
{
	buf__char(w->out, bracket);
	w->depth++;
	w->started = false;
}

void json_writer__close(struct json_writer *w, char bracket)
{
	w->depth--;
	if (w->started && !w->compact)
		new_line(w);
	buf__char(w->out, bracket);
	w->started = true;
}

void json_writer__item(struct json_writer *w)
{
	if (w->started)
		buf__str(w->out, w->compact ? STR(", ") : STR(","));
	if (!w->compact)
		new_line(w);
	w->started = true;
}

static void key_str(struct json_writer *w, struct str key)
{
	json_writer__item(w);
	json_str(w->out, key);
	buf__str(w->out, STR(": "));
}

void json_writer__key(struct json_writer *w, const char *key)
{
	key_str(w, str_from(key));
}

void json_writer__str(struct json_writer *w, const char *key, struct str s)
{
	json_writer__key(w, key);
	json_str(w->out, s);
}

void json_writer__member(struct json_writer *w, struct str key, struct str s)
{
	key_str(w, key);
	json_str(w->out, s);
}

void json_writer__int(struct json_writer *w, const char *key, s64 i)
{
	json_writer__key(w, key);
	buf__printf(w->out, "%" PRId64, i);
}

void json_writer__u64(struct json_writer *w, const char *key, u64 i)
{
	json_writer__key(w, key);
	buf__printf(w->out, "%" PRIu64, i);
}

static void print_list(struct json_writer *w, struct attr_list list)
{
	u32 i;

	json_writer__open(w, '[');
	for (i = 0; i < list.cnt; i++) {
		json_writer__item(w);
		json_str(w->out, list.v[i]);
	}
	json_writer__close(w, ']');
}

static void print_value(struct json_writer *w, const struct attr *attr)
{
	struct buf *out = w->out;

	switch (attr->type) {
	case ATTR_STR:
		json_str(out, attr->s);
		break;
	case ATTR_INT:
		buf__printf(out, "%" PRId64, attr->i);
		break;
	case ATTR_DOUBLE:
		json_double(out, attr->d);
		break;
	case ATTR_BOOL:
		buf__str(out, str_from(attr->b ? "true" : "false"));
		break;
	case ATTR_STR_LIST:
		print_list(w, attr->list);
		break;
	}
}

void json_writer__attrs(struct json_writer *w, struct str key, const struct attrs *attrs)
{
	u32 i;

	key_str(w, key);
	json_writer__open(w, '{');
	for (i = 0; i < attrs->cnt; i++) {
		key_str(w, attrs->v[i].key);
		print_value(w, &attrs->v[i]);
	}
	json_writer__close(w, '}');
}
