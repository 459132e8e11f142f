// SPDX-License-Identifier: Apache-2.0
/* conn/: requests and answers in order, however the bytes move. test_wire.h plays the socket. */
#include "test_wire.h"

/* ---- one after the other ---- */

/* The end is that of the last send; it is known when a later event tells that it moved. */
static void requests_and_answers_in_order(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	wants(&w, OK);
	CHECK_STR(buf__view(&f.text), "begin /a 1\n");
	moves(&w, strlen(OK));
	CHECK_STR(buf__view(&f.text), "begin /a 1\n");
	reads(&w, GET_B);
	sends(&w, NONE);
	is_swept(&w);
	CHECK(f.stats.v[STAT_SPANS] == 2);
	closes(&w, 0);
	CHECK(f.listens == 1 && !f.muted && !stats__sum(&f.stats, STAT_MARK));
	finish(&f, "begin /a 1\nend /a 200 1-3 19+40\nbegin /b 4\nend /b 204 4-6 19+18\n");
}

static void what_is_confirmed_needs_no_other_event(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened_as(&w, &f, 1, FAMILY_UNIX);
	reads(&w, GET_A);
	sent(&w, OK);
	CHECK(f.stats.v[STAT_SPANS] == 1 && f.listens == 0);
	finish(&f, "begin /a 1\nend /a 200 1-2 19+40\n");
}

static void a_close_confirms_the_last_send(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, OK);
	closes(&w, 0);
	finish(&f, "begin /a 1\nend /a 200 1-3 19+40\n");
}

static void what_never_moved_is_no_answer(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	wants(&w, OK);
	closes(&w, ECONNRESET);
	finish(&f, "begin /a 1\nend /a 0 1-3 19+0 !ECONNRESET\n");
}

static void a_head_in_pieces(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	for (const char *c = GET_A; *c; c++)
		reads_part(&w, (struct str){c, 1}, 1);
	for (const char *c = OK; *c; c++) {
		wants_part(&w, (struct str){c, 1}, 1, STR_NONE);
		moves(&w, 1);
	}
	closes(&w, 0);
	finish(&f, "begin /a 1\nend /a 200 1-99 19+40\n");
}

/* ---- how sends move ---- */

/* EAGAIN: the same bytes at the same place again, in smaller and larger calls. */
static void a_send_that_is_repeated(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	wants(&w, OK);
	wants(&w, OK);
	is_swept(&w);
	wants_part(&w, str_sub(STR(OK), 0, 20), 20, STR_NONE);
	wants(&w, OK);
	CHECK_STR(buf__view(&f.text), "begin /a 1\n");
	moves(&w, strlen(OK));
	is_swept(&w);
	finish(&f, "begin /a 1\nend /a 200 1-7 19+40\n");
}

/* Moved byte by byte, told by the sweep each time: the end is that of the last. */
static void a_send_that_moves_in_parts(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	wants(&w, OK);
	for (size_t i = 0; i < strlen(OK); i++) {
		CHECK(f.stats.v[STAT_SPANS] == 0);
		moves(&w, 1);
		is_swept(&w);
	}
	finish(&f, "begin /a 1\nend /a 200 1-81 19+40\n");
}

/* A part moves, then the process goes on with a call of its own for the rest. */
static void a_rest_that_is_sent_anew(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	wants(&w, OK);
	moves(&w, 10);
	sends(&w, &OK[10]);
	is_swept(&w);
	finish(&f, "begin /a 1\nend /a 200 1-5 19+40\n");
}

#define LONG "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n"
#define LAST "yyyyyyyyy\r\n0\r\n\r\n" /* the last 16 bytes */

/* Only head and tail of a long send are known; it may stop moving anywhere, within the tail as
 * well. */
static void a_long_send_stops_anywhere(void)
{
	u32 len = (u32)strlen(LONG) + 1024 + 2 + 5;

	for (u32 at = 1; at < len; at++) {
		struct fixture f;
		struct wire w;

		begin(&f);
		opened(&w, &f, 1);
		reads(&w, GET_A);
		wants_part(&w, str_sub(STR(LONG), 0, 50), len, STR(LAST));
		moves(&w, at);
		is_swept(&w);
		CHECK(f.stats.v[STAT_SPANS] == 0);
		moves(&w, len - at);
		is_swept(&w);
		CHECK(f.stats.v[STAT_SPANS] == 1 && !f.stats.v[STAT_MARK_UNSYNC]);
		reads(&w, GET_B);
		sends(&w, NONE);
		closes(&w, 0);
		finish(&f, "begin /a 1\nend /a 200 1-5 19+1083 inferred_end\n"
			   "begin /b 7\nend /b 204 7-9 19+18\n");
	}
}

