// SPDX-License-Identifier: Apache-2.0
/* The transport that makes unary gRPC calls, all of one method. */
#ifndef GRPC_H
#define GRPC_H

#include "deliver/compress.h"
#include "deliver/h2.h"
#include "deliver/header_list.h"
#include "deliver/transport.h"

/* Copied, but for the pool. */
struct grpc_options {
	struct h2_pool *pool;
	struct h2_target target;
	const char *authority; /* "localhost:4317" */
	const char *path;      /* "/package.Service/Method" */
	const struct header_list *headers;
	enum compression compression;
	u64 timeout_ns; /* told to the server; 0: none */
};

/* 0 or negative errno. */
int grpc__new(struct transport **out, const struct grpc_options *options);

#endif
