// SPDX-License-Identifier: Apache-2.0
/* The metrics of HTTP servers as the conventions name them: keys, order and values as in Python's.
 */
#include "test.h"

#include "model/http_metric.h"

#define LEGACY NULL
#define STABLE "http"
#define DUP    "http/dup"

/* "key=value key=value" */
static void check(enum http_metric metric, const char *opt_in, const struct http_call *call,
		  const char *route, const char *want)
{
	struct arena mem __cleanup(arena__free) = {0};
	struct buf text __cleanup(buf__free) = {0};
	struct semconv_options options = {.stability_opt_in = opt_in};
	struct http_metric_source source = {NULL, call, str_from(route), &mem};
	struct semconv *semconv;
	struct attr list[HTTP_METRIC_ATTRS_MAX];
	struct attrs attrs = {.v = list};
	u32 i;

	CHECK(!semconv__new(&semconv, &options));
	source.semconv = semconv;
	CHECK(!http_metric_attrs(metric, &source, &attrs));
	semconv__free(semconv);
	for (i = 0; i < attrs.cnt; i++) {
		buf__printf(&text, "%s%.*s=", i ? " " : "", STR_ARG(list[i].key));
		if (list[i].type == ATTR_STR)
			buf__printf(&text, "'%.*s'", STR_ARG(list[i].s));
		else
			buf__printf(&text, "%d", (int)list[i].i);
	}
	CHECK_STR(buf__view(&text), want);
}

static struct http_call *new_call(void)
{
	struct http_call *call = http_call__new();

	call->peer.family = FAMILY_INET;
	memcpy(call->peer.listen_addr, "\x7f\0\0\1", 4);
	call->peer.server.port = 5000;
	call->method = STR("GET");
	call->target = STR("/fail?x=1");
	call->version = STR("1.1");
	call->host = STR("localhost:5000");
	call->status = 500;
	return call;
}

#define ACTIVE_LEGACY                                                        \
	"http.method='GET' http.server_name='127.0.0.1' http.scheme='http' " \
	"http.host='localhost:5000' http.flavor='1.1'"
#define ACTIVE_STABLE "http.request.method='GET' url.scheme='http'"
#define DURATION_LEGACY                                                                 \
	"http.method='GET' http.server_name='127.0.0.1' http.scheme='http' "            \
	"net.host.name='localhost:5000' http.host='localhost:5000' net.host.port=5000 " \
	"http.flavor='1.1' http.status_code=500 http.target='/fail'"
#define DURATION_STABLE                                                               \
	"http.request.method='GET' url.scheme='http' network.protocol.version='1.1' " \
	"http.response.status_code=500 error.type='500' http.route='/fail'"

static void attributes(void)
{
	struct http_call *call = new_call();

	check(HTTP_ACTIVE, LEGACY, call, "", ACTIVE_LEGACY);
	check(HTTP_ACTIVE, STABLE, call, "", ACTIVE_STABLE);
	check(HTTP_ACTIVE, DUP, call, "", ACTIVE_LEGACY " " ACTIVE_STABLE);
	check(HTTP_DURATION_MS, LEGACY, call, "/fail", DURATION_LEGACY);
	check(HTTP_DURATION_MS, DUP, call, "/fail", DURATION_LEGACY);
	check(HTTP_DURATION, DUP, call, "/fail", DURATION_STABLE);
	check(HTTP_REQUEST_SIZE, LEGACY, call, "/fail", DURATION_STABLE);
	check(HTTP_RESPONSE_SIZE, STABLE, call, "/fail", DURATION_STABLE);
	http_call__free(call);
}

static void what_is_not_known_is_left_out(void)
{
	struct http_call *call = new_call();

	call->method = STR("PROPFIND");
	call->host = STR_NONE;
	call->status = 0;
	check(HTTP_DURATION_MS, LEGACY, call, NULL,
	      "http.method='_OTHER' http.server_name='127.0.0.1' http.scheme='http' "
	      "net.host.port=5000 http.flavor='1.1'");
	call->error = "ECONNRESET";
	check(HTTP_DURATION, STABLE, call, NULL,
	      "http.request.method='_OTHER' url.scheme='http' network.protocol.version='1.1' "
	      "error.type='ECONNRESET'");
	call->peer = (struct peer){.family = FAMILY_UNIX, .path = "/run/todo"};
	check(HTTP_DURATION_MS, LEGACY, call, NULL,
	      "http.method='_OTHER' http.server_name='/run/todo' http.scheme='http' "
	      "http.flavor='1.1'");
	http_call__free(call);
}

static void hosts(void)
{
	static const char *const cases[][3] = {
		{"h", "/", "h"},
		{"h", "http://me:secret@outer:81/x", "REDACTED:REDACTED@outer:81"},
		{"me:secret@h", "/", "REDACTED:REDACTED@h"},
		{"h\xff", "/", "h\xef\xbf\xbd"},
	};
	struct http_call *call = new_call();
	struct buf want __cleanup(buf__free) = {0};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		call->host = str_from(cases[i][0]);
		call->target = str_from(cases[i][1]);
		buf__reset(&want);
		buf__printf(&want,
			    "http.method='GET' http.server_name='127.0.0.1' http.scheme='http' "
			    "http.host='%s' http.flavor='1.1'%c",
			    cases[i][2], '\0');
		check(HTTP_ACTIVE, LEGACY, call, NULL, want.p);
	}
	http_call__free(call);
}

static void units(void)
{
	CHECK(!strcmp(http_metric_info(HTTP_ACTIVE, SEMCONV_LEGACY)->unit, "requests"));
	CHECK(!strcmp(http_metric_info(HTTP_ACTIVE, SEMCONV_STABLE)->unit, "{request}"));
	CHECK(!strcmp(http_metric_info(HTTP_ACTIVE, SEMCONV_DUP)->unit, "{request}"));
	CHECK(!strcmp(http_metric_info(HTTP_DURATION_MS, SEMCONV_DUP)->unit, "ms"));
	CHECK(!strcmp(http_metric_info(HTTP_DURATION, SEMCONV_DUP)->unit, "s"));
	CHECK(!strcmp(http_metric_info(HTTP_REQUEST_SIZE, SEMCONV_LEGACY)->unit, "By"));
	CHECK(!strcmp(http_metric_info(HTTP_RESPONSE_SIZE, SEMCONV_LEGACY)->unit, "By"));
}

int main(void)
{
	RUN(attributes);
	RUN(what_is_not_known_is_left_out);
	RUN(hosts);
	RUN(units);
	return test_status();
}
