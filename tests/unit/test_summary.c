// SPDX-License-Identifier: Apache-2.0
/* export/summary and model/quantiles: what a run is summed up to, and how exactly. */
#include "export/summary.h"

#include "model/quantiles.h"
#include "test_call.h"

/* ---- quantiles ---- */

static int by_value(const void *left, const void *right)
{
	u64 a = *(const u64 *)left, b = *(const u64 *)right;

	return (a > b) - (a < b);
}

static bool is_near(u64 got, u64 want)
{
	double off = (double)got - (double)want;

	return (off < 0 ? -off : off) <= 0.008 * (double)want;
}

/* Against the exact answer, over every power of two. */
static void quantiles_are_near(void)
{
	static const double shares[] = {0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
	struct quantiles *quantiles = calloc(1, sizeof(*quantiles));
	u64 values[5000], random = 1;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		values[i] = random >> (i % 64);
		quantiles__add(quantiles, values[i]);
	}
	qsort(values, ARRAY_SIZE(values), sizeof(*values), by_value);
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		double rank = shares[i] * ARRAY_SIZE(values);
		size_t index = (size_t)rank;

		index -= index && (double)index == rank; /* ranks count from one */
		CHECK(is_near(quantiles__at(quantiles, shares[i]), values[index]));
	}
	CHECK(quantiles->min == values[0] && quantiles->max == values[ARRAY_SIZE(values) - 1]);
	free(quantiles);
}

/* Small numbers, one alone, the largest there is. */
static void quantiles_at_the_edges(void)
{
	static const u64 values[] = {0, 1, 63, 64, 127, 128, 1000003, UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct quantiles *quantiles = calloc(1, sizeof(*quantiles));

		CHECK(quantiles__at(quantiles, 0.5) == 0);
		quantiles__add(quantiles, values[i]);
		CHECK(quantiles__at(quantiles, 0.5) == values[i]);
		CHECK(quantiles__at(quantiles, 1) == values[i]);
		free(quantiles);
	}
}

/* ---- the summary ---- */

struct fixture {
	struct semconv *semconv;
	struct summary *summary;
};

static void begin(struct fixture *f)
{
	if (semconv__new(&f->semconv, &(struct semconv_options){0}) ||
	    summary__new(&f->summary, f->semconv))
		abort();
}

static void finish(struct fixture *f)
{
	summary__free(f->summary);
	semconv__free(f->semconv);
}

/* A call of so many ms, its trace id the letter's digits. */
static void add_of(struct fixture *f, const char *service, const char *route, u16 status, u64 ms,
		   u8 id)
{
	struct http_call *call = new_call();
	struct resource *resource = resource__new();
	struct span *span;

	call->status = status;
	resource__set(resource, STR("service.name"), str_from(service));
	span = span__new(resource, call);
	span->start_ns = 2 * NSEC_PER_SEC;
	span->end_ns = span->start_ns + ms * NSEC_PER_MSEC;
	memset(span->context.trace_id, id, 16);
	summary__add(f->summary, span, str_from(route), id);
	span__free(span);
}

static void add(struct fixture *f, const char *route, u16 status, u64 ms, u8 id)
{
	add_of(f, "shop", route, status, ms, id);
}

static void check_text(const struct fixture *f, u64 until, bool colour, const char *want)
{
	struct buf out = {0};

	summary__print(f->summary, NSEC_PER_SEC, until, colour, &out);
	CHECK_STR(buf__view(&out), want);
	buf__free(&out);
}

