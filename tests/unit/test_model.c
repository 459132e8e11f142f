// SPDX-License-Identifier: Apache-2.0
/* model/: what telemetry is made of. Ownership is checked by the sanitizers it runs under. */
#include "test.h"

#include <arpa/inet.h>

#include "model/batch.h"
#include "model/utf8.h"

static void arena_keeps_what_it_gave(void)
{
	struct arena arena = {0};
	unsigned char *p[200];
	size_t i, j, wrong = 0;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = arena__alloc(&arena, i * 3);
		CHECK(p[i] && (uintptr_t)p[i] % 8 == 0);
		memset(p[i], (int)i, i * 3);
	}
	for (i = 0; i < ARRAY_SIZE(p); i++)
		for (j = 0; j < i * 3; j++)
			wrong += p[i][j] != i;
	CHECK(!wrong);
	CHECK(arena.total >= 199 * 200 / 2 * 3 && arena.total < 4 * 199 * 200 / 2 * 3);
	arena__free(&arena);
	CHECK(!arena.chunks && !arena.total);
}

static void arena_first_chunk_is_small(void)
{
	struct arena arena = {0};

	CHECK(!arena.total && arena__alloc(&arena, 1) && arena.total == 2048);
	arena__free(&arena);
}

static void arena_has_a_limit(void)
{
	struct arena arena = {0};
	u32 cnt = 0;

	while (cnt < 3000 && arena__alloc(&arena, 1000))
		cnt++;
	CHECK(cnt > 900 && cnt < 1100);
	CHECK(arena.total <= ARENA_LIMIT);
	arena__free(&arena);
	CHECK(!arena__alloc(&arena, ARENA_LIMIT) && !arena__alloc(&arena, SIZE_MAX));
	CHECK(arena__alloc(&arena, ARENA_LIMIT - 64));
	CHECK(!arena__dup(&arena, STR("64 bytes less the head of a chunk are too few for all this"))
		       .p);
	arena__free(&arena);
}

static void arena_dup(void)
{
	struct arena arena = {0};
	char text[] = "abc";
	struct str copy = arena__dup(&arena, str_from(text));

	text[0] = 'x';
	CHECK_STR(copy, "abc");
	CHECK(!arena__dup(&arena, STR_NONE).p);
	CHECK(arena__dup(&arena, STR("")).p && !arena__dup(&arena, STR("")).len);
	arena__free(&arena);
}

static void attrs_keep_their_order(void)
{
	static const char keys[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct arena arena = {0};
	struct attrs attrs = {0};
	const struct attr *attr;
	u32 i;

	for (i = 0; i < 50; i++)
		attrs__int(&attrs, &arena, (struct str){keys + i, 1}, i);
	CHECK(attrs.cnt == 50 && !attrs.dropped);
	for (i = 0; i < attrs.cnt; i++)
		CHECK(attrs.v[i].i == i && attrs.v[i].key.p[0] == keys[i]);
	attr = attrs__find(&attrs, STR("h"));
	CHECK(attr && attr->type == ATTR_INT && attr->i == 7);
	CHECK(!attrs__find(&attrs, STR("hh")));
	arena__free(&arena);
}

static void attrs_count_what_does_not_fit(void)
{
	struct arena arena = {0};
	struct attrs attrs = {0};

	CHECK(arena__alloc(&arena, ARENA_LIMIT - 64));
	attrs__bool(&attrs, &arena, STR("a"), true);
	attrs__str(&attrs, &arena, STR("b"), STR("c"));
	CHECK(!attrs.cnt && attrs.dropped == 2);
	arena__free(&arena);
}

static void head_fields(void)
{
	static const struct {
		const char *head, *name, *value;
	} cases[] = {
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "host", "a"},
		{"GET / HTTP/1.1\nHost:a\n\n", "HOST", "a"},
		{"GET / HTTP/1.1\r\nhOsT: \t a b\t \r\n\r\n", "Host", "a b"},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "Host", "a"},
		{"GET / HTTP/1.1\r\nHost:\r\n\r\n", "Host", ""},
		{"GET / HTTP/1.1\r\nXHost: b\r\nHost: a\r\n\r\n", "Host", "a"},
		{"GET / HTTP/1.1\r\nA: 1\r\n Host: b\r\nB: 2\r\n\r\n", "B", "2"},
		{"GET / HTTP/1.1\r\nA: 1\r\n 2\r\n\r\n", "A", "1"},
		{"GET / HTTP/1.1\r\nA: 1\r\n\tB: 2\r\n\r\n", "B", NULL},
		{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "Host", NULL},
		{"Host: a\r\n\r\n", "Host", NULL},
		{"GET / HTTP/1.1\r\n\r\nHost: a\r\n", "Host", NULL},
		{"GET / HTTP/1.1\r\nHost", "Host", NULL},
		{"GET / HTTP/1.1\r\nHost:", "Host", NULL},
		{"GET / HTTP/1.1\r\nHost: local", "Host", NULL},
		{"GET / HTTP/1.1\r\nHost: a\r", "Host", NULL},
		{"GET / HTTP/1.1\r\nHost: a\r\nUser", "Host", "a"},
		{"GET /", "Host", NULL},
		{"", "Host", NULL},
	};
	struct str value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		value = http_head_field(str_from(cases[i].head), str_from(cases[i].name));
		CHECK(!value.p == !cases[i].value);
		if (cases[i].value)
			CHECK_STR(value, cases[i].value);
	}
}

