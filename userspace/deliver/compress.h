// SPDX-License-Identifier: Apache-2.0
/* Compression of whole messages by zlib, as HTTP and gRPC name it. */
#ifndef COMPRESS_H
#define COMPRESS_H

#include "base/buf.h"

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_DEFLATE };

/* "none", "gzip", "deflate"; anything else is COMPRESSION_NONE. */
enum compression compression_from(const char *name);
/* "gzip"; NULL for COMPRESSION_NONE. */
const char *compression_name(enum compression compression);
/* Appends the text, compressed. 0 or negative errno. */
int compress_text(struct buf *out, enum compression compression, struct str text);
/* Appends what gzip or deflate has made, up to `limit` bytes: 0, -E2BIG, -EBADMSG or -ENOMEM. */
int decompress_text(struct buf *out, struct str text, size_t limit);

#endif
