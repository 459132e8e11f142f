// SPDX-License-Identifier: Apache-2.0
/*
 * Heads, in two passes: a search for the empty line that goes on where it stopped, then one over
 * the lines with a table of the few fields that matter.
 */
#include "proto/http1_head.h"

#include <errno.h>

/* RFC 9110 section 5.6.2, tchar. A table, for every byte of every field's name is looked up. */
static const bool token_bytes[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,
	['#'] = true,	      ['$'] = true,	    ['%'] = true,	  ['&'] = true,
	['\''] = true,	      ['*'] = true,	    ['+'] = true,	  ['-'] = true,
	['.'] = true,	      ['^'] = true,	    ['_'] = true,	  ['`'] = true,
	['|'] = true,	      ['~'] = true,
};

bool http1_is_token(u8 c)
{
	return token_bytes[c];
}

static bool is_target(u8 c)
{
	return c > ' ' && c != 0x7f;
}

static bool start_enter(struct http1_start *start, enum start_part part)
{
	start->part = part;
	start->len = 0;
	return true;
}

/* False: this cannot be a request any more. */
static bool start_next(struct http1_start *start, u8 c)
{
	static const struct str version = {"HTTP/1.", 7};

	switch (start->part) {
	case START_EMPTY: /* RFC 9112 section 2.2: empty lines before a request are ignored */
		if (c == '\r')
			return start_enter(start, START_EMPTY_LF);
		start_enter(start, START_METHOD);
		/* fallthrough */
	case START_METHOD:
		if (c == ' ' && start->len)
			return start_enter(start, START_TARGET);
		return http1_is_token(c) && ++start->len <= HTTP1_METHOD_LIMIT;
	case START_EMPTY_LF:
		return c == '\n' && start_enter(start, START_EMPTY);
	case START_TARGET:
		if (c == ' ' && start->len)
			return start_enter(start, START_VERSION);
		start->len++;
		return is_target(c);
	case START_VERSION:
		if (start->len < version.len)
			return c == (u8)version.p[start->len++];
		return c >= '0' && c <= '9' && start_enter(start, START_YES);
	case START_YES:
	case START_NO:
		break;
	}
	return false;
}

enum match http1_start__match(struct http1_start *start, struct str in)
{
	while (start->part < START_YES && start->pos < in.len) {
		/* most bytes are the target's */
		while (start->part == START_TARGET && start->pos < in.len &&
		       is_target(in.p[start->pos]) && start->pos < HTTP1_HEAD_LIMIT) {
			start->pos++;
			start->len++;
		}
		if (start->pos == in.len)
			break;
		if (!start_next(start, in.p[start->pos++]) || start->pos > HTTP1_HEAD_LIMIT)
			start->part = START_NO;
	}
	if (start->part < START_YES)
		return MATCH_MAYBE;
	return start->part == START_YES ? MATCH_YES : MATCH_NO;
}

static struct str skip_empty_lines(struct str in)
{
	while (str_starts(in, STR("\r\n")))
		in = str_sub(in, 2, in.len);
	return in;
}

bool http1_start__cut(const struct http1_start *start, struct str in)
{
	struct str target;
	size_t at = 0;

	if (start->part != START_TARGET || start->len < HTTP1_CUT_MIN / 2 || in.len < HTTP1_CUT_MIN)
		return false;
	in = skip_empty_lines(in);
	while (in.p[at] >= 'A' && in.p[at] <= 'Z')
		at++;
	target = str_sub(in, at + 1, in.len);
	return in.p[at] == ' ' && (target.p[0] == '/' || str_starts(target, STR("http")));
}

enum match http1_status_match(struct str in)
{
	static const char form[] = "HTTP/1.d ddd";
	size_t i;

	for (i = 0; i < in.len && i < sizeof(form) - 1; i++) {
		u8 c = in.p[i];

		if (form[i] == 'd' ? c < '0' || c > '9' : c != (u8)form[i])
			return MATCH_NO;
	}
	if (i == sizeof(form) - 1 && in.p[9] == '0')
		return MATCH_NO;
	if (in.len <= i)
		return MATCH_MAYBE;
	/* The reason may be missing, and often its blank with it. */
	return strchr(" \r\n", in.p[i]) && in.p[i] ? MATCH_YES : MATCH_NO;
}

static enum scan scan_lines(struct http1_scan *scan, struct str in, bool lf_ends, size_t *len)
{
	for (;;) {
		ssize_t lf = str_find(in, '\n', scan->pos);
		bool crlf, empty;

		if (lf < 0) {
			scan->pos = in.len;
			return SCAN_MORE;
		}
		*len = lf + 1;
		crlf = (size_t)lf > scan->line && in.p[lf - 1] == '\r';
		if (!crlf && !lf_ends)
			return SCAN_BARE_LF;
		empty = (size_t)lf - crlf == scan->line;
		if (empty && scan->line)
			return SCAN_DONE;
		scan->line = scan->pos = lf + 1;
	}
}

