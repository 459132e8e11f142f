// SPDX-License-Identifier: Apache-2.0
/* base/: the map against a plain array as its model, the generator against its published numbers.
 */
#include "test.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/stats.h"

/* ---- str ---- */

static void str_parts(void)
{
	struct str s = STR("abc");

	CHECK_STR(str_sub(s, 1, 1), "b");
	CHECK_STR(str_sub(s, 1, SIZE_MAX), "bc");
	CHECK_STR(str_sub(s, 9, 1), "");
	CHECK(str_sub(STR_NONE, 0, 5).p == NULL && str_sub(STR_NONE, 1, 5).len == 0);
	CHECK(str_from(NULL).len == 0);
	CHECK(str_eq(STR_NONE, STR("")) && !str_eq(STR("ab"), s) && !str_eq(STR("abd"), s));
	CHECK(str_caseeq(STR("aBC"), s) && !str_caseeq(STR("ab"), s));
	CHECK(str_starts(s, STR("ab")) && str_starts(s, STR_NONE) && !str_starts(STR("ab"), s));
}

static void str_searches(void)
{
	struct str s = STR("a:b:");

	CHECK(str_find(s, ':', 0) == 1 && str_find(s, ':', 2) == 3);
	CHECK(str_find(s, ':', 4) == -1 && str_find(s, 'x', 0) == -1);
	CHECK(str_find(s, 'a', SIZE_MAX) == -1 && str_find(STR_NONE, 'a', 0) == -1);
	CHECK_STR(str_trim(STR(" \t a b\t ")), "a b");
	CHECK_STR(str_trim(STR(" \t ")), "");
	CHECK_STR(str_trim(STR("\na\n")), "\na\n");
}

/* ---- buf ---- */

static void buf_appends(void)
{
	struct buf buf = {0};

	CHECK(!buf__str(&buf, STR("ab")) && !buf__char(&buf, 'c') && !buf__str(&buf, STR_NONE));
	CHECK(!buf__printf(&buf, "%d%s", 12, "x"));
	CHECK_STR(buf__view(&buf), "abc12x");
	buf__consume(&buf, 3);
	CHECK_STR(buf__view(&buf), "12x");
	buf__consume(&buf, 99);
	CHECK(buf.len == 0);
	buf__free(&buf);
	CHECK(buf.p == NULL && buf.cap == 0 && !buf__char(&buf, 'x'));
	buf__free(&buf);
}

static void buf_keeps_what_it_holds_while_it_grows(void)
{
	struct buf buf = {0};
	u32 i, n = 5000;

	for (i = 0; i < n; i++)
		buf__printf(&buf, "%04u", i);
	CHECK(buf.len == 4 * n && !buf.failed);
	for (i = 0; i < n && buf.len == 4 * n; i++) {
		char want[8];

		snprintf(want, sizeof(want), "%04u", i);
		CHECK(!memcmp(buf.p + 4 * i, want, 4));
	}
	buf__free(&buf);
}

/* One byte too many stores nothing and is remembered until the reset. */
static void buf_has_a_limit(void)
{
	static const char block[1 << 16];
	struct buf buf = {0};

	while (buf.len < BUF_LIMIT && !buf.failed)
		buf__append(&buf, block, sizeof(block));
	CHECK(buf.len == BUF_LIMIT && buf.cap == BUF_LIMIT && !buf.failed);
	CHECK(buf__char(&buf, 'x') == -E2BIG && buf.failed && buf.len == BUF_LIMIT);
	CHECK(buf__reserve(&buf, SIZE_MAX) == -E2BIG);
	buf__consume(&buf, 1);
	CHECK(buf.failed && !buf__char(&buf, 'x') && buf.failed);
	CHECK(buf__printf(&buf, "%d", 1) == -E2BIG);
	buf__reset(&buf);
	CHECK(!buf.failed && buf.len == 0 && !buf__char(&buf, 'x'));
	buf__free(&buf);
}

/* ---- map ---- */

#define MODEL_KEYS 512

static bool map_equals(const struct map *map, void *const model[MODEL_KEYS], u64 stride)
{
	u32 cnt = 0;

	for (u64 k = 0; k < MODEL_KEYS; k++) {
		cnt += model[k] != NULL;
		if (map__get(map, k * stride) != model[k])
			return false;
	}
	return cnt == map->cnt;
}

