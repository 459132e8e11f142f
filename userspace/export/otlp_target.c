// SPDX-License-Identifier: Apache-2.0
#include "export/otlp_target.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "export/otlp_endpoint.h"
#include "deliver/grpc.h"
#include "deliver/http_client.h"
#include "deliver/otlp_answer.h"
#include "deliver/tls.h"

/* So short a time is meant as seconds, which opentelemetry-python takes it for. */
#define TIMEOUT_SUSPECT_MS 100

struct target {
	const struct config *config;
	const struct otlp_signal *signal;
	struct otlp_endpoint endpoint;
	bool own_endpoint; /* of the signal: its path is whole */
	struct header_list headers;
	struct buf name;
};

static bool is_grpc(const struct otlp_signal *signal)
{
	return signal->elastic || !strcmp(signal->options->protocol, "grpc");
}

bool otlp_target_is_json(const struct otlp_signal *signal)
{
	return !signal->elastic && !strcmp(signal->options->protocol, "http/json");
}

static int parse_endpoint(struct target *target)
{
	const struct otlp_signal *signal = target->signal;
	const struct config_otlp *options = signal->options;
	const char *port = is_grpc(signal) ? "4317" : "4318";
	const char *text = target->config->otlp.endpoint;

	target->own_endpoint = options->endpoint;
	if (signal->elastic)
		text = target->config->elastic_endpoint;
	else if (options->endpoint)
		text = options->endpoint;
	if (text && !otlp_endpoint_parse(&target->endpoint, text, options->insecure, port))
		return 0;
	if (text)
		log_error("the endpoint of %s cannot be used: want http://HOST:PORT, "
			  "https://HOST:PORT or "
			  "HOST:PORT",
			  signal->elastic ? "ELASTIC_APM_SERVER_ENDPOINT" : signal->name);
	return text ? -EINVAL : otlp_endpoint_parse(&target->endpoint, "localhost", true, port);
}

static bool same_place(const struct otlp_endpoint *a, const struct otlp_endpoint *b)
{
	return !strcmp(a->host, b->host) && !strcmp(a->port, b->port) && a->tls == b->tls;
}

/* ELASTIC_APM_SERVER_ENDPOINT is where this signal goes anyway: then only the token is added. */
static bool is_elastic_too(const struct target *target)
{
	struct otlp_endpoint elastic;
	const char *text = target->config->elastic_endpoint;

	return text && is_grpc(target->signal) &&
	       !otlp_endpoint_parse(&elastic, text, target->signal->options->insecure, "4317") &&
	       same_place(&elastic, &target->endpoint);
}

/* The other way round: what the elastic exporter would send goes there by the otlp exporter. */
static bool is_otlp_too(const struct target *target)
{
	struct otlp_signal signal = *target->signal;
	struct target plain = {.config = target->config, .signal = &signal};

	signal.elastic = false;
	return config_list_has(signal.exporters, "otlp") && !parse_endpoint(&plain) &&
	       is_elastic_too(&plain);
}

static int add_token(struct target *target)
{
	struct buf value __cleanup(buf__free) = {0};
	int err;

	if (!target->config->elastic_token)
		return 0;
	buf__printf(&value, "Bearer %s", target->config->elastic_token);
	if (value.failed)
		return -ENOMEM;
	err = header_list__set(&target->headers, STR("authorization"), buf__view(&value));
	if (err == -EINVAL)
		log_error(
			"ELASTIC_APM_SECRET_TOKEN holds a line's end or another control character");
	return err;
}

static int collect_headers(struct target *target)
{
	const struct otlp_signal *signal = target->signal;
	struct buf source __cleanup(buf__free) = {0};
	int err = 0;

	buf__printf(&source, "headers of OTLP for %s", signal->name);
	buf__char(&source, '\0');
	if (source.failed)
		return -ENOMEM;
	/* of a URL curl does the same; headers that are given beat it there as well */
	if (is_grpc(signal) && target->endpoint.user.len)
		err = header_list__set_user(&target->headers, target->endpoint.user);
	if (!err && !signal->elastic)
		err = header_list__parse(&target->headers, signal->options->headers, source.p);
	if (!err && (signal->elastic || is_elastic_too(target)))
		err = add_token(target);
	return err;
}

static int check_file(const char *what, const char *path)
{
	int err = path && access(path, R_OK) ? -errno : 0;

	if (err)
		log_error("cannot read the %s %s: %s", what, path, strerror(-err));
	return err;
}

static int check_files(const struct tls_files *files)
{
	int err = check_file("authorities", files->ca);

	if (!err)
		err = check_file("client certificate", files->certificate);
	return err ? err : check_file("client key", files->key);
}