enum scan http1_scan__request(struct http1_scan *scan, struct str in, size_t *len)
{
	return scan_lines(scan, in, false, len);
}

enum scan http1_scan__answer(struct http1_scan *scan, struct str in, size_t *len)
{
	return scan_lines(scan, in, true, len);
}

/* The next line that has its end, without it. */
static bool next_line(struct str *rest, struct str *line)
{
	ssize_t lf = str_find(*rest, '\n', 0);

	if (lf < 0)
		return false;
	*line = str_sub(*rest, 0, lf);
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	*rest = str_sub(*rest, lf + 1, rest->len);
	return true;
}

/* The next element of a list (RFC 9110 section 5.6.1), trimmed; it may be empty. */
static bool next_element(struct str *rest, struct str *element)
{
	ssize_t comma;

	if (!rest->p)
		return false;
	comma = str_find(*rest, ',', 0);
	*element = str_trim(str_sub(*rest, 0, comma < 0 ? rest->len : (size_t)comma));
	*rest = comma < 0 ? STR_NONE : str_sub(*rest, comma + 1, rest->len);
	return true;
}

static bool to_length(struct str digits, u64 *length)
{
	*length = 0;
	for (size_t i = 0; i < digits.len; i++) {
		u8 digit = digits.p[i] - '0';

		if (digit > 9 || *length > ((u64)INT64_MAX - digit) / 10)
			return false;
		*length = *length * 10 + digit;
	}
	return digits.len;
}

static void take_length(struct http1_head *head, struct str value)
{
	struct str element;
	u64 length;

	while (next_element(&value, &element)) {
		if (!to_length(element, &length))
			head->flags |= HEAD_BAD_FRAMING;
		else if (!(head->flags & HEAD_LENGTH))
			head->length = length;
		else if (length == head->length)
			head->flags |= HEAD_LENGTH_AGAIN;
		else
			head->flags |= HEAD_BAD_FRAMING;
		head->flags |= HEAD_LENGTH;
	}
}

static void take_coding(struct http1_head *head, struct str value)
{
	struct str element;

	head->flags |= HEAD_CODED;
	while (next_element(&value, &element)) {
		if (!element.len)
			continue;
		/* Whatever comes after chunked: not even the sender can have framed it. */
		if (head->flags & HEAD_CHUNKED)
			head->flags |= HEAD_BAD_FRAMING;
		if (str_caseeq(element, STR("chunked")))
			head->flags |= HEAD_CHUNKED;
	}
}

static void take_connection(struct http1_head *head, struct str value)
{
	struct str element;

	while (next_element(&value, &element)) {
		if (str_caseeq(element, STR("close")))
			head->flags |= HEAD_CLOSE;
		if (str_caseeq(element, STR("keep-alive")))
			head->flags |= HEAD_KEEP_ALIVE;
	}
}

static void take_expect(struct http1_head *head, struct str value)
{
	if (str_caseeq(value, STR("100-continue")))
		head->flags |= HEAD_EXPECT;
}

static const struct field_rule {
	struct str name;
	void (*take)(struct http1_head *head, struct str value); /* NULL: kept as a text */
	enum head_text text;
} rules[] = {
	{STR_INIT("content-length"), .take = take_length},
	{STR_INIT("transfer-encoding"), .take = take_coding},
	{STR_INIT("connection"), .take = take_connection},
	{STR_INIT("expect"), .take = take_expect},
	{STR_INIT("host"), .text = TEXT_HOST},
	{STR_INIT("user-agent"), .text = TEXT_USER_AGENT},
	{STR_INIT("traceparent"), .text = TEXT_TRACEPARENT},
	{STR_INIT("tracestate"), .text = TEXT_TRACESTATE},
};

static const struct field_rule *rule_of(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (str_caseeq(rules[i].name, name))
			return &rules[i];
	return NULL;
}

/* Splits "Name: value"; *bad: it is not quite that (RFC 9112 section 5.1). */
static bool split_field(struct str line, struct str *name, struct str *value, bool *bad)
{
	size_t name_len = 0;
	struct str text;
	ssize_t colon;
	bool fine;

	while (name_len < line.len && token_bytes[(u8)line.p[name_len]])
		name_len++;
	fine = name_len < line.len && line.p[name_len] == ':';
	colon = fine ? (ssize_t)name_len : str_find(line, ':', 0);
	*bad = colon <= 0;
	if (colon <= 0)
		return false;
	text = str_trim(str_sub(line, colon + 1, line.len));
	for (size_t i = 0; i < text.len; i++)
		fine &= http1_is_value(text.p[i]);
	*name = str_trim(str_sub(line, 0, colon));
	*value = text;
	*bad = !fine;
	return true;
}

