// SPDX-License-Identifier: Apache-2.0
/*
 * What the server answers: one function for each route.
 *
 *	GET  /                   todo_index      the page
 *	POST /add                todo_add        field "title" of a form; 302 to /
 *	GET  /delete/<id>        todo_delete     302 to /, whether the task was there or not
 *	GET  /static/style.css   todo_static     sent by sendfile()
 *	GET  /healthz            todo_healthz    "ok\n"
 *	     anything else       todo_not_found  404
 *
 * A wrong method is 405, a body longer than ROUTES_BODY_MAX 413, a title that is missing, empty or
 * longer than ROUTES_TITLE_MAX 400.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include <microhttpd.h>

#define ROUTES_TITLE_MAX 200  /* bytes: a line, not a letter */
#define ROUTES_BODY_MAX	 4096 /* bytes: such a title with every byte as %XX, and room */

struct request;
struct routes;
struct store;

/* The store is borrowed and outlives the routes. */
int routes__new(struct routes **out, struct store *store);
void routes__free(struct routes *routes);

/* For MHD_start_daemon() and MHD_OPTION_NOTIFY_COMPLETED; cls is the struct routes. */
enum MHD_Result routes__answer(void *cls, struct MHD_Connection *conn, const char *url,
			       const char *method, const char *version, const char *bytes,
			       size_t *len, void **request);
void routes__done(void *cls, struct MHD_Connection *conn, void **request,
		  enum MHD_RequestTerminationCode code);

/* Functions of their own under names of their own, so that a uprobe finds each route. */
__attribute__((noinline)) enum MHD_Result todo_index(struct request *req);
__attribute__((noinline)) enum MHD_Result todo_add(struct request *req);
__attribute__((noinline)) enum MHD_Result todo_delete(struct request *req);
__attribute__((noinline)) enum MHD_Result todo_static(struct request *req);
__attribute__((noinline)) enum MHD_Result todo_healthz(struct request *req);
__attribute__((noinline)) enum MHD_Result todo_not_found(struct request *req);

#endif
