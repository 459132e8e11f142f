// SPDX-License-Identifier: Apache-2.0
/*
 * The receiving end of an HTTP/1 connection, for the load client and the nasty server: what was
 * received and not yet taken, and how to take heads and bodies of it. Functions return 1 or a
 * length, 0 if the connection ended before, negative errno if it broke.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define STREAM_SZ 65536 /* the longest head */

typedef ssize_t (*receive_fn)(int fd, char *out, size_t size);

struct stream {
	int fd;
	receive_fn receive;
	size_t taken; /* bytes, since whoever counts has set it to 0 */
	size_t in_len;
	char in[STREAM_SZ + 1]; /* NUL-terminated, though a body may hold others */
};

void stream__open(struct stream *stream, int fd, receive_fn receive);
/* Waits until the mark has come; the length up to and with it. Takes nothing. */
ssize_t stream__until(struct stream *stream, const char *mark);
int stream__skip(struct stream *stream, size_t len);
int stream__skip_chunks(struct stream *stream);
int stream__skip_to_end(struct stream *stream);
/* What follows the text in the head of head_len bytes that in begins with; NULL if it is not there.
 */
const char *stream__head_find(struct stream *stream, size_t head_len, const char *text);
/* Bytes of body that Content-Length announces in that head; -1: it announces none. */
long stream__head_length(struct stream *stream, size_t head_len);

#endif