/* Visits each value once and no other. */
static bool map_visits_all(const struct map *map, const char values[MODEL_KEYS],
			   void *const model[MODEL_KEYS])
{
	bool seen[MODEL_KEYS] = {0};
	u32 cnt = 0;
	char *value;

	for (u32 i = 0; (value = map__next(map, &i)); cnt++) {
		if (value < values || value >= values + MODEL_KEYS || seen[value - values] ||
		    !model[value - values])
			return false;
		seen[value - values] = true;
	}
	return cnt == map->cnt;
}

/* stride: keys that collide (a multiple of a large power of two) as well as consecutive ones. */
static bool map_survives(u64 seed, u64 stride)
{
	void *model[MODEL_KEYS] = {0};
	char values[MODEL_KEYS];
	struct map map = {0};
	struct rng rng;
	bool ok = true;

	rng__seed(&rng, seed);
	for (int i = 0; i < 4000 && ok; i++) {
		u64 r = rng__next(&rng), k = r % MODEL_KEYS;
		/* long runs of filling and of emptying */
		bool set = (r >> 32) % 4 < (i / 500 % 2 ? 1 : 3);

		if (set) {
			ok = !map__set(&map, k * stride, &values[k]);
			model[k] = &values[k];
		} else {
			ok = map__del(&map, k * stride) == model[k];
			model[k] = NULL;
		}
		if (i % 16 == 0)
			ok = ok && map_equals(&map, model, stride) &&
			     map_visits_all(&map, values, model);
	}
	ok = ok && map_equals(&map, model, stride);
	map__free(&map);
	return ok && !map.cnt && !map__get(&map, 0);
}

static void map_against_a_model(void)
{
	static const u64 strides[] = {1, 2, 4096, 1ULL << 32, 1ULL << 55, 0x9e3779b97f4a7c15ULL};

	for (u64 seed = 0; seed < 8; seed++)
		for (size_t i = 0; i < ARRAY_SIZE(strides); i++)
			CHECK(map_survives(seed, strides[i]));
}

static void map_edges(void)
{
	struct map map = {0};
	int a, b;
	u32 pos = 0;

	CHECK(!map__get(&map, 0) && !map__del(&map, 0) && !map__next(&map, &pos));
	CHECK(!map__set(&map, 0, &a) && !map__set(&map, UINT64_MAX, &b));
	CHECK(map__get(&map, 0) == &a && map__get(&map, UINT64_MAX) == &b && map.cnt == 2);
	CHECK(!map__set(&map, 0, &b) && map__get(&map, 0) == &b && map.cnt == 2);
	CHECK(map__del(&map, 0) == &b && !map__del(&map, 0) && map.cnt == 1);
	map__free(&map);
}

/* ---- rng ---- */

/* First numbers of xoshiro256** from the state 1, 2, 3, 4, as its reference code prints them. */
static void rng_is_xoshiro(void)
{
	static const u64 want[] = {11520ULL, 0ULL, 1509978240ULL, 1215971899390074240ULL};
	struct rng rng = {{1, 2, 3, 4}};

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		CHECK(rng__next(&rng) == want[i]);
}

static void rng_repeats_by_seed(void)
{
	struct rng a, b, c;
	u8 x[19], y[19], z[19];

	rng__seed(&a, 7);
	rng__seed(&b, 7);
	rng__seed(&c, 8);
	rng__fill(&a, x, sizeof(x));
	rng__fill(&b, y, sizeof(y));
	rng__fill(&c, z, sizeof(z));
	CHECK(!memcmp(x, y, sizeof(x)) && memcmp(x, z, sizeof(x)));
	CHECK(rng__next(&a) == rng__next(&b));
}

static void rng_fills_never_all_zero(void)
{
	struct rng rng;
	u8 guarded[4];

	rng__seed(&rng, 0);
	CHECK(rng__next(&rng));
	for (int i = 0; i < 5000; i++) {
		memset(guarded, 0xee, sizeof(guarded));
		rng__fill(&rng, guarded + 1, 1);
		CHECK(guarded[1] && guarded[0] == 0xee && guarded[2] == 0xee);
	}
	rng__fill(&rng, guarded, 0);
}

static void rng_seeds_differ(void)
{
	u64 a = 0, b = 0;

	CHECK(!rng_system_seed(&a) && !rng_system_seed(&b));
	CHECK(a != b);
}

