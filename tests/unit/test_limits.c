// SPDX-License-Identifier: Apache-2.0
/* Which attributes stay, how long texts stay, and which option beats which. */
#include "model/limits.h"

#include "test.h"

/* A span with attributes named by the letters of keys, which are also their values. */
static struct span *span_of(const char *keys)
{
	struct span *span = span__new(NULL, NULL);

	for (; *keys; keys++)
		attrs__str(&span->attrs, &span->mem, (struct str){keys, 1}, (struct str){keys, 1});
	return span;
}

static void check_keys(const struct span *span, const char *want, u32 dropped)
{
	char keys[64] = "";

	for (u32 i = 0; i < span->attrs.cnt; i++)
		keys[i] = span->attrs.v[i].key.p[0];
	CHECK_STR(str_from(keys), want);
	CHECK(span->attrs.dropped == dropped);
}

static void count_is_limited(void)
{
	static const struct {
		const char *keys;
		u32 limit;
		const char *oldest, *newest;
		u32 dropped;
	} rows[] = {
		{"abcde", 3, "cde", "abc", 2},
		{"abcde", 5, "abcde", "abcde", 0},
		{"abcde", 6, "abcde", "abcde", 0},
		{"abcde", 1, "e", "a", 4},
		{"abcde", 0, "", "", 5},
		{"abcde", LIMITS_NONE, "abcde", "abcde", 0},
		{"", 0, "", "", 0},
		/* past the list's first growth */
		{"abcdefghijklmnopqrst", 4, "qrst", "abcd", 16},
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		bool drop_oldest = i & 1;
		struct limits limits = {rows[i / 2].limit, LIMITS_NONE, drop_oldest, 0, 0};
		struct span *span = span_of(rows[i / 2].keys);

		limits__apply(&limits, span);
		check_keys(span, drop_oldest ? rows[i / 2].oldest : rows[i / 2].newest,
			   rows[i / 2].dropped);
		span__free(span);
	}
}

/* What is ours alone does not push out what Python has. */
static void ours_go_first(void)
{
	for (u32 limit = 0; limit < 6; limit++) {
		static const char *const oldest[] = {"", "c", "bc", "abc", "abco", "abcoo"};
		static const char *const newest[] = {"", "a", "ab", "abc", "abco", "abcoo"};

		for (int drop_oldest = 0; drop_oldest < 2; drop_oldest++) {
			struct limits limits = {limit, LIMITS_NONE, drop_oldest, 0, 0};
			struct span *span = span_of("abc");

			attrs__str(&span->attrs, &span->mem, STR("otel_ebpf.x"), STR("1"));
			attrs__str(&span->attrs, &span->mem, STR("otel_ebpf.y"), STR("1"));
			limits__apply(&limits, span);
			check_keys(span, (drop_oldest ? oldest : newest)[limit], 5 - limit);
			span__free(span);
		}
	}
}

static void list_grows_on_after_it_was_cut(void)
{
	struct limits limits = {2, LIMITS_NONE, true, 0, 0};
	struct span *span = span_of("abcdefghijklmnop");
	struct str neighbour = arena__dup(&span->mem, STR("behind the list"));

	limits__apply(&limits, span);
	for (const char *key = "0123456789ABCDEFGH"; *key; key++)
		attrs__int(&span->attrs, &span->mem, (struct str){key, 1}, 1);
	check_keys(span, "op0123456789ABCDEFGH", 14);
	CHECK_STR(neighbour, "behind the list");
	span__free(span);
}

static void dropped_adds_up(void)
{
	struct limits limits = {1, LIMITS_NONE, false, 0, 0};
	struct span *span = span_of("abc");

	span->attrs.dropped = 5;
	limits__apply(&limits, span);
	check_keys(span, "a", 7);
	span__free(span);
}

