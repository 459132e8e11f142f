// SPDX-License-Identifier: Apache-2.0
/*
 * Limits are applied once, to a finished list; the outcome is that of applying them at each
 * insertion, since our keys are unique:
 *
 *	a b c d e, limit 3:		drop_oldest  c d e	else  a b c
 *	a b c d otel_ebpf.e, limit 3:	drop_oldest  b c d	else  a b c
 */
#include "model/limits.h"

#include "model/utf8.h"

/* A number too large is as good as no limit. */
static bool parse(const char *text, u32 *limit)
{
	struct str digits = str_trim(str_from(text));
	u64 number = 0;

	for (size_t i = 0; i < digits.len; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
		number = number * 10 + (u64)(digits.p[i] - '0');
		if (number > LIMITS_NONE)
			number = LIMITS_NONE;
	}
	if (digits.len)
		*limit = (u32)number;
	return digits.len;
}

void limits_parse(const struct limit_texts *texts, bool drop_oldest, struct limits *limits)
{
	*limits = (struct limits){LIMITS_COUNT_DEFAULT, LIMITS_NONE, drop_oldest};
	if (!parse(texts->span_attr_cnt, &limits->attr_cnt))
		parse(texts->attr_cnt, &limits->attr_cnt);
	if (!parse(texts->span_value_len, &limits->value_len))
		parse(texts->value_len, &limits->value_len);
}

static bool is_ours(const struct attr *attr)
{
	static const struct str prefix = {"otel_ebpf.", 10};

	return str_eq(str_sub(attr->key, 0, prefix.len), prefix);
}

static void limit_count(struct attrs *attrs, const struct limits *limits)
{
	u32 surplus;

	while (attrs->cnt > limits->attr_cnt && is_ours(&attrs->v[attrs->cnt - 1])) {
		attrs->cnt--;
		attrs->dropped++;
	}
	if (attrs->cnt <= limits->attr_cnt)
		return;
	surplus = attrs->cnt - limits->attr_cnt;
	if (limits->drop_oldest) {
		/* the arena owns the list, so it may begin later */
		attrs->v += surplus;
		attrs->cap -= surplus;
	}
	attrs->cnt -= surplus;
	attrs->dropped += surplus;
}

static struct str cut(struct str text, u32 limit)
{
	struct str rest = text;

	/* no code point is shorter than a byte */
	if (text.len <= limit)
		return text;
	while (rest.len && limit--)
		utf8_next(&rest);
	return str_sub(text, 0, text.len - rest.len);
}

static void cut_list(struct attr_list *list, u32 limit)
{
	for (u32 i = 0; i < list->cnt; i++)
		list->v[i] = cut(list->v[i], limit);
}

void limits__apply(const struct limits *limits, struct span *span)
{
	limit_count(&span->attrs, limits);
	for (u32 i = 0; i < span->attrs.cnt; i++) {
		struct attr *attr = &span->attrs.v[i];

		if (attr->type == ATTR_STR)
			attr->s = cut(attr->s, limits->value_len);
		if (attr->type == ATTR_STR_LIST)
			cut_list(&attr->list, limits->value_len);
	}
}