static void an_answer_of_several_sends(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n");
	wants_part(&w, STR("xxxx"), 1000, STR("yyyy"));
	moves(&w, 1000);
	wants_part(&w, STR("xxxx"), 2000, STR("yyyy"));
	moves(&w, 1500);
	moves(&w, 500);
	reads(&w, GET_B);
	sends(&w, NONE);
	closes(&w, 0);
	finish(&f, "begin /a 1\nend /a 200 1-8 19+3041\nbegin /b 9\nend /b 204 9-11 19+18\n");
}

/* Bytes that no send told of (sendfile) belong to the body: counted, and no hole. */
static void a_file_that_is_sent(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
	moves(&w, 2000);
	is_swept(&w);
	moves(&w, 3000);
	is_swept(&w);
	finish(&f, "begin /a 1\nend /a 200 1-6 19+5041\n");
}

/* Of hundreds of sends only the tail of the last is kept: it tells that a chunked body is over. */
static void a_thinned_tail(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	sends(&w, "5\r\nhello\r\n");
	moves(&w, 100000);
	is_swept_with_tail(&w, "xxxxx\r\nyyyyyyy\r\n");
	CHECK(f.stats.v[STAT_SPANS] == 0);
	moves(&w, 100000);
	is_swept_with_tail(&w, "xxxxxxxxx\r\n0\r\n\r\n");
	CHECK(f.stats.v[STAT_SPANS] == 1);
	is_swept_with_tail(&w, "xxxxxxxxx\r\n0\r\n\r\n");
	reads(&w, GET_B);
	sends(&w, NONE);
	closes(&w, 0);
	finish(&f, "begin /a 1\nend /a 200 1-8 19+200057 inferred_end\n"
		   "begin /b 11\nend /b 204 11-13 19+18\n");
}

static void a_tail_that_the_close_tells(void)
{
	struct capture_state event;
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	moves(&w, 5000);
	event = state_event(&w);
	event.closed = true;
	event.tail_end = w.tx;
	event.tail = STR("xxxxxxxxx\r\n0\r\n\r\n");
	conn_table__state(f.table, &event);
	finish(&f, "begin /a 1\nend /a 200 1-4 19+5047 inferred_end\n");
}

/* ---- reads ---- */

/* Of a request's reads only the first HEAD bytes are told; the rest shows in the offsets. */
static void a_body_beyond_what_is_copied(void)
{
	static const char head[] = "POST /a HTTP/1.1\r\nContent-Length: 100000\r\n\r\n";
	static const char pad[HEAD];
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, head);
	reads_part(&w, (struct str){pad, HEAD - strlen(head)}, 50000);
	w.rx += 50000;
	sends(&w, NONE);
	reads(&w, GET_B);
	sends(&w, NONE);
	closes(&w, 0);
	CHECK(!stats__sum(&f.stats, STAT_MARK));
	finish(&f, "begin /a 1\nend /a 204 1-4 100044+18\nbegin /b 5\nend /b 204 5-7 19+18\n");
}

/* A thread read more, but its record is still on its way: the answer's does not make it a hole. */
static void a_send_overtakes_a_read(void)
{
	struct capture_data first, second;
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, OK);
	first = read_event(&w, STR(GET_B), 19);
	second = want_event(&w, STR(NONE), 18, STR_NONE);
	conn_table__data(f.table, &second);
	conn_table__data(f.table, &first);
	moves(&w, 18);
	is_swept(&w);
	CHECK(!stats__sum(&f.stats, STAT_MARK));
	finish(&f, "begin /a 1\nend /a 200 1-3 19+40\nbegin /b 4\nend /b 204 4-6 19+18\n");
}

/* The sweep and the send may both tell a held request. */
static void a_read_that_is_told_twice(void)
{
	struct capture_data event;
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	event = read_event(&w, STR(GET_A), 19);
	conn_table__data(f.table, &event);
	is_swept(&w);
	conn_table__data(f.table, &event);
	sends(&w, OK);
	conn_table__data(f.table, &event);
	is_swept(&w);
	conn_table__data(f.table, &event);
	opened(&(struct wire){0}, &f, 1);
	CHECK(!stats__sum(&f.stats, STAT_MARK));
	finish(&f, "begin /a 1\nend /a 200 1-4 19+40\n");
}

