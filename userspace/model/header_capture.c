// SPDX-License-Identifier: Apache-2.0
#include "model/header_capture.h"

#include <errno.h>
#include <stdlib.h>

#include "model/http.h"
#include "model/regex_list.h"
#include "model/utf8.h"

#define VARIABLE(name) "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_" name

struct header_capture {
	struct regex_list *wanted[2]; /* of enum header_side */
	struct regex_list *sanitize;
};

static int header_capture_init(struct header_capture *capture,
			       const struct header_capture_options *options)
{
	int err = regex_list__new(&capture->wanted[HEADER_REQUEST], VARIABLE("SERVER_REQUEST"),
				  options->request, true);

	if (!err)
		err = regex_list__new(&capture->wanted[HEADER_RESPONSE],
				      VARIABLE("SERVER_RESPONSE"), options->response, true);
	if (!err)
		err = regex_list__new(&capture->sanitize, VARIABLE("SANITIZE_FIELDS"),
				      options->sanitize, true);
	return err;
}

int header_capture__new(struct header_capture **out, const struct header_capture_options *options)
{
	struct header_capture *capture = calloc(1, sizeof(*capture));
	int err = capture ? header_capture_init(capture, options) : -ENOMEM;

	if (err)
		header_capture__free(capture);
	else
		*out = capture;
	return err;
}

void header_capture__free(struct header_capture *capture)
{
	if (!capture)
		return;
	regex_list__free(capture->wanted[HEADER_REQUEST]);
	regex_list__free(capture->wanted[HEADER_RESPONSE]);
	regex_list__free(capture->sanitize);
	free(capture);
}

static bool is_secret(struct str name)
{
	static const char *const secrets[] = {"authorization", "cookie", "set-cookie", "x-api-key"};
	size_t i;

	name = str_trim(name); /* "Cookie : x", which some servers take */
	for (i = 0; i < ARRAY_SIZE(secrets); i++)
		if (str_caseeq(name, str_from(secrets[i])))
			return true;
	return str_caseeq(str_sub(name, 0, 6), STR("proxy-"));
}

static bool is_wanted(const struct header_capture *capture, enum header_side side, struct str name)
{
	return regex_list__matches_all(capture->wanted[side], name) &&
	       (!is_secret(name) || regex_list__spells(capture->sanitize, name));
}

/* All values of that name, in order (RFC 9110 section 5.3), in mem; p NULL for want of memory. */
static struct str join_values(struct arena *mem, struct str fields, struct str name)
{
	struct http_field field;
	struct buf joined = {0};
	struct str value = STR_NONE;
	bool any = false;

	while (http_next_field(&fields, &field)) {
		if (!str_caseeq(field.name, name))
			continue;
		if (any)
			buf__char(&joined, ',');
		buf__str(&joined, field.value);
		any = true;
	}
	if (!joined.failed)
		value = joined.len ? arena__dup(mem, buf__view(&joined)) : STR("");
	buf__free(&joined);
	return value.p ? utf8_field(mem, value) : value;
}

/* "http.request.header.x_team" in mem; p NULL for want of memory. */
static struct str make_key(struct arena *mem, enum header_side side, struct str name, char dash)
{
	struct str prefix =
		side == HEADER_REQUEST ? STR("http.request.header.") : STR("http.response.header.");
	char *key = arena__alloc(mem, prefix.len + name.len);
	size_t i;

	if (!key)
		return STR_NONE;
	memcpy(key, prefix.p, prefix.len);
	for (i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		key[prefix.len + i] = c == '-' ? dash : c;
	}
	return utf8_field(mem, (struct str){key, prefix.len + name.len});
}

/* Keys are unique: X-A and X_A are one in the legacy spelling, and the first one wins. */
static void add_attr(const struct header_target *target, struct str key, struct attr_list value)
{
	struct attr attr = {.key = key, .type = ATTR_STR_LIST, .list = value};

	if (!key.p)
		target->attrs->dropped++;
	else if (!attrs__find(target->attrs, key))
		attrs__add(target->attrs, target->mem, attr);
}

static void add_field(const struct header_target *target, enum header_side side, struct str name,
		      struct str value)
{
	struct str *item = value.p ? arena__alloc(target->mem, sizeof(*item)) : NULL;
	bool dashes = name.len && memchr(name.p, '-', name.len);

	if (!item) {
		target->attrs->dropped++;
		return;
	}
	*item = value;
	if (target->spellings & HEADER_UNDERSCORES)
		add_attr(target, make_key(target->mem, side, name, '_'),
			 (struct attr_list){item, 1});
	if (target->spellings & HEADER_DASHES && (dashes || target->spellings == HEADER_DASHES))
		add_attr(target, make_key(target->mem, side, name, '-'),
			 (struct attr_list){item, 1});
}

static bool seen_before(struct str fields, struct str name)
{
	struct http_field field;

	while (http_next_field(&fields, &field) && field.name.p != name.p)
		if (str_caseeq(field.name, name))
			return true;
	return false;
}

void header_capture__add(const struct header_capture *capture, enum header_side side,
			 struct str head, const struct header_target *target)
{
	struct str fields = http_head_fields(head), rest = fields, value;
	struct http_field field;
	u32 cnt;

	if (regex_list__empty(capture->wanted[side]))
		return;
	for (cnt = 0; cnt < HEADER_CAPTURE_MAX && http_next_field(&rest, &field); cnt++) {
		if (!is_wanted(capture, side, field.name) || seen_before(fields, field.name))
			continue;
		value = join_values(target->mem, fields, field.name);
		if (value.p && !value.len)
			continue; /* as if it were not there, says Python */
		if (regex_list__search(capture->sanitize, field.name))
			value = STR("[REDACTED]");
		add_field(target, side, field.name, value);
	}
}