/* Wherever a head is cut, a field is told whole or not at all. */
static void head_cut_anywhere(void)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n\r\n";
	size_t len, found = 0;
	struct str value;
	char *exact;

	for (len = 0; len < sizeof(head); len++) {
		exact = malloc(len + 1); /* so that a sanitizer sees a read past the cut */
		memcpy(exact, head, len);
		exact = realloc(exact, len ? len : 1);
		value = http_head_field((struct str){exact, len}, STR("host"));
		if (value.p)
			CHECK_STR(value, "localhost");
		found += value.p != NULL;
		free(exact);
	}
	CHECK(found == sizeof(head) - strlen("GET / HTTP/1.1\r\nHost: localhost\r\n"));
}

static void marks(void)
{
	struct buf out = {0};

	http_print_marks(&out, 0, ',');
	CHECK(!out.len);
	http_print_marks(&out, HTTP_HOLE, ',');
	CHECK_STR(buf__view(&out), "hole");
	buf__reset(&out);
	http_print_marks(&out, 15, ',');
	CHECK_STR(buf__view(&out), "truncated_request,truncated_response,hole,inferred_end");
	buf__free(&out);
}

static void addresses(void)
{
	static const char *const cases[] = {"::1", "::", "::ffff:10.0.0.1", "2001:db8::8:0:417a"};
	u8 addr[16] = {127, 0, 0, 1};
	struct buf out = {0};
	size_t i;

	peer_print_addr(&out, FAMILY_INET, addr);
	CHECK_STR(buf__view(&out), "127.0.0.1");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		buf__reset(&out);
		inet_pton(AF_INET6, cases[i], addr);
		peer_print_addr(&out, FAMILY_INET6, addr);
		CHECK_STR(buf__view(&out), cases[i]);
	}
	buf__reset(&out);
	peer_print_addr(&out, FAMILY_UNIX, addr);
	peer_print_addr(&out, FAMILY_NONE, addr);
	CHECK(!out.len);
	buf__free(&out);
}

/* As bytes.decode("utf-8", "replace") answers in Python. */
static void utf8_is_cleaned(void)
{
#define R "\xef\xbf\xbd"
	static const char *const cases[][2] = {
		{"plain", "plain"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"},
		{"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
		{"a\xff"
		 "b",
		 "a" R "b"},
		{"\x80\xbf", R R},
		{"\xc0\xaf", R R},
		{"\xc1\xbf", R R},
		{"\xe0\x80\xaf", R R R},
		{"\xed\xa0\x80", R R R},
		{"\xf0\x80\x80\x80", R R R R},
		{"\xf4\x90\x80\x80", R R R R},
		{"\xf5\x80", R R},
		{"\xe2\x82", R},
		{"\xe2\x82x", R "x"},
		{"\xf0\x9f\x98", R},
		{"\xf0\x9f\x98\xc3\xa4", R "\xc3\xa4"},
		{"\xe2\xe2\x82\xac", R "\xe2\x82\xac"},
	};
#undef R
	struct arena arena = {0};
	struct str s, clean;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		s = str_from(cases[i][0]);
		clean = utf8_clean(&arena, s);
		CHECK_STR(clean, cases[i][1]);
		CHECK((clean.p == s.p) == !strcmp(cases[i][0], cases[i][1]));
	}
	CHECK(!utf8_clean(&arena, STR_NONE).p);
	arena__free(&arena);
}

static void batches_own_spans(void)
{
	struct resource *resource = resource__new();
	struct batch *batch = batch__new(2);
	struct http_call *call = http_call__new();
	struct span *span;

	call->start_ns = 5;
	call->end_ns = 7;
	call->context.trace_id[0] = 9;
	call->target = arena__dup(&call->mem, STR("/"));
	span = span__new(resource__get(resource), call);
	CHECK(span->start_ns == 5 && span->end_ns == 7 && span->context.trace_id[0] == 9);
	attrs__int(&span->attrs, &span->mem, STR("a"), 1);
	batch__add(batch, span);
	batch__add(batch, span__new(resource__get(resource), NULL));
	CHECK(resource->refs == 3);
	CHECK(batch__get(batch) == batch);
	batch__put(batch);
	CHECK(resource->refs == 3);
	batch__put(batch);
	CHECK(resource->refs == 1);
	resource__put(resource);
	span__free(NULL);
	http_call__free(NULL);
	resource__put(NULL);
	batch__put(NULL);
}

static void ids_are_hexadecimal(void)
{
	struct buf out = {0};

	span_print_id(&out, (const u8[]){0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7}, 8);
	CHECK_STR(buf__view(&out), "00f067aa0ba902b7");
	buf__free(&out);
}

int main(void)
{
	RUN(arena_keeps_what_it_gave);
	RUN(arena_first_chunk_is_small);
	RUN(arena_has_a_limit);
	RUN(arena_dup);
	RUN(attrs_keep_their_order);
	RUN(attrs_count_what_does_not_fit);
	RUN(head_fields);
	RUN(head_cut_anywhere);
	RUN(marks);
	RUN(addresses);
	RUN(utf8_is_cleaned);
	RUN(batches_own_spans);
	RUN(ids_are_hexadecimal);
	return test_status();
}