static void an_answer_that_is_told_twice(void)
{
	struct capture_data event;
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	event = want_event(&w, STR(OK), 40, STR_NONE);
	conn_table__data(f.table, &event);
	conn_table__data(f.table, &event);
	moves(&w, 40);
	is_swept(&w);
	conn_table__data(f.table, &event);
	reads(&w, GET_B);
	sends(&w, NONE);
	is_swept(&w);
	finish(&f, "begin /a 1\nend /a 200 1-3 19+40\nbegin /b 5\nend /b 204 5-7 19+18\n");
}

/* ---- whatever comes ---- */

static struct str random_text(struct rng *rng, u32 *len)
{
	static const char *const texts[] = {
		GET_A,
		GET_A GET_B,
		GET_C,
		OK,
		NONE,
		OK NONE,
		LONG,
		"0\r\n\r\n",
		"GE",
		"T /d HTTP/1.1\r\n\r\n",
		"POST /p HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
		"hello",
		"nonsense",
		"\x16\x03\x01",
		"HTTP/1.1 200 OK\r\n",
		"Connection: close\r\n\r\n",
		"HTTP/1.1 101 S\r\n\r\n",
		"\r\n",
	};
	struct str text = str_from(texts[rng__next(rng) % ARRAY_SIZE(texts)]);

	*len = (u32)text.len;
	if (rng__next(rng) % 8 == 0)
		*len += (u32)(rng__next(rng) % 100);
	return rng__next(rng) % 8 ? text : str_sub(text, 0, rng__next(rng) % (text.len + 1));
}

static void step(struct wire *w, struct rng *rng)
{
	u64 r = rng__next(rng), lie = rng__next(rng) % 16;
	u32 len;
	struct str text = random_text(rng, &len);

	switch (r % 12) {
	case 0 ... 3:
		reads_part(w, text, len);
		break;
	case 4 ... 6:
		wants_part(w, text, len, STR_NONE);
		break;
	case 7:
		wants_part(w, text, len + 20, STR(LAST));
		break;
	case 8:
		is_swept(w);
		break;
	case 9:
		w->tx += 16;
		is_swept_with_tail(w, LAST);
		break;
	case 10:
		loses_records(w);
		break;
	default:
		closes(w, (int)(r % 3 ? 0 : ECONNRESET));
		opened_as(w, w->f, ++w->conn, r & 4096 ? FAMILY_UNIX : FAMILY_INET);
	}
	if (lie < 8)
		moves(w, lie < 4 ? len : lie);
	else if (lie == 8)
		w->rx += rng__next(rng) % 50;
	else if (lie == 9)
		w->tx -= w->tx < 50 ? 0 : rng__next(rng) % 50;
	else if (lie == 10)
		w->rx = rng__next(rng);
	else if (lie == 11)
		w->tx = rng__next(rng) >> (rng__next(rng) % 64);
}

/* Sockets that lie in every way: no crash, no request unaccounted for. */
static void random_events(void)
{
	enum log_level before = log_get_level();
	u64 spans = 0, lost = 0, discarded = 0;

	log_set_level(LOG_ERROR);
	for (u64 seed = 0; seed < 300; seed++) {
		struct fixture f;
		struct rng rng;
		struct wire w;

		begin_limited(&f, (struct conn_limits){.conns = 4});
		rng__seed(&rng, seed);
		opened(&w, &f, 1);
		for (int i = 0; i < 300; i++)
			step(&w, &rng);
		spans += f.stats.v[STAT_SPANS];
		lost += f.stats.v[STAT_LOST_UNSYNC];
		discarded += f.stats.v[STAT_DISCARDED];
		buf__reset(&f.text);
		finish(&f, "");
	}
	CHECK(spans > 500 && lost > 500 && discarded);
	log_set_level(before);
}

int main(void)
{
	RUN(requests_and_answers_in_order);
	RUN(what_is_confirmed_needs_no_other_event);
	RUN(a_close_confirms_the_last_send);
	RUN(what_never_moved_is_no_answer);
	RUN(a_head_in_pieces);
	RUN(a_send_that_is_repeated);
	RUN(a_send_that_moves_in_parts);
	RUN(a_rest_that_is_sent_anew);
	RUN(a_long_send_stops_anywhere);
	RUN(an_answer_of_several_sends);
	RUN(a_file_that_is_sent);
	RUN(a_thinned_tail);
	RUN(a_tail_that_the_close_tells);
	RUN(a_body_beyond_what_is_copied);
	RUN(a_send_overtakes_a_read);
	RUN(a_read_that_is_told_twice);
	RUN(an_answer_that_is_told_twice);
	RUN(random_events);
	return test_status();
}
