// SPDX-License-Identifier: Apache-2.0
#include "model/http_metric.h"

#include <errno.h>

#include "model/url.h"
#include "model/utf8.h"

static const double default_bounds[] = {0,   5,	  10,	25,   50,   75,	  100,	250,
					500, 750, 1000, 2500, 5000, 7500, 10000};
static const double second_bounds[] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
				       0.5,   0.75, 1,	   2.5,	 5,	7.5, 10};

static const struct metric_info active_legacy = {
	.name = "http.server.active_requests",
	.description =
		"Measures the number of concurrent HTTP requests that are currently in-flight.",
	.unit = "requests",
	.kind = METRIC_SUM,
	.whole = true,
};

static const struct metric_info active_stable = {
	.name = "http.server.active_requests",
	.description = "Number of active HTTP server requests.",
	.unit = "{request}",
	.kind = METRIC_SUM,
	.whole = true,
};

static const struct metric_info duration_legacy = {
	.name = "http.server.duration",
	.description = "Measures the duration of inbound HTTP requests.",
	.unit = "ms",
	.whole = true,
	.bounds = default_bounds,
	.bound_cnt = ARRAY_SIZE(default_bounds),
};

static const struct metric_info duration_stable = {
	.name = "http.server.request.duration",
	.description = "Duration of HTTP server requests.",
	.unit = "s",
	.bounds = second_bounds,
	.bound_cnt = ARRAY_SIZE(second_bounds),
	.bounds_as_written = true,
};

static const struct metric_info request_size = {
	.name = "http.server.request.body.size",
	.description = "Size of HTTP server request bodies.",
	.unit = "By",
	.whole = true,
	.bounds = default_bounds,
	.bound_cnt = ARRAY_SIZE(default_bounds),
};

static const struct metric_info response_size = {
	.name = "http.server.response.body.size",
	.description = "Size of HTTP server response bodies.",
	.unit = "By",
	.whole = true,
	.bounds = default_bounds,
	.bound_cnt = ARRAY_SIZE(default_bounds),
};

/* An attribute and how to get it: false if the call has none. Texts need not be UTF-8. */
struct row {
	struct str key;
	bool (*get)(const struct http_metric_source *source, struct attr *attr);
};

static bool get_str(struct attr *attr, struct str s)
{
	attr->type = ATTR_STR;
	attr->s = s;
	return s.len;
}

static bool get_int(struct attr *attr, s64 i)
{
	attr->type = ATTR_INT;
	attr->i = i;
	return true;
}

static bool get_method(const struct http_metric_source *source, struct attr *attr)
{
	get_str(attr, semconv__method(source->semconv, source->mem, source->call->method));
	return true;
}

static bool get_printed(const struct http_metric_source *source, struct attr *attr,
			struct buf *owned)
{
	bool any = owned->len || owned->failed;

	get_str(attr, arena__dup(source->mem, buf__view(owned)));
	buf__free(owned);
	return any;
}

static bool get_server_name(const struct http_metric_source *source, struct attr *attr)
{
	const struct peer *peer = &source->call->peer;
	struct buf text = {0};

	if (peer->family == FAMILY_UNIX)
		return get_str(attr,
			       (struct str){peer->path, strnlen(peer->path, sizeof(peer->path))});
	peer_print_addr(&text, peer->family, peer->listen_addr);
	return get_printed(source, attr, &text);
}

static bool get_scheme(const struct http_metric_source *source, struct attr *attr)
{
	(void)source;
	return get_str(attr, STR("http"));
}

/* An absolute target overrides the Host field (RFC 9112 section 3.2.2). */
static bool get_host(const struct http_metric_source *source, struct attr *attr)
{
	struct str authority = url_authority(source->call->target);
	struct str host = authority.len ? authority : source->call->host;

	return host.len && (get_str(attr, url_redact(source->mem, host)), true);
}

static bool get_server_port(const struct http_metric_source *source, struct attr *attr)
{
	enum family family = source->call->peer.family;

	return (family == FAMILY_INET || family == FAMILY_INET6) &&
	       get_int(attr, source->call->peer.server.port);
}

