// SPDX-License-Identifier: Apache-2.0
#include "deliver/compress.h"

#include <errno.h>
#include <zlib.h>

/* As deflateInit2(3) and inflateInit2(3) want it. */
#define WINDOW_BITS 15
#define GZIP_HEADER 16
#define ANY_HEADER  32

static const char *const names[] = {
	[COMPRESSION_NONE] = "none",
	[COMPRESSION_GZIP] = "gzip",
	[COMPRESSION_DEFLATE] = "deflate",
};

enum compression compression_from(const char *name)
{
	for (u32 i = 0; name && i < ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], name))
			return (enum compression)i;
	}
	return COMPRESSION_NONE;
}

const char *compression_name(enum compression compression)
{
	return compression == COMPRESSION_NONE ? NULL : names[compression];
}

int compress_text(struct buf *out, enum compression compression, struct str text)
{
	int bits = WINDOW_BITS + (compression == COMPRESSION_GZIP ? GZIP_HEADER : 0), err;
	z_stream z = {.next_in = (Bytef *)text.p, .avail_in = (uInt)text.len};

	if (compression == COMPRESSION_NONE)
		return buf__str(out, text);
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY))
		return -ENOMEM;
	err = buf__reserve(out, deflateBound(&z, text.len));
	if (!err) {
		z.next_out = (Bytef *)out->p + out->len;
		z.avail_out = (uInt)(out->cap - out->len);
		err = deflate(&z, Z_FINISH) == Z_STREAM_END ? 0 : -E2BIG;
		out->len += z.total_out;
	}
	deflateEnd(&z);
	return err;
}

int decompress_text(struct buf *out, struct str text, size_t limit)
{
	z_stream z = {.next_in = (Bytef *)text.p, .avail_in = (uInt)text.len};
	int err = buf__reserve(out, limit), status;

	if (err)
		return err;
	if (inflateInit2(&z, WINDOW_BITS + ANY_HEADER))
		return -ENOMEM;
	z.next_out = (Bytef *)out->p + out->len;
	z.avail_out = (uInt)limit;
	status = inflate(&z, Z_FINISH);
	if (status == Z_STREAM_END)
		out->len += z.total_out;
	else
		err = z.avail_out ? -EBADMSG : -E2BIG;
	inflateEnd(&z);
	return err;
}
