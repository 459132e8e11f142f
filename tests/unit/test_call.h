// SPDX-License-Identifier: Apache-2.0
/* A call as in the goldens, and its attributes as text: for the tests of model/semconv. */
#ifndef TEST_CALL_H
#define TEST_CALL_H

#include "test.h"

#include "model/semconv.h"

static inline struct http_call *new_call(void)
{
	struct http_call *call = http_call__new();

	call->peer.family = FAMILY_INET;
	memcpy(call->peer.client.addr, "\x7f\0\0\1", 4);
	memcpy(call->peer.server.addr, "\x7f\0\0\1", 4);
	memcpy(call->peer.listen_addr, "\x7f\0\0\1", 4);
	call->peer.client.port = 41007;
	call->peer.server.port = 5000;
	call->method = STR("GET");
	call->target = STR("/?q=a+b&page=2");
	call->version = STR("1.1");
	call->host = STR("localhost:5000");
	call->user_agent = STR("golden-client/1.0");
	call->status = 200;
	return call;
}

static inline struct span *new_span_by(const struct semconv_options *options,
				       struct http_call *owned, const char *route,
				       const char *learned)
{
	struct span *span = span__new(resource__new(), owned);
	struct semconv *semconv;

	CHECK(!semconv__new(&semconv, options));
	semconv__http_server(semconv, span, str_from(route), str_from(learned));
	semconv__free(semconv);
	return span;
}

/* "key=value" lines, texts in quotes, so that a whole set is one comparison. */
static inline void check_attrs(const struct span *span, const char *want)
{
	const struct attr *attr;
	struct buf got = {0};
	u32 i;

	for (i = 0; i < span->attrs.cnt; i++) {
		attr = &span->attrs.v[i];
		if (attr->type == ATTR_STR)
			buf__printf(&got, "%.*s='%.*s'\n", STR_ARG(attr->key), STR_ARG(attr->s));
		else if (attr->type == ATTR_STR_LIST)
			buf__printf(&got, "%.*s=['%.*s']\n", STR_ARG(attr->key),
				    STR_ARG(attr->list.v[0]));
		else
			buf__printf(&got, "%.*s=%d\n", STR_ARG(attr->key), (int)attr->i);
	}
	CHECK_STR(buf__view(&got), want);
	buf__free(&got);
}

static inline struct str attr_text(const struct span *span, const char *key)
{
	const struct attr *attr = attrs__find(&span->attrs, str_from(key));

	return attr ? attr->s : STR_NONE;
}

#endif
