// SPDX-License-Identifier: Apache-2.0
/*
 * The cheapest server worth tracing: one thread, epoll, keep-alive, one read and one write a
 *request. Whatever a tracer adds shows here first. It prints its port and then serves until it is
 *killed.
 *
 *	GET / HTTP/1.1\r\n ... \r\n\r\n   ->   HTTP/1.1 200 OK\r\n ... \r\n\r\nok\n
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/types.h"

#define HEAD_MAX \
	4096 /* of one request; the client's is 125 bytes, a longer one loses its connection */
#define EVENT_CNT 64 /* a round of epoll_wait; more only come in the next one */

/* One connection: what was read and not answered. Owned by the epoll set, freed when it closes. */
struct conn {
	int fd;
	size_t len;
	char buf[HEAD_MAX];
};

static const char answer[] = "HTTP/1.1 200 OK\r\n"
			     "Content-Type: text/plain\r\n"
			     "Content-Length: 3\r\n"
			     "\r\n"
			     "ok\n";

static void conn__free(struct conn *conn)
{
	close(conn->fd);
	free(conn);
}

/* Answers every whole head in the buffer and keeps the rest. Once a request: what is traced as its
 * handler, so it stays a function. */
static __attribute__((noinline, noclone)) int conn_answer(struct conn *conn)
{
	char *end, *from = conn->buf;
	size_t left = conn->len;

	while ((end = memmem(from, left, "\r\n\r\n", 4))) {
		left -= (size_t)(end + 4 - from);
		from = end + 4;
		/* a closed loop never fills a send buffer; who fills it does not read */
		if (write(conn->fd, answer, sizeof(answer) - 1) != sizeof(answer) - 1)
			return -EPIPE;
	}
	memmove(conn->buf, from, left);
	conn->len = left;
	return left == sizeof(conn->buf) ? -EMSGSIZE : 0;
}

static int conn_serve(struct conn *conn)
{
	ssize_t n = read(conn->fd, conn->buf + conn->len, sizeof(conn->buf) - conn->len);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	conn->len += (size_t)n;
	return conn_answer(conn);
}

static void conn_accept(int epoll_fd, int listen_fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct conn *conn;

	if (fd < 0)
		return;
	conn = calloc(1, sizeof(*conn));
	if (!conn) {
		close(fd);
		return;
	}
	conn->fd = fd;
	event.data.ptr = conn;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		conn__free(conn);
}

/* A listener on a free port of 127.0.0.1, or negative errno. */
static int listen_anywhere(u16 *port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&addr, len) || listen(fd, SOMAXCONN) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		return -errno;
	*port = ntohs(addr.sin_port);
	return fd;
}

/* The listener is the event without a connection. Returns only when epoll fails. */
static int serve(int epoll_fd, int listen_fd)
{
	struct epoll_event events[EVENT_CNT], event = {.events = EPOLLIN};
	int n, i;

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event))
		return -errno;
	for (;;) {
		n = epoll_wait(epoll_fd, events, EVENT_CNT, -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < n; i++) {
			if (!events[i].data.ptr)
				conn_accept(epoll_fd, listen_fd);
			else if (conn_serve(events[i].data.ptr) < 0)
				conn__free(events[i].data.ptr);
		}
	}
}

int main(void)
{
	u16 port = 0;
	int listen_fd = listen_anywhere(&port);
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int err = listen_fd;

	if (listen_fd >= 0 && epoll_fd >= 0) {
		printf("%u\n", port);
		fflush(stdout);
		err = serve(epoll_fd, listen_fd);
	}
	fprintf(stderr, "server: %s\n", strerror(err < 0 ? -err : EMFILE));
	return 1;
}
