// SPDX-License-Identifier: Apache-2.0
/* conn/: pipelining, what is lost, joined midway, not HTTP, or too much. test_wire.h plays the
 * socket. */
#include "test_wire.h"

/* ---- pipelining ---- */

static void pipelined(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A GET_B GET_C);
	sends(&w, OK NONE);
	sends(&w, OK);
	is_swept(&w);
	finish(&f,
	       "begin /a 1\nbegin /b 1\nbegin /c 1\nend /a 200 1-3 19+40\nend /b 204 1-3 19+18\n"
	       "end /c 200 1-5 19+40\n");
}

static void pipelined_behind_a_closing_answer(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A GET_B);
	sends(&w, "HTTP/1.1 204 N\r\nConnection: close\r\n\r\n");
	closes(&w, 0);
	CHECK(f.stats.v[STAT_DISCARDED] == 1);
	finish(&f, "begin /a 1\nbegin /b 1\nend /a 204 1-3 19+37\ndiscard /b closing\n");
}

/* Which answer was lost nobody knows, nor when it is over: the connection is given up for good. */
static void pipelined_and_lost(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A GET_B);
	moves(&w, 58);
	loses_records(&w);
	is_swept(&w);
	CHECK(f.muted == 1 && f.last_muted == 1 && f.stats.v[STAT_MARK_UNSYNC] == 1);
	reads(&w, GET_C);
	sends(&w, OK);
	closes(&w, 0);
	finish(&f,
	       "begin /a 1\nbegin /b 1\ndiscard /a unsynchronised\ndiscard /b unsynchronised\n");
}

/* ---- loss ---- */

/* An answer of which nothing is known but its size, then the next exchange. */
static void a_lost_answer(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	w.sending = true;
	moves(&w, 40);
	loses_records(&w);
	reads(&w, GET_B);
	sends(&w, NONE);
	is_swept(&w);
	CHECK(!f.muted);
	finish(&f, "begin /a 1\nend /a 0 1-2 19+40 hole,inferred_end\nbegin /b 3\nend /b 204 3-5 "
		   "19+18\n");
}

static void a_lost_piece_of_a_body(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n");
	moves(&w, 12);
	loses_records(&w);
	sends(&w, "0\r\n\r\n");
	is_swept(&w);
	finish(&f, "begin /a 1\nend /a 200 1-6 19+67 hole,inferred_end\n");
}

/* The same without loss is a file that was sent: no hole. */
static void an_untold_piece_of_a_body(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n");
	moves(&w, 12);
	sends(&w, "0\r\n\r\n");
	is_swept(&w);
	finish(&f, "begin /a 1\nend /a 200 1-6 19+67 inferred_end\n");
}

/* A request that nobody saw, its answer as well; the next turn is seen again. */
static void a_lost_exchange(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, OK);
	w.rx += 19;
	moves(&w, 40);
	loses_records(&w);
	w.sending = true;
	reads(&w, GET_C);
	sends(&w, NONE);
	is_swept(&w);
	CHECK(f.stats.v[STAT_MARK_UNSYNC] == 1 && !f.muted);
	/* nobody told when /a's send moved, only when it was wanted */
	finish(&f, "begin /a 1\nend /a 200 1-2 19+40\nbegin /c 5\nend /c 204 5-7 19+18\n");
}

/* Its first bytes are kept until they tell; bytes behind a hole are not their continuation. */
static void a_beginning_cut_by_a_hole(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, "GE");
	w.rx += 100;
	loses_records(&w);
	reads(&w, "T /wrong HTTP/1.1\r\n\r\n");
	sends(&w, OK);
	reads(&w, GET_B);
	sends(&w, NONE);
	is_swept(&w);
	finish(&f, "begin /b 5\nend /b 204 5-7 19+18\n");
}

static void sync_comes_back_at_a_turn(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, "nonsense\r\n\r\n");
	reads(&w, GET_B);
	sends(&w, OK);
	is_swept(&w);
	CHECK(f.stats.v[STAT_MARK_UNSYNC] == 1 && !f.muted);
	finish(&f, "begin /a 1\ndiscard /a unsynchronised\nbegin /b 4\nend /b 200 4-6 19+40\n");
}

/* Not a turn: more of what made no sense, whatever it looks like. */
static void sync_comes_back_at_no_other_read(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
	reads(&w, GET_B);
	sends(&w, OK);
	reads(&w, GET_C);
	sends(&w, NONE);
	is_swept(&w);
	finish(&f, "begin /a 1\ndiscard /a unsynchronised\nbegin /c 5\nend /c 204 5-7 19+18\n");
}