/* Busiest first; the three slowest, those without a span left out; 500 is an error, 404 is none. */
static void rows_and_slowest(void)
{
	struct fixture f;

	begin(&f);
	add(&f, "/a", 200, 5, 0xaa);
	for (u8 i = 1; i <= 5; i++)
		add(&f, "/b/{id}", i == 3 ? 500 : 404, i, i == 5 ? 0 : i);
	check_text(&f, 3 * NSEC_PER_SEC, false,
		   "6 requests, 1 errors in 2.000 s\n"
		   "      COUNT    RATE/S   ERRORS       P50       P99       MAX  ROUTE\n"
		   "          5       2.5        1     3.0ms     5.0ms     5.0ms  GET /b/{id}\n"
		   "                                                       4.0ms    "
		   "04040404040404040404040404040404\n"
		   "                                                       3.0ms    "
		   "03030303030303030303030303030303\n"
		   "                                                       2.0ms    "
		   "02020202020202020202020202020202\n"
		   "          1       0.5        0     5.0ms     5.0ms     5.0ms  GET /a\n"
		   "                                                       5.0ms    "
		   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
	finish(&f);
}

/* The same route of two services are two. */
static void services(void)
{
	struct fixture f;

	begin(&f);
	add_of(&f, "nginx", "/", 200, 2, 0);
	add_of(&f, "a-service-with-a-long-name", "/", 500, 1, 0);
	add_of(&f, "nginx", "/", 200, 2, 0);
	check_text(&f, 2 * NSEC_PER_SEC, false,
		   "3 requests, 1 errors in 1.002 s\n"
		   "      COUNT    RATE/S   ERRORS       P50       P99       MAX  "
		   "SERVICE                   ROUTE\n"
		   "          2       2.0        0     2.0ms     2.0ms     2.0ms  "
		   "nginx                     GET /\n"
		   "          1       1.0        1     1.0ms     1.0ms     1.0ms  "
		   "a-service-with-a-long-name  GET /\n");
	finish(&f);
}

/* Requests that were under way before or after the ticks belong to the time watched. */
static void time_is_widened(void)
{
	struct fixture f;
	struct buf out = {0};

	begin(&f);
	add(&f, "/a", 200, 4000, 0);
	check_text(&f, NSEC_PER_SEC, false,
		   "1 requests, 0 errors in 5.000 s\n"
		   "      COUNT    RATE/S   ERRORS       P50       P99       MAX  ROUTE\n"
		   "          1       0.2        0     4.00s     4.00s     4.00s  GET /a\n");
	summary__print(f.summary, 3 * NSEC_PER_SEC, 4 * NSEC_PER_SEC, false, &out);
	CHECK(str_starts(buf__view(&out), STR("1 requests, 0 errors in 4.000 s\n")));
	buf__free(&out);
	finish(&f);
}

static void nothing_came(void)
{
	struct fixture f;

	begin(&f);
	check_text(&f, 2 * NSEC_PER_SEC, true, "0 requests, 0 errors in 1.000 s\n");
	finish(&f);
}

/* What a client names cannot steer the terminal; errors are red there. */
static void harmless_and_red(void)
{
	struct fixture f;

	begin(&f);
	add(&f, "/\033[2J\n", 500, 1, 0);
	check_text(&f, 2 * NSEC_PER_SEC, true,
		   "1 requests, 1 errors in 1.001 s\n"
		   "      COUNT    RATE/S   ERRORS       P50       P99       MAX  ROUTE\n"
		   "          1       1.0\033[31m        1\033[0m     1.0ms     1.0ms     1.0ms  "
		   "GET /\\x1b[2J\\x0a\n");
	finish(&f);
}

/* Routes beyond the limit are one row, rows beyond the table one line; none goes uncounted. */
static void routes_are_limited(void)
{
	struct buf out = {0};
	struct fixture f;
	char route[16];

	begin(&f);
	for (u32 i = 0; i < SUMMARY_ROUTES_MAX + 50; i++) {
		snprintf(route, sizeof(route), "/%u", i);
		add(&f, route, i % 2 ? 200 : 500, 1, 0);
	}
	summary__print(f.summary, NSEC_PER_SEC, 2 * NSEC_PER_SEC, false, &out);
	buf__char(&out, '\0');
	CHECK(strstr(out.p, "178 requests, 89 errors in "));
	CHECK(strstr(out.p, "\n         50      50.0       25 "));
	CHECK(strstr(out.p, "  (others)\n"));
	CHECK(strstr(out.p, "\n  and 109 more routes: 109 requests, 54 errors\n"));
	buf__free(&out);
	finish(&f);
}

int main(void)
{
	RUN(quantiles_are_near);
	RUN(quantiles_at_the_edges);
	RUN(rows_and_slowest);
	RUN(services);
	RUN(time_is_widened);
	RUN(nothing_came);
	RUN(harmless_and_red);
	RUN(routes_are_limited);
	return test_status();
}
