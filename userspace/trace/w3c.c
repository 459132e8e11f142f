// SPDX-License-Identifier: Apache-2.0
/*
 * W3C Trace Context, level 2, as a receiver reads it:
 *
 *	traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *	             ^0 ^3                               ^36              ^53
 *	tracestate:  vendor=a:1,tenant@other=b
 */
#include "trace/w3c.h"

#include <errno.h>

#define TRACEPARENT_LEN 55 /* of version 00; later ones may go on after a dash */
#define FLAG_SAMPLED	0x01
#define FLAG_RANDOM	0x02

/* Section 3.3.1; they also bound the work a header can cause. */
#define TRACESTATE_MEMBERS 32
#define KEY_LEN		   256
#define VALUE_LEN	   256

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* -1 for what is no lower-case hex digit. */
static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_read(const char *text, u8 *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (u8)(high << 4 | low);
	}
	return true;
}

static bool any_set(const u8 *bytes, size_t len)
{
	u8 any = 0;

	for (size_t i = 0; i < len; i++)
		any |= bytes[i];
	return any;
}

int w3c_parse_traceparent(struct str text, struct w3c_parent *parent)
{
	struct w3c_parent found;
	u8 version;

	text = str_trim(text);
	if (text.len < TRACEPARENT_LEN)
		return -EINVAL;
	if (text.p[2] != '-' || text.p[35] != '-' || text.p[52] != '-')
		return -EINVAL;
	if (!hex_read(text.p, &version, 1) || version == 0xff)
		return -EINVAL;
	if (text.len > TRACEPARENT_LEN && (!version || text.p[TRACEPARENT_LEN] != '-'))
		return -EINVAL;
	if (!hex_read(text.p + 3, found.trace_id, sizeof(found.trace_id)) ||
	    !hex_read(text.p + 36, found.span_id, sizeof(found.span_id)) ||
	    !hex_read(text.p + 53, &found.flags, 1))
		return -EINVAL;
	if (!any_set(found.trace_id, sizeof(found.trace_id)) ||
	    !any_set(found.span_id, sizeof(found.span_id)))
		return -EINVAL;
	/* reserved bits read as zero (3.2.2.5); of a later version only sampled is known (3.2.4) */
	found.flags &= version ? FLAG_SAMPLED : FLAG_SAMPLED | FLAG_RANDOM;
	*parent = found;
	return 0;
}

static bool key_valid(struct str key)
{
	if (!key.len || key.len > KEY_LEN || !(is_lower(key.p[0]) || is_digit(key.p[0])))
		return false;
	for (size_t i = 1; i < key.len; i++) {
		char c = key.p[i];

		/* strchr would also find the NUL that ends the set */
		if (!is_lower(c) && !is_digit(c) && !memchr("_-*/@", c, 5))
			return false;
	}
	return true;
}

static bool value_valid(struct str value)
{
	if (!value.len || value.len > VALUE_LEN)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c < ' ' || c > '~' || c == ',' || c == '=')
			return false;
	}
	return true;
}

/* Takes the key of one trimmed member into keys; false if the member voids the list. */
static bool member_add(struct str *keys, size_t *key_cnt, struct str member)
{
	ssize_t equals = str_find(member, '=', 0);
	struct str key;

	if (equals < 0)
		return false;
	key = str_sub(member, 0, (size_t)equals);
	if (!key_valid(key) || !value_valid(str_sub(member, (size_t)equals + 1, member.len)))
		return false;
	for (size_t i = 0; i < *key_cnt; i++)
		if (str_eq(keys[i], key))
			return false;
	keys[(*key_cnt)++] = key;
	return true;
}

bool w3c_tracestate_valid(struct str text)
{
	struct str keys[TRACESTATE_MEMBERS];
	size_t key_cnt = 0, from = 0;

	if (!text.len)
		return true;
	/* empty members are fine, and by the grammar they count */
	for (int i = 0; i < TRACESTATE_MEMBERS; i++) {
		ssize_t comma = str_find(text, ',', from);
		size_t end = comma < 0 ? text.len : (size_t)comma;
		struct str member = str_trim(str_sub(text, from, end - from));

		if (member.len && !member_add(keys, &key_cnt, member))
			return false;
		if (comma < 0)
			return true;
		from = end + 1;
	}
	return false;
}