static void texts_are_cut_in_code_points(void)
{
	static const struct {
		const char *text;
		u32 limit;
		const char *want;
	} rows[] = {
		{"golden-client/1.0", 5, "golde"},
		{"golde", 5, "golde"},
		{"gold", 5, "gold"},
		{"x", 0, ""},
		{"", 5, ""},
		{"\xc3\xa9\xc3\xa9\xc3\xa9", 2, "\xc3\xa9\xc3\xa9"},
		{"\xc3\xa9\xc3\xa9\xc3\xa9", 3, "\xc3\xa9\xc3\xa9\xc3\xa9"},
		{"\xc3\xa9\xc3\xa9\xc3\xa9", 5, "\xc3\xa9\xc3\xa9\xc3\xa9"},
		{"a\xf0\x9f\x98\x80z", 2, "a\xf0\x9f\x98\x80"},
		{"a\xf0\x9f\x98\x80z", 1, "a"},
		/* what a careless writer left counts one a piece */
		{"\xff\xff\xff", 2, "\xff\xff"},
		{"long enough", LIMITS_NONE, "long enough"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct limits limits = {LIMITS_NONE, rows[i].limit, false, 0, 0};
		struct span *span = span__new(NULL, NULL);

		attrs__str(&span->attrs, &span->mem, STR("a-long-key"), str_from(rows[i].text));
		limits__apply(&limits, span);
		CHECK_STR(span->attrs.v[0].s, rows[i].want);
		CHECK_STR(span->attrs.v[0].key, "a-long-key");
		CHECK(!span->attrs.dropped);
		span__free(span);
	}
}

static void each_text_of_a_list_is_cut(void)
{
	struct limits limits = {LIMITS_NONE, 2, false, 0, 0};
	struct str items[] = {STR("abc"), STR("a"), STR("\xc3\xa9\xc3\xa9\xc3\xa9")};
	struct span *span = span__new(NULL, NULL);

	attrs__add(&span->attrs, &span->mem,
		   (struct attr){.key = STR("l"), .type = ATTR_STR_LIST, .list = {items, 3}});
	limits__apply(&limits, span);
	CHECK_STR(items[0], "ab");
	CHECK_STR(items[1], "a");
	CHECK_STR(items[2], "\xc3\xa9\xc3\xa9");
	span__free(span);
}

static void only_attributes_are_cut(void)
{
	struct limits limits = {LIMITS_NONE, 1, true, 0, 0};
	struct span *span = span__new(NULL, NULL);

	span->name = STR("GET /delete");
	span->status_message = STR("ValueError");
	attrs__int(&span->attrs, &span->mem, STR("n"), 1234567);
	attrs__bool(&span->attrs, &span->mem, STR("b"), true);
	limits__apply(&limits, span);
	CHECK_STR(span->name, "GET /delete");
	CHECK_STR(span->status_message, "ValueError");
	CHECK(span->attrs.v[0].i == 1234567);
	CHECK(span->attrs.v[1].b);
	span__free(span);
}

static void events_are_limited(void)
{
	struct limits limits = {LIMITS_NONE, 1, false, 2, 1};
	struct span *span = span__new(NULL, NULL);

	for (int i = 0; i < 3; i++) {
		struct span_event *event = span__event(span, 1, STR("e"));

		attrs__str(&event->attrs, &span->mem, STR("a"), STR("xy"));
		attrs__int(&event->attrs, &span->mem, STR("b"), i);
	}
	limits__apply(&limits, span);
	CHECK(span->event_cnt == 2 && span->events_dropped == 1);
	CHECK(span->events[1].attrs.cnt == 1 && span->events[1].attrs.dropped == 1);
	CHECK_STR(span->events[1].attrs.v[0].s, "x");
	span__free(span);
}

static void limits_of_events(void)
{
	const struct limit_texts none = {0}, some = {.event_cnt = "3", .event_attr_cnt = "4"};
	struct limits limits;

	limits_parse(&none, false, &limits);
	CHECK(limits.event_cnt == 128 && limits.event_attr_cnt == 128);
	limits_parse(&some, false, &limits);
	CHECK(limits.event_cnt == 3 && limits.event_attr_cnt == 4);
	CHECK(limits.attr_cnt == 128);
}

static void options_are_ranked(void)
{
	static const struct {
		struct limit_texts texts;
		u32 attr_cnt, value_len;
	} rows[] = {
		{{NULL, NULL, NULL, NULL, NULL, NULL}, 128, LIMITS_NONE},
		{{"4", NULL, "5", NULL, NULL, NULL}, 4, 5},
		{{NULL, "4", NULL, "5", NULL, NULL}, 4, 5},
		{{"7", "4", "8", "5", NULL, NULL}, 4, 5},
		{{"4", "7", "5", "8", NULL, NULL}, 7, 8},
		{{"0", NULL, "0", NULL, NULL, NULL}, 0, 0},
		{{"7", "0", "8", "0", NULL, NULL}, 0, 0},
		{{"", "", "", "", NULL, NULL}, 128, LIMITS_NONE},
		{{"-3", "x", "1.5", "4 4", NULL, NULL}, 128, LIMITS_NONE},
		{{"7", "-3", "8", "5x", NULL, NULL}, 7, 8},
		{{" 12 ", NULL, NULL, NULL, NULL, NULL}, 12, LIMITS_NONE},
		{{"4294967294", NULL, "4294967295", NULL, NULL, NULL}, 4294967294, LIMITS_NONE},
		{{"4294967296", NULL, "99999999999999999999999999", NULL, NULL, NULL},
		 LIMITS_NONE,
		 LIMITS_NONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct limits limits;

		limits_parse(&rows[i].texts, i & 1, &limits);
		CHECK(limits.attr_cnt == rows[i].attr_cnt);
		CHECK(limits.value_len == rows[i].value_len);
		CHECK(limits.drop_oldest == (i & 1));
	}
}

int main(void)
{
	RUN(count_is_limited);
	RUN(ours_go_first);
	RUN(list_grows_on_after_it_was_cut);
	RUN(dropped_adds_up);
	RUN(texts_are_cut_in_code_points);
	RUN(each_text_of_a_list_is_cut);
	RUN(only_attributes_are_cut);
	RUN(events_are_limited);
	RUN(limits_of_events);
	RUN(options_are_ranked);
	return test_status();
}
