// SPDX-License-Identifier: Apache-2.0
/*
 * nghttp2 turns bytes into callbacks and calls into bytes; here they meet the stream. Callbacks
 * come from within nghttp2_session_mem_recv(), where the session may not be freed, so what ends the
 * connection only marks it, and settle() looks.
 */
#include "deliver/h2_conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define READ_BYTES 16384 /* a TLS record */
/*
 * What a server may send without answering: frames of any kind, 9 bytes each at least, which cost
 * time whatever they say. Answers are small, pings rare, and even a window opened byte by byte for
 * a request of 32 KiB needs less.
 */
#define FLOOD_BYTES	((size_t)1 << 20)
#define FLOOD_PERIOD_NS (10 * NSEC_PER_SEC)

static const char not_http2[] =
	"the server does not speak HTTP/2; is it OTLP/HTTP's port (http/protobuf, 4318)?";

struct h2_conn {
	struct h2_conn_env env;
	struct h2_conn *next; /* in *env.list */
	struct stream *stream;
	nghttp2_session *session; /* NULL until connected */
	bool greeted;		  /* the server's SETTINGS are known: calls may be sent */
	struct h2_call *calls;
	const u8 *out; /* nghttp2's, until it is asked for more */
	size_t out_len;
	bool retired;
	size_t received; /* since `since`, or the last answer */
	u64 since;
};

static void retire(struct h2_conn *conn)
{
	if (conn->retired)
		return;
	conn->retired = true;
	conn->env.retired(conn->env.owner, conn);
}

static void detach(struct h2_conn *conn, struct h2_call *call)
{
	struct h2_call **at = &conn->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	call->conn = NULL;
}

void h2_conn__free(struct h2_conn *conn)
{
	struct h2_conn **at = conn->env.list;

	retire(conn);
	while (*at && *at != conn)
		at = &(*at)->next;
	if (*at)
		*at = conn->next;
	nghttp2_session_del(conn->session);
	stream__free(conn->stream);
	free(conn);
}

/* Who closes a plain connection before a word of HTTP/2 may have wanted another one. */
static const char *hint(const struct h2_conn *conn)
{
	bool early = conn->session && !conn->greeted && !conn->env.target->tls;

	return early && !conn->received ? HINT_TLS : "";
}

/* The end of the connection and of all calls on it. */
static void fail(struct h2_conn *conn, const char *why, bool refused)
{
	struct h2_call *call;
	char text[300];

	/* why may be the stream's */
	snprintf(text, sizeof(text), "%s%s", why, hint(conn));
	retire(conn);
	while ((call = conn->calls)) {
		detach(conn, call);
		call->ops->failed(call, text, refused);
	}
	h2_conn__free(conn);
}

static ssize_t read_body(nghttp2_session *session, s32 stream_id, u8 *out, size_t len, u32 *flags,
			 nghttp2_data_source *source, void *owner)
{
	struct h2_call *call = nghttp2_session_get_stream_user_data(session, stream_id);
	struct str rest;

	(void)source, (void)owner;
	if (!call)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* cancelled */
	rest = str_sub(call->body, call->sent, len);
	memcpy(out, rest.p, rest.len);
	call->sent += rest.len;
	if (call->sent == call->body.len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)rest.len;
}

/* False: nghttp2 has no memory or no stream ids left. */
static bool submit(struct h2_conn *conn, struct h2_call *call)
{
	const nghttp2_data_provider body = {.read_callback = read_body};

	call->sent = 0;
	call->stream_id = nghttp2_submit_request(conn->session, NULL, call->headers,
						 call->header_cnt, &body, call);
	return call->stream_id > 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const u8 *name,
		     size_t name_len, const u8 *value, size_t value_len, u8 flags, void *owner)
{
	struct h2_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	(void)flags, (void)owner;
	if (call && frame->hd.type == NGHTTP2_HEADERS)
		call->ops->header(call, (struct str){(const char *)name, name_len},
				  (struct str){(const char *)value, value_len});
	return 0;
}

static int on_data(nghttp2_session *session, u8 flags, s32 stream_id, const u8 *bytes, size_t len,
		   void *owner)
{
	struct h2_call *call = nghttp2_session_get_stream_user_data(session, stream_id);

	(void)flags, (void)owner;
	if (call)
		call->ops->data(call, (struct str){(const char *)bytes, len});
	return 0;
}

static void end_call(struct h2_conn *conn, s32 stream_id, u32 error_code)
{
	struct h2_call *call = nghttp2_session_get_stream_user_data(conn->session, stream_id);

	if (!call)
		return;
	nghttp2_session_set_stream_user_data(conn->session, stream_id, NULL);
	/* an answer before all was sent: the rest is not wanted */
	if (error_code == NGHTTP2_NO_ERROR && call->sent < call->body.len)
		nghttp2_submit_rst_stream(conn->session, NGHTTP2_FLAG_NONE, stream_id,
					  NGHTTP2_CANCEL);
	conn->received = 0;
	detach(conn, call);
	call->ops->closed(call, error_code);
}

/* A call that cannot be submitted ends with its time; the next one finds another connection. */
static void submit_all(struct h2_conn *conn)
{
	struct h2_call *call;

	conn->greeted = true;
	for (call = conn->calls; call; call = call->next) {
		if (!submit(conn, call))
			retire(conn);
	}
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
	struct h2_conn *conn = owner;

	(void)session;
	if (frame->hd.type == NGHTTP2_SETTINGS && !conn->greeted)
		submit_all(conn);
	if (frame->hd.type == NGHTTP2_GOAWAY)
		retire(conn);
	if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
	    frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		end_call(conn, frame->hd.stream_id, NGHTTP2_NO_ERROR);
	return 0;
}

