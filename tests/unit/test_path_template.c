// SPDX-License-Identifier: Apache-2.0
/* Templates of paths: how segments look, what places learn, and that nothing grows for ever. */
#include "trace/path_template.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/rng.h"
#include "test.h"

/* A tree and the memory of its answers. */
struct fixture {
	struct path_templates *templates;
	struct arena arena;
};

static void fixture_open(struct fixture *f)
{
	*f = (struct fixture){0};
	if (path_templates__new(&f->templates))
		abort();
}

static void fixture_close(struct fixture *f)
{
	path_templates__free(f->templates);
	arena__free(&f->arena);
}

static struct str learn(struct fixture *f, const char *target)
{
	return path_templates__learn(f->templates, str_from(target), &f->arena);
}

/* Learns prefix, number (as letters, so that it is a word), suffix; to be used before the next. */
static struct str learn_word(struct fixture *f, const char *prefix, u32 number, const char *suffix)
{
	char target[256], word[8];
	int len = 0;

	do
		word[len++] = (char)('a' + number % 26);
	while (number /= 26);
	snprintf(target, sizeof(target), "%s%.*s%s", prefix, len, word, suffix);
	return learn(f, target);
}

struct expected {
	const char *target, *template;
};

/* Each in a tree of its own. */
static void check_alone(const struct expected *rows, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		struct fixture f;

		fixture_open(&f);
		CHECK_STR(learn(&f, rows[i].target), rows[i].template);
		fixture_close(&f);
	}
}

static void forms_of_target(void)
{
	static const struct expected rows[] = {
		{"/", "/"},
		{"", "/"},
		{"?q=1", "/"},
		{"#top", "/"},
		{"*", "*"},
		{"/add", "/add"},
		{"/delete/1", "/delete/{id}"},
		{"/delete/1?next=/a/b#c/d", "/delete/{id}"},
		{"/a#f?q", "/a"},
		{"/a/?q", "/a/"},
		{"/?/x", "/"},
		{"http://h:8080/a/1?x", "/a/{id}"},
		{"HTTPS://h/a", "/a"},
		{"http://h", "/"},
		{"http://h?x=/y", "/"},
		{"http://user:pw@[::1]:80/a", "/a"},
		{"host:443", ""},
		{"[::1]:443", ""},
		{"users/alice", ""},
		{"://x/y", ""},
		{"/go/http://h/1", "/go/http://h/{id}"},
		{"//a//b/", "//a//b/"},
		{"/a/./../b", "/a/./../b"},
		{"/cart;jsessionid=0a1b2c/1;v=2", "/cart/{id}"},
	};

	check_alone(rows, ARRAY_SIZE(rows));
}

