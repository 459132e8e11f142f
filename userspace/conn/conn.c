// SPDX-License-Identifier: Apache-2.0
#include "conn/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"

/* Turns of a connection that may pass without a request before it is taken for another protocol. */
#define CONN_TRIES 8

enum sync {
	SYNC_NEW,    /* no bytes judged yet */
	SYNC_PARSED, /* a parser is at work */
	SYNC_LOST,   /* nothing makes sense until a read that begins like a request */
};

struct stream {
	u64 off;	 /* where the next byte belongs */
	struct buf rest; /* bytes before off that the parser has not consumed yet */
};

/* A send of which not all bytes are known to have moved. */
struct wanted {
	bool is;
	u64 off, ts;
	u32 len;
	u32 head_len; /* the first bytes in `bytes`; the rest of them is the tail */
	struct buf bytes;
};

struct conn {
	const struct conn_env *env;
	struct call_sink gate; /* what the parser sees of env->sink */
	bool forgotten;	       /* calls that end now are losses */
	u64 cookie;
	struct peer peer;
	const struct proto *proto; /* NULL unless SYNC_PARSED */
	void *state;		   /* the parser's */
	enum sync sync;
	bool started;	/* the streams' offsets are set */
	bool pipelined; /* more than one call was open at once */
	bool served;	/* a request was read: this process is a server on it */
	bool strange;	/* a client said what is no request of a protocol we know */
	bool useless;	/* tell the caller to free it */
	u32 turns;	/* turns since the last request */
	u32 turn_bytes; /* bytes of reads captured since the last turn */
	u64 first_ts;	/* of the first byte of rx.rest while nothing is judged */
	struct stream rx, tx;
	struct wanted wanted;
};

static void gate_begin(struct call_sink *gate, struct http_call *call)
{
	struct conn *conn = container_of(gate, struct conn, gate);

	conn->env->sink->begin(conn->env->sink, call);
}

static void gate_discard(struct call_sink *gate, struct http_call *owned, enum discard why)
{
	struct conn *conn = container_of(gate, struct conn, gate);

	conn->env->sink->discard(conn->env->sink, owned, why);
}

/* Of a connection that is merely forgotten nobody knows how its calls ended. */
static void gate_end(struct call_sink *gate, struct http_call *owned)
{
	struct conn *conn = container_of(gate, struct conn, gate);

	if (conn->forgotten)
		gate_discard(gate, owned, DISCARD_FORGOTTEN);
	else
		conn->env->sink->end(conn->env->sink, owned);
}

static void give_up(struct conn *conn)
{
	if (conn->useless)
		return;
	conn->useless = true;
	conn->env->mute(conn->env->owner, conn->cookie);
}

static void drop_parser(struct conn *conn, u64 ts, const char *why)
{
	if (conn->state)
		conn->proto->close(conn->state, ts, why);
	conn->proto = NULL;
	conn->state = NULL;
	buf__reset(&conn->rx.rest);
	buf__reset(&conn->tx.rest);
}

/* The parser gave up. With one request at a time the next turn starts afresh; else never again. */
static void lose_sync(struct conn *conn, u64 ts)
{
	drop_parser(conn, ts, NULL);
	conn->sync = SYNC_LOST;
	stats__add(conn->env->stats, STAT_MARK_UNSYNC, 1);
	if (conn->pipelined)
		give_up(conn);
}

static void after_feed(struct conn *conn)
{
	u32 open = conn->proto->open_cnt(conn->state);

	conn->pipelined |= open > 1;
	if (conn->proto->tunnel(conn->state))
		give_up(conn);
}