/* After that, an answer's body may look like a request: this is still a server. */
static void an_answer_that_looks_like_a_request(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, "nonsense\r\n\r\n");
	sends(&w, GET_A);
	reads(&w, GET_B);
	sends(&w, OK);
	is_swept(&w);
	CHECK(!f.muted);
	finish(&f, "begin /a 1\ndiscard /a unsynchronised\nbegin /b 6\nend /b 200 6-8 19+40\n");
}

/* ---- joined midway ---- */

static void joined_between_requests(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	w.rx = 1000;
	w.tx = 2000;
	reads(&w, GET_A);
	sends(&w, OK);
	is_swept(&w);
	CHECK(f.stats.v[STAT_MARK_MIDWAY] == 1);
	finish(&f, "begin /a 1\nend /a 200 1-3 19+40\n");
}

static void joined_within_an_answer(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	w.rx = 1000;
	w.tx = 2000;
	sends(&w, "the rest of a body");
	reads(&w, GET_A);
	sends(&w, OK);
	is_swept(&w);
	CHECK(f.stats.v[STAT_MARK_MIDWAY] == 1 && !f.muted);
	finish(&f, "begin /a 3\nend /a 200 3-5 19+40\n");
}

static void joined_within_a_request(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	w.rx = 1000;
	w.tx = 2000;
	reads(&w, "the rest of an upload");
	reads(&w, GET_A);
	sends(&w, OK);
	reads(&w, GET_B);
	sends(&w, NONE);
	is_swept(&w);
	finish(&f, "begin /b 5\nend /b 204 5-7 19+18\n");
}

/* ---- who is no HTTP/1 server ---- */

static void a_client(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	sends(&w, GET_A);
	reads(&w, OK);
	CHECK(f.muted == 1 && f.last_muted == 1);
	sends(&w, GET_B);
	reads(&w, GET_C);
	finish(&f, "");
}

static void is_counted(const char *first, size_t len, enum stat stat)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	for (u64 conn = 1; conn <= 2; conn++) {
		opened(&w, &f, conn);
		/* byte by byte: nothing may be said too early */
		for (size_t i = 0; i < len; i++) {
			CHECK(f.stats.v[stat] == conn - 1);
			reads_part(&w, (struct str){first + i, 1}, 1);
		}
		CHECK(f.muted == conn && f.last_muted == conn && f.stats.v[stat] == conn);
		reads(&w, GET_A);
	}
	finish(&f, "");
}

static void tls_and_http2(void)
{
	static const char hello[] = "\x16\x03\x01\x02\x00\x01",
			  preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	enum log_level before = log_get_level();

	log_set_level(LOG_ERROR);
	is_counted(hello, sizeof(hello) - 1, STAT_SEEN_TLS);
	is_counted(preface, sizeof(preface) - 1, STAT_SEEN_HTTP2);
	log_set_level(before);
}

/* Not at once: what was joined midway makes no sense at first either. */
static void another_protocol(void)
{
	struct fixture f;
	struct wire w;
	int turns = 0;

	begin(&f);
	opened(&w, &f, 1);
	while (!f.muted && turns < 100) {
		reads(&w, "*1\r\n$4\r\nPING\r\n");
		sends(&w, "+PONG\r\n");
		turns++;
	}
	CHECK(turns == 8 && f.stats.v[STAT_SEEN_OTHER] == 1);
	finish(&f, "");
}

