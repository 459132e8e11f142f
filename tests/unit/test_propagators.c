// SPDX-License-Identifier: Apache-2.0
/* Parents and baggage as the headers of every propagator name them, one by one and together. */
#include "trace/propagators.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "model/span.h"
#include "trace/fields.h"

#include "test.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN   "00f067aa0ba902b7"
#define IDS    TRACE "-" SPAN
#define TRACE2 "0af7651916cd43dd8448eb211c80319c"
#define SPAN2  "b7ad6b7169203331"
#define ROOT   "1-4bf92f35-77b34da6a3ce929d0e0e4736"
#define ZERO8  "0000000000000000"

static struct propagators set_of(const char *list)
{
	struct propagators set;

	propagators__parse(list, &set);
	return set;
}

/* A call with these lines as its fields, filled as the parser would. */
static struct http_call call_of(struct buf *head, const char *lines)
{
	struct http_call call = {0};

	buf__reset(head);
	buf__printf(head, "GET / HTTP/1.1\r\nHost: localhost\r\n%s\r\n", lines);
	call.request_head = buf__view(head);
	call.traceparent = fields_only(call.request_head, STR("traceparent"));
	call.tracestate = fields_only(call.request_head, STR("tracestate"));
	return call;
}

/* "<trace id>-<parent id>-<flags>[ <state>]" of what a list finds in lines, or "none". */
static struct str extracted(struct buf *out, const char *list, const char *lines)
{
	static const struct trace_context before = {
		.trace_id = {1}, .span_id = {2}, .flags = 0xee, .state = {"kept", 4}};
	__cleanup(buf__free) struct buf head = {0};
	struct propagators set = set_of(list);
	struct http_call call = call_of(&head, lines);
	struct trace_context context = before;

	buf__reset(out);
	if (!propagators__extract(&set, &call, &context)) {
		CHECK(!memcmp(&context, &before, sizeof(context)));
		return STR("none");
	}
	CHECK(!memcmp(context.span_id, before.span_id, sizeof(context.span_id)));
	span_print_id(out, context.trace_id, sizeof(context.trace_id));
	buf__char(out, '-');
	span_print_id(out, context.parent_id, sizeof(context.parent_id));
	buf__printf(out, "-%02x%s%.*s", context.flags, context.state.len ? " " : "",
		    STR_ARG(context.state));
	return buf__view(out);
}

struct row {
	const char *lines, *want;
};

static void check_rows(const char *list, const struct row *rows, size_t cnt)
{
	__cleanup(buf__free) struct buf out = {0};

	for (size_t i = 0; i < cnt; i++) {
		struct str got = extracted(&out, list, rows[i].lines);

		if (!str_eq(got, str_from(rows[i].want))) {
			test_fail(__FILE__, __LINE__, rows[i].lines);
			CHECK_STR(got, rows[i].want);
		}
	}
}

#define CHECK_ROWS(list, ...)                                    \
	do {                                                     \
		static const struct row rows_[] = {__VA_ARGS__}; \
		check_rows((list), rows_, ARRAY_SIZE(rows_));    \
	} while (0)

static void tracecontext(void)
{
	CHECK_ROWS("tracecontext", {"traceparent: 00-" IDS "-01\r\n", IDS "-01"},
		   {"traceparent: 00-" IDS "-00\r\n", IDS "-00"},
		   {"traceparent: 00-" IDS "-03\r\ntracestate: a=1,b=2\r\n", IDS "-03 a=1,b=2"},
		   {"traceparent: 00-" IDS "-01\r\ntracestate: BAD KEY=1\r\n", IDS "-01"},
		   {"traceparent: 00-" TRACE "-" ZERO8 "-01\r\n", "none"},
		   {"traceparent: ff-" IDS "-01\r\n", "none"},
		   {"traceparent: 00-" IDS "-01\r\ntraceparent: 00-" IDS "-01\r\n", "none"},
		   {"tracestate: a=1\r\n", "none"}, {"b3: " IDS "-1\r\n", "none"}, {"", "none"});
}

