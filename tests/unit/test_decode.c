// SPDX-License-Identifier: Apache-2.0
/*
 * capture/decode.c: records as the kernel side lays them out, cut at every byte, with every field
 * bent, and random bytes. Each record lies at the end of its own allocation, so that a sanitiser
 * sees any byte read too far.
 */
#include "test.h"

#include <errno.h>

#include "../../bpf/event.h"
#include "base/rng.h"
#include "capture/capture.h"

#define OFFSET 1000000

/* What came out, in words: one line an event. */
struct seen {
	struct buf text;
	u32 cnt;
};

static void on_open(void *owner, const struct capture_open *event)
{
	struct seen *seen = owner;

	seen->cnt++;
	buf__printf(&seen->text, "open %llu at %llu by %u family %d ",
		    (unsigned long long)event->conn, (unsigned long long)event->ts, event->tgid,
		    (int)event->family);
	peer_print_addr(&seen->text, event->family, event->local.addr);
	buf__printf(&seen->text, ":%u ", event->local.port);
	peer_print_addr(&seen->text, event->family, event->remote.addr);
	buf__printf(&seen->text, ":%u path \"%s\"\n", event->remote.port, event->path);
}

/* Touches every byte that was handed out. */
static void on_data(void *owner, const struct capture_data *event)
{
	struct seen *seen = owner;

	seen->cnt++;
	CHECK(event->head.len + event->tail.len <= event->len);
	buf__printf(
		&seen->text, "%s %llu at %llu by %u/%u%s%s rx %llu tx %llu moved %llu len %u \"",
		event->out ? "out" : "in", (unsigned long long)event->conn,
		(unsigned long long)event->ts, event->tgid, event->tid, event->turn ? " turn" : "",
		event->confirmed ? " confirmed" : "", (unsigned long long)event->rx_off,
		(unsigned long long)event->tx_off, (unsigned long long)event->moved_ts, event->len);
	buf__str(&seen->text, event->head);
	buf__str(&seen->text, STR("\" \""));
	buf__str(&seen->text, event->tail);
	buf__str(&seen->text, STR("\"\n"));
}

static void on_state(void *owner, const struct capture_state *event)
{
	struct seen *seen = owner;

	seen->cnt++;
	CHECK(!event->tail_end || event->tail_end >= event->tail.len);
	buf__printf(&seen->text,
		    "%s %llu at %llu rx %llu tx %llu moved %llu tail_end %llu \"%.*s\" err %d\n",
		    event->closed ? "close" : "state", (unsigned long long)event->conn,
		    (unsigned long long)event->ts, (unsigned long long)event->rx_off,
		    (unsigned long long)event->tx_off, (unsigned long long)event->moved_ts,
		    (unsigned long long)event->tail_end, STR_ARG(event->tail), event->err);
}

static void on_process(void *owner, const struct capture_process *event)
{
	static const char *const kinds[] = {
		[CAPTURE_FORK] = "fork",
		[CAPTURE_EXEC] = "exec",
		[CAPTURE_EXIT] = "exit",
		[CAPTURE_MAPPED] = "mapped",
	};
	struct seen *seen = owner;

	seen->cnt++;
	buf__printf(&seen->text, "%s %u of %u at %llu\n", kinds[event->kind], event->tgid,
		    event->parent, (unsigned long long)event->ts);
}

static void on_call(void *owner, const struct function_call *call)
{
	(void)call; /* tests/unit/test_decode_call.c */
	((struct seen *)owner)->cnt++;
}

static const struct capture_ops ops = {on_open, on_data, on_state, on_process,
				       on_call, NULL,	 NULL,	   NULL};

/* Decodes a copy of exactly these bytes, aligned as the ring buffer's are. */
static int decode(struct seen *seen, const void *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	int err;

	if (!copy)
		abort();
	memcpy(copy, bytes, len);
	buf__reset(&seen->text);
	seen->cnt = 0;
	err = decode_record((struct str){copy, len}, OFFSET, &ops, seen);
	CHECK(!err || err == -EBADMSG);
	free(copy);
	return err;
}

/* ---- records ---- */

static struct event head_of(u16 type, u32 size)
{
	return (struct event){
		.type = type, .size = size, .ts = 5, .conn = 7, .tgid = 11, .tid = 12};
}

static void put(struct buf *record, const void *event, size_t size, struct str bytes)
{
	static const char zeros[8];

	buf__append(record, zeros, -record->len % 8);
	buf__append(record, event, size);
	buf__str(record, bytes);
}

