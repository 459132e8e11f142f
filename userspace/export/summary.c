// SPDX-License-Identifier: Apache-2.0
#include "export/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "export/safe_text.h"
#include "export/seconds.h"
#include "model/quantiles.h"

/* A longer name of a service moves its own row alone. */
#define SERVICE_WIDTH_MAX 24

#define ROW_RED	  "\033[31m"
#define ROW_DIM	  "\033[2m"
#define ROW_PLAIN "\033[0m"

struct slow {
	u64 ns;
	u8 trace_id[16];
};

struct row {
	struct str service, method, route; /* their bytes lie behind the struct */
	u32 place;			   /* in the order of first requests */
	u64 errors;
	struct quantiles durations; /* ns */
	struct slow slowest[SUMMARY_SLOWEST_MAX];
	u32 slow_cnt;
};

/* Rows are owned. */
struct summary {
	const struct semconv *semconv;
	struct row *rows[SUMMARY_ROUTES_MAX + 1]; /* the last one may be that of all others */
	u32 row_cnt;
	u64 first_ns, last_ns; /* unix: the earliest start, the latest end; 0: no request yet */
	u64 uncounted;	       /* for want of memory */
};

/* ---- counting ---- */

static struct str copy(char **end, struct str text)
{
	struct str copied = {*end, text.len};

	if (text.len)
		memcpy(*end, text.p, text.len);
	*end += text.len;
	return copied;
}

static struct row *new_row(struct str service, struct str method, struct str route)
{
	struct row *row = calloc(1, sizeof(*row) + service.len + method.len + route.len);
	char *end = (char *)(row + 1);

	if (!row)
		return NULL;
	row->service = copy(&end, service);
	row->method = copy(&end, method);
	row->route = copy(&end, route);
	return row;
}

/* NULL when there is no memory. Linear: the busy routes come first, as a rule. */
static struct row *row_of(struct summary *summary, struct str service, struct str method,
			  struct str route)
{
	struct row *row;

	for (u32 i = 0; i < summary->row_cnt; i++) {
		row = summary->rows[i];
		if (str_eq(row->route, route) && str_eq(row->method, method) &&
		    str_eq(row->service, service))
			return row;
	}
	if (summary->row_cnt > SUMMARY_ROUTES_MAX)
		return summary->rows[SUMMARY_ROUTES_MAX];
	row = summary->row_cnt < SUMMARY_ROUTES_MAX ? new_row(service, method, route)
						    : new_row(STR_NONE, STR_NONE, STR("(others)"));
	if (!row)
		return NULL;
	row->place = summary->row_cnt;
	summary->rows[summary->row_cnt++] = row;
	return row;
}

/* Keeps them in order, the slowest first; of equals the first to come. */
static void note_slow(struct row *row, u64 ns, const u8 trace_id[16])
{
	u32 at = row->slow_cnt;

	while (at && row->slowest[at - 1].ns < ns)
		at--;
	if (at == SUMMARY_SLOWEST_MAX)
		return;
	if (row->slow_cnt < SUMMARY_SLOWEST_MAX)
		row->slow_cnt++;
	memmove(&row->slowest[at + 1], &row->slowest[at],
		(row->slow_cnt - 1 - at) * sizeof(*row->slowest));
	row->slowest[at].ns = ns;
	memcpy(row->slowest[at].trace_id, trace_id, 16);
}

void summary__add(struct summary *summary, const struct span *span, struct str route, bool sent)
{
	struct arena mem __cleanup(arena__free) = {0};
	struct str method = semconv__method(summary->semconv, &mem, span->http->method);
	const struct attr *service = attrs__find(&span->resource->attrs, STR("service.name"));
	struct row *row = row_of(summary, service ? service->s : STR_NONE, method, route);
	u64 ns = span->end_ns - span->start_ns;

	if (!summary->first_ns || span->start_ns < summary->first_ns)
		summary->first_ns = span->start_ns;
	if (span->end_ns > summary->last_ns)
		summary->last_ns = span->end_ns;
	if (!row) {
		summary->uncounted++;
		return;
	}
	quantiles__add(&row->durations, ns);
	row->errors += span->http->error || span->http->status >= 500;
	if (sent)
		note_slow(row, ns, span->context.trace_id);
}

/* ---- printing ---- */

static int by_count(const void *left, const void *right)
{
	const struct row *a = *(struct row *const *)left, *b = *(struct row *const *)right;
	int order = (a->durations.count < b->durations.count) -
		    (a->durations.count > b->durations.count);

	return order ? order : (a->place > b->place) - (a->place < b->place);
}

/* The column of services: as wide as the longest; 0: there is but one, and no column. */
static size_t service_width(const struct summary *summary)
{
	size_t width = strlen("SERVICE");
	bool several = false;

	for (u32 i = 0; i < summary->row_cnt && i < SUMMARY_ROUTES_MAX; i++) {
		struct buf shown __cleanup(buf__free) = {0};

		safe_text(&shown, summary->rows[i]->service);
		width = shown.len > width ? shown.len : width;
		several |= !str_eq(summary->rows[i]->service, summary->rows[0]->service);
	}
	return !several ? 0 : width < SERVICE_WIDTH_MAX ? width : SERVICE_WIDTH_MAX;
}