/* Feeds rest and bytes as one; what is left over becomes the rest. */
static void feed(struct conn *conn, enum side side, struct str bytes, u64 ts, u32 flags)
{
	struct stream *stream = side == SIDE_CLIENT ? &conn->rx : &conn->tx;
	bool joined = stream->rest.len > 0;
	struct str in = bytes;
	ssize_t n = 0;

	if (conn->sync != SYNC_PARSED)
		return;
	if (joined) {
		if (buf__str(&stream->rest, bytes)) {
			lose_sync(conn, ts);
			return;
		}
		in = buf__view(&stream->rest);
	}
	while (in.len) {
		n = conn->proto->feed(conn->state, side, in, ts, flags);
		if (n <= 0)
			break;
		assert((size_t)n <= in.len);
		in = str_sub(in, (size_t)n, in.len);
		flags &= ~(u32)FEED_TURN;
	}
	if (n < 0) {
		lose_sync(conn, ts);
		return;
	}
	after_feed(conn);
	if (joined)
		buf__consume(&stream->rest, stream->rest.len - in.len);
	else if (buf__str(&stream->rest, in))
		lose_sync(conn, ts);
}

/* A recognised protocol that nobody parses yet. */
static void recognised(struct conn *conn, const struct proto *proto)
{
	stats__add(conn->env->stats, proto->stat, 1);
	if (conn->env->stats->v[proto->stat] == 1)
		log_warn("%s", proto->notice);
	give_up(conn);
}

/*
 * First bytes of a client, or the first after sync was lost: whose language is it? cut: the bytes
 * behind them were not captured.
 */
static void judge(struct conn *conn, struct str bytes, u64 ts, bool cut)
{
	size_t before = conn->rx.rest.len;
	const struct proto *proto;
	enum match match;

	if (!before)
		conn->first_ts = ts;
	if (buf__str(&conn->rx.rest, bytes))
		return;
	proto = proto_match(buf__view(&conn->rx.rest), cut, &match);
	if (match == MATCH_MAYBE)
		return;
	if (match == MATCH_NO) {
		conn->sync = SYNC_LOST;
		conn->strange = true;
		buf__reset(&conn->rx.rest);
		if (++conn->turns >= CONN_TRIES) {
			stats__add(conn->env->stats, STAT_SEEN_OTHER, 1);
			give_up(conn);
		}
		return;
	}
	if (!proto->feed) {
		recognised(conn, proto);
		return;
	}
	if (proto->open(&conn->state, &conn->peer, &conn->gate)) {
		stats__add(conn->env->stats, STAT_LOST_MEMORY, 1);
		stats__add(conn->env->stats, STAT_REQUESTS, 1);
		give_up(conn);
		return;
	}
	conn->proto = proto;
	conn->sync = SYNC_PARSED;
	conn->served = true;
	conn->turns = 0;
	/* apart, for the request began when its first byte was read */
	conn->rx.rest.len = before;
	if (before)
		feed(conn, SIDE_CLIENT, STR_NONE, conn->first_ts, FEED_TURN);
	feed(conn, SIDE_CLIENT, bytes, ts, before ? 0 : FEED_TURN);
}

static void gap(struct conn *conn, enum side side, u64 n, u64 ts, bool lost)
{
	struct stream *stream = side == SIDE_CLIENT ? &conn->rx : &conn->tx;

	stream->off += n;
	if (!n)
		return;
	if (conn->sync != SYNC_PARSED && side == SIDE_CLIENT && stream->rest.len)
		judge(conn, STR_NONE, conn->first_ts, true);
	if (conn->sync != SYNC_PARSED) {
		/* what comes next neither continues what was kept nor begins anything */
		buf__reset(&stream->rest);
		if (side == SIDE_CLIENT)
			conn->sync = SYNC_LOST;
		return;
	}
	if (stream->rest.len)
		feed(conn, side, STR_NONE, ts, FEED_GAP_FOLLOWS);
	if (conn->sync != SYNC_PARSED)
		return;
	if (conn->proto->gap(conn->state, side, n, ts, lost))
		lose_sync(conn, ts);
	else
		after_feed(conn);
}

static void client_bytes(struct conn *conn, struct str bytes, u64 ts, bool turn)
{
	if (!bytes.len)
		return;
	if (conn->sync == SYNC_PARSED) {
		feed(conn, SIDE_CLIENT, bytes, ts, turn ? FEED_TURN : 0);
		return;
	}
	if (turn)
		buf__reset(&conn->rx.rest);
	if (turn || conn->sync == SYNC_NEW || conn->rx.rest.len)
		judge(conn, bytes, ts, false);
}