/* curl would try them at each request anew, and ask the terminal for a passphrase. */
static int try_files(const struct tls_files *files)
{
	struct tls_context *context = NULL;
	int err = tls_context__new(&context, files);

	tls_context__free(context);
	return err;
}

/* A general endpoint is a base that signals go under; one of their own is taken as it is. */
static void print_url(const struct target *target, struct buf *out)
{
	struct str path = target->endpoint.path, query;
	ssize_t mark = str_find(path, '?', 0);

	query = str_sub(path, mark < 0 ? path.len : (size_t)mark, path.len);
	path.len -= query.len;
	otlp_endpoint__print_url(&target->endpoint, out);
	if (target->own_endpoint) {
		buf__str(out, path.len ? path : STR("/"));
	} else {
		while (path.len && path.p[path.len - 1] == '/')
			path.len--;
		buf__str(out, path);
		buf__printf(out, "/v1/%s", target->signal->name);
	}
	buf__str(out, query);
	buf__char(out, '\0');
}

static int make_http(const struct target *target, const struct tls_files *files,
		     struct outbox *outbox, struct transport **out)
{
	const struct config_otlp *config = target->signal->options;
	struct buf url __cleanup(buf__free) = {0};
	struct http_options options = {
		.content_type = otlp_target_is_json(target->signal) ? "application/json"
								    : "application/x-protobuf",
		.headers = &target->headers,
		.compression = compression_from(config->compression),
		.files = *files,
		.taken = otlp_answer_taken,
	};
	int err = target->endpoint.tls ? try_files(files) : 0;

	if (!err)
		err = outbox__http(outbox, &options.client);
	print_url(target, &url);
	options.url = url.p;
	if (!err && url.failed)
		err = -ENOMEM;
	return err ? err : http__new(out, &options);
}

/* The specification has gzip alone, and receivers answer UNIMPLEMENTED to others. */
static enum compression grpc_compression(const struct otlp_signal *signal)
{
	enum compression compression = compression_from(signal->options->compression);

	if (compression != COMPRESSION_DEFLATE)
		return compression;
	log_warn("OTLP/gRPC knows no deflate, only gzip: %s go without compression", signal->name);
	return COMPRESSION_NONE;
}

static int make_grpc(const struct target *target, const struct tls_files *files,
		     struct outbox *outbox, struct transport **out)
{
	const struct otlp_endpoint *endpoint = &target->endpoint;
	struct grpc_options options = {
		.target = {endpoint->host, endpoint->port, endpoint->tls, *files},
		.authority = target->name.p,
		.path = target->signal->service,
		.headers = &target->headers,
		.compression = grpc_compression(target->signal),
		.timeout_ns = target->signal->options->timeout * NSEC_PER_MSEC,
	};
	int err = outbox__h2(outbox, &options.pool);

	return err ? err : grpc__new(out, &options);
}

static int open_target(struct target *target, struct outbox *outbox,
		       struct delivery_options *delivery, struct delivery **out)
{
	const struct config_otlp *options = target->signal->options;
	const struct tls_files files = {options->certificate, options->client_certificate,
					options->client_key};
	int err = parse_endpoint(target);

	if (!err && target->signal->elastic && is_otlp_too(target))
		return 0;
	if (!err)
		err = collect_headers(target);
	if (!err)
		err = check_files(&files);
	if (err)
		return err;
	otlp_endpoint__print(&target->endpoint, &target->name);
	buf__char(&target->name, '\0');
	if (target->name.failed)
		return -ENOMEM;
	if (options->timeout && options->timeout < TIMEOUT_SUSPECT_MS)
		log_warn("the timeout of OTLP for %s is %llu milliseconds, not seconds",
			 target->signal->name, (unsigned long long)options->timeout);
	delivery->name = target->name.p;
	delivery->timeout_ns = options->timeout * NSEC_PER_MSEC;
	err = is_grpc(target->signal) ? make_grpc(target, &files, outbox, &delivery->transport)
				      : make_http(target, &files, outbox, &delivery->transport);
	return err ? err : outbox__open(outbox, out, delivery);
}

int otlp_target_open(struct outbox *outbox, const struct config *config,
		     const struct otlp_signal *signal, struct delivery_options *delivery,
		     struct delivery **out)
{
	struct target target = {.config = config, .signal = signal};
	int err;

	*out = NULL;
	err = open_target(&target, outbox, delivery, out);
	header_list__free(&target.headers);
	buf__free(&target.name);
	return err;
}