static int on_stream_close(nghttp2_session *session, s32 stream_id, u32 error_code, void *owner)
{
	(void)session;
	end_call(owner, stream_id, error_code == NGHTTP2_NO_ERROR ? NGHTTP2_CANCEL : error_code);
	return 0;
}

static int make_session(struct h2_conn *conn)
{
	static const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
	nghttp2_session_callbacks *callbacks;

	if (nghttp2_session_callbacks_new(&callbacks))
		return -ENOMEM;
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	if (nghttp2_session_client_new(&conn->session, callbacks, conn))
		conn->session = NULL;
	nghttp2_session_callbacks_del(callbacks);
	if (!conn->session || nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, settings,
						      ARRAY_SIZE(settings)))
		return -ENOMEM;
	return 0;
}

/* 0: all that nghttp2 has to say is sent, or the socket is full. */
static int flush(struct h2_conn *conn)
{
	for (;;) {
		ssize_t n;

		if (!conn->out_len) {
			n = nghttp2_session_mem_send(conn->session, &conn->out);
			if (n <= 0) {
				stream__want_write(conn->stream, false);
				return n ? -EPIPE : 0;
			}
			conn->out_len = (size_t)n;
		}
		n = stream__write(conn->stream, conn->out, conn->out_len);
		if (n == -EAGAIN) {
			stream__want_write(conn->stream, true);
			return 0;
		}
		if (n <= 0)
			return n ? (int)n : -EPIPE;
		conn->out += n;
		conn->out_len -= (size_t)n;
	}
}

/* After anything that may have given nghttp2 something to say, or ended it. */
static void settle(struct h2_conn *conn)
{
	int err = flush(conn);

	if (err)
		fail(conn, stream__error(conn->stream, err), false);
	else if (conn->retired && !conn->calls)
		h2_conn__free(conn);
	else if (!nghttp2_session_want_read(conn->session) &&
		 !nghttp2_session_want_write(conn->session))
		fail(conn, conn->greeted ? "the server ends the connection" : not_http2, false);
}

/* Who does not say SETTINGS is no HTTP/2 server: it is not sent anything it would misread. */
static void on_connected(void *owner)
{
	struct h2_conn *conn = owner;

	if (make_session(conn))
		fail(conn, "no memory", false);
	else
		settle(conn);
}

/* Those who do are not listened to any longer; how soon they are tried again is delivery.h's. */
static bool floods(struct h2_conn *conn, size_t len)
{
	u64 now = loop__timers(conn->env.loop)->now;

	if (now - conn->since > FLOOD_PERIOD_NS) {
		conn->since = now;
		conn->received = 0;
	}
	conn->received += len;
	return conn->received > FLOOD_BYTES;
}

/* What it is that begins so; NULL: HTTP/2, as far as one can tell. */
static const char *stranger(const u8 *bytes, size_t len)
{
	struct str s = {(const char *)bytes, len};

	if (str_starts(s, STR("HTTP/")))
		return not_http2;
	/* an alert: RFC 8446 section 5.1 */
	return str_starts(s, STR("\x15\x03")) ? "the server answers in TLS" HINT_TLS : NULL;
}

static void on_bytes(struct h2_conn *conn, const u8 *bytes, size_t len)
{
	const char *why = NULL;
	ssize_t used = 0;

	if (floods(conn, len))
		why = "the server sends and sends without an answer";
	else if (!conn->greeted)
		why = stranger(bytes, len);
	if (!why)
		used = nghttp2_session_mem_recv(conn->session, bytes, len);
	if (used < 0)
		why = nghttp2_strerror((int)used);
	if (why)
		fail(conn, why, false);
	else
		settle(conn);
}

static void on_ready(void *owner)
{
	struct h2_conn *conn = owner;
	u8 bytes[READ_BYTES];
	ssize_t n;

	/* once: epoll tells again of what is left, and TLS hands over whole records of this size */
	n = stream__read(conn->stream, bytes, sizeof(bytes));
	if (n > 0)
		on_bytes(conn, bytes, (size_t)n);
	else if (n == -EAGAIN)
		settle(conn);
	else
		fail(conn, n ? stream__error(conn->stream, (int)n) : "the connection was closed",
		     false);
}

static void on_failed(void *owner, const char *why, bool refused)
{
	fail(owner, why, refused);
}

int h2_conn__new(struct h2_conn **out, const struct h2_conn_env *env)
{
	static const struct stream_ops ops = {on_connected, on_ready, on_failed};
	struct h2_conn *conn = calloc(1, sizeof(*conn));
	int err;

	if (!conn)
		return -ENOMEM;
	conn->env = *env;
	err = stream__new(&conn->stream, env->loop, env->target, &ops, conn);
	if (err) {
		free(conn);
		return err;
	}
	conn->next = *env->list;
	*env->list = conn;
	*out = conn;
	return 0;
}

void h2_conn__call(struct h2_conn *conn, struct h2_call *call)
{
	call->conn = conn;
	call->next = conn->calls;
	conn->calls = call;
	/* sent when the socket says it is ready: no callback may come from here */
	if (conn->greeted && submit(conn, call))
		stream__want_write(conn->stream, true);
	else if (conn->greeted)
		retire(conn); /* the call ends with its time */
}

void h2_conn__cancel(struct h2_conn *conn, struct h2_call *call)
{
	detach(conn, call);
	retire(conn);
	if (conn->greeted) {
		nghttp2_session_set_stream_user_data(conn->session, call->stream_id, NULL);
		nghttp2_submit_rst_stream(conn->session, NGHTTP2_FLAG_NONE, call->stream_id,
					  NGHTTP2_CANCEL);
		settle(conn);
	} else if (!conn->calls) {
		h2_conn__free(conn);
	}
}