static void put_open(struct buf *record, u16 family, struct str path)
{
	struct ev_open open = {.hdr = head_of(EV_OPEN, sizeof(open) + path.len),
			       .family = family,
			       .local_port = 8080,
			       .remote_port = 4711,
			       .path_len = path.len,
			       .local = {127, 0, 0, 1},
			       .remote = {10, 1, 2, 3}};

	put(record, &open, sizeof(open), path);
}

static struct ev_data data_of(u16 type, u32 len, u32 cap, u32 tail)
{
	return (struct ev_data){.hdr = head_of(type, sizeof(struct ev_data) + cap + tail),
				.rx_off = 100,
				.tx_off = 200,
				.moved_ts = 3,
				.len = len,
				.cap = cap,
				.tail = tail};
}

static struct ev_state state_of(u16 type)
{
	return (struct ev_state){.hdr = head_of(type, sizeof(struct ev_state)),
				 .rx_off = 100,
				 .tx_off = 200,
				 .moved_ts = 3,
				 .tail_end = 200,
				 .tail = "0123456789abcdef",
				 .err = 104};
}

static void put_process(struct buf *record, u16 type)
{
	struct ev_process process = {.hdr = head_of(type, sizeof(process)), .parent = 10};

	put(record, &process, sizeof(process), STR_NONE);
}

/* One of each, as one record. */
static void put_all(struct buf *record)
{
	struct ev_data in = data_of(EV_IN, 5, 5, 0), out = data_of(EV_OUT, 40, 3, 16);
	struct ev_state state = state_of(EV_STATE), closed = state_of(EV_CLOSE);

	in.hdr.flags = EVENT_TURN;
	put_open(record, EVENT_INET, STR_NONE);
	put(record, &in, sizeof(in), STR("GET /"));
	put(record, &out, sizeof(out), STR("HTT0123456789abcdef"));
	put(record, &state, sizeof(state), STR_NONE);
	put(record, &closed, sizeof(closed), STR_NONE);
	put_process(record, EV_FORK);
	put_process(record, EV_EXEC);
	put_process(record, EV_EXIT);
	put_process(record, EV_MAPPED);
}

static void every_type(void)
{
	struct buf record = {0};
	struct seen seen = {0};

	put_all(&record);
	CHECK(!decode(&seen, record.p, record.len));
	CHECK_STR(buf__view(&seen.text),
		  "open 7 at 1000005 by 11 family 2 127.0.0.1:8080 10.1.2.3:4711 path \"\"\n"
		  "in 7 at 1000005 by 11/12 turn rx 100 tx 200 moved 1000003 len 5 \"GET /\" \"\"\n"
		  "out 7 at 1000005 by 11/12 rx 100 tx 200 moved 1000003 len 40 \"HTT\" "
		  "\"0123456789abcdef\"\n"
		  "state 7 at 1000005 rx 100 tx 200 moved 1000003 tail_end 200 "
		  "\"0123456789abcdef\" err 104\n"
		  "close 7 at 1000005 rx 100 tx 200 moved 1000003 tail_end 200 "
		  "\"0123456789abcdef\" err 104\n"
		  "fork 11 of 10 at 1000005\n"
		  "exec 11 of 10 at 1000005\n"
		  "exit 11 of 10 at 1000005\n"
		  "mapped 11 of 10 at 1000005\n");
	buf__free(&record);
	buf__free(&seen.text);
}

static void check_open(u16 family, struct str path, const char *want)
{
	struct buf record = {0};
	struct seen seen = {0};

	put_open(&record, family, path);
	CHECK(!decode(&seen, record.p, record.len));
	CHECK_STR(buf__view(&seen.text), want);
	buf__free(&record);
	buf__free(&seen.text);
}

/* Who decides whether a record goes on is told whose it is: of the bytes in it, if there are any.
 */
static void sources(void)
{
	struct ev_candidate candidate = {.hdr = head_of(EV_CANDIDATE, sizeof(candidate)),
					 .port = 80,
					 .asked = 3,
					 .comm = "nginx",
					 .exe = "/usr/sbin/nginx"};
	struct ev_data in = data_of(EV_IN, 5, 5, 0);
	struct ev_state state = state_of(EV_STATE);
	struct capture_source source;
	struct buf record = {0};

	put_open(&record, EVENT_INET, STR_NONE);
	CHECK(!decode_source(buf__view(&record), OFFSET, &source));
	CHECK(source.kind == SOURCE_CONN && source.tgid == 11 && source.ts == OFFSET + 5);
	in.hdr.tgid = 12;
	put(&record, &in, sizeof(in), STR("GET /"));
	put(&record, &state, sizeof(state), STR_NONE);
	CHECK(!decode_source(buf__view(&record), OFFSET, &source));
	CHECK(source.kind == SOURCE_DATA && source.tgid == 12);
	buf__reset(&record);
	put_process(&record, EV_FORK);
	CHECK(!decode_source(buf__view(&record), OFFSET, &source));
	CHECK(source.kind == SOURCE_FORK && source.tgid == 11 && source.parent == 10);
	buf__reset(&record);
	put(&record, &candidate, sizeof(candidate), STR_NONE);
	CHECK(!decode_source(buf__view(&record), OFFSET, &source));
	CHECK(source.kind == SOURCE_CANDIDATE && source.tgid == 11 && source.port == 80);
	CHECK(source.asked == 3);
	CHECK_STR(str_from(source.comm), "nginx");
	CHECK_STR(str_from(source.exe), "/usr/sbin/nginx");
	for (size_t len = 0; len < record.len; len++)
		CHECK(decode_source(str_sub(buf__view(&record), 0, len), OFFSET, &source) ==
		      -EBADMSG);
	memset(record.p + offsetof(struct ev_candidate, exe), 'x', sizeof(candidate.exe));
	CHECK(decode_source(buf__view(&record), OFFSET, &source) == -EBADMSG);
	buf__free(&record);
}

