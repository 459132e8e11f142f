// SPDX-License-Identifier: Apache-2.0
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void stream__open(struct stream *stream, int fd, receive_fn receive)
{
	stream->fd = fd;
	stream->receive = receive;
	stream->in_len = 0;
	stream->in[0] = '\0';
}

static ssize_t stream__fill(struct stream *stream)
{
	size_t space = STREAM_SZ - stream->in_len;
	ssize_t n;

	if (!space)
		return -EMSGSIZE;
	n = stream->receive(stream->fd, stream->in + stream->in_len, space);
	if (n < 0)
		return -errno;
	stream->in_len += n;
	stream->in[stream->in_len] = '\0';
	return n;
}

static void stream__take(struct stream *stream, size_t len)
{
	memmove(stream->in, stream->in + len, stream->in_len - len + 1);
	stream->in_len -= len;
	stream->taken += len;
}

ssize_t stream__until(struct stream *stream, const char *mark)
{
	char *at;
	ssize_t n;

	while (!(at = memmem(stream->in, stream->in_len, mark, strlen(mark)))) {
		n = stream__fill(stream);
		if (n <= 0)
			return n;
	}
	return at - stream->in + strlen(mark);
}

int stream__skip(struct stream *stream, size_t len)
{
	for (;;) {
		size_t step = len < stream->in_len ? len : stream->in_len;
		ssize_t n;

		stream__take(stream, step);
		len -= step;
		if (!len)
			return 1;
		n = stream__fill(stream);
		if (n <= 0)
			return n;
	}
}

int stream__skip_chunks(struct stream *stream)
{
	unsigned long size;
	ssize_t n;

	do {
		n = stream__until(stream, "\r\n");
		if (n <= 0)
			return n;
		size = strtoul(stream->in, NULL, 16);
		n = stream__skip(stream, n + size + 2);
		if (n <= 0)
			return n;
	} while (size);
	return 1;
}

int stream__skip_to_end(struct stream *stream)
{
	ssize_t n;

	do {
		stream__take(stream, stream->in_len);
		n = stream__fill(stream);
	} while (n > 0);
	return n < 0 ? n : 1;
}

const char *stream__head_find(struct stream *stream, size_t head_len, const char *text)
{
	char after = stream->in[head_len], *at;

	stream->in[head_len] = '\0';
	at = strcasestr(stream->in, text);
	stream->in[head_len] = after;
	return at ? at + strlen(text) : NULL;
}

long stream__head_length(struct stream *stream, size_t head_len)
{
	const char *length = stream__head_find(stream, head_len, "\r\nContent-Length:");

	return length ? atol(length) : -1;
}