static void print_service(struct str service, size_t width, struct buf *out)
{
	struct buf shown __cleanup(buf__free) = {0};

	if (!width)
		return;
	safe_text(&shown, service);
	buf__printf(out, "%-*.*s  ", (int)width, (int)shown.len, shown.len ? shown.p : "");
}

static void print_row(const struct row *row, u64 ns, bool colour, size_t width, struct buf *out)
{
	bool red = colour && row->errors;

	buf__printf(out, "  %9" PRIu64, row->durations.count);
	if (ns)
		buf__printf(out, " %9.1f",
			    (double)row->durations.count * NSEC_PER_SEC / (double)ns);
	else
		buf__printf(out, " %9s", "-");
	buf__printf(out, "%s %8" PRIu64 "%s", red ? ROW_RED : "", row->errors,
		    red ? ROW_PLAIN : "");
	print_seconds(out, (double)quantiles__at(&row->durations, 0.5) / NSEC_PER_SEC);
	print_seconds(out, (double)quantiles__at(&row->durations, 0.99) / NSEC_PER_SEC);
	print_seconds(out, (double)row->durations.max / NSEC_PER_SEC);
	buf__str(out, STR("  "));
	print_service(row->service, width, out);
	if (row->method.len) {
		safe_text(out, row->method);
		buf__char(out, ' ');
	}
	safe_text(out, row->route);
	buf__char(out, '\n');
}

static void print_slowest(const struct row *row, bool colour, struct buf *out)
{
	for (u32 i = 0; i < row->slow_cnt; i++) {
		const struct slow *slow = &row->slowest[i];

		buf__printf(out, "%s%50s", colour ? ROW_DIM : "", "");
		print_seconds(out, (double)slow->ns / NSEC_PER_SEC);
		buf__str(out, STR("    "));
		span_print_id(out, slow->trace_id, sizeof(slow->trace_id));
		buf__printf(out, "%s\n", colour ? ROW_PLAIN : "");
	}
}

static void print_rest(struct row *const *rows, u32 cnt, struct buf *out)
{
	u64 requests = 0, errors = 0;

	for (u32 i = 0; i < cnt; i++) {
		requests += rows[i]->durations.count;
		errors += rows[i]->errors;
	}
	buf__printf(out, "  and %u more routes: %" PRIu64 " requests, %" PRIu64 " errors\n", cnt,
		    requests, errors);
}

static void print_total(const struct summary *summary, u64 ns, struct buf *out)
{
	u64 requests = summary->uncounted, errors = 0;

	for (u32 i = 0; i < summary->row_cnt; i++) {
		requests += summary->rows[i]->durations.count;
		errors += summary->rows[i]->errors;
	}
	buf__printf(out, "%" PRIu64 " requests, %" PRIu64 " errors", requests, errors);
	buf__printf(out, " in %.3f s", (double)ns / NSEC_PER_SEC);
	if (summary->uncounted)
		buf__printf(out, "; %" PRIu64 " not below for want of memory", summary->uncounted);
	buf__char(out, '\n');
}

/* How long requests were watched for, in ns. */
static u64 watched(const struct summary *summary, u64 since, u64 until)
{
	if (summary->first_ns && summary->first_ns < since)
		since = summary->first_ns;
	if (summary->last_ns > until)
		until = summary->last_ns;
	return until - since;
}

void summary__print(const struct summary *summary, u64 since, u64 until, bool colour,
		    struct buf *out)
{
	u64 ns = watched(summary, since, until);
	struct row *rows[ARRAY_SIZE(summary->rows)];
	size_t width = service_width(summary);
	u32 shown = summary->row_cnt < SUMMARY_ROWS_MAX ? summary->row_cnt : SUMMARY_ROWS_MAX;

	print_total(summary, ns, out);
	if (!summary->row_cnt)
		return;
	memcpy(rows, summary->rows, sizeof(rows));
	qsort(rows, summary->row_cnt, sizeof(*rows), by_count);
	buf__printf(out, "  %9s %9s %8s %9s %9s %9s  ", "COUNT", "RATE/S", "ERRORS", "P50", "P99",
		    "MAX");
	print_service(STR("SERVICE"), width, out);
	buf__str(out, STR("ROUTE\n"));
	for (u32 i = 0; i < shown; i++) {
		print_row(rows[i], ns, colour, width, out);
		print_slowest(rows[i], colour, out);
	}
	if (shown < summary->row_cnt)
		print_rest(rows + shown, summary->row_cnt - shown, out);
}

/* ---- life ---- */

int summary__new(struct summary **out, const struct semconv *semconv)
{
	struct summary *summary = calloc(1, sizeof(*summary));

	if (!summary)
		return -ENOMEM;
	summary->semconv = semconv;
	*out = summary;
	return 0;
}

void summary__free(struct summary *summary)
{
	if (!summary)
		return;
	for (u32 i = 0; i < summary->row_cnt; i++)
		free(summary->rows[i]);
	free(summary);
}