static void opens(void)
{
	char longest[108];

	check_open(EVENT_INET6, STR_NONE,
		   "open 7 at 1000005 by 11 family 3 7f00:1:::8080 a01:203:::4711 path \"\"\n");
	check_open(EVENT_UNIX, STR_NONE,
		   "open 7 at 1000005 by 11 family 1 :8080 :4711 path \"\"\n");
	check_open(EVENT_UNIX, STR("/run/x"),
		   "open 7 at 1000005 by 11 family 1 :8080 :4711 path \"/run/x\"\n");
	check_open(EVENT_UNIX, STR("\0x"),
		   "open 7 at 1000005 by 11 family 1 :8080 :4711 path \"@x\"\n");
	/* sun_path may be full, without its NUL */
	memset(longest, 'p', sizeof(longest));
	check_open(EVENT_UNIX, (struct str){longest, sizeof(longest)},
		   "open 7 at 1000005 by 11 family 1 :8080 :4711 path \""
		   "ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
		   "pppppppppppppppppppppppppppppppppppppppppppppp\"\n");
}

/* No time is not 1970 plus the offset. */
static void no_move_has_no_time(void)
{
	struct ev_data in = data_of(EV_IN, 0, 0, 0);
	struct seen seen = {0};

	in.moved_ts = 0;
	CHECK(!decode(&seen, &in, sizeof(in)));
	CHECK_STR(buf__view(&seen.text),
		  "in 7 at 1000005 by 11/12 rx 100 tx 200 moved 0 len 0 \"\" \"\"\n");
	buf__free(&seen.text);
}

/* The head of a send may reach into what is copied as its tail. */
static void tails_lose_what_the_head_has(void)
{
	static const struct {
		u32 len, cap, tail;
		const char *want;
	} cases[] = {
		{6, 3, 3, "\"abc\" \"def\""}, {5, 3, 3, "\"abc\" \"ef\""},
		{3, 3, 3, "\"abc\" \"\""},    {9, 3, 3, "\"abc\" \"def\""},
		{3, 0, 3, "\"\" \"abc\""},
	};
	struct seen seen = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ev_data out = data_of(EV_OUT, cases[i].len, cases[i].cap, cases[i].tail);
		struct buf record = {0};
		struct str line;

		out.hdr.flags = EVENT_CONFIRMED;
		put(&record, &out, sizeof(out),
		    str_sub(STR("abcdef"), 0, cases[i].cap + cases[i].tail));
		CHECK(!decode(&seen, record.p, record.len));
		line = buf__view(&seen.text);
		CHECK(str_find(line, '"', 0) > 0);
		CHECK_STR(str_sub(line, (size_t)str_find(line, '"', 0), strlen(cases[i].want)),
			  cases[i].want);
		buf__free(&record);
	}
	buf__free(&seen.text);
}

/* ---- records that are wrong ---- */

/* Cut at every byte: what was whole before the cut is delivered, what is cut is not. */
static void every_cut(void)
{
	struct buf record = {0};
	struct seen seen = {0};
	u32 cnt = 0;

	put_all(&record);
	for (size_t len = 0; len <= record.len; len++) {
		int err = decode(&seen, record.p, len);

		CHECK(seen.cnt == cnt || seen.cnt == cnt + 1);
		cnt = seen.cnt;
		CHECK(len != record.len || (!err && cnt == 9));
	}
	buf__free(&record);
	buf__free(&seen.text);
}

static void refuses(const void *event, size_t size, struct str bytes)
{
	struct buf record = {0};
	struct seen seen = {0};

	put(&record, event, size, bytes);
	CHECK(decode(&seen, record.p, record.len) == -EBADMSG && !seen.cnt);
	buf__free(&record);
	buf__free(&seen.text);
}

