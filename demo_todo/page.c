// SPDX-License-Identifier: Apache-2.0
#include "page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store.h"

static const char page_head[] =
	"<!doctype html>\n"
	"<html lang=\"en\">\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<title>To-do</title>\n"
	"<link rel=\"icon\" href=\"data:,\">\n"
	"<link rel=\"stylesheet\" href=\"/static/style.css\">\n"
	"<h1>To-do</h1>\n"
	"<form action=\"/add\" method=\"post\">\n"
	"<input name=\"title\" placeholder=\"What is next?\" required autofocus>\n"
	"<button>Add</button>\n"
	"</form>\n"
	"<ul>\n";
static const char page_tail[] = "</ul>\n</html>\n";

/* The entity that stands for c in HTML text and in quoted attributes, NULL if c does itself. */
static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void write_escaped(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (entity(text[i]))
			fputs(entity(text[i]), out);
		else
			fputc(text[i], out);
	}
}

static void write_task(void *ctx, int64_t id, const char *title, size_t len)
{
	FILE *out = ctx;

	fputs("<li><span>", out);
	write_escaped(out, title, len);
	fprintf(out, "</span> <a href=\"/delete/%" PRId64 "\" title=\"Delete\">&times;</a></li>\n",
		id);
}

int page_render(struct store *store, char **html, size_t *len)
{
	FILE *out = open_memstream(html, len);
	int err;

	if (!out)
		return -ENOMEM;
	fputs(page_head, out);
	err = store__each(store, PAGE_TASKS_MAX, write_task, out);
	fputs(page_tail, out);
	if (fclose(out) && !err)
		err = -ENOMEM;
	if (err)
		free(*html);
	return err;
}
