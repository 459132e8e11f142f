// SPDX-License-Identifier: Apache-2.0
/*
 * The transport that POSTs over HTTP: OTLP/HTTP, Zipkin. libcurl does the work (proxies, TLS, name
 * service in its own threads, connections kept), driven by our loop.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/loop.h"
#include "deliver/compress.h"
#include "deliver/header_list.h"
#include "deliver/tls.h"
#include "deliver/transport.h"

struct http_client;

/* Copied, but for the client. */
struct http_options {
	struct http_client *client;
	const char *url;
	const char *content_type;
	const struct header_list *headers;
	enum compression compression;
	struct tls_files files;
	/* Reads the body of a 2xx answer; NULL: it does not matter. */
	void (*taken)(struct send_result *result, struct str body, struct buf *text);
};

int http_client__new(struct http_client **out, struct loop *loop);
/* Its transports are gone. NULL is fine. */
void http_client__free(struct http_client *client);

/* 0 or negative errno. */
int http__new(struct transport **out, const struct http_options *options);

#endif
