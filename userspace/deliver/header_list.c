// SPDX-License-Identifier: Apache-2.0
#include "deliver/header_list.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/percent.h"

/* RFC 9110 section 5.6.2, and HTTP/2 wants lower case. */
static bool is_name(struct str s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	bool good = s.len > 0;

	for (size_t i = 0; good && i < s.len; i++) {
		char c = s.p[i];

		good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		       (c && strchr(others, c));
	}
	return good;
}

/* No line ends: they would be headers of their own. */
static bool is_value(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		u8 c = (u8)s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* They frame the request or tell what is in it: a second word on that would break it. */
static bool is_protocols_own(struct str name)
{
	static const char *const own[] = {"connection",	  "content-encoding", "content-length",
					  "content-type", "expect",	      "grpc-encoding",
					  "grpc-timeout", "keep-alive",	      "proxy-connection",
					  "te",		  "trailer",	      "transfer-encoding",
					  "upgrade"};

	for (u32 i = 0; i < ARRAY_SIZE(own); i++) {
		if (str_caseeq(name, str_from(own[i])))
			return true;
	}
	return false;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static struct header *find(struct header_list *list, struct str name)
{
	for (u32 i = 0; i < list->cnt; i++) {
		if (str_caseeq(str_from(list->headers[i].name), name))
			return &list->headers[i];
	}
	return NULL;
}

int header_list__set(struct header_list *list, struct str name, struct str value)
{
	struct header *header = find(list, name), fresh;

	if (!is_name(name) || !is_value(value))
		return -EINVAL;
	if (!header && list->cnt == HEADERS_MAX)
		return -E2BIG;
	fresh.name = strndup(name.len ? name.p : "", name.len);
	fresh.value = strndup(value.len ? value.p : "", value.len);
	if (!fresh.name || !fresh.value) {
		free(fresh.name);
		free(fresh.value);
		return -ENOMEM;
	}
	for (char *c = fresh.name; *c; c++)
		*c = lower(*c);
	if (!header) {
		list->headers[list->cnt++] = fresh;
		return 0;
	}
	free(header->name);
	free(header->value);
	*header = fresh;
	return 0;
}

/* "name=value": 0, -EPERM if it is not the user's to say, or as header_list__set(). */
static int parse_item(struct header_list *list, struct arena *arena, struct str item)
{
	ssize_t equals = str_find(item, '=', 0);
	struct str name, value;

	if (equals < 0)
		return -EINVAL;
	name = percent_decode(arena, str_trim(str_sub(item, 0, (size_t)equals)));
	value = percent_decode(arena, str_trim(str_sub(item, (size_t)equals + 1, item.len)));
	return is_protocols_own(name) ? -EPERM : header_list__set(list, name, value);
}

int header_list__parse(struct header_list *list, const char *text, const char *source)
{
	struct str rest = str_from(text);
	struct arena arena = {0};
	u32 number = 0;
	int err = 0;

	while (rest.len && err != -ENOMEM) {
		ssize_t comma = str_find(rest, ',', 0);
		size_t len = comma < 0 ? rest.len : (size_t)comma;
		struct str item = str_trim(str_sub(rest, 0, len));

		number++;
		rest = str_sub(rest, len + 1, rest.len);
		err = item.len ? parse_item(list, &arena, item) : 0;
		if (err == -EINVAL)
			log_warn("%s: item %u is no header (name=value); skipped", source, number);
		if (err == -EPERM)
			log_warn("%s: item %u is the protocol's to say; skipped", source, number);
		if (err == -E2BIG)
			log_warn("%s: item %u is one too many; skipped", source, number);
	}
	arena__free(&arena);
	return err == -ENOMEM ? err : 0;
}

int header_list__set_user(struct header_list *list, struct str user)
{
	struct buf plain __cleanup(buf__free) = {0}, value __cleanup(buf__free) = {0};
	struct arena arena = {0};

	buf__str(&plain, percent_decode(&arena, user));
	arena__free(&arena);
	if (str_find(user, ':', 0) < 0)
		buf__char(&plain, ':');
	buf__str(&value, STR("Basic "));
	/* 4 for 3, begun ones, too, and a NUL */
	if (plain.failed || value.failed || buf__reserve(&value, plain.len / 3 * 4 + 5))
		return -ENOMEM;
	value.len += (size_t)EVP_EncodeBlock((u8 *)value.p + value.len, (const u8 *)plain.p,
					     (int)plain.len);
	return header_list__set(list, STR("authorization"), buf__view(&value));
}

void header_list__free(struct header_list *list)
{
	for (u32 i = 0; i < list->cnt; i++) {
		free(list->headers[i].name);
		free(list->headers[i].value);
	}
	list->cnt = 0;
}
