// SPDX-License-Identifier: Apache-2.0
/*
 * The nasty server: every way to read a request (--read), to hand over a connection (--serve) and,
 * in answers.c, to answer. "cserver: listening on 127.0.0.1:PORT" on stdout tells that it is ready.
 */
#include "answers.h"
#include "ring.h"
#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define FORK_DEPTH 3

struct options {
	receive_fn receive;
	void (*serve)(struct server *server, receive_fn receive, int fd);
	const char *unix_path, *address;
	int port;
};

static ssize_t receive_read(int fd, char *out, size_t size)
{
	return read(fd, out, size);
}

/* Three pieces, the first shorter than a method. */
static int scatter(struct iovec *iov, char *out, size_t size)
{
	size_t first = size < 3 ? size : 3, second = size - first < 50 ? size - first : 50;

	iov[0] = (struct iovec){out, first};
	iov[1] = (struct iovec){out + first, second};
	iov[2] = (struct iovec){out + first + second, size - first - second};
	return 3;
}

static ssize_t receive_readv(int fd, char *out, size_t size)
{
	struct iovec iov[3];

	return readv(fd, iov, scatter(iov, out, size));
}

static ssize_t receive_recvmsg(int fd, char *out, size_t size)
{
	struct iovec iov[3];
	struct msghdr msg = {.msg_iov = iov};

	msg.msg_iovlen = scatter(iov, out, size);
	return recvmsg(fd, &msg, 0);
}

static ssize_t receive_recvmmsg(int fd, char *out, size_t size)
{
	size_t first = size < 16 ? size : 16;
	struct iovec iov[2] = {{out, first}, {out + first, size - first}};
	struct mmsghdr msgs[2] = {{.msg_hdr = {.msg_iov = iov, .msg_iovlen = 1}},
				  {.msg_hdr = {.msg_iov = iov + 1, .msg_iovlen = 1}}};
	int cnt = recvmmsg(fd, msgs, size > first ? 2 : 1, MSG_WAITFORONE, NULL);

	if (cnt < 0)
		return -1;
	if (cnt < 2)
		return msgs[0].msg_len;
	/* the second message may have come while the first had not filled its buffer */
	memmove(out + msgs[0].msg_len, out + first, msgs[1].msg_len);
	return msgs[0].msg_len + msgs[1].msg_len;
}

static ssize_t receive_peek(int fd, char *out, size_t size)
{
	ssize_t n = recv(fd, out, size, MSG_PEEK);

	return n > 0 ? recv(fd, out, n, 0) : n;
}

static bool skip_body(struct stream *stream, bool chunked, long len)
{
	if (chunked)
		return stream__skip_chunks(stream) > 0;
	return len <= 0 || stream__skip(stream, len) > 0;
}

/* Reads one request and answers it; false when the connection is over. */
static bool converse_once(struct server *server, struct stream *stream)
{
	struct exchange x = {.server = server, .fd = stream->fd};
	ssize_t n = stream__until(stream, "\r\n\r\n");
	bool chunked, close_after;
	char minor = '1';
	long body_sz;

	if (n <= 0 || sscanf(stream->in, "%15s %511s HTTP/1.%c", x.method, x.target, &minor) != 3)
		return false;
	body_sz = stream__head_length(stream, n);
	chunked = stream__head_find(stream, n, "\r\nTransfer-Encoding: chunked");
	close_after = minor == '0' || stream__head_find(stream, n, "\r\nConnection: close");
	if (stream__head_find(stream, n, "\r\nExpect: 100-continue"))
		send_all(stream->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	stream__skip(stream, n);
	if (!skip_body(stream, chunked, body_sz))
		return false;
	return answer(&x) == AFTER_KEEP && !close_after;
}

/* Serves one connection to its end. */
static void converse(struct server *server, receive_fn receive, int fd)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		exit(1);
	stream__open(stream, fd, receive);
	while (converse_once(server, stream))
		;
	close(fd);
	free(stream);
}

struct thread_arg {
	struct server *server;
	receive_fn receive;
	int fd;
};

static void *thread_run(void *opaque)
{
	struct thread_arg *arg = opaque;

	converse(arg->server, arg->receive, arg->fd);
	free(arg);
	return NULL;
}

static void serve_threads(struct server *server, receive_fn receive, int fd)
{
	struct thread_arg *arg = malloc(sizeof(*arg));
	pthread_t thread;

	if (!arg)
		exit(1);
	*arg = (struct thread_arg){server, receive, fd};
	if (pthread_create(&thread, NULL, thread_run, arg))
		exit(1);
	pthread_detach(thread);
}

/* A great-grandchild answers. */
static void serve_fork(struct server *server, receive_fn receive, int fd)
{
	int depth;

	for (depth = 0; depth < FORK_DEPTH; depth++) {
		if (fork()) {
			close(fd);
			if (!depth)
				return;
			_exit(0);
		}
	}
	converse(server, receive, fd);
	_exit(0);
}

