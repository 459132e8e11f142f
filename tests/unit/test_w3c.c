// SPDX-License-Identifier: Apache-2.0
/* Trace context as received: what the Python SDK was seen to accept and refuse, and the grammar. */
#include "trace/w3c.h"

#include <errno.h>

#include "test.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"
#define IDS   TRACE "-" SPAN

static int parse(const char *text, struct w3c_parent *parent)
{
	return w3c_parse_traceparent(str_from(text), parent);
}

static void traceparent_is_read(void)
{
	static const u8 trace_id[16] = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
					0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
	static const u8 span_id[8] = {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
	struct w3c_parent parent;

	CHECK(!parse("00-" IDS "-01", &parent));
	CHECK(!memcmp(parent.trace_id, trace_id, sizeof(trace_id)));
	CHECK(!memcmp(parent.span_id, span_id, sizeof(span_id)));
	CHECK(parent.flags == 1);
}

static void traceparent_is_accepted(void)
{
	static const struct {
		const char *text;
		u8 flags;
	} good[] = {
		{"00-" IDS "-00", 0},
		{"00-" IDS "-03", 3},
		{" \t00-" IDS "-01\t ", 1},
		{"01-" IDS "-01-extra", 1},
		{"01-" IDS "-01", 1},
		{"01-" IDS "-01-", 1},
		{"cc-" IDS "-03-what-the-future-is-like", 1},
		{"00-" IDS "-ff", 3},
		{"fe-" IDS "-fe", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct w3c_parent parent = {.flags = 0xee};

		if (parse(good[i].text, &parent) || parent.flags != good[i].flags)
			test_fail(__FILE__, __LINE__, good[i].text);
	}
}

static void traceparent_is_refused(void)
{
	static const char *const bad[] = {
		"",
		" ",
		"nonsense",
		"00-" IDS "-01-extra",
		"00-" IDS "-01-",
		"00-" IDS "-011",
		"00-" IDS "-01,00-" IDS "-01",
		"01-" IDS "-01extra",
		"01-" IDS "-01.",
		"ff-" IDS "-01",
		"0g-" IDS "-01",
		"0A-" IDS "-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
		"00-4bf92f3577b34da6a3ce929d0e0e473-" SPAN "-01",
		"00-" TRACE "-00F067AA0BA902B7-01",
		"00-" TRACE "-00f067aa0ba902b-01",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-" TRACE "-0000000000000000-01",
		"00-" IDS "-0",
		"00-" IDS "-0x",
		"00-" IDS "-0A",
		"00_" IDS "-01",
		"00-" TRACE "_" SPAN "-01",
		"00-" IDS "_01",
		"00 -" IDS "-01",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct w3c_parent parent = {.flags = 0xee};

		if (parse(bad[i], &parent) != -EINVAL || parent.flags != 0xee)
			test_fail(__FILE__, __LINE__, bad[i]);
	}
	CHECK(w3c_parse_traceparent(STR_NONE, &(struct w3c_parent){0}) == -EINVAL);
	CHECK(w3c_parse_traceparent((struct str){"00-" IDS "-\0"
						 "1",
						 55},
				    &(struct w3c_parent){0}) == -EINVAL);
}

static void traceparent_is_refused_at_every_cut(void)
{
	struct str whole = STR("00-" IDS "-01");
	struct w3c_parent parent;

	for (size_t len = 0; len < whole.len; len++)
		CHECK(w3c_parse_traceparent(str_sub(whole, 0, len), &parent) == -EINVAL);
	CHECK(!w3c_parse_traceparent(whole, &parent));
}

static void tracestate_is_accepted(void)
{
	static const char *const good[] = {
		"",
		"vendor=a:1,other=b",
		"alone=1",
		"a=1 ,\t b=2",
		" a=1\t",
		",a=1,,b=2,",
		"0digit=first",
		"tenant@system=1",
		"a_-*/@=1",
		"a= leading blank",
		"a=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!w3c_tracestate_valid(str_from(good[i])))
			test_fail(__FILE__, __LINE__, good[i]);
	CHECK(w3c_tracestate_valid(STR_NONE));
}

static void tracestate_is_refused(void)
{
	static const char *const bad[] = {
		"BAD KEY=1",
		"good=1,BAD KEY=1",
		"dup=1,dup=2,b=3",
		"a=1,b=2,a=1",
		"Upper=1",
		"a",
		"a=",
		"a= ",
		"=1",
		"a =1",
		"_a=1",
		"@a=1",
		"a=b=c",
		"a=1;b=2",
		"a.b=1",
		"a=\t1",
		"a=caf\xc3\xa9",
		"a=\x7f",
		"a=1\nb=2",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (w3c_tracestate_valid(str_from(bad[i])))
			test_fail(__FILE__, __LINE__, bad[i]);
	CHECK(!w3c_tracestate_valid((struct str){"a\0b=1", 5}));
}

/* A list of cnt members k0=v,k1=v... */
static struct str members(char *text, int cnt)
{
	char *out = text;

	for (int i = 0; i < cnt; i++)
		out += sprintf(out, "%sk%d=v", i ? "," : "", i);
	return (struct str){text, (size_t)(out - text)};
}

static void tracestate_limits(void)
{
	char text[1024];
	struct str s = {text, 0};

	CHECK(w3c_tracestate_valid(members(text, 32)));
	CHECK(!w3c_tracestate_valid(members(text, 33)));

	memset(text, 'k', sizeof(text));
	memcpy(text + 256, "=v", 2);
	s.len = 258;
	CHECK(w3c_tracestate_valid(s));
	memcpy(text + 256, "k=v", 3);
	s.len = 259;
	CHECK(!w3c_tracestate_valid(s));

	memset(text, 'v', sizeof(text));
	memcpy(text, "k=", 2);
	s.len = 258;
	CHECK(w3c_tracestate_valid(s));
	s.len = 259;
	CHECK(!w3c_tracestate_valid(s));
}

int main(void)
{
	RUN(traceparent_is_read);
	RUN(traceparent_is_accepted);
	RUN(traceparent_is_refused);
	RUN(traceparent_is_refused_at_every_cut);
	RUN(tracestate_is_accepted);
	RUN(tracestate_is_refused);
	RUN(tracestate_limits);
	return test_status();
}
