// SPDX-License-Identifier: Apache-2.0
/* The ways to answer. Sizes are odd on purpose: nothing may come out right by alignment. */
#include "answers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#define BIG_SZ	(5 * 1000 * 1000 + 1)
#define FILE_SZ 700001
#define PIECES	40
#define BODY_SZ 4001

static char body[BODY_SZ + 1]; /* filled once, before main */

__attribute__((constructor)) static void fill_body(void)
{
	memset(body, 'x', BODY_SZ);
}

void send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0)
			return;
		at += n;
		len -= n;
	}
}

static int head(char *out, size_t out_sz, size_t body_sz)
{
	return snprintf(out, out_sz,
			"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nX-Server: nasty\r\n\r\n",
			body_sz);
}

static void send_text(struct exchange *x, const char *text)
{
	send_all(x->fd, text, strlen(text));
}

/* One send with head and body: what most servers do. */
static enum after answer_plain(struct exchange *x)
{
	char text[256];
	int len = head(text, sizeof(text), 5);

	if (strcmp(x->method, "HEAD"))
		len += snprintf(text + len, sizeof(text) - len, "hello");
	send_all(x->fd, text, len);
	return AFTER_KEEP;
}

static enum after answer_forty(struct exchange *x)
{
	char text[256];
	int i, len = head(text, sizeof(text), BODY_SZ), done = 0;

	/* the head itself in small pieces, the body in the rest of the forty */
	for (i = 0; i < 4; i++)
		send_all(x->fd, text + len * i / 4, len * (i + 1) / 4 - len * i / 4);
	for (; i < PIECES; i++) {
		int end = BODY_SZ * (i - 3) / (PIECES - 4);

		send_all(x->fd, body + done, end - done);
		done = end;
	}
	return AFTER_KEEP;
}

/* Many iovecs: the head alone is spread over several, one of them empty. */
static int gather(struct iovec *iov, char *text, size_t text_sz)
{
	int i, len = head(text, text_sz, 16 * 101);

	iov[0] = (struct iovec){text, 3};
	iov[1] = (struct iovec){text, 0};
	iov[2] = (struct iovec){text + 3, len - 3};
	for (i = 3; i < 19; i++)
		iov[i] = (struct iovec){body, 101};
	return i;
}

static enum after answer_writev(struct exchange *x)
{
	struct iovec iov[20];
	char text[256];
	int cnt = gather(iov, text, sizeof(text));

	return writev(x->fd, iov, cnt) < 0 ? AFTER_CLOSE : AFTER_KEEP;
}

static enum after answer_sendmsg(struct exchange *x)
{
	struct iovec iov[20];
	struct msghdr msg = {.msg_iov = iov};
	char text[256];

	msg.msg_iovlen = gather(iov, text, sizeof(text));
	return sendmsg(x->fd, &msg, MSG_NOSIGNAL) < 0 ? AFTER_CLOSE : AFTER_KEEP;
}

static enum after answer_sendmmsg(struct exchange *x)
{
	struct iovec iov[20];
	struct mmsghdr msgs[3] = {};
	char text[256];
	int cnt = gather(iov, text, sizeof(text));

	msgs[0].msg_hdr = (struct msghdr){.msg_iov = iov, .msg_iovlen = 5};
	msgs[1].msg_hdr = (struct msghdr){.msg_iov = iov + 5, .msg_iovlen = 5};
	msgs[2].msg_hdr = (struct msghdr){.msg_iov = iov + 10, .msg_iovlen = cnt - 10};
	return sendmmsg(x->fd, msgs, 3, MSG_NOSIGNAL) == 3 ? AFTER_KEEP : AFTER_CLOSE;
}

/* A file of FILE_SZ bytes that only this process knows. */
static int file_new(void)
{
	int fd = memfd_create("body", MFD_CLOEXEC);

	return fd >= 0 && !ftruncate(fd, FILE_SZ) ? fd : -1;
}

