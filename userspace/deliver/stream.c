// SPDX-License-Identifier: Apache-2.0
#include "deliver/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deliver/resolver.h"

/* An address that does not answer is given up for the next one, if there is one, after so long. */
#define ADDRESS_NS (2 * NSEC_PER_SEC)

enum state { RESOLVING, CONNECTING, SHAKING_HANDS, OPEN, FAILED };

struct stream {
	struct loop *loop;
	const struct stream_target *target;
	const struct stream_ops *ops;
	void *owner;

	enum state state;
	struct resolver *resolver;
	struct addrinfo *addresses, *next;
	bool refused; /* every address tried so far said so */
	struct watch watch;
	u32 events; /* watched for */
	bool want_write;
	struct tls *tls;
	struct timer timer;
	char why[256];
};

static void watch_events(struct stream *stream, u32 events)
{
	if (events == stream->events)
		return;
	stream->events = events;
	loop__change(stream->loop, &stream->watch, events);
}

/* TLS may have to write in order to read, and the other way round. */
static void update_events(struct stream *stream)
{
	bool write = stream->want_write;

	if (stream->tls && tls__wants_write(stream->tls))
		write = true;
	watch_events(stream, EPOLLIN | (write ? EPOLLOUT : 0));
}

static void close_socket(struct stream *stream)
{
	tls__free(stream->tls);
	stream->tls = NULL;
	if (stream->watch.fd < 0)
		return;
	loop__del(stream->loop, &stream->watch);
	close(stream->watch.fd);
	stream->watch.fd = -1;
}

static void fail(struct stream *stream)
{
	stream->state = FAILED;
	timers__cancel(loop__timers(stream->loop), &stream->timer);
	close_socket(stream);
	stream->ops->failed(stream->owner, stream->why, stream->refused);
}

static void print_address(const struct addrinfo *address, char *text, size_t size)
{
	char host[64] = "?", port[8] = "?";

	getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(text, size, address->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static int connect_to(struct stream *stream, const struct addrinfo *address)
{
	static const int on = 1;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	stream->watch.fd = fd;
	stream->events = EPOLLIN;
	err = loop__add(stream->loop, &stream->watch);
	if (err)
		return err;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, address->ai_addr, address->ai_addrlen) && errno != EINPROGRESS)
		return -errno;
	watch_events(stream, EPOLLOUT);
	return 0;
}

/* The next address, or the end. Its failure is told by what comes of it, never from here. */
static void connect_next(struct stream *stream, int err)
{
	char text[80];

	while (err && stream->next) {
		print_address(stream->next, text, sizeof(text));
		snprintf(stream->why, sizeof(stream->why), "connect to %s: %s", text,
			 strerror(-err));
		stream->refused &= err == -ECONNREFUSED;
		close_socket(stream);
		stream->next = stream->next->ai_next;
		err = stream->next ? connect_to(stream, stream->next) : err;
	}
	if (err)
		fail(stream);
	else if (stream->next->ai_next)
		timers__set(loop__timers(stream->loop), &stream->timer, ADDRESS_NS);
}

static void on_address_timeout(struct timer *timer)
{
	connect_next(container_of(timer, struct stream, timer), -ETIMEDOUT);
}

static void on_resolved(void *owner, struct addrinfo *addresses, const char *why)
{
	struct stream *stream = owner;
	int err;

	resolver__free(stream->resolver);
	stream->resolver = NULL;
	if (!addresses) {
		snprintf(stream->why, sizeof(stream->why), "%.100s: %s", stream->target->host, why);
		fail(stream);
		return;
	}
	stream->addresses = stream->next = addresses;
	stream->refused = true;
	stream->state = CONNECTING;
	err = connect_to(stream, addresses);
	connect_next(stream, err);
}

static void on_open(struct stream *stream)
{
	timers__cancel(loop__timers(stream->loop), &stream->timer);
	stream->state = OPEN;
	stream->want_write = true;
	update_events(stream);
	stream->ops->connected(stream->owner);
}

static void shake_hands(struct stream *stream)
{
	int err = tls__handshake(stream->tls);

	if (!err) {
		on_open(stream);
	} else if (err == -EAGAIN) {
		update_events(stream);
	} else {
		snprintf(stream->why, sizeof(stream->why), "TLS: %s", stream__error(stream, err));
		fail(stream);
	}
}

static void on_connected(struct stream *stream)
{
	socklen_t len = sizeof(int);
	int err = 0;

	getsockopt(stream->watch.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		connect_next(stream, -err);
		return;
	}
	timers__cancel(loop__timers(stream->loop), &stream->timer);
	stream->refused = false;
	if (!stream->target->tls) {
		on_open(stream);
		return;
	}
	stream->state = SHAKING_HANDS;
	err = tls__new(&stream->tls, stream->target->tls, stream->watch.fd, stream->target->host);
	if (err) {
		snprintf(stream->why, sizeof(stream->why), "TLS: %s", strerror(-err));
		fail(stream);
		return;
	}
	shake_hands(stream);
}

static void on_ready(struct watch *watch, u32 events)
{
	struct stream *stream = container_of(watch, struct stream, watch);

	(void)events;
	if (stream->state == CONNECTING)
		on_connected(stream);
	else if (stream->state == SHAKING_HANDS)
		shake_hands(stream);
	else
		stream->ops->ready(stream->owner);
}

int stream__new(struct stream **out, struct loop *loop, const struct stream_target *target,
		const struct stream_ops *ops, void *owner)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	int err;

	if (!stream)
		return -ENOMEM;
	stream->loop = loop;
	stream->target = target;
	stream->ops = ops;
	stream->owner = owner;
	stream->watch = (struct watch){-1, on_ready};
	stream->timer.fired = on_address_timeout;
	err = resolver__new(&stream->resolver, loop, target->host, target->port);
	if (err) {
		stream__free(stream);
		return err;
	}
	resolver__on_done(stream->resolver, on_resolved, stream);
	*out = stream;
	return 0;
}

ssize_t stream__read(struct stream *stream, void *bytes, size_t len)
{
	ssize_t n;

	if (stream->tls) {
		n = tls__read(stream->tls, bytes, len);
		update_events(stream);
		return n;
	}
	n = recv(stream->watch.fd, bytes, len, 0);
	return n < 0 ? -errno : n;
}

ssize_t stream__write(struct stream *stream, const void *bytes, size_t len)
{
	ssize_t n;

	if (stream->tls) {
		n = tls__write(stream->tls, bytes, len);
		update_events(stream);
		return n;
	}
	n = send(stream->watch.fd, bytes, len, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

void stream__want_write(struct stream *stream, bool want)
{
	stream->want_write = want;
	update_events(stream);
}

const char *stream__error(const struct stream *stream, int err)
{
	return err == -EPROTO && stream->tls ? tls__error(stream->tls) : strerror(-err);
}

void stream__free(struct stream *stream)
{
	if (!stream)
		return;
	timers__cancel(loop__timers(stream->loop), &stream->timer);
	resolver__free(stream->resolver);
	close_socket(stream);
	if (stream->addresses)
		freeaddrinfo(stream->addresses);
	free(stream);
}
