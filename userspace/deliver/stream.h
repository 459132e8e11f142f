// SPDX-License-Identifier: Apache-2.0
/*
 * struct stream: a TCP connection to a name, with or without TLS, that never blocks: it resolves,
 * tries one address after the other, shakes hands, then tells its owner when to read and write.
 */
#ifndef STREAM_H
#define STREAM_H

#include "base/loop.h"
#include "deliver/tls.h"

struct stream;

/* The owner's functions. Within each the stream may be freed. */
struct stream_ops {
	void (*connected)(void *owner);
	/* It may be worth reading or writing. */
	void (*ready)(void *owner);
	/* Nothing more will come of it. refused: at every address nobody listens. */
	void (*failed)(void *owner, const char *why, bool refused);
};

/* Borrowed; outlives the stream. */
struct stream_target {
	const char *host, *port;
	struct tls_context *tls; /* NULL: plain */
};

int stream__new(struct stream **out, struct loop *loop, const struct stream_target *target,
		const struct stream_ops *ops, void *owner);
/* Once connected. As read(2) and write(2), with negative errno, -EAGAIN among them. 0: the end. */
ssize_t stream__read(struct stream *stream, void *bytes, size_t len);
ssize_t stream__write(struct stream *stream, const void *bytes, size_t len);
/* There is more to write: ready() is wanted as soon as the socket takes it. */
void stream__want_write(struct stream *stream, bool want);
/* Words for the negative errno of a read or write. */
const char *stream__error(const struct stream *stream, int err);
/* NULL is fine. */
void stream__free(struct stream *stream);

#endif
