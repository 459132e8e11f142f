// SPDX-License-Identifier: Apache-2.0
#include "routes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "page.h"
#include "store.h"

/*
 * A body too long is read to its end, so that the client sees the answer and not a reset; past this
 * many bytes it is hung up on.
 */
#define ROUTES_DISCARD_MAX (1 << 20)

/* What MHD_create_post_processor() asks for at least; values are handed over in such pieces. */
#define FORM_BUFFER_SIZE 256

struct routes {
	struct store *store;	    /* borrowed */
	struct MHD_Response *style; /* one for all requests: it is counted by reference */
};

/* From the first header line to the last byte of the answer. */
struct request {
	struct routes *routes;
	struct MHD_Connection *conn;
	const char *rest;		/* of the path, after the route's own; for handlers */
	struct MHD_PostProcessor *form; /* NULL unless the body is a form still being read */
	size_t body_len;
	size_t title_len; /* more than ROUTES_TITLE_MAX: too long */
	char title[ROUTES_TITLE_MAX];
};

struct route {
	const char *path; /* with a '/' at its end and more: whatever begins so */
	const char *method;
	const char *allow;
	enum MHD_Result (*handler)(struct request *req);
};

/*
 * Tells tracers that ask which functions handle requests: an ELF note of the owner "otel-ebpf",
 * type 1, with globs. Nothing reads it here.
 */
static const struct {
	uint32_t owner_len, globs_len, type;
	char owner[12];
	char globs[8];
} handlers_note __attribute__((section(".note.otel-ebpf"), used, aligned(4))) = {
	.owner_len = sizeof("otel-ebpf"),
	.globs_len = sizeof("todo_*"),
	.type = 1,
	.owner = "otel-ebpf",
	.globs = "todo_*",
};

static const struct route route_list[] = {
	{"/", "GET", "GET, HEAD", todo_index},
	{"/add", "POST", "POST", todo_add},
	{"/delete/", "GET", "GET", todo_delete},
	{"/static/style.css", "GET", "GET, HEAD", todo_static},
	{"/healthz", "GET", "GET, HEAD", todo_healthz},
};

__asm__(".section .rodata\n"
	"style_begin: .incbin \"demo_todo/static/style.css\"\n"
	"style_end:\n"
	".previous\n");
extern const char style_begin[], style_end[];

