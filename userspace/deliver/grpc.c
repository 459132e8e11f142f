// SPDX-License-Identifier: Apache-2.0
/*
 *	HEADERS  :method POST, :path /...TraceService/Export, te trailers, grpc-timeout 10000m ...
 *	DATA     [0 or 1: compressed][length, 4 bytes, big endian][message]
 *	<- HEADERS, DATA (the same shape), HEADERS (trailers): grpc-status, grpc-message
 */
#include "deliver/grpc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "deliver/grpc_answer.h"
#include "deliver/user_agent.h"

#define OWN_HEADERS 10
#define PREFIX_LEN  5

struct grpc {
	struct transport transport;
	struct h2_channel *channel;
	enum compression compression;
	char *authority, *path;
	char timeout[16];
	struct header_list headers;
	nghttp2_nv nv[OWN_HEADERS + HEADERS_MAX];
	size_t nv_cnt;

	struct h2_call call;
	bool calling;
	struct buf body;
	struct grpc_answer answer;
};

static void add_header(struct grpc *grpc, const char *name, const char *value)
{
	grpc->nv[grpc->nv_cnt++] = (nghttp2_nv){(u8 *)name, (u8 *)value, strlen(name),
						strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static void add_headers(struct grpc *grpc, const struct grpc_options *options)
{
	add_header(grpc, ":method", "POST");
	add_header(grpc, ":scheme", options->target.tls ? "https" : "http");
	add_header(grpc, ":authority", grpc->authority);
	add_header(grpc, ":path", grpc->path);
	add_header(grpc, "te", "trailers");
	add_header(grpc, "content-type", "application/grpc");
	add_header(grpc, "user-agent", USER_AGENT);
	add_header(grpc, "grpc-accept-encoding", "identity, deflate, gzip");
	if (compression_name(grpc->compression))
		add_header(grpc, "grpc-encoding", compression_name(grpc->compression));
	if (options->timeout_ns) {
		/* at most 8 digits */
		u64 ms = options->timeout_ns / NSEC_PER_MSEC;

		snprintf(grpc->timeout, sizeof(grpc->timeout), "%llu%c",
			 (unsigned long long)(ms < 100000000 ? ms : ms / 1000),
			 ms < 100000000 ? 'm' : 'S');
		add_header(grpc, "grpc-timeout", grpc->timeout);
	}
	for (u32 i = 0; i < grpc->headers.cnt; i++)
		add_header(grpc, grpc->headers.headers[i].name, grpc->headers.headers[i].value);
}

static int wrap(struct grpc *grpc, struct str message)
{
	struct buf *body = &grpc->body;
	u32 len;
	int err;

	buf__reset(body);
	err = buf__append(body, "\0\0\0\0\0", PREFIX_LEN);
	if (!err)
		err = compress_text(body, grpc->compression, message);
	if (err)
		return err;
	len = (u32)(body->len - PREFIX_LEN);
	body->p[0] = grpc->compression != COMPRESSION_NONE;
	for (u32 i = 0; i < 4; i++)
		body->p[1 + i] = (char)(len >> (24 - 8 * i));
	return 0;
}

static int grpc_send(struct transport *transport, struct str message)
{
	struct grpc *grpc = container_of(transport, struct grpc, transport);
	int err = wrap(grpc, message);

	if (err)
		return err;
	grpc_answer__reset(&grpc->answer);
	grpc->call.headers = grpc->nv;
	grpc->call.header_cnt = grpc->nv_cnt;
	grpc->call.body = buf__view(&grpc->body);
	err = h2_channel__call(grpc->channel, &grpc->call);
	grpc->calling = !err;
	return err;
}

static void grpc_cancel(struct transport *transport)
{
	struct grpc *grpc = container_of(transport, struct grpc, transport);

	grpc->calling = false;
	h2_channel__cancel(grpc->channel, &grpc->call);
}

static void grpc_free(struct transport *transport)
{
	struct grpc *grpc = container_of(transport, struct grpc, transport);

	if (grpc->calling)
		grpc_cancel(transport);
	header_list__free(&grpc->headers);
	grpc_answer__free(&grpc->answer);
	buf__free(&grpc->body);
	free(grpc->authority);
	free(grpc->path);
	free(grpc);
}

static void on_header(struct h2_call *call, struct str name, struct str value)
{
	grpc_answer__header(&container_of(call, struct grpc, call)->answer, name, value);
}

static void on_data(struct h2_call *call, struct str bytes)
{
	grpc_answer__data(&container_of(call, struct grpc, call)->answer, bytes);
}

static void on_closed(struct h2_call *call, u32 error_code)
{
	struct grpc *grpc = container_of(call, struct grpc, call);
	struct send_result result;

	grpc->calling = false;
	grpc_answer__judge(&grpc->answer, error_code, &result);
	grpc->transport.done(grpc->transport.owner, &result);
}

static void on_failed(struct h2_call *call, const char *why, bool refused)
{
	struct grpc *grpc = container_of(call, struct grpc, call);
	struct send_result result;

	grpc->calling = false;
	grpc_unavailable(why, refused, &result);
	grpc->transport.done(grpc->transport.owner, &result);
}

static int init(struct grpc *grpc, const struct grpc_options *options)
{
	const struct header_list *headers = options->headers;

	grpc->authority = strdup(options->authority);
	grpc->path = strdup(options->path);
	if (!grpc->authority || !grpc->path)
		return -ENOMEM;
	for (u32 i = 0; i < headers->cnt; i++) {
		int err = header_list__set(&grpc->headers, str_from(headers->headers[i].name),
					   str_from(headers->headers[i].value));

		if (err)
			return err;
	}
	add_headers(grpc, options);
	return h2_pool__channel(options->pool, &options->target, &grpc->channel);
}

int grpc__new(struct transport **out, const struct grpc_options *options)
{
	static const struct transport_ops ops = {grpc_send, grpc_cancel, grpc_free};
	static const struct h2_call_ops call_ops = {on_header, on_data, on_closed, on_failed};
	struct grpc *grpc = calloc(1, sizeof(*grpc));
	int err;

	if (!grpc)
		return -ENOMEM;
	grpc->transport.ops = &ops;
	grpc->call.ops = &call_ops;
	grpc->compression = options->compression;
	err = init(grpc, options);
	if (err) {
		grpc_free(&grpc->transport);
		return err;
	}
	*out = &grpc->transport;
	return 0;
}