static enum after answer_sendfile(struct exchange *x)
{
	char text[256];
	int len = head(text, sizeof(text), FILE_SZ), file = file_new();
	off_t done = 0;

	send_all(x->fd, text, len);
	while (done < FILE_SZ && sendfile(x->fd, file, &done, FILE_SZ - done) > 0)
		;
	close(file);
	return done == FILE_SZ ? AFTER_KEEP : AFTER_CLOSE;
}

static enum after answer_splice(struct exchange *x)
{
	char text[256];
	int pipes[2], len = head(text, sizeof(text), FILE_SZ), file = file_new();
	off_t done = 0;
	ssize_t n = 1;

	if (pipe2(pipes, O_CLOEXEC))
		return AFTER_CLOSE;
	send_all(x->fd, text, len);
	while (n > 0 && done < FILE_SZ) {
		n = splice(file, &done, pipes[1], NULL, FILE_SZ - done, SPLICE_F_MORE);
		for (ssize_t left = n; n > 0 && left > 0; left -= n)
			n = splice(pipes[0], NULL, x->fd, NULL, left, 0);
	}
	close(pipes[0]);
	close(pipes[1]);
	close(file);
	return n > 0 ? AFTER_KEEP : AFTER_CLOSE;
}

/* A body that no socket buffer holds: partial writes and EAGAIN, as an event loop sees them. */
static enum after answer_big(struct exchange *x)
{
	size_t done = 0, len;
	char *text = malloc(BIG_SZ + 256);

	if (!text)
		return AFTER_CLOSE;
	len = head(text, 256, BIG_SZ);
	memset(text + len, 'y', BIG_SZ);
	len += BIG_SZ;
	fcntl(x->fd, F_SETFL, O_NONBLOCK);
	while (done < len) {
		struct pollfd pollfd = {.fd = x->fd, .events = POLLOUT};
		ssize_t n = send(x->fd, text + done, len - done, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break;
		if (n < 0)
			poll(&pollfd, 1, -1);
		else
			done += n;
	}
	fcntl(x->fd, F_SETFL, 0);
	free(text);
	return done == len ? AFTER_KEEP : AFTER_CLOSE;
}

static enum after answer_zerocopy(struct exchange *x)
{
	char text[256];
	int one = 1, len = head(text, sizeof(text), BODY_SZ);

	setsockopt(x->fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one));
	send_all(x->fd, text, len);
	/* body lives as long as the process: nobody need wait for the kernel to be done with it */
	return send(x->fd, body, BODY_SZ, MSG_ZEROCOPY | MSG_NOSIGNAL) == BODY_SZ ? AFTER_KEEP
										  : AFTER_CLOSE;
}

static enum after answer_chunked(struct exchange *x)
{
	int i;

	send_text(x, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < 7; i++) {
		char text[64];
		int len = snprintf(text, sizeof(text), "%x\r\n%.*s\r\n", i + 1, i + 1, body);

		send_all(x->fd, text, len);
	}
	/* the last chunk itself in two sends */
	send_text(x, "0\r");
	send_text(x, "\n\r\n");
	return AFTER_KEEP;
}

static enum after answer_until_close(struct exchange *x)
{
	send_text(x, "HTTP/1.1 200 OK\r\nX-Server: nasty\r\n\r\n");
	send_all(x->fd, body, BODY_SZ);
	return AFTER_CLOSE;
}