/* Returns the rule that applies, for a line that may go on with it. */
static const struct field_rule *take_field(struct http1_head *head, struct str line)
{
	const struct field_rule *rule;
	struct str name, value;
	bool bad;
	bool split = split_field(line, &name, &value, &bad);

	if (bad)
		head->flags |= HEAD_BAD_LINE;
	rule = split ? rule_of(name) : NULL;
	if (!rule)
		return NULL;
	if (rule->take)
		rule->take(head, value);
	else if (!head->texts[rule->text].cnt++)
		head->texts[rule->text].value = value;
	return rule;
}

/* A line that begins with a blank continues the field before it (RFC 9112 section 5.2). */
static void take_fold(struct http1_head *head, const struct field_rule *rule, struct str line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!http1_is_value(line.p[i]))
			head->flags |= HEAD_BAD_LINE;
	if (rule && rule->take)
		head->flags |= HEAD_BAD_FRAMING;
	else if (rule) /* rather no value than half of one */
		head->texts[rule->text].value = STR_NONE;
}

static void take_fields(struct http1_head *head, struct str lines)
{
	const struct field_rule *rule = NULL;
	struct str line;
	bool first = true;

	head->fields = lines;
	while (next_line(&lines, &line) && line.len) {
		if (line.p[0] != ' ' && line.p[0] != '\t')
			rule = take_field(head, line);
		else if (first)
			head->flags |= HEAD_BAD_LINE;
		else
			take_fold(head, rule, line);
		first = false;
	}
}

int http1_head__request(struct http1_head *head, struct str text, const struct http1_start *start)
{
	struct str line;
	ssize_t blank;

	*head = (struct http1_head){0};
	if (!next_line(&text, &line) || start->part != START_YES || start->pos != line.len)
		return -EPROTO;
	blank = str_find(line, ' ', 0);
	head->method = str_sub(line, 0, blank);
	head->target = str_sub(line, blank + 1, line.len - blank - 1 - sizeof(" HTTP/1.1") + 1);
	head->version = str_sub(line, line.len - 3, 3);
	take_fields(head, text);
	return 0;
}

int http1_head__answer(struct http1_head *head, struct str text)
{
	struct str line;

	*head = (struct http1_head){0};
	if (http1_status_match(text) != MATCH_YES || !next_line(&text, &line))
		return -EPROTO;
	head->version = str_sub(line, 5, 3);
	head->status = (line.p[9] - '0') * 100 + (line.p[10] - '0') * 10 + (line.p[11] - '0');
	take_fields(head, text);
	return 0;
}

bool http1_head__ambiguous(const struct http1_head *head)
{
	u32 flags = head->flags;

	if (flags & (HEAD_BAD_LINE | HEAD_BAD_FRAMING | HEAD_LENGTH_AGAIN))
		return true;
	if (!(flags & HEAD_CODED))
		return false;
	/* RFC 9112 section 6.1: not with a length, not in HTTP/1.0; 6.3: chunked comes last. */
	return flags & HEAD_LENGTH || !(flags & HEAD_CHUNKED) || str_eq(head->version, STR("1.0"));
}

bool http1_head__closes(const struct http1_head *head)
{
	if (head->flags & HEAD_CLOSE)
		return true;
	return str_eq(head->version, STR("1.0")) && !(head->flags & HEAD_KEEP_ALIVE);
}

void http1_head__cut_request(struct http1_head *head, struct str text)
{
	ssize_t blank = str_find(text, ' ', 0);

	*head = (struct http1_head){
		.method = str_sub(text, 0, blank),
		.target = str_sub(text, blank + 1, text.len),
	};
}

/* Several fields of one name are one list (RFC 9110 section 5.3). */
static int join_tracestate(const struct http1_head *head, struct http_call *call)
{
	struct str rest = head->fields, line, name, value;
	char *p = arena__alloc(&call->mem, head->fields.len);
	size_t len = 0;
	bool bad;

	if (!p)
		return -ENOMEM;
	while (next_line(&rest, &line) && line.len) {
		if (!split_field(line, &name, &value, &bad) || !str_caseeq(name, STR("tracestate")))
			continue;
		if (len)
			p[len++] = ',';
		memcpy(p + len, value.p, value.len);
		len += value.len;
	}
	call->tracestate = (struct str){p, len};
	return 0;
}

int http1_head__fill(const struct http1_head *head, struct http_call *call)
{
	call->method = head->method;
	call->target = head->target;
	call->version = head->version;
	call->host = head->texts[TEXT_HOST].value;
	call->user_agent = head->texts[TEXT_USER_AGENT].value;
	call->traceparent = STR_NONE;
	if (head->texts[TEXT_TRACEPARENT].cnt == 1)
		call->traceparent = head->texts[TEXT_TRACEPARENT].value;
	call->tracestate = head->texts[TEXT_TRACESTATE].value;
	if (head->texts[TEXT_TRACESTATE].cnt > 1 && call->tracestate.p)
		return join_tracestate(head, call);
	return 0;
}
