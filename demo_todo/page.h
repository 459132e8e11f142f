// SPDX-License-Identifier: Apache-2.0
/* The list of tasks as a page of HTML. */
#ifndef PAGE_H
#define PAGE_H

#include <stddef.h>

struct store;

/* Tasks on a page: what one still scrolls through, and a bound on what a request may cost. */
#define PAGE_TASKS_MAX 500

/* *html is the caller's to free. 0, -ENOMEM or what the store says. */
int page_render(struct store *store, char **html, size_t *len);

#endif