/* Sends that look like requests, where no request was read, are this process's own: it is a client.
 */
static void server_bytes(struct conn *conn, struct str bytes, u64 ts)
{
	enum match match;

	if (conn->sync != SYNC_PARSED && !conn->rx.rest.len && bytes.len) {
		proto_match(bytes, false, &match);
		if (match == MATCH_YES && !conn->served)
			give_up(conn);
		conn->sync = SYNC_LOST;
		return;
	}
	feed(conn, SIDE_SERVER, bytes, ts, 0);
}

/* Of bytes, which begin at off, feeds those from where the send side is fed to up to upto. */
static void feed_sent(struct conn *conn, struct str bytes, u64 off, u64 upto, u64 ts)
{
	u64 from = conn->tx.off;

	if (from < off || from >= off + bytes.len || from >= upto)
		return;
	bytes = str_sub(bytes, from - off, upto - from);
	conn->tx.off += bytes.len;
	server_bytes(conn, bytes, ts);
}

/* The wanted send has moved up to there: its head, what lies between and was not copied, its tail.
 */
static void feed_wanted(struct conn *conn, u64 upto, u64 ts)
{
	struct wanted *wanted = &conn->wanted;
	struct str bytes = buf__view(&wanted->bytes);
	struct str head = str_sub(bytes, 0, wanted->head_len);
	struct str tail = str_sub(bytes, wanted->head_len, bytes.len);
	u64 end = wanted->off + wanted->len, tail_off = end - tail.len;
	u64 between = upto < tail_off ? upto : tail_off;

	feed_sent(conn, head, wanted->off, upto, upto > wanted->off + head.len ? wanted->ts : ts);
	if (between > conn->tx.off)
		gap(conn, SIDE_SERVER, between - conn->tx.off, ts, false);
	feed_sent(conn, tail, tail_off, upto, ts);
	wanted->is = upto < end;
}

/*
 * The send side stands at off now; its last byte was handed over at ts. Feeds what of the wanted
 * send has moved, then the hole up to off: sends nobody told of (sendfile, thinned), or lost ones.
 */
static void sent_up_to(struct conn *conn, u64 off, u64 ts, bool lost)
{
	const struct wanted *wanted = &conn->wanted;
	u64 end = wanted->off + wanted->len;

	if (wanted->is && off > end)
		feed_wanted(conn, end, wanted->ts);
	else if (wanted->is && off > conn->tx.off)
		feed_wanted(conn, off, ts);
	if (off > conn->tx.off)
		gap(conn, SIDE_SERVER, off - conn->tx.off, ts, lost);
}

/*
 * Reads nobody told of: bodies beyond what is copied. Only then may the read side be moved by what
 * other events say, for a read's own record may still be on its way from another thread.
 */
static void read_up_to(struct conn *conn, u64 off, u64 ts)
{
	if (off > conn->rx.off && conn->turn_bytes >= conn->env->capture_head)
		gap(conn, SIDE_CLIENT, off - conn->rx.off, ts, false);
}

static void start(struct conn *conn, u64 rx_off, u64 tx_off)
{
	if (conn->started)
		return;
	conn->started = true;
	conn->rx.off = rx_off;
	conn->tx.off = tx_off;
	if (rx_off)
		stats__add(conn->env->stats, STAT_MARK_MIDWAY, 1);
}

static void on_read(struct conn *conn, const struct capture_data *event, bool lost)
{
	struct str bytes = event->head;
	u64 known;

	sent_up_to(conn, event->tx_off, event->moved_ts, lost);
	if (event->rx_off > conn->rx.off)
		gap(conn, SIDE_CLIENT, event->rx_off - conn->rx.off, event->ts, lost);
	known = conn->rx.off - event->rx_off; /* told before, by another record */
	if (known >= event->len)
		return;
	if (event->turn)
		conn->turn_bytes = 0;
	conn->peer.tgid = event->tgid;
	conn->peer.tid = event->tid;
	bytes = str_sub(bytes, known, bytes.len);
	conn->turn_bytes += event->head.len;
	conn->rx.off += bytes.len;
	client_bytes(conn, bytes, event->ts, event->turn);
	gap(conn, SIDE_CLIENT, event->rx_off + event->len - conn->rx.off, event->ts, false);
}