static void b3_single(void)
{
	CHECK_ROWS("b3", {"b3: " IDS "-1\r\n", IDS "-01"}, {"B3: " IDS "-0\r\n", IDS "-00"},
		   {"b3: " IDS "-d\r\n", IDS "-01"}, {"b3: " IDS "\r\n", IDS "-01"},
		   {"b3: " IDS "-1-05e3ac9a4f6e3b90\r\n", IDS "-01"},
		   {"b3: " IDS "-0-05e3ac9a4f6e3b90\r\n", IDS "-00"},
		   {"b3: " IDS "-x\r\n", IDS "-00"},
		   {"b3: a3ce929d0e0e4736-" SPAN "-1\r\n", ZERO8 "a3ce929d0e0e4736-" SPAN "-01"},
		   {"b3: 4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-1\r\n", IDS "-01"},
		   {"b3: 0\r\n", "none"}, {"b3: 1\r\n", "none"}, {"b3: \r\n", "none"},
		   {"b3: " IDS "-1-05e3ac9a4f6e3b90-9\r\n", "none"},
		   {"b3: f92f3577b34da6a3ce929d0e0e4736-" SPAN "-1\r\n", "none"},
		   {"b3: " TRACE "-f067aa0ba902b7-1\r\n", "none"},
		   {"b3: " TRACE "-" SPAN "00-1\r\n", "none"},
		   {"b3: " ZERO8 ZERO8 "-" SPAN "-1\r\n", "none"},
		   {"b3: " TRACE "-" ZERO8 "-1\r\n", "none"},
		   {"b3: 4bf92f3577b34da6a3ce929d0e0e473g-" SPAN "-1\r\n", "none"},
		   {"b3: " IDS "-1\r\nb3: " IDS "-1\r\n", "none"},
		   {"b3: " IDS "\r\n -0\r\n", "none"}, {"traceparent: 00-" IDS "-01\r\n", "none"});
}

#define MULTI "X-B3-TraceId: " TRACE "\r\nX-B3-SpanId: " SPAN "\r\n"

static void b3_multi(void)
{
	CHECK_ROWS("b3multi", {MULTI "X-B3-Sampled: 1\r\n", IDS "-01"},
		   {MULTI "x-b3-sampled: true\r\n", IDS "-01"},
		   {MULTI "X-B3-Sampled: 0\r\n", IDS "-00"}, {MULTI, IDS "-00"},
		   {MULTI "X-B3-Flags: 1\r\n", IDS "-01"},
		   {MULTI "X-B3-Sampled: 0\r\nX-B3-Flags: 1\r\n", IDS "-01"},
		   {MULTI "X-B3-Flags: 0\r\n", IDS "-00"},
		   {MULTI "X-B3-ParentSpanId: 05e3ac9a4f6e3b90\r\nX-B3-Sampled: 1\r\n", IDS "-01"},
		   {"X-B3-TraceId: a3ce929d0e0e4736\r\nX-B3-SpanId: " SPAN
		    "\r\nX-B3-Sampled: 1\r\n",
		    ZERO8 "a3ce929d0e0e4736-" SPAN "-01"},
		   {"X-B3-TraceId: " TRACE "\r\nX-B3-Sampled: 1\r\n", "none"},
		   {"X-B3-SpanId: " SPAN "\r\nX-B3-Sampled: 1\r\n", "none"},
		   {"X-B3-TraceId: " TRACE "\r\n" MULTI, "none"}, {"X-B3-Sampled: 1\r\n", "none"});
}

