// SPDX-License-Identifier: Apache-2.0
#include "route/route_order.h"

/* One segment; or, from a converter on that takes slashes, all that follows. */
struct part {
	struct buf text;  /* what tells it from others: literals, kinds and limits of converters */
	u8 literals[256]; /* lengths, inverted: the longer goes first */
	u8 converters[256]; /* weights */
	u32 literal_cnt, converter_cnt;
	bool final;
};

static u8 weight_of(enum route_kind kind)
{
	switch (kind) {
	case ROUTE_DIGITS:
	case ROUTE_FLOAT:
		return 50;
	case ROUTE_REST_WERKZEUG:
		return 200;
	default:
		return 100;
	}
}

/* The rank of a text among those seen, in the order of their first appearance. */
static u32 rank_of(struct route_order *order, struct str text)
{
	struct str seen = buf__view(&order->seen);
	u32 rank = 0;

	for (size_t at = 0; at < seen.len; rank++) {
		u32 len;

		memcpy(&len, seen.p + at, sizeof(len));
		at += sizeof(len);
		if (str_eq(str_sub(seen, at, len), text))
			return rank;
		at += len;
	}
	buf__append(&order->seen, &(u32){(u32)text.len}, sizeof(u32));
	buf__str(&order->seen, text);
	return order->cnt++;
}

/* Key of the part, and what was before it; the next part begins anew. */
static void finish_part(struct route_order *order, struct part *part, struct buf *path,
			struct buf *out)
{
	buf__str(path, buf__view(&part->text));
	buf__char(path, '/');
	if (!part->converter_cnt) {
		buf__char(out, 1);
		buf__str(out, buf__view(&part->text));
		buf__char(out, 0);
	} else {
		u32 rank = rank_of(order, buf__view(path));

		buf__char(out, 2);
		buf__char(out, (char)(255 - part->literal_cnt));
		buf__append(out, part->literals, part->literal_cnt);
		buf__char(out, (char)(255 - part->converter_cnt));
		buf__append(out, part->converters, part->converter_cnt);
		buf__append(out, (u8[]){(u8)(rank >> 16), (u8)(rank >> 8), (u8)rank}, 3);
	}
	buf__reset(&part->text);
	part->literal_cnt = part->converter_cnt = 0;
}

/* A run of literal text without slashes. */
static void add_text(struct part *part, struct str text)
{
	if (!text.len)
		return;
	buf__str(&part->text, text);
	part->literals[part->literal_cnt++] = (u8)(255 - (text.len > 254 ? 254 : text.len));
}

static void add_literal(struct route_order *order, struct part *part, struct str text,
			struct buf *path, struct buf *out)
{
	while (text.len) {
		ssize_t slash = str_find(text, '/', 0);
		struct str run = str_sub(text, 0, slash < 0 ? text.len : (size_t)slash);

		/* each run adds one, and there are few: a rule of many slashes stays in a part */
		if (part->literal_cnt < 255)
			add_text(part, run);
		text = str_sub(text, run.len + 1, text.len);
		if (slash >= 0 && part->final)
			buf__char(&part->text, '/');
		else if (slash >= 0)
			finish_part(order, part, path, out);
	}
}

void route_order__print_key(struct route_order *order, const struct route_pattern *pattern,
			    struct buf *out)
{
	struct part part = {.literal_cnt = 0};
	struct buf path = {0};

	for (u32 i = 0; i < pattern->cnt; i++) {
		const struct route_element *element = &pattern->elements[i];

		if (element->kind == ROUTE_LITERAL) {
			add_literal(order, &part, element->text, &path, out);
			continue;
		}
		part.final |= element->kind == ROUTE_REST_WERKZEUG;
		part.converters[part.converter_cnt++] = weight_of(element->kind);
		buf__printf(&part.text, "<%d %u %u %.*s>", element->kind, element->min,
			    element->max, STR_ARG(element->text));
	}
	finish_part(order, &part, &path, out);
	buf__free(&path);
	buf__free(&part.text);
}

void route_order__free(struct route_order *order)
{
	buf__free(&order->seen);
}
