// SPDX-License-Identifier: Apache-2.0
#include "model/http_method.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/comma_list.h"

/* IANA has registered 40. */
#define KNOWN_MAX 64

struct http_methods {
	char *text; /* owned; what the user listed */
	bool exact; /* the user's: case matters (RFC 9110 section 9.1) */
	bool capture_all;
	u32 cnt;
	struct str known[KNOWN_MAX];
};

/* A comma list. */
static const char usual[] = "GET,HEAD,POST,PUT,DELETE,CONNECT,OPTIONS,TRACE,PATCH,QUERY";

static void add(struct http_methods *methods, struct str method)
{
	if (methods->cnt < KNOWN_MAX)
		methods->known[methods->cnt++] = method;
	else
		log_warn("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: ignoring \"%.*s\": there are "
			 "more than %d",
			 STR_ARG(method), KNOWN_MAX);
}

static int http_methods_init(struct http_methods *methods, const char *known, bool capture_all)
{
	struct str rest, item;

	methods->exact = known && *known;
	methods->capture_all = capture_all;
	methods->text = strdup(methods->exact ? known : usual);
	if (!methods->text)
		return -ENOMEM;
	rest = str_from(methods->text);
	while ((item = comma_list_next(&rest)).p)
		add(methods, item);
	return 0;
}

int http_methods__new(struct http_methods **out, const char *known, bool capture_all)
{
	struct http_methods *methods = calloc(1, sizeof(*methods));
	int err = methods ? http_methods_init(methods, known, capture_all) : -ENOMEM;

	if (err)
		http_methods__free(methods);
	else
		*out = methods;
	return err;
}

void http_methods__free(struct http_methods *methods)
{
	if (!methods)
		return;
	free(methods->text);
	free(methods);
}

/* In upper case on demand; p NULL for want of memory. */
static struct str copy(struct arena *mem, struct str method, bool upper)
{
	char *name = arena__alloc(mem, method.len);
	size_t i;

	if (!name)
		return STR_NONE;
	for (i = 0; i < method.len; i++) {
		char c = method.p[i];

		name[i] = (char)(upper && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	}
	return (struct str){name, method.len};
}

struct str http_methods__name(const struct http_methods *methods, struct arena *mem,
			      struct str method)
{
	u32 i;

	for (i = 0; i < methods->cnt; i++)
		if (methods->exact ? str_eq(method, methods->known[i])
				   : str_caseeq(method, methods->known[i]))
			return copy(mem, methods->known[i], false);
	return methods->capture_all && method.len ? copy(mem, method, true) : HTTP_METHOD_OTHER;
}
