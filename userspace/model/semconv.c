// SPDX-License-Identifier: Apache-2.0
#include "model/semconv.h"

#include "model/url.h"
#include "model/utf8.h"

/* What the rows below draw from; texts may be allocated in mem. */
struct source {
	const struct http_call *call;
	struct arena *mem;
	struct str route; /* the learned one, in mem */
};

/* An attribute and how to get it: false if the call has none. Texts need not be UTF-8. */
struct row {
	const char *legacy;
	bool (*get)(const struct source *source, struct attr *attr);
};

static const struct scope legacy_scope = {
	.name = "otel-ebpf",
	.version = VERSION,
	.schema_url = "https://opentelemetry.io/schemas/1.11.0",
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

/* Unlike get_str(), a text that got lost for want of memory is not absent but dropped. */
static bool get_redacted(const struct source *source, struct attr *attr, struct str s)
{
	return s.len && (get_str(attr, url_redact(source->mem, s)), true);
}

static bool get_printed(const struct source *source, struct attr *attr, struct buf *owned)
{
	bool any = owned->len;

	get_str(attr, arena__dup(source->mem, buf__view(owned)));
	buf__free(owned);
	return any;
}

static bool get_addr(const struct source *source, struct attr *attr, const u8 addr[16])
{
	struct buf text = {0};

	peer_print_addr(&text, source->call->peer.family, addr);
	return get_printed(source, attr, &text);
}

static bool has_ports(const struct source *source)
{
	enum family family = source->call->peer.family;

	return family == FAMILY_INET || family == FAMILY_INET6;
}

static bool get_method(const struct source *source, struct attr *attr)
{
	struct str name = semconv_method_name(source->call->method);

	return get_str(attr, str_eq(name, STR("HTTP")) ? STR("_OTHER") : name);
}

static bool get_server_name(const struct source *source, struct attr *attr)
{
	const struct peer *peer = &source->call->peer;

	if (peer->family != FAMILY_UNIX)
		return get_addr(source, attr, peer->listen_addr);
	return get_str(attr, (struct str){peer->path, strnlen(peer->path, sizeof(peer->path))});
}

static bool get_scheme(const struct source *source, struct attr *attr)
{
	(void)source;
	return get_str(attr, STR("http"));
}

/* An absolute target overrides the Host field (RFC 9112 section 3.2.2). */
static bool get_host(const struct source *source, struct attr *attr)
{
	struct str authority = url_authority(source->call->target);

	return get_redacted(source, attr, authority.len ? authority : source->call->host);
}

static bool get_server_port(const struct source *source, struct attr *attr)
{
	return has_ports(source) && get_int(attr, source->call->peer.server.port);
}

static bool get_target(const struct source *source, struct attr *attr)
{
	return get_redacted(source, attr, source->call->target);
}

static bool get_client_addr(const struct source *source, struct attr *attr)
{
	return get_addr(source, attr, source->call->peer.client.addr);
}

static bool get_client_port(const struct source *source, struct attr *attr)
{
	return has_ports(source) && get_int(attr, source->call->peer.client.port);
}

static bool get_user_agent(const struct source *source, struct attr *attr)
{
	return get_str(attr, source->call->user_agent);
}

static bool get_version(const struct source *source, struct attr *attr)
{
	return get_str(attr, source->call->version);
}

static bool get_status(const struct source *source, struct attr *attr)
{
	return source->call->status && get_int(attr, source->call->status);
}

static bool get_error(const struct source *source, struct attr *attr)
{
	return get_str(attr, str_from(source->call->error));
}

static bool get_route(const struct source *source, struct attr *attr)
{
	return get_str(attr, source->route);
}

static bool get_marks(const struct source *source, struct attr *attr)
{
	struct buf text = {0};

	http_print_marks(&text, source->call->marks, ',');
	return get_printed(source, attr, &text);
}

/* In the order in which Python's Flask instrumentation sets them; what only we have comes last. */
static const struct row rows[] = {
	{"http.method", get_method},
	{"http.server_name", get_server_name},
	{"http.scheme", get_scheme},
	{"net.host.name", get_host},
	{"http.host", get_host},
	{"net.host.port", get_server_port},
	{"http.target", get_target},
	{"net.peer.ip", get_client_addr},
	{"net.peer.port", get_client_port},
	{"http.user_agent", get_user_agent},
	{"http.flavor", get_version},
	{"http.status_code", get_status},
	{"error.type", get_error},
	{"otel_ebpf.learned_route", get_route},
	{"otel_ebpf.marks", get_marks},
};

struct str semconv_method_name(struct str method)
{
	static const char *const known[] = {"GET",     "HEAD",	  "POST",  "PUT",   "DELETE",
					    "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (str_caseeq(method, str_from(known[i])))
			return str_from(known[i]);
	return STR("HTTP");
}

/* "GET /delete/{id}"; an unknown method stands alone, as in Python. */
static struct str span_name(const struct source *source)
{
	struct str method = semconv_method_name(source->call->method);
	char *name;

	if (!source->route.len || str_eq(method, STR("HTTP")))
		return method;
	name = arena__alloc(source->mem, method.len + 1 + source->route.len);
	if (!name)
		return method;
	memcpy(name, method.p, method.len);
	name[method.len] = ' ';
	memcpy(name + method.len + 1, source->route.p, source->route.len);
	return (struct str){name, method.len + 1 + source->route.len};
}

static void add_row(struct span *span, const struct source *source, const struct row *row)
{
	struct attr attr = {.key = str_from(row->legacy)};

	if (!row->get(source, &attr))
		return;
	if (attr.type == ATTR_STR)
		attr.s = utf8_clean(source->mem, attr.s);
	if (attr.type == ATTR_STR && !attr.s.p)
		span->attrs.dropped++;
	else
		attrs__add(&span->attrs, source->mem, attr);
}

void semconv_http_server(struct span *span, struct str learned_route)
{
	struct source source = {.call = span->http, .mem = &span->mem};
	size_t i;

	source.route = utf8_clean(source.mem, arena__dup(source.mem, learned_route));
	span->name = span_name(&source);
	span->kind = SPAN_SERVER;
	span->status = source.call->status >= 500 || source.call->error ? SPAN_ERROR : SPAN_UNSET;
	span->scope = &legacy_scope;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		add_row(span, &source, &rows[i]);
}
