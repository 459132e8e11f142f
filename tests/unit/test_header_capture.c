// SPDX-License-Identifier: Apache-2.0
/* model/header_capture: which fields become attributes, under which keys, and which never do. */
#include "test.h"

#include "base/buf.h"
#include "model/header_capture.h"

/* The request and the answer of the goldens headers-legacy and headers-http. */
static const char request[] = "GET /slow?ms=1 HTTP/1.1\r\n"
			      "Host: localhost:5000\r\n"
			      "User-Agent: golden-client/1.0\r\n"
			      "X-Team: red\r\n"
			      "x-team: blue\r\n"
			      "Content-Type: text/plain\r\n"
			      "Accept: text/html\r\n"
			      "Authorization: Bearer abc\r\n"
			      "Cookie: session=1\r\n"
			      "X-Umlaut: caf\xe9\r\n"
			      "\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\n"
			       "Server: Werkzeug/3.1.9 Python/3.11.2\r\n"
			       "X-Task-Count: 3\r\n"
			       "Set-Cookie: session=s3cr3t\r\n"
			       "Content-Type: text/html; charset=utf-8\r\n"
			       "Content-Length: 6\r\n"
			       "\r\n";
static const struct header_capture_options golden = {
	.request = "X-Team,content-type,Authorization,cookie,X-Umlaut,X-Absent",
	.response = "x-task-.*,set-cookie,Content-Type",
	.sanitize = ".*session.*,set-cookie,authorization,cookie",
};

/* "key=value" lines, without the common prefixes. */
static void check(const struct header_capture_options *options, enum header_side side,
		  const char *head, u32 spellings, const char *want)
{
	struct str prefix =
		side == HEADER_REQUEST ? STR("http.request.header.") : STR("http.response.header.");
	struct attrs attrs = {0};
	struct arena mem = {0};
	struct header_target target = {&attrs, &mem, spellings};
	struct header_capture *capture;
	struct buf got = {0};
	u32 i;

	CHECK(!header_capture__new(&capture, options));
	header_capture__add(capture, side, str_from(head), &target);
	header_capture__free(capture);
	for (i = 0; i < attrs.cnt; i++) {
		CHECK(str_starts(attrs.v[i].key, prefix));
		CHECK(attrs.v[i].type == ATTR_STR_LIST && attrs.v[i].list.cnt == 1);
		buf__str(&got, str_sub(attrs.v[i].key, prefix.len, SIZE_MAX));
		buf__char(&got, '=');
		buf__str(&got, attrs.v[i].list.v[0]);
		buf__char(&got, '\n');
	}
	CHECK_STR(buf__view(&got), want);
	buf__free(&got);
	arena__free(&mem);
}

/* Content-Type of the request is ours: Python cannot see it. */
static void goldens(void)
{
	check(&golden, HEADER_REQUEST, request, HEADER_UNDERSCORES,
	      "x_team=red,blue\n"
	      "content_type=text/plain\n"
	      "authorization=[REDACTED]\n"
	      "cookie=[REDACTED]\n"
	      "x_umlaut=caf\xc3\xa9\n");
	check(&golden, HEADER_RESPONSE, response, HEADER_UNDERSCORES,
	      "x_task_count=3\n"
	      "set_cookie=[REDACTED]\n"
	      "content_type=text/html; charset=utf-8\n");
	check(&golden, HEADER_RESPONSE, response, HEADER_DASHES,
	      "x-task-count=3\n"
	      "set-cookie=[REDACTED]\n"
	      "content-type=text/html; charset=utf-8\n");
	check(&golden, HEADER_REQUEST, request, HEADER_UNDERSCORES | HEADER_DASHES,
	      "x_team=red,blue\n"
	      "x-team=red,blue\n"
	      "content_type=text/plain\n"
	      "content-type=text/plain\n"
	      "authorization=[REDACTED]\n"
	      "cookie=[REDACTED]\n"
	      "x_umlaut=caf\xc3\xa9\n"
	      "x-umlaut=caf\xc3\xa9\n");
}

static void nothing_unless_listed(void)
{
	check(&(struct header_capture_options){0}, HEADER_REQUEST, request, HEADER_DASHES, "");
	check(&(struct header_capture_options){.response = ".*"}, HEADER_REQUEST, request,
	      HEADER_DASHES, "");
	check(&(struct header_capture_options){.request = "team,x-tea,-team"}, HEADER_REQUEST,
	      request, HEADER_DASHES, "");
}

