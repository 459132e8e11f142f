// SPDX-License-Identifier: Apache-2.0
#include "model/excluded_urls.h"

#include <errno.h>
#include <stdlib.h>

#include "model/hex.h"
#include "model/regex_list.h"
#include "model/url.h"

struct excluded_urls {
	struct regex_list *patterns;
};

int excluded_urls__new(struct excluded_urls **out, const char *flask, const char *general)
{
	struct excluded_urls *urls = calloc(1, sizeof(*urls));
	bool own = flask && *flask;
	int err = -ENOMEM;

	if (urls)
		err = regex_list__new(&urls->patterns,
				      own ? "OTEL_PYTHON_FLASK_EXCLUDED_URLS"
					  : "OTEL_PYTHON_EXCLUDED_URLS",
				      own ? flask : general, false);
	if (err)
		excluded_urls__free(urls);
	else
		*out = urls;
	return err;
}

void excluded_urls__free(struct excluded_urls *urls)
{
	if (!urls)
		return;
	regex_list__free(urls->patterns);
	free(urls);
}

static void print_host(struct buf *url, const struct http_call *call)
{
	struct str host = url_authority(call->target);
	const struct peer *peer = &call->peer;
	bool inet6 = peer->family == FAMILY_INET6;
	size_t start = url->len;

	host = host.len ? host : call->host;
	if (host.len) {
		buf__str(url, host);
	} else if (inet6 || peer->family == FAMILY_INET) {
		buf__str(url, str_from(inet6 ? "[" : ""));
		peer_print_addr(url, peer->family, peer->listen_addr);
		buf__printf(url, "%s:%u", inet6 ? "]" : "", peer->server.port);
	}
	if (url->len - start > 3 && !memcmp(url->p + url->len - 3, ":80", 3))
		url->len -= 3;
}

/* Resolves %XX but for controls, blanks, "%" and those in `kept`, which would read differently. */
static void print_unescaped(struct buf *url, struct str part, struct str kept)
{
	size_t i;

	for (i = 0; i < part.len; i++) {
		int c = part.p[i] == '%' ? hex_byte(str_sub(part, i + 1, 2)) : -1;

		if (c <= ' ' || c == 0x7f || c == '%' || memchr(kept.p, c, kept.len)) {
			buf__char(url, part.p[i]);
			continue;
		}
		buf__char(url, (char)c);
		i += 2;
	}
}

bool excluded_urls__match(const struct excluded_urls *urls, const struct http_call *call)
{
	struct url_parts parts = url_split(call->target);
	struct buf url = {0};
	bool match;

	if (regex_list__empty(urls->patterns))
		return false;
	buf__str(&url, STR("http://"));
	print_host(&url, call);
	print_unescaped(&url, parts.path, STR("?#"));
	if (parts.query.len) {
		buf__char(&url, '?');
		print_unescaped(&url, parts.query, STR("&=+#"));
	}
	match = !url.failed && regex_list__search(urls->patterns, buf__view(&url));
	buf__free(&url);
	return match;
}