/* ---- stats ---- */

static void stats_of_nothing(void)
{
	struct stats stats = {0};
	struct buf out = {0};

	stats__print(&stats, &out);
	CHECK_STR(buf__view(&out),
		  "0 requests, 0 spans, 0 lost (ring 0, unsynchronised 0, forgotten 0, memory 0), "
		  "0 discarded, 0 open");
	buf__free(&out);
}

static void stats_names_what_happened(void)
{
	struct stats stats = {0};
	struct buf out = {0};

	stats__add(&stats, STAT_REQUESTS, 9);
	stats__add(&stats, STAT_SPANS, 4);
	stats__add(&stats, STAT_LOST_RING, 1);
	stats__add(&stats, STAT_LOST_MEMORY, 1);
	stats__add(&stats, STAT_DISCARDED, 2);
	stats__add(&stats, STAT_OPEN, 2);
	stats__add(&stats, STAT_OPEN, (u64)-1);
	stats__add(&stats, STAT_MARK_HOLE, 3);
	stats__add(&stats, STAT_MARK_MIDWAY, 1);
	stats__add(&stats, STAT_SEEN_TLS, 5);
	stats__add(&stats, STAT_OUTPUT_BROKEN, 6);
	CHECK(stats__sum(&stats, STAT_LOST) == 2 && stats__sum(&stats, STAT_MARK) == 4);
	stats__print(&stats, &out);
	CHECK_STR(buf__view(&out),
		  "9 requests, 4 spans, 2 lost (ring 1, unsynchronised 0, forgotten 0, memory 1), "
		  "2 discarded, 1 open; marks: hole 3, joined midway 1; not parsed: TLS 5; "
		  "not written: broken pipe 6");
	buf__free(&out);
}

/* ---- log ---- */

/* What log_print() writes while stderr is a pipe. */
static struct str logged(char *line, size_t size, enum log_level level, const char *text)
{
	int saved = dup(STDERR_FILENO), ends[2];
	ssize_t n = -1;

	if (saved < 0 || pipe(ends))
		return STR_NONE;
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	log_print(level, "%s", text);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(ends[0], line, size);
	close(ends[0]);
	return (struct str){line, n > 0 ? (size_t)n : 0};
}

static void log_escapes_control_characters(void)
{
	char line[16384];

	CHECK_STR(logged(line, sizeof(line), LOG_WARN, "a\nb\x1b[2J\x7f\tc"),
		  "otel-ebpf: a\\x0ab\\x1b[2J\\x7f\\x09c\n");
	CHECK_STR(logged(line, sizeof(line), LOG_ERROR, "gr\xc3\xbc\xc3\x9f"),
		  "otel-ebpf: gr\xc3\xbc\xc3\x9f\n");
}

static void log_cuts_long_lines(void)
{
	char text[5000], line[16384];
	struct str got;

	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	got = logged(line, sizeof(line), LOG_ERROR, text);
	CHECK(got.len > 2048 && got.len <= strlen("otel-ebpf: ") + 4 * 2048 + 1);
	CHECK(got.len && got.p[got.len - 1] == '\n' &&
	      str_find(got, '\n', 0) == (ssize_t)got.len - 1);
}

static void log_levels(void)
{
	enum log_level before = log_get_level();
	char line[64];

	log_set_level(LOG_WARN);
	CHECK_STR(logged(line, sizeof(line), LOG_INFO, "x"), "");
	CHECK_STR(logged(line, sizeof(line), LOG_WARN, "x"), "otel-ebpf: x\n");
	log_set_level(before);
}

int main(void)
{
	RUN(str_parts);
	RUN(str_searches);
	RUN(buf_appends);
	RUN(buf_keeps_what_it_holds_while_it_grows);
	RUN(buf_has_a_limit);
	RUN(map_against_a_model);
	RUN(map_edges);
	RUN(rng_is_xoshiro);
	RUN(rng_repeats_by_seed);
	RUN(rng_fills_never_all_zero);
	RUN(rng_seeds_differ);
	RUN(stats_of_nothing);
	RUN(stats_names_what_happened);
	RUN(log_escapes_control_characters);
	RUN(log_cuts_long_lines);
	RUN(log_levels);
	return test_status();
}
