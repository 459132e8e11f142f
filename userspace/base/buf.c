// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int buf__reserve(struct buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : 256;
	char *p;

	if (more <= buf->cap - buf->len)
		return 0;
	if (more > BUF_LIMIT - buf->len) {
		buf->failed = true;
		return -E2BIG;
	}
	while (cap < buf->len + more)
		cap *= 2;
	p = realloc(buf->p, cap);
	if (!p) {
		buf->failed = true;
		return -ENOMEM;
	}
	buf->p = p;
	buf->cap = cap;
	return 0;
}

int buf__append(struct buf *buf, const void *bytes, size_t len)
{
	int err = buf__reserve(buf, len);

	if (err)
		return err;
	if (len)
		memcpy(buf->p + buf->len, bytes, len);
	buf->len += len;
	return 0;
}

int buf__str(struct buf *buf, struct str s)
{
	return buf__append(buf, s.p, s.len);
}

int buf__char(struct buf *buf, char c)
{
	return buf__append(buf, &c, 1);
}

/* Into what is free already, and again where that was too little. */
int buf__vprintf(struct buf *buf, const char *fmt, va_list ap)
{
	size_t room = buf->cap - buf->len;
	va_list again;
	int need, err;

	va_copy(again, ap);
	need = vsnprintf(room ? buf->p + buf->len : NULL, room, fmt, again);
	va_end(again);
	if (need < 0)
		return -EINVAL;
	if ((size_t)need >= room) {
		err = buf__reserve(buf, (size_t)need + 1);
		if (err)
			return err;
		vsnprintf(buf->p + buf->len, (size_t)need + 1, fmt, ap);
	}
	buf->len += (size_t)need;
	return 0;
}

int buf__printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = buf__vprintf(buf, fmt, ap);
	va_end(ap);
	return err;
}

void buf__consume(struct buf *buf, size_t len)
{
	if (len > buf->len)
		len = buf->len;
	buf->len -= len;
	if (buf->len)
		memmove(buf->p, buf->p + len, buf->len);
}

void buf__reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

void buf__free(struct buf *buf)
{
	free(buf->p);
	*buf = (struct buf){0};
}
