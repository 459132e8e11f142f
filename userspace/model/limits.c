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
	*limits = (struct limits){
		.attr_cnt = LIMITS_COUNT_DEFAULT,
		.value_len = LIMITS_NONE,
		.drop_oldest = drop_oldest,
		.event_cnt = LIMITS_COUNT_DEFAULT,
		.event_attr_cnt = LIMITS_COUNT_DEFAULT,
	};
	if (!parse(texts->span_attr_cnt, &limits->attr_cnt))
		parse(texts->attr_cnt, &limits->attr_cnt);
	if (!parse(texts->span_value_len, &limits->value_len))
		parse(texts->value_len, &limits->value_len);
	parse(texts->event_cnt, &limits->event_cnt);
	parse(texts->event_attr_cnt, &limits->event_attr_cnt);
}

static bool is_ours(const struct attr *attr)
{
	static const struct str prefix = {"otel_ebpf.", 10};

	return str_eq(str_sub(attr->key, 0, prefix.len), prefix);
}

static void limit_count(struct attrs *attrs, u32 limit, bool drop_oldest)
{
	u32 surplus;

	while (attrs->cnt > limit && is_ours(&attrs->v[attrs->cnt - 1])) {
		attrs->cnt--;
		attrs->dropped++;
	}
	if (attrs->cnt <= limit)
		return;
	surplus = attrs->cnt - limit;
	if (drop_oldest) {
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

static void limit_attrs(struct attrs *attrs, u32 limit, const struct limits *limits)
{
	limit_count(attrs, limit, limits->drop_oldest);
	for (u32 i = 0; i < attrs->cnt; i++) {
		struct attr *attr = &attrs->v[i];

		if (attr->type == ATTR_STR)
			attr->s = cut(attr->s, limits->value_len);
		if (attr->type == ATTR_STR_LIST)
			cut_list(&attr->list, limits->value_len);
	}
}

/* Python drops the oldest, whatever the conventions; here what comes too late, as specified. */
void limits__apply(const struct limits *limits, struct span *span)
{
	limit_attrs(&span->attrs, limits->attr_cnt, limits);
	if (span->event_cnt > limits->event_cnt) {
		span->events_dropped += span->event_cnt - limits->event_cnt;
		span->event_cnt = limits->event_cnt;
	}
	for (u32 i = 0; i < span->event_cnt; i++)
		limit_attrs(&span->events[i].attrs, limits->event_attr_cnt, limits);
}