static enum MHD_Result reply_header(struct request *req, unsigned int status, const char *text,
				    const char *name, const char *value)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				"text/plain; charset=utf-8");
	if (name)
		MHD_add_response_header(response, name, value);
	result = MHD_queue_response(req->conn, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result reply(struct request *req, unsigned int status, const char *text)
{
	return reply_header(req, status, text, NULL, NULL);
}

static enum MHD_Result reply_error(struct request *req, int err)
{
	if (err == -ENOSPC)
		return reply(req, MHD_HTTP_INSUFFICIENT_STORAGE, "the list is full\n");
	return reply(req, MHD_HTTP_INTERNAL_SERVER_ERROR, "the tasks are out of reach\n");
}

static enum MHD_Result redirect_home(struct request *req)
{
	return reply_header(req, MHD_HTTP_FOUND, "", MHD_HTTP_HEADER_LOCATION, "/");
}

enum MHD_Result todo_index(struct request *req)
{
	struct MHD_Response *response;
	enum MHD_Result result;
	char *html;
	size_t len;
	int err;

	err = page_render(req->routes->store, &html, &len);
	if (err)
		return reply_error(req, err);
	response = MHD_create_response_from_buffer(len, html, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(html);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/html; charset=utf-8");
	result = MHD_queue_response(req->conn, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result todo_add(struct request *req)
{
	int err;

	if (!req->title_len || req->title_len > ROUTES_TITLE_MAX)
		return reply(req, MHD_HTTP_BAD_REQUEST, "a title has 1 to 200 bytes\n");
	err = store__add(req->routes->store, req->title, req->title_len);
	return err ? reply_error(req, err) : redirect_home(req);
}

/* Digits only, as far as an id can go; false for all else. */
static bool parse_id(const char *text, int64_t *id)
{
	size_t len = strspn(text, "0123456789");

	if (!len || text[len])
		return false;
	errno = 0;
	*id = strtoll(text, NULL, 10);
	return !errno;
}

enum MHD_Result todo_delete(struct request *req)
{
	int64_t id;
	int err;

	if (!parse_id(req->rest, &id))
		return todo_not_found(req);
	err = store__delete(req->routes->store, id);
	return err ? reply_error(req, err) : redirect_home(req);
}

enum MHD_Result todo_static(struct request *req)
{
	return MHD_queue_response(req->conn, MHD_HTTP_OK, req->routes->style);
}

enum MHD_Result todo_healthz(struct request *req)
{
	return reply(req, MHD_HTTP_OK, "ok\n");
}

enum MHD_Result todo_not_found(struct request *req)
{
	return reply(req, MHD_HTTP_NOT_FOUND, "no such page\n");
}

/* The part of url after the route's path, NULL if it is not this route. */
static const char *route__match(const struct route *route, const char *url)
{
	size_t len = strlen(route->path);
	bool is_prefix = len > 1 && route->path[len - 1] == '/';

	if (strncmp(url, route->path, len) || (!is_prefix && url[len]))
		return NULL;
	return url + len;
}

static bool route__allows(const struct route *route, const char *method)
{
	if (!strcmp(method, MHD_HTTP_METHOD_HEAD))
		return strstr(route->allow, MHD_HTTP_METHOD_HEAD);
	return !strcmp(method, route->method);
}

static enum MHD_Result dispatch(struct request *req, const char *url, const char *method)
{
	for (size_t i = 0; i < sizeof(route_list) / sizeof(route_list[0]); i++) {
		const struct route *route = &route_list[i];

		req->rest = route__match(route, url);
		if (!req->rest)
			continue;
		if (!route__allows(route, method))
			return reply_header(req, MHD_HTTP_METHOD_NOT_ALLOWED, "wrong method\n",
					    MHD_HTTP_HEADER_ALLOW, route->allow);
		if (req->body_len > ROUTES_BODY_MAX)
			return reply(req, MHD_HTTP_CONTENT_TOO_LARGE, "body too long\n");
		return route->handler(req);
	}
	return todo_not_found(req);
}

/* Keeps the field "title"; of several the last. It comes in pieces, the first with off 0. */
static enum MHD_Result take_field(void *cls, enum MHD_ValueKind kind, const char *key,
				  const char *file, const char *type, const char *encoding,
				  const char *bytes, uint64_t off, size_t len)
{
	struct request *req = cls;

	(void)kind, (void)file, (void)type, (void)encoding;
	if (strcmp(key, "title"))
		return MHD_YES;
	if (off > ROUTES_TITLE_MAX || len > ROUTES_TITLE_MAX - off) {
		req->title_len = ROUTES_TITLE_MAX + 1;
		return MHD_YES;
	}
	if (len)
		memcpy(req->title + off, bytes, len);
	req->title_len = off + len;
	return MHD_YES;
}

static struct request *request__new(struct routes *routes, struct MHD_Connection *conn)
{
	struct request *req = calloc(1, sizeof(*req));

	if (!req)
		return NULL;
	req->routes = routes;
	req->conn = conn;
	/* NULL for what is not a form, and then there is no title */
	req->form = MHD_create_post_processor(conn, FORM_BUFFER_SIZE, take_field, req);
	return req;
}

/* The last field is handed over only here. */
static void request__end_form(struct request *req)
{
	if (req->form)
		MHD_destroy_post_processor(req->form);
	req->form = NULL;
}

static enum MHD_Result request__take_body(struct request *req, const char *bytes, size_t len)
{
	req->body_len += len;
	if (req->body_len > ROUTES_DISCARD_MAX)
		return MHD_NO;
	if (req->form && req->body_len <= ROUTES_BODY_MAX)
		MHD_post_process(req->form, bytes, len);
	return MHD_YES;
}

/* Called once for the head, once for each piece of the body, and once at the end. */
enum MHD_Result routes__answer(void *cls, struct MHD_Connection *conn, const char *url,
			       const char *method, const char *version, const char *bytes,
			       size_t *len, void **request)
{
	struct request *req = *request;
	enum MHD_Result result;

	(void)version;
	if (!req) {
		*request = request__new(cls, conn);
		return *request ? MHD_YES : MHD_NO;
	}
	if (*len) {
		result = request__take_body(req, bytes, *len);
		*len = 0;
		return result;
	}
	request__end_form(req);
	return dispatch(req, url, method);
}

void routes__done(void *cls, struct MHD_Connection *conn, void **request,
		  enum MHD_RequestTerminationCode code)
{
	struct request *req = *request;

	(void)cls, (void)conn, (void)code;
	if (!req)
		return;
	request__end_form(req);
	free(req);
	*request = NULL;
}

/* The style sheet as a file without a name, since sendfile() wants a file. */
static int open_style(size_t size)
{
	int fd = memfd_create("style.css", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, style_begin, size) != (ssize_t)size) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static int routes_init(struct routes *routes, struct store *store)
{
	size_t size = (size_t)(style_end - style_begin);
	int fd = open_style(size);

	routes->store = store;
	if (fd < 0)
		return fd;
	routes->style = MHD_create_response_from_fd(size, fd);
	if (!routes->style) {
		close(fd);
		return -ENOMEM;
	}
	MHD_add_response_header(routes->style, MHD_HTTP_HEADER_CONTENT_TYPE,
				"text/css; charset=utf-8");
	return 0;
}

int routes__new(struct routes **out, struct store *store)
{
	struct routes *routes = calloc(1, sizeof(*routes));
	int err;

	if (!routes)
		return -ENOMEM;
	err = routes_init(routes, store);
	if (err) {
		routes__free(routes);
		return err;
	}
	*out = routes;
	return 0;
}

void routes__free(struct routes *routes)
{
	if (!routes)
		return;
	if (routes->style)
		MHD_destroy_response(routes->style);
	free(routes);
}