static void b3_reads_both_forms_the_single_one_first(void)
{
	static const char *const names[] = {"b3", "b3multi"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK_ROWS(names[i], {MULTI "X-B3-Sampled: 1\r\n", IDS "-01"},
			   {"b3: " IDS "-1\r\n", IDS "-01"},
			   {MULTI "b3: " TRACE2 "-" SPAN2 "-1\r\n", TRACE2 "-" SPAN2 "-01"},
			   {MULTI "b3: nonsense\r\n", "none"});
}

static void jaeger(void)
{
	CHECK_ROWS("jaeger", {"uber-trace-id: " TRACE ":" SPAN ":0:1\r\n", IDS "-01"},
		   {"Uber-Trace-Id: " TRACE ":" SPAN ":" SPAN2 ":01\r\n", IDS "-01"},
		   {"uber-trace-id: " TRACE ":" SPAN ":0:0\r\n", IDS "-00"},
		   {"uber-trace-id: " TRACE ":" SPAN ":0:3\r\n", IDS "-01"},
		   {"uber-trace-id: " TRACE ":" SPAN ":0:2\r\n", IDS "-00"},
		   {"uber-trace-id: " TRACE ":f067aa0ba902b7:0:1\r\n", IDS "-01"},
		   {"uber-trace-id: A:b:0:1\r\n", ZERO8 "000000000000000a-000000000000000b-01"},
		   {"uber-trace-id: " TRACE ":" SPAN "::1\r\n", IDS "-01"},
		   {"uber-trace-id: " TRACE ":" SPAN ":1\r\n", "none"},
		   {"uber-trace-id: " TRACE ":" SPAN ":0:1:2\r\n", "none"},
		   {"uber-trace-id: 0" TRACE ":" SPAN ":0:1\r\n", "none"},
		   {"uber-trace-id: " TRACE ":0" SPAN ":0:1\r\n", "none"},
		   {"uber-trace-id: :" SPAN ":0:1\r\n", "none"},
		   {"uber-trace-id: 0:" SPAN ":0:1\r\n", "none"},
		   {"uber-trace-id: " TRACE ":0:0:1\r\n", "none"},
		   {"uber-trace-id: " TRACE ":" SPAN ":0:\r\n", "none"},
		   {"uber-trace-id: " TRACE ":" SPAN ":0:g\r\n", "none"},
		   {"uber-trace-id: " TRACE ":" SPAN ":0:100\r\n", "none"},
		   {"uber-trace-id: 0x1:" SPAN ":0:1\r\n", "none"}, {"", "none"});
}

#define XRAY "X-Amzn-Trace-Id: "

static void xray(void)
{
	CHECK_ROWS("xray", {XRAY "Root=" ROOT ";Parent=" SPAN ";Sampled=1\r\n", IDS "-01"},
		   {XRAY "Root=" ROOT ";Parent=" SPAN ";Sampled=0\r\n", IDS "-00"},
		   {XRAY "Root=" ROOT ";Parent=" SPAN "\r\n", IDS "-00"},
		   {XRAY "Sampled=1; Parent=" SPAN " ; Root = " ROOT "\r\n", IDS "-01"},
		   {"x-amzn-trace-id: Self=1-2-3;Root=" ROOT ";Parent=" SPAN
		    ";Sampled=1;Lineage=a:b\r\n",
		    IDS "-01"},
		   {XRAY "Root=" ROOT ";Sampled=1\r\n", "none"},
		   {XRAY "Parent=" SPAN ";Sampled=1\r\n", "none"},
		   {XRAY "Root=2-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=" SPAN "\r\n", "none"},
		   {XRAY "Root=1-4bf92f357-7b34da6a3ce929d0e0e4736;Parent=" SPAN "\r\n", "none"},
		   {XRAY "Root=1-4bf92f35-77b34da6a3ce929d0e0e473g;Parent=" SPAN "\r\n", "none"},
		   {XRAY "Root=1-4bf92f3577b34da6a3ce929d0e0e4736;Parent=" SPAN "\r\n", "none"},
		   {XRAY "Root=1-00000000-" ZERO8 "00000000;Parent=" SPAN "\r\n", "none"},
		   {XRAY "Root=" ROOT "-1;Parent=" SPAN "\r\n", "none"},
		   {XRAY "Root=" ROOT ";Parent=" ZERO8 "\r\n", "none"},
		   {XRAY "Root=" ROOT ";Parent=f067aa0ba902b7\r\n", "none"},
		   {XRAY "Root=" ROOT ";Parent=" SPAN ";Sampled=2\r\n", "none"},
		   {XRAY "Root=" ROOT ";Parent=" SPAN ";Sampled=?\r\n", "none"},
		   {XRAY "Root=" ROOT ";Parent=" SPAN ";\r\n", "none"},
		   {XRAY "Root=" ROOT ";Parent=" SPAN ";Other=a=b\r\n", "none"},
		   {XRAY "Root=" ROOT ";Parent=" SPAN "\r\n" XRAY "Root=" ROOT ";Parent=" SPAN
			 "\r\n",
		    "none"},
		   {XRAY "\r\n", "none"}, {"", "none"});
}

#define W3C   "traceparent: 00-" TRACE "-" SPAN "-03\r\ntracestate: a=1\r\n"
#define OTHER "b3: " TRACE2 "-" SPAN2 "-0\r\n"

static void the_last_that_finds_a_parent_wins(void)
{
	CHECK_ROWS("tracecontext,b3", {W3C OTHER, TRACE2 "-" SPAN2 "-00"}, {W3C, IDS "-03 a=1"},
		   {OTHER, TRACE2 "-" SPAN2 "-00"}, {W3C "b3: 0\r\n", IDS "-03 a=1"},
		   {W3C "b3: " ZERO8 "-" SPAN2 "-1\r\n", IDS "-03 a=1"});
	CHECK_ROWS("b3,tracecontext", {W3C OTHER, IDS "-03 a=1"},
		   {"traceparent: nonsense\r\ntracestate: a=1\r\n" OTHER, TRACE2 "-" SPAN2 "-00"});
	CHECK_ROWS("b3, jaeger ,xray,tracecontext",
		   {OTHER "uber-trace-id: " TRACE ":" SPAN ":0:1\r\n", IDS "-01"},
		   {XRAY "Root=" ROOT ";Parent=" SPAN "\r\n" OTHER, IDS "-00"});
}

static void names(void)
{
	/* each once, where it stood first */
	CHECK_ROWS("B3,TraceContext,b3", {W3C OTHER, IDS "-03 a=1"});
	CHECK_ROWS("baggage", {W3C OTHER, "none"});
	CHECK_ROWS("none", {W3C OTHER, "none"});
	CHECK_ROWS("b3, NONE", {W3C OTHER, "none"});
	CHECK_ROWS(NULL, {W3C OTHER, IDS "-03 a=1"});
	CHECK_ROWS(" ,,", {W3C OTHER, IDS "-03 a=1"});
	CHECK(set_of("tracecontext,baggage,b3,b3multi,jaeger,xray,b3,b3,baggage").cnt ==
	      PROPAGATORS_MAX);
}

/* What the parsing of a list says on stderr. */
static struct str said(const char *list, struct propagators *set)
{
	static char text[2048];
	int memory = memfd_create("stderr", 0), saved = dup(STDERR_FILENO);
	ssize_t len;

	dup2(memory, STDERR_FILENO);
	propagators__parse(list, set);
	dup2(saved, STDERR_FILENO);
	len = pread(memory, text, sizeof(text), 0);
	close(saved);
	close(memory);
	return (struct str){text, len > 0 ? (size_t)len : 0};
}

static void unknown_names_are_named_and_skipped(void)
{
	struct propagators set;

	CHECK_STR(said("b3,zipkin", &set), "otel-ebpf: OTEL_PROPAGATORS: propagator zipkin not "
					   "found, skipped; there are tracecontext, "
					   "baggage, b3, b3multi, jaeger, xray, none\n");
	CHECK(set.cnt == 1);
	CHECK(said("zipkin", &set).len);
	CHECK(set.cnt == 2);
	CHECK(said("b33", &set).len && said("b", &set).len);
	CHECK_STR(said("tracecontext,baggage,b3,b3multi,jaeger,xray", &set), "");
	CHECK_STR(said("none", &set), "");
	CHECK(!set.cnt);
}

/* A head that was cut says nothing in its last line; every cut is read without harm. */
static void heads_may_be_cut(void)
{
	static const char lines[] = "GET / HTTP/1.1\r\nbaggage: a=1,b=2\r\nb3: " IDS "-1\r\n";
	struct propagators set = set_of("tracecontext,baggage,b3,jaeger,xray");

	for (size_t len = 0; len < sizeof(lines); len++) {
		struct http_call call = {.request_head = {lines, len}};
		struct trace_context context = {0};
		struct arena arena = {0};
		struct baggage baggage;
		bool whole = len == sizeof(lines) - 1;

		CHECK(propagators__extract(&set, &call, &context) == whole);
		propagators__baggage(&set, &call, &baggage, &arena);
		CHECK(baggage.cnt ==
		      (len >= strlen("GET / HTTP/1.1\r\nbaggage: a=1,b=2\r\n") ? 2 : 0));
		arena__free(&arena);
	}
}

/* "key=value[;properties]|..." of the baggage that a list finds in lines. */
static struct str collected(struct buf *out, const char *list, const char *lines)
{
	__cleanup(buf__free) struct buf head = {0};
	__cleanup(arena__free) struct arena arena = {0};
	struct propagators set = set_of(list);
	struct http_call call = call_of(&head, lines);
	struct baggage baggage;

	buf__reset(out);
	propagators__baggage(&set, &call, &baggage, &arena);
	for (u32 i = 0; i < baggage.cnt; i++) {
		const struct baggage_member *member = &baggage.v[i];

		buf__printf(out, "%s%.*s=%.*s%s%.*s", i ? "|" : "", STR_ARG(member->key),
			    STR_ARG(member->value), member->properties.len ? ";" : "",
			    STR_ARG(member->properties));
	}
	return buf__view(out);
}

static void baggage_is_read(void)
{
	static const struct row rows[] = {
		{"baggage: user=alice,shop=7\r\n", "user=alice|shop=7"},
		{"Baggage:  user = alice , shop\t=7 \r\n", "user=alice|shop=7"},
		{"baggage: a=1;p=2;q , b=3\r\n", "a=1;p=2;q|b=3"},
		{"baggage: a=\r\n", "a="},
		{"baggage: a=b=c\r\n", "a=b=c"},
		{"baggage: a=x%20y%2C+z\r\n", "a=x y,+z"},
		{"baggage: a=%C3%a9\r\n", "a=\xc3\xa9"},
		{"baggage: a=%ff!\r\n", "a=\xef\xbf\xbd!"},
		{"baggage: a=%,b=%4,c=%zz,d=%\r\n", "a=%|b=%4|c=%zz|d=%"},
		{"baggage: a=%41\r\n", "a=A"},
		{"baggage: a=1,b=2,a=3\r\n", "a=3|b=2"},
		{"baggage: a=1\r\nbaggage: b=2\r\n", "a=1|b=2"},
		/* only what is malformed is lost */
		{"baggage: a,=1,b c=1,d=1 2,e=\"1\",f=\\,,g=1\r\n", "g=1"},
		{"baggage: a=1;b c,d=1;,e=caf\xc3\xa9,g=1\r\n", "g=1"},
		{"baggage: a=1,\r\n b=2\r\nbaggage: c=3\r\n", "c=3"},
		{"baggage:\r\n", ""},
		{"uberctx-a: 1\r\n", ""},
	};
	__cleanup(buf__free) struct buf out = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK_STR(collected(&out, "tracecontext,baggage", rows[i].lines), rows[i].want);
	CHECK_STR(collected(&out, "tracecontext", rows[0].lines), "");
	CHECK_STR(collected(&out, "none", rows[0].lines), "");
}

static void jaeger_baggage_is_read(void)
{
	static const struct row rows[] = {
		{"uber-trace-id: 1:1:0:1\r\nuberctx-User-Name: al%20ice\r\nUBERCTX-b: x,y;z\r\n",
		 "user-name=al ice|b=x,y;z"},
		{"uber-trace-id: nonsense\r\nuberctx-a: %20 1\r\n", "a=1"},
		{"uber-trace-id: 1:1:0:1\r\nuberctx-: 1\r\nuberctx: 2\r\nuberct-a: 3\r\n", ""},
		{"uber-trace-id: 1:1:0:1\r\nuberctx-a: 1\r\n 2\r\n", ""},
		{"uberctx-a: 1\r\n", ""},
	};
	__cleanup(buf__free) struct buf out = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK_STR(collected(&out, "jaeger", rows[i].lines), rows[i].want);
	CHECK_STR(collected(&out, "jaeger,baggage",
			    "baggage: a=2\r\nuber-trace-id: 1:1:0:1\r\nuberctx-a: 1\r\n"),
		  "a=2");
}

static void baggage_is_bounded(void)
{
	__cleanup(buf__free) struct buf list = {0};
	__cleanup(arena__free) struct arena arena = {0};
	struct baggage baggage = {0};

	for (int i = 0; i < BAGGAGE_MEMBERS + 20; i++)
		buf__printf(&list, "%sk%d=v", i ? "," : "", i);
	baggage__add_list(&baggage, buf__view(&list), &arena);
	CHECK(baggage.cnt == BAGGAGE_MEMBERS);
	CHECK_STR(baggage.v[BAGGAGE_MEMBERS - 1].key, "k179");
	/* one that is there may still change */
	baggage__add_list(&baggage, STR("k3=new,k999=v"), &arena);
	CHECK(baggage.cnt == BAGGAGE_MEMBERS);
	CHECK_STR(baggage.v[3].value, "new");

	baggage = (struct baggage){0};
	buf__reset(&list);
	buf__str(&list, STR("k="));
	while (list.len <= BAGGAGE_BYTES)
		buf__char(&list, 'v');
	baggage__add_list(&baggage, buf__view(&list), &arena);
	CHECK(!baggage.cnt);
	list.len--;
	baggage__add_list(&baggage, buf__view(&list), &arena);
	CHECK(baggage.cnt == 1 && baggage.v[0].value.len == BAGGAGE_BYTES - 2);
	baggage__add_list(&baggage, STR("a="), &arena);
	baggage__add_pair(&baggage, STR("b"), STR(""), &arena);
	CHECK(baggage.cnt == 1);
}

int main(void)
{
	RUN(tracecontext);
	RUN(b3_single);
	RUN(b3_multi);
	RUN(b3_reads_both_forms_the_single_one_first);
	RUN(jaeger);
	RUN(xray);
	RUN(the_last_that_finds_a_parent_wins);
	RUN(names);
	RUN(unknown_names_are_named_and_skipped);
	RUN(heads_may_be_cut);
	RUN(baggage_is_read);
	RUN(jaeger_baggage_is_read);
	RUN(baggage_is_bounded);
	return test_status();
}