static bool get_version(const struct http_metric_source *source, struct attr *attr)
{
	return get_str(attr, source->call->version);
}

static bool get_status(const struct http_metric_source *source, struct attr *attr)
{
	return source->call->status && get_int(attr, source->call->status);
}

/* The status itself is the type of a server error; else why the answer is incomplete. */
static bool get_error(const struct http_metric_source *source, struct attr *attr)
{
	struct buf text = {0};

	if (source->call->status < 500)
		return get_str(attr, str_from(source->call->error));
	buf__printf(&text, "%u", source->call->status);
	return get_printed(source, attr, &text);
}

static bool get_route(const struct http_metric_source *source, struct attr *attr)
{
	return get_str(attr, source->route);
}

/* In the order in which Python's Flask instrumentation sets them; one row is one line: */
/* clang-format off */
#define ROW(key, get) {{key, sizeof(key) - 1}, get}

static const struct row active_legacy_rows[] = {
	ROW("http.method", get_method),
	ROW("http.server_name", get_server_name),
	ROW("http.scheme", get_scheme),
	ROW("http.host", get_host),
	ROW("http.flavor", get_version),
	{.get = NULL},
};

static const struct row active_stable_rows[] = {
	ROW("http.request.method", get_method),
	ROW("url.scheme", get_scheme),
	{.get = NULL},
};

static const struct row duration_legacy_rows[] = {
	ROW("http.method", get_method),
	ROW("http.server_name", get_server_name),
	ROW("http.scheme", get_scheme),
	ROW("net.host.name", get_host),
	ROW("http.host", get_host),
	ROW("net.host.port", get_server_port),
	ROW("http.flavor", get_version),
	ROW("http.status_code", get_status),
	ROW("http.target", get_route),
	{.get = NULL},
};

static const struct row duration_stable_rows[] = {
	ROW("http.request.method", get_method),
	ROW("url.scheme", get_scheme),
	ROW("network.protocol.version", get_version),
	ROW("http.response.status_code", get_status),
	ROW("error.type", get_error),
	ROW("http.route", get_route),
	{.get = NULL},
};
/* clang-format on */

_Static_assert(ARRAY_SIZE(duration_legacy_rows) == HTTP_METRIC_ATTRS_MAX + 1, "the longest list");

static int add_rows(const struct row *row, const struct http_metric_source *source,
		    struct attrs *attrs)
{
	for (; row->get; row++) {
		struct attr attr = {.key = row->key};

		if (!row->get(source, &attr))
			continue;
		if (attr.type == ATTR_STR)
			attr.s = utf8_clean(source->mem, attr.s);
		if (attr.type == ATTR_STR && !attr.s.p)
			return -ENOMEM;
		attrs->v[attrs->cnt++] = attr;
	}
	return 0;
}

const struct metric_info *http_metric_info(enum http_metric metric, enum semconv_set set)
{
	static const struct metric_info *const infos[] = {
		[HTTP_ACTIVE] = &active_stable,	       [HTTP_DURATION_MS] = &duration_legacy,
		[HTTP_DURATION] = &duration_stable,    [HTTP_REQUEST_SIZE] = &request_size,
		[HTTP_RESPONSE_SIZE] = &response_size,
	};

	return metric == HTTP_ACTIVE && !(set & SEMCONV_STABLE) ? &active_legacy : infos[metric];
}

int http_metric_attrs(enum http_metric metric, const struct http_metric_source *source,
		      struct attrs *attrs)
{
	enum semconv_set set = semconv__set(source->semconv);
	int err = 0;

	attrs->cnt = 0;
	if (metric == HTTP_DURATION_MS)
		return add_rows(duration_legacy_rows, source, attrs);
	if (metric != HTTP_ACTIVE)
		return add_rows(duration_stable_rows, source, attrs);
	if (set & SEMCONV_LEGACY)
		err = add_rows(active_legacy_rows, source, attrs);
	if (set & SEMCONV_STABLE && !err)
		err = add_rows(active_stable_rows, source, attrs);
	return err;
}
