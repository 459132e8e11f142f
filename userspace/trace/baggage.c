// SPDX-License-Identifier: Apache-2.0
/*
 * The header of W3C Baggage:
 *
 *	baggage: user=alice%20b;level=2;vip , shop=7
 *	         ^key ^value    ^properties   ^next member
 */
#include "trace/baggage.h"

#include "model/percent.h"
#include "proto/http1_head.h"
#include "trace/fields.h"

static bool is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!http1_is_token((u8)text.p[i]))
			return false;
	return text.len;
}

/* baggage-octet; '=' is one of them */
static bool is_value(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~' || memchr("\",;\\", text.p[i], 4))
			return false;
	return true;
}

/* Splits "key = value" and checks both; value.p is NULL where there is no '='. */
static bool split_pair(struct str text, struct str *key, struct str *value)
{
	ssize_t equals = str_find(text, '=', 0);

	*key = str_trim(equals < 0 ? text : str_sub(text, 0, (size_t)equals));
	*value = equals < 0 ? STR_NONE : str_trim(str_sub(text, (size_t)equals + 1, text.len));
	return is_token(*key) && is_value(*value);
}

static bool properties_valid(struct str rest)
{
	struct str property, key, value;

	while (split_next(&rest, ';', &property))
		if (!split_pair(property, &key, &value))
			return false;
	return true;
}

static bool take_bytes(struct baggage *baggage, size_t len)
{
	if (len > BAGGAGE_BYTES - baggage->bytes)
		return false;
	baggage->bytes += (u32)len;
	return true;
}

static void set(struct baggage *baggage, struct baggage_member member)
{
	u32 i = 0;

	while (i < baggage->cnt && !str_eq(baggage->v[i].key, member.key))
		i++;
	if (!member.value.p || i == BAGGAGE_MEMBERS)
		return;
	baggage->v[i] = member;
	if (i == baggage->cnt)
		baggage->cnt++;
}

static void add_member(struct baggage *baggage, struct str text, struct arena *arena)
{
	struct baggage_member member;
	struct str pair, value;

	split_next(&text, ';', &pair);
	member.properties = str_trim(text);
	if (!split_pair(pair, &member.key, &value) || !value.p || !properties_valid(text))
		return;
	member.value = str_trim(percent_decode(arena, value));
	set(baggage, member);
}

void baggage__add_list(struct baggage *baggage, struct str list, struct arena *arena)
{
	struct str member;

	if (!take_bytes(baggage, list.len))
		return;
	while (split_next(&list, ',', &member))
		add_member(baggage, member, arena);
}

void baggage__add_pair(struct baggage *baggage, struct str key, struct str value,
		       struct arena *arena)
{
	char *lower;

	if (!is_token(key) || !take_bytes(baggage, key.len + value.len))
		return;
	lower = arena__alloc(arena, key.len);
	if (!lower)
		return;
	for (size_t i = 0; i < key.len; i++)
		lower[i] = key.p[i] >= 'A' && key.p[i] <= 'Z' ? key.p[i] | 0x20 : key.p[i];
	set(baggage, (struct baggage_member){
			     .key = {lower, key.len},
			     .value = str_trim(percent_decode(arena, value)),
		     });
}