static void send_fd(int channel, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(channel, &msg, 0) != 1)
		exit(1);
}

static int receive_fd(int channel)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	int fd;

	if (recvmsg(channel, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* The accepted connection goes to another process by SCM_RIGHTS; the channel dies with us. */
static void serve_pass(struct server *server, receive_fn receive, int fd)
{
	int channel[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, channel))
		exit(1);
	if (!fork()) {
		close(fd);
		close(channel[0]);
		converse(server, receive, receive_fd(channel[1]));
		_exit(0);
	}
	send_fd(channel[0], fd);
	close(channel[0]);
	close(channel[1]);
	close(fd);
}

static void listen_on(struct server *server, const struct options *opt)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)&server->addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&server->addr;
	struct sockaddr_un *un = (struct sockaddr_un *)&server->addr;

	server->addr_len = sizeof(*in4);
	if (opt->unix_path) {
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path, sizeof(un->sun_path), "%s", opt->unix_path);
		server->addr_len = sizeof(*un);
	} else if (inet_pton(AF_INET6, opt->address, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(opt->port);
		server->addr_len = sizeof(*in6);
	} else {
		memset(&server->addr, 0, sizeof(server->addr));
		in4->sin_family = AF_INET;
		in4->sin_port = htons(opt->port);
		inet_pton(AF_INET, opt->address, &in4->sin_addr);
	}
	server->listen_fd = socket(server->addr.ss_family, SOCK_STREAM, 0);
	if (server->listen_fd < 0 ||
	    bind(server->listen_fd, (struct sockaddr *)&server->addr, server->addr_len) ||
	    listen(server->listen_fd, 1024)) {
		perror("cserver: listen");
		exit(1);
	}
}

/* The address as the client wants it; says that the server is ready. */
static void server__announce(struct server *server, const struct options *opt)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&server->addr;

	server->addr_len = sizeof(server->addr);
	getsockname(server->listen_fd, (struct sockaddr *)&server->addr, &server->addr_len);
	/* the port is at the same place in both families */
	if (opt->unix_path)
		printf("cserver: listening on unix:%s\n", opt->unix_path);
	else
		printf(server->addr.ss_family == AF_INET6 ? "cserver: listening on [%s]:%d\n"
							  : "cserver: listening on %s:%d\n",
		       opt->address, ntohs(in6->sin6_port));
	fflush(stdout);
}

static receive_fn receive_by_name(const char *name)
{
	static const struct {
		const char *name;
		receive_fn fn;
	} ways[] = {{"read", receive_read},
		    {"readv", receive_readv},
		    {"recvmsg", receive_recvmsg},
		    {"recvmmsg", receive_recvmmsg},
		    {"peek", receive_peek},
		    {"ring", ring_receive},
		    {"read-beside-ring", ring_read_beside}};
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, name))
			return ways[i].fn;
	return NULL;
}

static int options__parse(struct options *opt, int argc, char **argv)
{
	static const struct option longs[] = {{"read", 1, 0, 'r'}, {"serve", 1, 0, 's'},
					      {"unix", 1, 0, 'u'}, {"address", 1, 0, 'a'},
					      {"port", 1, 0, 'p'}, {}};
	int c;

	*opt = (struct options){receive_read, serve_threads, NULL, "127.0.0.1", 0};
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'r')
			opt->receive = receive_by_name(optarg);
		else if (c == 's')
			opt->serve = *optarg == 'f'   ? serve_fork
				     : *optarg == 'p' ? serve_pass
						      : serve_threads;
		else if (c == 'u')
			opt->unix_path = optarg;
		else if (c == 'a')
			opt->address = optarg;
		else if (c == 'p')
			opt->port = atoi(optarg);
		else
			return -EINVAL;
	}
	return opt->receive && optind == argc ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct server server = {.argv = argv};
	struct options opt;
	int fd;

	if (options__parse(&opt, argc, argv)) {
		fputs("cserver [--read read|readv|recvmsg|recvmmsg|peek|ring|read-beside-ring]\n"
		      "        [--serve threads|fork|pass]\n"
		      "        [--address IP] [--port N] [--unix PATH]\n",
		      stderr);
		return 2;
	}
	pthread_mutex_init(&server.lock, NULL);
	pthread_cond_init(&server.released, NULL);
	signal(SIGCHLD, SIG_IGN);
	if (getenv("CSERVER_FD"))
		server.listen_fd = atoi(getenv("CSERVER_FD"));
	else
		listen_on(&server, &opt);
	server__announce(&server, &opt);
	while ((fd = accept4(server.listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == EINTR)
		if (fd >= 0)
			opt.serve(&server, opt.receive, fd);
	return 1;
}
