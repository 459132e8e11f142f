// SPDX-License-Identifier: Apache-2.0
#include "model/semconv.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/comma_list.h"
#include "model/http_method.h"
#include "model/url.h"
#include "model/utf8.h"

struct semconv {
	enum semconv_set set;
	struct http_methods *methods;
	struct header_capture *headers;
};

/* What the rows below draw from; texts may be allocated in mem. */
struct source {
	const struct http_call *call;
	struct arena *mem;
	enum semconv_set sets;
	struct str method;		 /* as its attribute has it */
	struct str target;		 /* redacted; p NULL if there was no memory for that */
	struct str route, learned_route; /* in mem */
};

/* An attribute and how to get it: false if the call has none. Texts need not be UTF-8. */
struct row {
	u32 sets; /* enum semconv_set: who has it */
	struct str key;
	bool (*get)(const struct source *source, struct attr *attr);
};

static const struct scope legacy_scope = {
	.name = "otel-ebpf",
	.version = VERSION,
	.schema_url = "https://opentelemetry.io/schemas/1.11.0",
};

static const struct scope stable_scope = {
	.name = "otel-ebpf",
	.version = VERSION,
	.schema_url = "https://opentelemetry.io/schemas/1.21.0",
};

/* An absolute target overrides the Host field (RFC 9112 section 3.2.2). */
static struct str authority_of(const struct http_call *call)
{
	struct str authority = url_authority(call->target);

	return authority.len ? authority : call->host;
}

/* Is the word, which is of small letters, somewhere in s in any case? */
static bool str_has(struct str s, struct str word)
{
	size_t i;

	for (i = 0; i + word.len <= s.len; i++)
		if ((s.p[i] | 0x20) == word.p[0] && str_caseeq(str_sub(s, i, word.len), word))
			return true;
	return false;
}

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

/* Part of what may have got lost for want of memory: then it is not absent, but dropped. */
static bool get_part(struct attr *attr, struct str whole, struct str part)
{
	return get_str(attr, whole.p ? part : STR_NONE) || !whole.p;
}

static bool get_method(const struct source *source, struct attr *attr)
{
	return get_part(attr, source->method, source->method);
}

static bool get_method_original(const struct source *source, struct attr *attr)
{
	return source->method.p && !str_eq(source->method, source->call->method) &&
	       get_str(attr, source->call->method);
}

static bool get_authority(const struct source *source, struct attr *attr)
{
	struct str authority = authority_of(source->call);

	return authority.len && (get_str(attr, url_redact(source->mem, authority)), true);
}

static bool get_host(const struct source *source, struct attr *attr)
{
	return get_str(attr, url_host(authority_of(source->call)));
}

static bool get_target(const struct source *source, struct attr *attr)
{
	return source->call->target.len && (get_str(attr, source->target), true);
}

/* What CONNECT names is a host, not a path (RFC 9112 section 3.2.3). */
static bool get_path(const struct source *source, struct attr *attr)
{
	return source->call->target.len && !str_eq(source->method, STR("CONNECT")) &&
	       get_part(attr, source->target, url_split(source->target).path);
}

static bool get_query(const struct source *source, struct attr *attr)
{
	return url_split(source->call->target).query.len &&
	       get_part(attr, source->target, url_split(source->target).query);
}

static bool get_user_agent(const struct source *source, struct attr *attr)
{
	struct str agent = source->call->user_agent;

	return agent.len && (get_str(attr, utf8_field(source->mem, agent)), true);
}

/* What Python's instrumentation takes for robots. */
static bool get_synthetic_type(const struct source *source, struct attr *attr)
{
	struct str agent = source->call->user_agent;

	if (str_has(agent, STR("alwayson")))
		return get_str(attr, STR("test"));
	return (str_has(agent, STR("googlebot")) || str_has(agent, STR("bingbot"))) &&
	       get_str(attr, STR("bot"));
}

/* In the stable set the status itself is the type of a server error. */
static bool get_error(const struct source *source, struct attr *attr)
{
	struct buf text = {0};

	if (!(source->sets & SEMCONV_STABLE) || source->call->status < 500)
		return get_str(attr, str_from(source->call->error));
	buf__printf(&text, "%u", source->call->status);
	return get_printed(source, attr, &text);
}