static void secrets(void)
{
	static const char head[] = "GET / HTTP/1.1\r\n"
				   "AUTHORIZATION: a\r\n"
				   "Cookie : b\r\n"
				   "Set-Cookie: c\r\n"
				   "Proxy-Authorization: d\r\n"
				   "Proxy-Anything: e\r\n"
				   "X-API-Key: f\r\n"
				   "Proxy: g\r\n"
				   "\r\n";
	struct header_capture_options options = {.request = ".*"};

	check(&options, HEADER_REQUEST, head, HEADER_DASHES, "proxy=g\n");
	options.sanitize = ".*";
	check(&options, HEADER_REQUEST, head, HEADER_DASHES, "proxy=[REDACTED]\n");
	options.sanitize = "Authorization,x-api-key,proxy-.*";
	check(&options, HEADER_REQUEST, head, HEADER_DASHES,
	      "authorization=[REDACTED]\nx-api-key=[REDACTED]\nproxy=g\n");
}

/* A part of the name is enough to have its value redacted. */
static void sanitised(void)
{
	struct header_capture_options options = {.request = "x-.*", .sanitize = "SESSION"};

	check(&options, HEADER_REQUEST,
	      "GET / HTTP/1.1\r\nX-My-Session-Id: s\r\nX-Other: o\r\n\r\n", HEADER_DASHES,
	      "x-my-session-id=[REDACTED]\nx-other=o\n");
}

static void values(void)
{
	struct header_capture_options options = {.request = ".*"};

	check(&options, HEADER_REQUEST,
	      "GET / HTTP/1.1\nA: 1\nB:\nC: \xc3\xa4\nD:\nd: 2\n folded\na:3\nnot a field\n: x\nE: "
	      "cut",
	      HEADER_DASHES, "a=1,3\nc=\xc3\xa4\nd=,2\n");
	/* of two names that become one key the first wins */
	check(&options, HEADER_REQUEST, "GET / HTTP/1.1\nX-A: 1\nX_A: 2\n\n", HEADER_UNDERSCORES,
	      "x_a=1\n");
	check(&options, HEADER_REQUEST, "GET / HTTP/1.1\nX-A: 1\nX_A: 2\n\n",
	      HEADER_UNDERSCORES | HEADER_DASHES, "x_a=1\nx-a=1\n");
	check(&options, HEADER_REQUEST, "GET / HTTP/1.1\nX\xff: 1\n\n", HEADER_DASHES,
	      "x\xc3\xbf=1\n");
	check(&options, HEADER_REQUEST, "", HEADER_DASHES, "");
}

static void too_many_fields(void)
{
	struct header_capture_options options = {.request = ".*"};
	struct buf head = {0}, want = {0};
	u32 i;

	buf__str(&head, STR("GET / HTTP/1.1\n"));
	for (i = 0; i < 4000; i++)
		buf__printf(&head, "h%u:%u\n", i, i);
	for (i = 0; i < HEADER_CAPTURE_MAX; i++)
		buf__printf(&want, "h%u=%u\n", i, i);
	buf__char(&head, '\0');
	buf__char(&want, '\0');
	check(&options, HEADER_REQUEST, head.p, HEADER_DASHES, want.p);
	buf__free(&head);
	buf__free(&want);
}

static void no_memory(void)
{
	struct header_capture *capture;
	struct attrs attrs = {0};
	struct arena mem = {0};
	struct header_target target = {&attrs, &mem, HEADER_DASHES};

	CHECK(arena__alloc(&mem, ARENA_LIMIT - 16));
	CHECK(!header_capture__new(&capture, &golden));
	header_capture__add(capture, HEADER_REQUEST, str_from(request), &target);
	CHECK(!attrs.cnt && attrs.dropped == 5);
	header_capture__free(capture);
	header_capture__free(NULL);
	arena__free(&mem);
}

int main(void)
{
	RUN(goldens);
	RUN(nothing_unless_listed);
	RUN(secrets);
	RUN(sanitised);
	RUN(values);
	RUN(too_many_fields);
	RUN(no_memory);
	return test_status();
}