static void on_sent(struct conn *conn, const struct capture_data *event, bool lost)
{
	struct wanted *wanted = &conn->wanted;

	sent_up_to(conn, event->tx_off, event->moved_ts, lost);
	read_up_to(conn, event->rx_off, event->ts);
	if (event->tx_off < conn->tx.off)
		return; /* told before */
	wanted->is = true;
	wanted->off = event->tx_off;
	wanted->ts = event->ts;
	wanted->len = event->len;
	wanted->head_len = (u32)event->head.len;
	buf__reset(&wanted->bytes);
	buf__str(&wanted->bytes, event->head);
	buf__str(&wanted->bytes, event->tail);
	if (wanted->bytes.failed) {
		wanted->is = false;
		return;
	}
	if (event->confirmed)
		sent_up_to(conn, event->tx_off + event->len, event->ts, false);
}

int conn__data(struct conn *conn, const struct capture_data *event, bool lost)
{
	start(conn, event->rx_off, event->tx_off);
	if (event->out)
		on_sent(conn, event, lost);
	else
		on_read(conn, event, lost);
	return conn->useless ? -ECONNABORTED : 0;
}

int conn__state(struct conn *conn, const struct capture_state *event, bool lost)
{
	const struct wanted *wanted = &conn->wanted;
	u64 tail_off = event->tail_end - event->tail.len;

	start(conn, event->rx_off, event->tx_off);
	read_up_to(conn, event->rx_off, event->ts);
	if (event->tail_end && event->tail_end == event->tx_off &&
	    tail_off >= (wanted->is ? wanted->off + wanted->len : conn->tx.off)) {
		sent_up_to(conn, tail_off, event->moved_ts, lost);
		conn->tx.off = event->tail_end;
		server_bytes(conn, event->tail, event->moved_ts);
	}
	sent_up_to(conn, event->tx_off, event->moved_ts, lost);
	return conn->useless ? -ECONNABORTED : 0;
}

void conn__close(struct conn *conn, u64 ts, const char *why)
{
	if (conn->rx.rest.len)
		feed(conn, SIDE_CLIENT, STR_NONE, ts, FEED_GAP_FOLLOWS);
	if (conn->tx.rest.len)
		feed(conn, SIDE_SERVER, STR_NONE, ts, FEED_GAP_FOLLOWS);
	drop_parser(conn, ts, why);
	conn->sync = SYNC_LOST;
	if (conn->strange && !conn->served && !conn->useless)
		stats__add(conn->env->stats, STAT_SEEN_OTHER, 1);
}

static void set_peer(struct conn *conn, const struct capture_open *open)
{
	struct peer *peer = &conn->peer;

	peer->family = open->family;
	peer->client = open->remote;
	peer->server = open->local;
	peer->tgid = open->tgid;
	peer->conn = open->conn;
	memcpy(peer->path, open->path, sizeof(peer->path));
	if (open->family != FAMILY_UNIX)
		conn->env->listen_addr(conn->env->owner, open->tgid, open->family, &open->local,
				       peer->listen_addr);
}

struct conn *conn__new(const struct conn_env *env, const struct capture_open *open)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->env = env;
	conn->gate = (struct call_sink){gate_begin, gate_end, gate_discard};
	conn->cookie = open->conn;
	set_peer(conn, open);
	return conn;
}

void conn__free(struct conn *conn)
{
	if (!conn)
		return;
	conn->forgotten = true;
	drop_parser(conn, 0, NULL);
	buf__free(&conn->rx.rest);
	buf__free(&conn->tx.rest);
	buf__free(&conn->wanted.bytes);
	free(conn);
}

size_t conn__memory(const struct conn *conn)
{
	return sizeof(*conn) + conn->rx.rest.cap + conn->tx.rest.cap + conn->wanted.bytes.cap;
}

bool conn__is_unix(const struct conn *conn)
{
	return conn->peer.family == FAMILY_UNIX;
}
