// SPDX-License-Identifier: Apache-2.0
/*
 *	http://me:pw@host/path?q=1&token=abc
 *	       ^^^^^^               ^^^^^      hidden
 */
#include "model/url.h"

#include "base/buf.h"

/* Semantic conventions 1.44, url.query: compared as they are. */
static const char *const exact_keys[] = {
	"AWSAccessKeyId",	"Signature",	   "sig",
	"X-Goog-Signature",	"X-Amz-Signature", "X-Amz-Credential",
	"X-Amz-Security-Token",
};

/* What servers call their secrets, in any case of letters. */
static const char *const secret_keys[] = {
	"token",	"key",	   "password", "secret", "code", "session",
	"access_token", "api_key", "apikey",   "passwd", "pwd",
};

/* A copy in the making: url up to `done` has been copied or replaced. */
struct redaction {
	struct str url;
	size_t done;
	struct buf out;
};

static void hide(struct redaction *redaction, size_t from, size_t to, struct str word)
{
	buf__str(&redaction->out, str_sub(redaction->url, redaction->done, from - redaction->done));
	buf__str(&redaction->out, word);
	redaction->done = to;
}

/* Index of the first byte at or after from that is one of stops; s.len if there is none. */
static size_t find_any(struct str s, size_t from, struct str stops)
{
	/* a handful of stops and short texts: two plain loops beat a call for each byte */
	for (; from < s.len; from++)
		for (size_t i = 0; i < stops.len; i++)
			if (s.p[from] == stops.p[i])
				return from;
	return s.len;
}

static bool is_sensitive(struct str key)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(exact_keys); i++)
		if (str_eq(key, str_from(exact_keys[i])))
			return true;
	for (i = 0; i < ARRAY_SIZE(secret_keys); i++)
		if (str_caseeq(key, str_from(secret_keys[i])))
			return true;
	return false;
}

struct str url_authority(struct str url)
{
	size_t colon = find_any(url, 0, STR(":/?#"));
	size_t start = colon + 3;

	if (!colon || !str_eq(str_sub(url, colon, 3), STR("://")))
		return STR_NONE;
	return str_sub(url, start, find_any(url, start, STR("/?#")) - start);
}

struct str url_host(struct str authority)
{
	const char *at = authority.p ? memrchr(authority.p, '@', authority.len) : NULL;
	struct str host =
		at ? str_sub(authority, (size_t)(at + 1 - authority.p), authority.len) : authority;
	ssize_t colon = str_find(host, ':', 0);

	if (str_starts(host, STR("[")))
		return str_sub(host, 1, find_any(host, 1, STR("]")) - 1);
	/* two colons without brackets: an address, though not as RFC 3986 wants it */
	if (colon >= 0 && str_find(host, ':', (size_t)colon + 1) < 0)
		return str_sub(host, 0, (size_t)colon);
	return host;
}

struct url_parts url_split(struct str target)
{
	struct url_parts parts = {STR_NONE, STR_NONE};
	struct str authority = url_authority(target), rest = target;
	size_t mark;

	if (authority.p)
		rest = str_sub(target, (size_t)(authority.p - target.p) + authority.len,
			       target.len);
	rest = str_sub(rest, 0, find_any(rest, 0, STR("#")));
	mark = find_any(rest, 0, STR("?"));
	parts.path = str_sub(rest, 0, mark);
	if (mark < rest.len)
		parts.query = str_sub(rest, mark + 1, rest.len);
	if (authority.p && !parts.path.len)
		parts.path = STR("/");
	return parts;
}

/* Also of "//me:pw@host", which some servers take for an authority, and of CONNECT's bare form. */
static struct str any_authority(struct str url)
{
	struct str authority = url_authority(url);
	size_t start = str_starts(url, STR("//")) ? 2 : 0;

	if (authority.p)
		return authority;
	return str_sub(url, start, find_any(url, start, STR("/?#")) - start);
}

static void hide_userinfo(struct redaction *redaction)
{
	struct str authority = any_authority(redaction->url);
	const char *at = authority.len ? memrchr(authority.p, '@', authority.len) : NULL;

	if (at)
		hide(redaction, (size_t)(authority.p - redaction->url.p),
		     (size_t)(at + 1 - redaction->url.p), STR("REDACTED:REDACTED@"));
}

/*
 * Servers disagree on what separates pairs, so a key may begin after any of "?&;#", but the value
 * of a sensitive one ends only where all agree that it does.
 */
static void hide_query(struct redaction *redaction)
{
	struct str url = redaction->url;
	size_t at = find_any(url, 0, STR("?")), end;
	struct str key;

	while (at < url.len) {
		end = find_any(url, at + 1, STR("=?&;#"));
		key = str_sub(url, at + 1, end - at - 1);
		at = end;
		if (at == url.len || url.p[at] != '=')
			continue;
		if (!is_sensitive(key)) {
			at = find_any(url, at, STR("?&;#"));
			continue;
		}
		end = find_any(url, at, STR("&#"));
		if (end > at + 1)
			hide(redaction, at + 1, end, STR("REDACTED"));
		at = end;
	}
}

struct str url_redact(struct arena *arena, struct str url)
{
	struct redaction redaction = {.url = url};
	struct str copy = STR_NONE;

	if (!url.len || (!memchr(url.p, '?', url.len) && !memchr(url.p, '@', url.len)))
		return url;
	hide_userinfo(&redaction);
	hide_query(&redaction);
	if (!redaction.done)
		return url;
	hide(&redaction, url.len, url.len, STR(""));
	if (!redaction.out.failed)
		copy = arena__dup(arena, buf__view(&redaction.out));
	buf__free(&redaction.out);
	return copy;
}