static bool get_route(const struct source *source, struct attr *attr)
{
	return get_str(attr, source->route);
}

static bool get_learned_route(const struct source *source, struct attr *attr)
{
	return !source->route.len && get_str(attr, source->learned_route);
}

static bool has_ports(const struct source *source)
{
	enum family family = source->call->peer.family;

	return family == FAMILY_INET || family == FAMILY_INET6;
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

static bool get_server_port(const struct source *source, struct attr *attr)
{
	return has_ports(source) && get_int(attr, source->call->peer.server.port);
}

static bool get_client_addr(const struct source *source, struct attr *attr)
{
	return get_addr(source, attr, source->call->peer.client.addr);
}

static bool get_client_port(const struct source *source, struct attr *attr)
{
	return has_ports(source) && get_int(attr, source->call->peer.client.port);
}

static bool get_version(const struct source *source, struct attr *attr)
{
	return get_str(attr, source->call->version);
}

static bool get_status(const struct source *source, struct attr *attr)
{
	return source->call->status && get_int(attr, source->call->status);
}

static bool get_marks(const struct source *source, struct attr *attr)
{
	struct buf text = {0};

	http_print_marks(&text, source->call->marks, ',');
	return get_printed(source, attr, &text);
}

#define LEGACY SEMCONV_LEGACY
#define STABLE SEMCONV_STABLE
#define BOTH   SEMCONV_DUP

/*
 * In the order in which Python's Flask instrumentation sets them; captured headers come behind the
 * rows of their side, and what only we have comes last.
 */
static const struct row request_rows[] = {
	{STABLE, STR_INIT("http.request.method_original"), get_method_original},
	{LEGACY, STR_INIT("http.method"), get_method},
	{STABLE, STR_INIT("http.request.method"), get_method},
	{LEGACY, STR_INIT("http.server_name"), get_server_name},
	{LEGACY, STR_INIT("http.scheme"), get_scheme},
	{STABLE, STR_INIT("url.scheme"), get_scheme},
	{LEGACY, STR_INIT("net.host.name"), get_authority},
	{STABLE, STR_INIT("server.address"), get_host},
	{LEGACY, STR_INIT("http.host"), get_authority},
	{LEGACY, STR_INIT("net.host.port"), get_server_port},
	{STABLE, STR_INIT("server.port"), get_server_port},
	{LEGACY, STR_INIT("http.target"), get_target},
	{STABLE, STR_INIT("url.path"), get_path},
	{STABLE, STR_INIT("url.query"), get_query},
	{LEGACY, STR_INIT("net.peer.ip"), get_client_addr},
	{STABLE, STR_INIT("client.address"), get_client_addr},
	{LEGACY, STR_INIT("net.peer.port"), get_client_port},
	{STABLE, STR_INIT("client.port"), get_client_port},
	{LEGACY, STR_INIT("http.user_agent"), get_user_agent},
	{STABLE, STR_INIT("user_agent.original"), get_user_agent},
	{STABLE, STR_INIT("user_agent.synthetic.type"), get_synthetic_type},
	{LEGACY, STR_INIT("http.flavor"), get_version},
	{STABLE, STR_INIT("network.protocol.version"), get_version},
	{BOTH, STR_INIT("http.route"), get_route},
	{0},
};

static const struct row response_rows[] = {
	{LEGACY, STR_INIT("http.status_code"), get_status},
	{STABLE, STR_INIT("http.response.status_code"), get_status},
	{BOTH, STR_INIT("error.type"), get_error},
	{0},
};

static const struct row own_rows[] = {
	{BOTH, STR_INIT("otel_ebpf.learned_route"), get_learned_route},
	{BOTH, STR_INIT("otel_ebpf.marks"), get_marks},
	{0},
};

/* "GET /delete/{id}"; "HTTP" stands for a method that is not known. */
static struct str span_name(const struct source *source)
{
	bool known = source->method.p && !str_eq(source->method, HTTP_METHOD_OTHER);
	struct str method = known ? source->method : STR("HTTP"), target = source->route;
	char *name;

	if (!target.len && known && source->sets == SEMCONV_LEGACY)
		target = source->learned_route;
	name = target.len ? arena__alloc(source->mem, method.len + 1 + target.len) : NULL;
	if (!name)
		return method;
	memcpy(name, method.p, method.len);
	name[method.len] = ' ';
	memcpy(name + method.len + 1, target.p, target.len);
	return (struct str){name, method.len + 1 + target.len};
}

static void add_row(struct span *span, const struct source *source, const struct row *row)
{
	struct attr attr = {.key = row->key};

	if (!row->get(source, &attr))
		return;
	if (attr.type == ATTR_STR)
		attr.s = utf8_clean(source->mem, attr.s);
	if (attr.type == ATTR_STR && !attr.s.p)
		span->attrs.dropped++;
	else
		attrs__add(&span->attrs, source->mem, attr);
}

static void add_rows(struct span *span, const struct source *source, const struct row *row)
{
	for (; row->get; row++)
		if (row->sets & source->sets)
			add_row(span, source, row);
}

static struct str own_text(struct arena *mem, struct str text)
{
	return utf8_clean(mem, arena__dup(mem, text));
}

void semconv__http_server(const struct semconv *semconv, struct span *span, struct str route,
			  struct str learned_route)
{
	const struct http_call *call = span->http;
	struct arena *mem = &span->mem;
	struct source source = {
		.call = call,
		.mem = mem,
		.sets = semconv->set,
		.method = utf8_clean(mem, semconv__method(semconv, mem, call->method)),
		.target = url_redact(mem, call->target),
		.route = own_text(mem, route),
		.learned_route = own_text(mem, learned_route),
	};
	struct header_target headers = {.attrs = &span->attrs, .mem = mem};

	if (semconv->set & SEMCONV_LEGACY)
		headers.spellings |= HEADER_UNDERSCORES;
	if (semconv->set & SEMCONV_STABLE)
		headers.spellings |= HEADER_DASHES;
	span->name = span_name(&source);
	span->kind = SPAN_SERVER;
	span->status = call->status >= 500 || call->error ? SPAN_ERROR : SPAN_UNSET;
	span->scope = semconv__scope(semconv);
	add_rows(span, &source, request_rows);
	header_capture__add(semconv->headers, HEADER_REQUEST, call->request_head, &headers);
	add_rows(span, &source, response_rows);
	header_capture__add(semconv->headers, HEADER_RESPONSE, call->response_head, &headers);
	add_rows(span, &source, own_rows);
}

/* What is for other domains than http is not ours to judge. */
static enum semconv_set parse_opt_in(const char *text)
{
	struct str rest = str_from(text), item;
	enum semconv_set set = SEMCONV_LEGACY;

	while ((item = comma_list_next(&rest)).p) {
		if (str_eq(item, STR("http/dup")))
			return SEMCONV_DUP;
		if (str_eq(item, STR("http")))
			set = SEMCONV_STABLE;
		else
			log_warn("OTEL_SEMCONV_STABILITY_OPT_IN: \"%.*s\" has no effect here, "
				 "skipped; there are http, http/dup",
				 STR_ARG(item));
	}
	return set;
}

static int semconv_init(struct semconv *semconv, const struct semconv_options *options)
{
	int err = http_methods__new(&semconv->methods, options->known_methods,
				    options->capture_all_methods);

	semconv->set = parse_opt_in(options->stability_opt_in);
	return err ? err : header_capture__new(&semconv->headers, &options->headers);
}

int semconv__new(struct semconv **out, const struct semconv_options *options)
{
	struct semconv *semconv = calloc(1, sizeof(*semconv));
	int err = semconv ? semconv_init(semconv, options) : -ENOMEM;

	if (err)
		semconv__free(semconv);
	else
		*out = semconv;
	return err;
}

void semconv__free(struct semconv *semconv)
{
	if (!semconv)
		return;
	http_methods__free(semconv->methods);
	header_capture__free(semconv->headers);
	free(semconv);
}

enum semconv_set semconv__set(const struct semconv *semconv)
{
	return semconv->set;
}

const struct scope *semconv__scope(const struct semconv *semconv)
{
	return semconv->set == SEMCONV_LEGACY ? &legacy_scope : &stable_scope;
}

struct str semconv__method(const struct semconv *semconv, struct arena *mem, struct str method)
{
	return http_methods__name(semconv->methods, mem, method);
}