static void a_tunnel(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, "GET /a HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
	sends(&w, "HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
	reads(&w, GET_B);
	CHECK(f.muted == 1);
	sends(&w, OK);
	finish(&f, "begin /a 1\nend /a 101 1-3 52+51\n");
}

/* ---- the table ---- */

static void events_of_nobody(void)
{
	struct wire w = {.conn = 9};
	struct fixture f;

	begin(&f);
	w.f = &f;
	reads(&w, GET_A);
	sends(&w, OK);
	is_swept(&w);
	closes(&w, 0);
	finish(&f, "");
}

/* The one that was silent longest goes; its open request is a loss and no span. */
static void too_many_connections(void)
{
	struct wire w[3];
	struct fixture f;

	begin_limited(&f, (struct conn_limits){.conns = 2});
	opened(&w[0], &f, 1);
	opened(&w[1], &f, 2);
	reads(&w[1], GET_B);
	reads(&w[0], GET_A);
	opened(&w[2], &f, 3);
	CHECK(f.stats.v[STAT_MARK_EVICTED] == 1);
	sends(&w[0], OK);
	sends(&w[1], OK);
	closes(&w[0], 0);
	closes(&w[1], 0);
	closes(&w[2], 0);
	finish(&f, "begin /b 1\nbegin /a 1\ndiscard /b forgotten\nend /a 200 1-3 19+40\n");
}

static void too_many_bytes(void)
{
	struct wire w[2];
	struct fixture f;
	u64 opened_cnt = 2;

	begin_limited(&f, (struct conn_limits){.bytes = 64 << 10});
	opened(&w[0], &f, 1);
	reads(&w[0], GET_A);
	opened(&w[1], &f, 2);
	while (!f.stats.v[STAT_MARK_EVICTED] && opened_cnt < 1000) {
		struct wire more;

		reads(&w[1], "GET /long"); /* an endless target */
		opened(&more, &f, ++opened_cnt);
	}
	CHECK(f.stats.v[STAT_MARK_EVICTED] == 1 && opened_cnt > 10);
	finish(&f, "begin /a 1\ndiscard /a forgotten\n");
}

/* No hook tells that a unix socket closed: a sweep that does not tell of it does. */
static void unix_sockets_are_swept_away(void)
{
	struct wire quiet, gone, tcp;
	struct fixture f;

	begin(&f);
	opened_as(&quiet, &f, 1, FAMILY_UNIX);
	opened_as(&gone, &f, 2, FAMILY_UNIX);
	opened(&tcp, &f, 3);
	reads(&quiet, GET_A);
	reads(&gone, GET_B);
	reads(&tcp, GET_C);
	CHECK(conn_table__unix_cnt(f.table) == 2);
	conn_table__swept(f.table, CONN_SWEPT_UNIX, 50); /* heard of since the last */
	CHECK(conn_table__unix_cnt(f.table) == 2);
	is_swept(&quiet);
	conn_table__swept(f.table, CONN_SWEPT_UNIX, 60);
	CHECK(conn_table__unix_cnt(f.table) == 1);
	sent(&quiet, OK);
	sent(&gone, OK);
	conn_table__swept(f.table, CONN_SWEPT_NONE, 70);
	conn_table__swept(f.table, CONN_SWEPT_NONE, 80);
	sends(&tcp, OK);
	closes(&tcp, 0);
	CHECK(conn_table__unix_cnt(f.table) == 1);
	finish(&f, "begin /a 1\nbegin /b 1\nbegin /c 1\nend /b 0 1-60 19+0 !connection_closed\n"
		   "end /a 200 1-3 19+40\nend /c 200 1-3 19+40\n");
}

/* Closes were lost: when and how these ended nobody knows, so their requests are losses. */
static void all_sockets_are_swept_away(void)
{
	struct wire here, gone;
	struct fixture f;

	begin(&f);
	opened(&here, &f, 1);
	opened(&gone, &f, 2);
	reads(&here, GET_A);
	reads(&gone, GET_B);
	conn_table__swept(f.table, CONN_SWEPT_ALL, 50);
	is_swept(&here);
	conn_table__swept(f.table, CONN_SWEPT_ALL, 60);
	sends(&here, OK);
	closes(&here, 0);
	finish(&f, "begin /a 1\nbegin /b 1\ndiscard /b forgotten\nend /a 200 1-4 19+40\n");
}

static void errors_at_the_close(void)
{
	struct fixture f;
	struct wire w;

	begin(&f);
	opened(&w, &f, 1);
	reads(&w, GET_A);
	sends(&w, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
	closes(&w, EPIPE);
	opened(&w, &f, 2);
	reads(&w, GET_B);
	closes(&w, 0);
	opened(&w, &f, 3);
	reads(&w, "GET /unfinished");
	closes(&w, 0);
	finish(&f, "begin /a 1\nend /a 200 1-4 19+42 !EPIPE\nbegin /b 1\nend /b 0 1-2 19+0 "
		   "!connection_closed\n");
}

int main(void)
{
	RUN(pipelined);
	RUN(pipelined_behind_a_closing_answer);
	RUN(pipelined_and_lost);
	RUN(a_lost_answer);
	RUN(a_lost_piece_of_a_body);
	RUN(an_untold_piece_of_a_body);
	RUN(a_lost_exchange);
	RUN(a_beginning_cut_by_a_hole);
	RUN(sync_comes_back_at_a_turn);
	RUN(sync_comes_back_at_no_other_read);
	RUN(an_answer_that_looks_like_a_request);
	RUN(joined_between_requests);
	RUN(joined_within_an_answer);
	RUN(joined_within_a_request);
	RUN(a_client);
	RUN(tls_and_http2);
	RUN(another_protocol);
	RUN(a_tunnel);
	RUN(events_of_nobody);
	RUN(too_many_connections);
	RUN(too_many_bytes);
	RUN(unix_sockets_are_swept_away);
	RUN(all_sockets_are_swept_away);
	RUN(errors_at_the_close);
	return test_status();
}