static enum after answer_early_hints(struct exchange *x)
{
	send_text(x, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
	return answer_plain(x);
}

static enum after answer_204(struct exchange *x)
{
	send_text(x, "HTTP/1.1 204 No Content\r\n\r\n");
	return AFTER_KEEP;
}

/* Tells the length of what it does not send. */
static enum after answer_304(struct exchange *x)
{
	send_text(x, "HTTP/1.1 304 Not Modified\r\nContent-Length: 4000\r\n\r\n");
	return AFTER_KEEP;
}

/* What follows looks like HTTP and is none of ours to read. */
static enum after answer_upgrade(struct exchange *x)
{
	send_text(
		x,
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
	send_text(x, "HTTP/1.1 500 tunnelled\r\nContent-Length: 0\r\n\r\n");
	return AFTER_CLOSE;
}

static void send_half(struct exchange *x)
{
	char text[256];
	int len = head(text, sizeof(text), 2 * BODY_SZ);

	send_all(x->fd, text, len);
	send_all(x->fd, body, BODY_SZ);
}

static enum after answer_die(struct exchange *x)
{
	send_half(x);
	_exit(3);
}

static enum after answer_reset(struct exchange *x)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	send_half(x);
	setsockopt(x->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return AFTER_CLOSE;
}

static enum after answer_silent(struct exchange *x)
{
	(void)x;
	return AFTER_CLOSE;
}

static enum after answer_hold(struct exchange *x)
{
	struct server *server = x->server;

	send_half(x);
	pthread_mutex_lock(&server->lock);
	while (!server->releases)
		pthread_cond_wait(&server->released, &server->lock);
	server->releases--;
	pthread_mutex_unlock(&server->lock);
	send_all(x->fd, body, BODY_SZ);
	return AFTER_KEEP;
}

static enum after answer_release(struct exchange *x)
{
	struct server *server = x->server;

	pthread_mutex_lock(&server->lock);
	server->releases++;
	pthread_cond_signal(&server->released);
	pthread_mutex_unlock(&server->lock);
	return answer_plain(x);
}

/* Becomes itself again by exec, and keeps its listening socket. */
static enum after answer_exec(struct exchange *x)
{
	char fd[16];

	answer_plain(x);
	snprintf(fd, sizeof(fd), "%d", x->server->listen_fd);
	setenv("CSERVER_FD", fd, 1);
	execv("/proc/self/exe", x->server->argv);
	return AFTER_CLOSE;
}

/* A client and a server in one process: asks itself for /plain and waits for the answer. */
static enum after answer_call(struct exchange *x)
{
	char text[700];
	int fd = socket(x->server->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&x->server->addr, x->server->addr_len))
		return AFTER_CLOSE;
	snprintf(text, sizeof(text),
		 "GET /plain?for=%s HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n",
		 strchr(x->target, '=') ? strchr(x->target, '=') + 1 : "");
	send_all(fd, text, strlen(text));
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
	return answer_plain(x);
}

/* The answer leaves by a duplicate of the descriptor the request came in by. */
static enum after answer_dup(struct exchange *x)
{
	struct exchange copy = *x;

	copy.fd = dup(x->fd);
	answer_plain(&copy);
	close(copy.fd);
	return AFTER_KEEP;
}

static const struct {
	const char *path;
	enum after (*fn)(struct exchange *x);
} answers[] = {
	{"/plain", answer_plain},
	{"/forty", answer_forty},
	{"/writev", answer_writev},
	{"/sendmsg", answer_sendmsg},
	{"/sendmmsg", answer_sendmmsg},
	{"/sendfile", answer_sendfile},
	{"/splice", answer_splice},
	{"/big", answer_big},
	{"/zerocopy", answer_zerocopy},
	{"/chunked", answer_chunked},
	{"/until-close", answer_until_close},
	{"/hints", answer_early_hints},
	{"/204", answer_204},
	{"/304", answer_304},
	{"/upgrade", answer_upgrade},
	{"/die", answer_die},
	{"/reset", answer_reset},
	{"/silent", answer_silent},
	{"/hold", answer_hold},
	{"/release", answer_release},
	{"/exec", answer_exec},
	{"/call", answer_call},
	{"/dup", answer_dup},
};

enum after answer(struct exchange *x)
{
	size_t i, len = strcspn(x->target, "?");

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strlen(answers[i].path) == len && !memcmp(x->target, answers[i].path, len))
			return answers[i].fn(x);
	send_text(x, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	return AFTER_KEEP;
}