static void lengths_that_lie(void)
{
	static const struct {
		u32 len, cap, tail;
	} lies[] = {
		{40, 17, 16},
		{40, 16, 17},
		{40, UINT32_MAX, 16},
		{40, 16, UINT32_MAX},
		{15, 16, 16},
		{15, 0, 16},
		{0, 1, 0},
	};
	static const u32 sizes[] = {0,
				    1,
				    sizeof(struct event) - 1,
				    sizeof(struct event),
				    sizeof(struct ev_data) + 33,
				    UINT32_MAX};
	struct str bytes = STR("0123456789abcdef0123456789abcdef");
	struct ev_data out = data_of(EV_OUT, 40, 16, 16);

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		out.len = lies[i].len;
		out.cap = lies[i].cap;
		out.tail = lies[i].tail;
		refuses(&out, sizeof(out), bytes);
	}
	out = data_of(EV_OUT, 40, 16, 16);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		out.hdr.size = sizes[i];
		refuses(&out, sizeof(out), bytes);
	}
}

static void values_that_lie(void)
{
	struct ev_open open = {.hdr = head_of(EV_OPEN, sizeof(open)), .family = 3};
	struct ev_state state = state_of(EV_STATE);
	struct event none = head_of(0, sizeof(none)), beyond = head_of(EV_EXIT + 1, sizeof(beyond));
	char path[109];

	refuses(&open, sizeof(open), STR_NONE);
	memset(path, 'p', sizeof(path));
	open.family = EVENT_UNIX;
	open.path_len = sizeof(path);
	refuses(&open, sizeof(open), STR_NONE);
	open.hdr.size += sizeof(path);
	refuses(&open, sizeof(open), (struct str){path, sizeof(path)});
	state.err = 4096;
	refuses(&state, sizeof(state), STR_NONE);
	state = state_of(EV_CLOSE);
	state.tail_end = EVENT_TAIL - 1; /* a tail would begin before the stream */
	refuses(&state, sizeof(state), STR_NONE);
	refuses(&none, sizeof(none), STR_NONE);
	refuses(&beyond, sizeof(beyond), STR_NONE);
}

/* What follows a whole event, if it is none, is told apart; the event before it was delivered. */
static void a_bad_event_behind_a_good_one(void)
{
	struct ev_data in = data_of(EV_IN, 0, 0, 0);
	struct event bad = head_of(99, sizeof(bad));
	struct buf record = {0};
	struct seen seen = {0};

	put(&record, &in, sizeof(in), STR_NONE);
	put(&record, &bad, sizeof(bad), STR_NONE);
	CHECK(decode(&seen, record.p, record.len) == -EBADMSG && seen.cnt == 1);
	buf__free(&record);
	buf__free(&seen.text);
}

/* Every byte of a good record set to telling values. */
static void every_byte_bent(void)
{
	static const u8 values[] = {0, 1, 2, 16, 0x7f, 0x80, 0xff};
	struct buf record = {0};
	struct seen seen = {0};

	put_all(&record);
	for (size_t i = 0; i < record.len; i++) {
		char good = record.p[i];

		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			record.p[i] = (char)values[v];
			decode(&seen, record.p, record.len);
		}
		record.p[i] = good;
	}
	CHECK(!decode(&seen, record.p, record.len) && seen.cnt == 9);
	buf__free(&record);
	buf__free(&seen.text);
}

/* Random bytes behind a head that is likely enough to be looked into. */
static void random_bytes(void)
{
	struct seen seen = {0};
	struct rng rng;
	u32 delivered = 0;

	rng__seed(&rng, 1);
	for (int i = 0; i < 20000; i++) {
		u8 bytes[256];
		struct event *head = (struct event *)bytes;
		size_t len = rng__next(&rng) % sizeof(bytes);

		rng__fill(&rng, bytes, sizeof(bytes));
		if (i % 2) {
			head->type = (u16)(rng__next(&rng) % 10);
			head->size = (u32)(rng__next(&rng) % (sizeof(bytes) + 8));
		}
		decode(&seen, bytes, len);
		delivered += seen.cnt;
	}
	CHECK(delivered > 100);
	buf__free(&seen.text);
}

int main(void)
{
	RUN(every_type);
	RUN(sources);
	RUN(opens);
	RUN(no_move_has_no_time);
	RUN(tails_lose_what_the_head_has);
	RUN(every_cut);
	RUN(lengths_that_lie);
	RUN(values_that_lie);
	RUN(a_bad_event_behind_a_good_one);
	RUN(every_byte_bent);
	RUN(random_bytes);
	return test_status();
}