static void placeholders(void)
{
	static const struct expected rows[] = {
		{"/0", "/{id}"},
		{"/00184467440737095516150000", "/{id}"},
		{"/550e8400-e29b-41d4-a716-446655440000", "/{uuid}"},
		{"/550E8400-E29B-41D4-A716-446655440000/x", "/{uuid}/x"},
		{"/550e8400e29b41d4a716446655440000", "/{hash}"},
		{"/0123456789abcdef", "/{hash}"},
		{"/da39a3ee5e6b4b0d3255bfef95601890afd80709", "/{hash}"},
		{"/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		 "/{hash}"},
		{"/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/{token}"},
		{"/dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "/{token}"},
		{"/4f9Kq2mZ8xW1vB7n_b3C", "/{token}"},
		{"/2024-10-28", "/{date}"},
		{"/2024-10-28T12:00:00Z", "/{date}"},
		{"/10.1.2.255", "/{ip}"},
		{"/alice@example.com", "/{email}"},
		{"/a.b%2Bc%40mail.example.co.uk", "/{email}"},
		{"/x/0.0727/y", "/x/{float}/y"},
		{"/-12.500", "/{float}"},
		{"/1.26/info", "/1.26/info"},
		{"/.125", "/.125"},
		{"/1.2.345", "/1.2.345"},
		{"/1234.json", "/{id}.json"},
		{"/0123456789abcdef.js", "/{hash}.js"},
		{"/2024-10-28.csv", "/{date}.csv"},
		{"/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0",
		 "/{token}"},
		{"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "/{token}"},
		{"/caf\xc3\xa9", "/{token}"},
		{"/\x01\x7f\n", "/{token}"},
		{"/{id}", "/{token}"},
		{"/100%", "/{token}"},
		{"/%zz/ok", "/{token}/ok"},
	};

	check_alone(rows, ARRAY_SIZE(rows));
}

static void words_stay(void)
{
	static const char *const words[] = {
		"/v1",
		"/v2/users",
		"/static/app.js",
		"/favicon.ico",
		"/.env",
		"/a",
		"/x86_64",
		"/256.1.1.1",
		"/1.1.1.256",
		"/1.2.3",
		"/1.2.3.4.5",
		"/1..2.3",
		"/1.5",
		"/-5",
		"/deadbeef",
		"/deadbeefdeadbeef",
		"/0123456789abcde",
		"/20-10-28",
		"/2024-10-28x",
		"/@scope",
		"/react@18.2.0",
		"/logo@2x.png",
		"/a@b",
		"/%40a.com",
		"/a@.com",
		"/a@b.c",
		"/4f9Kq2mZ8xW1vB7n_b3",
		"/internationalization-and-localization",
		"/top-10-of-2024-in-mp3-and-flac",
		"/getUserProfileInformation2",
		"/caf%C3%A9",
		"/%D0%B3%D0%BE%D1%80%D0%BE%D0%B4",
		"/jquery-3.6.0.min.js",
		"/1234.",
		"/1234.tar_gz",
		"/1234.averyverylongone",
		"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		check_alone(&(struct expected){words[i], words[i]}, 1);
}

static void many_words_collapse(void)
{
	struct fixture f;
	u32 node_cnt;

	fixture_open(&f);
	CHECK_STR(learn(&f, "/users/42"), "/users/{id}");
	CHECK_STR(learn(&f, "/users/"), "/users/");
	for (u32 i = 0; i < 64; i++) {
		CHECK(!str_eq(learn_word(&f, "/users/", i, "/orders"),
			      STR("/users/{param}/orders")));
		CHECK_STR(learn(&f, "/users/a/orders"), "/users/a/orders");
	}
	CHECK_STR(learn(&f, "/users/zoe/orders"), "/users/{param}/orders");
	/* "a" came 65 times, the others once: it stays and they go */
	CHECK_STR(learn(&f, "/users/a/orders"), "/users/a/orders");
	CHECK_STR(learn(&f, "/users/b/orders"), "/users/{param}/orders");
	for (u32 i = 0; i < 1000; i++)
		CHECK_STR(learn_word(&f, "/users/q", i, ""), "/users/{param}");
	/* what is no word was not forgotten */
	node_cnt = path_templates__node_cnt(f.templates);
	CHECK_STR(learn(&f, "/users/42"), "/users/{id}");
	CHECK_STR(learn(&f, "/users/"), "/users/");
	CHECK(path_templates__node_cnt(f.templates) == node_cnt);
	CHECK_STR(learn(&f, "/about"), "/about");
	fixture_close(&f);
}

static void equal_words_all_collapse(void)
{
	struct fixture f;

	fixture_open(&f);
	for (u32 i = 0; i < 50 * 64; i++)
		learn_word(&f, "/users/", i % 64, "");
	CHECK_STR(learn(&f, "/users/a"), "/users/a");
	CHECK_STR(learn(&f, "/users/zoe"), "/users/{param}");
	for (u32 i = 0; i < 64; i++)
		CHECK_STR(learn_word(&f, "/users/", i, ""), "/users/{param}");
	fixture_close(&f);
}

static void extensions_are_words(void)
{
	struct fixture f;

	fixture_open(&f);
	for (u32 i = 0; i < 64; i++)
		learn_word(&f, "/1.", i, "");
	CHECK_STR(learn(&f, "/1.zzz"), "/{param}");
	CHECK_STR(learn(&f, "/1"), "/{id}");
	fixture_close(&f);
}

static void scanner_does_not_take_routes(void)
{
	struct fixture f;

	fixture_open(&f);
	for (int i = 0; i < 100; i++) {
		learn(&f, "/add");
		learn(&f, "/delete/1");
	}
	for (u32 i = 0; i < 5000; i++)
		learn_word(&f, "/wp-", i, "/setup.php");
	CHECK_STR(learn(&f, "/wp-login.php"), "/{param}");
	CHECK_STR(learn(&f, "/add"), "/add");
	CHECK_STR(learn(&f, "/delete/7"), "/delete/{id}");
	CHECK(path_templates__node_cnt(f.templates) < 300);
	fixture_close(&f);
}

static void too_deep(void)
{
	struct fixture f;

	fixture_open(&f);
	CHECK_STR(learn(&f, "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"),
		  "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a");
	CHECK_STR(learn(&f, "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/b"),
		  "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/{rest}");
	CHECK_STR(learn(&f, "/////////////////////////////"), "/////////////////{rest}");
	fixture_close(&f);
}

/* Seven words are too few to collapse a place, however full the tree; five levels of them fill it.
 */
static void full_tree(void)
{
	struct fixture f;
	char target[] = "/a/a/a/a/a";

	fixture_open(&f);
	CHECK_STR(learn(&f, "/known/route"), "/known/route");
	for (u32 i = 0; i < 7 * 7 * 7 * 7 * 7; i++) {
		for (u32 level = 0, rest = i; level < 5; level++, rest /= 7)
			target[1 + 2 * level] = (char)('a' + rest % 7);
		CHECK(learn(&f, target).len);
	}
	CHECK(path_templates__node_cnt(f.templates) == PATH_TEMPLATES_MAX_NODES);
	CHECK_STR(learn(&f, "/known/route"), "/known/route");
	CHECK_STR(learn(&f, "/known/route/1/2/3"), "/known/route/{rest}");
	CHECK_STR(learn(&f, "/known/new"), "/known/{rest}");
	CHECK_STR(learn(&f, "/new"), "/{rest}");
	CHECK_STR(learn(&f, "/a/a/a/a/a"), "/a/a/a/a/a");
	fixture_close(&f);
}

/* Sixty tenants of sixty projects each: no place takes 64 words, all together are too many. */
static void tenants_collapse_before_the_tree_is_full(void)
{
	struct fixture f;

	fixture_open(&f);
	for (u32 i = 0; i < 60 * 60; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "/t%c%c/projects/", 'a' + i / 60 % 10,
			 'a' + i / 600);
		learn_word(&f, prefix, i % 60, "/settings");
	}
	CHECK_STR(learn(&f, "/new/projects/new/settings"), "/{param}/projects/{param}/settings");
	CHECK_STR(learn(&f, "/taa/projects/a/settings"), "/{param}/projects/{param}/settings");
	CHECK(path_templates__node_cnt(f.templates) < PATH_TEMPLATES_MAX_NODES);
	fixture_close(&f);
}

static void no_memory_is_empty(void)
{
	struct fixture f;

	fixture_open(&f);
	f.arena.total = ARENA_LIMIT;
	CHECK(!learn(&f, "/a").len);
	f.arena.total = 0;
	CHECK_STR(learn(&f, "/a"), "/a");
	fixture_close(&f);
}

static u32 pick(struct rng *rng, u32 below)
{
	return (u32)(rng__next(rng) % below);
}

static void put_chars(struct buf *out, struct rng *rng, u32 len, struct str alphabet)
{
	while (len--)
		buf__char(out, alphabet.p[pick(rng, (u32)alphabet.len)]);
}

/* One hostile or everyday target; every kind takes its turn. */
static void put_target(struct buf *out, struct rng *rng)
{
	static const struct str hex = {"0123456789abcdef", 16},
				lower = {"abcdefghijklmnopqrstuvwxyz", 26};
	static const struct str unicode = {"\xd0\xb3\xe6\x97\xa5\xf0\x9f\x98\x80\xff/", 11};
	static const struct str mixed = {"aZ09-_.~%/;@{}\" \x01", 17}, few = {"abcde", 5};

	switch (pick(rng, 9)) {
	case 0:
		buf__printf(out, "/users/%u/orders/%u?page=%u", pick(rng, 1u << 30),
			    pick(rng, 1000), 3);
		break;
	case 1:
		buf__printf(out, "/api/v1/items/%08x-aaaa-4bbb-8ccc-%012x", pick(rng, 1u << 31),
			    pick(rng, 1u << 31));
		break;
	case 2:
		buf__printf(out, "/blog/");
		put_chars(out, rng, 1 + pick(rng, 30), lower);
		break;
	case 3:
		for (u32 depth = 1 + pick(rng, 24); depth; depth--) {
			buf__char(out, '/');
			put_chars(out, rng, 1 + pick(rng, 8), lower);
		}
		break;
	case 4:
		for (u32 depth = 1 + pick(rng, 12); depth; depth--) {
			buf__char(out, '/');
			put_chars(out, rng, 1 + pick(rng, 2), few);
		}
		break;
	case 5:
		buf__char(out, '/');
		put_chars(out, rng, pick(rng, 40), unicode);
		break;
	case 6:
		buf__printf(out, "/search/%%%02X%%%02X", pick(rng, 256), pick(rng, 256));
		break;
	case 7:
		buf__printf(out, "/static/");
		put_chars(out, rng, 4 + pick(rng, 30), hex);
		buf__printf(out, ".%c%c", 'a' + pick(rng, 26), 'a' + pick(rng, 26));
		break;
	default:
		buf__char(out, '/');
		put_chars(out, rng, pick(rng, 200), mixed);
	}
}

static u64 hash_of(struct str s)
{
	u64 hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (u8)s.p[i]) * 0x100000001b3ULL;
	return hash;
}

static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return true;
}

/*
 * What was learned after half of the targets is what is said of the other half: hardly any template
 * is new, and those of everyday targets stay as they are.
 */
static void million_targets(void)
{
	static char seen; /* what the set of templates holds */
	struct map templates = {0};
	struct buf target = {0};
	struct fixture f;
	struct rng rng;
	bool safe = true, stable = true;
	u32 half = 0;

	fixture_open(&f);
	rng__seed(&rng, 1);
	for (int i = 0; i < 1000000; i++) {
		struct str template;

		buf__reset(&target);
		put_target(&target, &rng);
		template = path_templates__learn(f.templates, buf__view(&target), &f.arena);
		safe &= template.len && template.len <= 1047 && is_printable(template);
		if (map__set(&templates, hash_of(template), &seen))
			abort();
		if (i == 500000)
			half = templates.cnt;
		if (i > 1000 && i % 1000 == 0)
			stable &= str_eq(learn(&f, "/users/77/orders/5"),
					 STR("/users/{id}/orders/{id}")) &&
				  str_eq(learn(&f, "/blog/never-seen"), STR("/blog/{param}"));
		if (i % 512 == 0)
			arena__free(&f.arena);
	}
	printf("# 1000000 targets: %u nodes, %u templates, %u of them in the second half\n",
	       path_templates__node_cnt(f.templates), templates.cnt, templates.cnt - half);
	CHECK(safe);
	CHECK(path_templates__node_cnt(f.templates) <= PATH_TEMPLATES_MAX_NODES);
	CHECK(templates.cnt <= 5000);
	CHECK(templates.cnt - half <= 100);
	CHECK(stable);
	CHECK_STR(learn(&f, "/users/77/orders/5"), "/users/{id}/orders/{id}");
	CHECK_STR(learn(&f, "/api/v1/items/550e8400-e29b-41d4-a716-446655440000"),
		  "/api/v1/items/{uuid}");
	CHECK_STR(learn(&f, "/blog/never-seen"), "/blog/{param}");
	map__free(&templates);
	buf__free(&target);
	fixture_close(&f);
}

int main(void)
{
	RUN(forms_of_target);
	RUN(placeholders);
	RUN(words_stay);
	RUN(many_words_collapse);
	RUN(equal_words_all_collapse);
	RUN(extensions_are_words);
	RUN(scanner_does_not_take_routes);
	RUN(too_deep);
	RUN(full_tree);
	RUN(tenants_collapse_before_the_tree_is_full);
	RUN(no_memory_is_empty);
	RUN(million_targets);
	return test_status();
}
