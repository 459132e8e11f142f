// SPDX-License-Identifier: Apache-2.0
/*
 *	loop: resolver__new() --> query, 2 references --> thread: getaddrinfo(3), which may take
 *minutes watch on a pipe <-------- one byte ---------/
 *
 * Who lets go of the query last frees it.
 */
#include "deliver/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Shared with the thread. */
struct query {
	atomic_int refs;
	int pipe_end; /* the thread's */
	char *host, *port;
	struct addrinfo *addresses; /* written by the thread before its byte, read after it */
	int status;		    /* of getaddrinfo(3), likewise */
};

struct resolver {
	struct loop *loop;
	struct watch watch;
	struct query *query;
	resolver_done_fn done;
	void *owner;
};

static void query__put(struct query *query)
{
	if (!query || atomic_fetch_sub(&query->refs, 1) > 1)
		return;
	if (query->addresses)
		freeaddrinfo(query->addresses);
	free(query->host);
	free(query->port);
	free(query);
}

static void *ask(void *arg)
{
	static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
					      .ai_flags = AI_NUMERICSERV};
	struct query *query = arg;
	int fd = query->pipe_end;
	ssize_t n;

	query->status = getaddrinfo(query->host, query->port, &hints, &query->addresses);
	n = write(fd, "", 1); /* fails if nobody waits any more; SIGPIPE is ignored */
	(void)n;
	query__put(query);
	close(fd);
	return NULL;
}

static struct query *query__new(const char *host, const char *port, int pipe_end)
{
	struct query *query = calloc(1, sizeof(*query));

	if (!query)
		return NULL;
	atomic_init(&query->refs, 1);
	query->pipe_end = pipe_end;
	query->host = strdup(host);
	query->port = strdup(port);
	if (query->host && query->port)
		return query;
	query__put(query);
	return NULL;
}

static int start_thread(struct query *query)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	atomic_fetch_add(&query->refs, 1);
	err = pthread_create(&thread, &attr, ask, query);
	pthread_attr_destroy(&attr);
	if (err)
		query__put(query);
	return -err;
}

static void on_answer(struct watch *watch, u32 events)
{
	struct resolver *resolver = container_of(watch, struct resolver, watch);
	struct query *query = resolver->query;
	struct addrinfo *addresses = query->addresses;

	(void)events;
	loop__del(resolver->loop, watch);
	query->addresses = NULL;
	resolver->done(resolver->owner, addresses, addresses ? NULL : gai_strerror(query->status));
}

static int init(struct resolver *resolver, const char *host, const char *port)
{
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	resolver->watch.fd = ends[0];
	resolver->query = query__new(host, port, ends[1]);
	err = resolver->query ? loop__add(resolver->loop, &resolver->watch) : -ENOMEM;
	if (!err)
		err = start_thread(resolver->query);
	if (err)
		close(ends[1]);
	return err;
}

int resolver__new(struct resolver **out, struct loop *loop, const char *host, const char *port)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	int err;

	if (!resolver)
		return -ENOMEM;
	resolver->loop = loop;
	resolver->watch = (struct watch){-1, on_answer};
	err = init(resolver, host, port);
	if (err) {
		resolver__free(resolver);
		return err;
	}
	*out = resolver;
	return 0;
}

void resolver__on_done(struct resolver *resolver, resolver_done_fn done, void *owner)
{
	resolver->done = done;
	resolver->owner = owner;
}

void resolver__free(struct resolver *resolver)
{
	if (!resolver)
		return;
	if (resolver->watch.fd >= 0) {
		loop__del(resolver->loop, &resolver->watch);
		close(resolver->watch.fd);
	}
	query__put(resolver->query);
	free(resolver);
}
