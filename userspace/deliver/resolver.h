// SPDX-License-Identifier: Apache-2.0
/*
 * Names into addresses without blocking the loop: getaddrinfo(3) in a thread of its own, which is
 * left alone when nobody wants its answer any more.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <netdb.h>

#include "base/loop.h"

struct resolver;

/* addresses: the callee frees them with freeaddrinfo(). NULL: why says what failed. */
typedef void (*resolver_done_fn)(void *owner, struct addrinfo *addresses, const char *why);

/* Asks for TCP addresses. done() comes later, unless resolver__free() is first. */
int resolver__new(struct resolver **out, struct loop *loop, const char *host, const char *port);
/* Set before the loop runs again. */
void resolver__on_done(struct resolver *resolver, resolver_done_fn done, void *owner);
/* NULL is fine; allowed within done(). */
void resolver__free(struct resolver *resolver);

#endif
