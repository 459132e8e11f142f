// SPDX-License-Identifier: Apache-2.0
/*
 * The load: client PAGE CONNECTIONS PORT...
 *
 * A closed loop that never sleeps. A client that sleeps makes the server pay for waking it at every
 * answer, and a cheap tracer then looks dear. Each target (PORT) gets CONNECTIONS keep-alive
 * connections, each with one request under way while its target is the active one. The driver
 * steers and reads through PAGE, a file that both have mapped:
 *
 *	active      written by the driver: 0 pauses, n loads the nth PORT
 *	in_flight   requests sent and not answered yet, of all targets
 *	done[n]     requests answered by the nth PORT since the start
 *
 * Every answer is checked: it begins with a 200 and is as long as the target's first one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/types.h"

#define TARGETS_MAX	2    /* a server, and the same one with its access log on */
#define CONNECTIONS_MAX 256  /* of one target; a saturated server needs far fewer */
#define ANSWER_MAX	4096 /* head and body; both servers answer in under 300 bytes */

/* Shared with the driver, which knows this layout as well. */
struct page {
	_Atomic u64 active;
	_Atomic u64 in_flight;
	_Atomic u64 done[TARGETS_MAX];
};

struct conn {
	int fd;
	u32 target;
	bool busy;	  /* a request is under way */
	size_t answer_sz; /* of every answer, learned from the first */
	size_t len;	  /* of the answer under way */
	char buf[ANSWER_MAX];
};

struct client {
	struct page *page;
	int epoll_fd;
	u64 active;
	u32 conn_cnt;
	struct conn *conns;
};

static const char request[] = "GET / HTTP/1.1\r\n"
			      "Host: 127.0.0.1:80\r\n"
			      "User-Agent: otel-ebpf-bench/1.0\r\n"
			      "Accept: text/plain, */*;q=0.5\r\n"
			      "Accept-Language: en\r\n"
			      "\r\n";

static const char expected[] = "HTTP/1.1 200 ";

/* The length of the answer at the start of the buffer, 0 while its head is not whole. */
static size_t answer_size(const char *buf, size_t len)
{
	const char *end = memmem(buf, len, "\r\n\r\n", 4);
	const char *field = memmem(buf, len, "Content-Length: ", 16);

	if (!end || !field || field > end)
		return 0;
	return (size_t)(end + 4 - buf) + strtoul(field + 16, NULL, 10);
}

static int conn_send(struct conn *conn)
{
	ssize_t n = send(conn->fd, request, sizeof(request) - 1, MSG_NOSIGNAL);

	if (n != sizeof(request) - 1)
		return n < 0 ? -errno : -EMSGSIZE;
	conn->busy = true;
	conn->len = 0;
	return 0;
}

/* Takes what has come. 1: the answer is whole and right; 0: more must come. */
static int conn_receive(struct conn *conn)
{
	ssize_t n = recv(conn->fd, conn->buf + conn->len, sizeof(conn->buf) - conn->len, 0);

	if (n <= 0)
		return n == 0 ? -ECONNRESET : -errno;
	conn->len += (size_t)n;
	if (!conn->answer_sz)
		conn->answer_sz = answer_size(conn->buf, conn->len);
	if (conn->len == sizeof(conn->buf))
		return -EMSGSIZE;
	if (!conn->answer_sz || conn->len < conn->answer_sz)
		return 0;
	if (conn->len > conn->answer_sz || memcmp(conn->buf, expected, sizeof(expected) - 1))
		return -EBADMSG;
	conn->busy = false;
	return 1;
}

/* Connects and has one request answered, so that later ones find everything warm. */
static int conn_open(struct conn *conn, u16 port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval patience = {.tv_sec = 5};
	int err;

	conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (conn->fd < 0 || connect(conn->fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(conn->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		return -errno;
	err = conn_send(conn);
	while (!err)
		err = conn_receive(conn);
	if (err < 0)
		return err;
	return fcntl(conn->fd, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

static int client_watch(struct client *client, struct conn *conn)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};

	return epoll_ctl(client->epoll_fd, EPOLL_CTL_ADD, conn->fd, &event) ? -errno : 0;
}

static int client_connect(struct client *client, u32 target, u16 port)
{
	u32 i;
	int err;

	for (i = target * client->conn_cnt; i < (target + 1) * client->conn_cnt; i++) {
		client->conns[i].target = target;
		err = conn_open(&client->conns[i], port);
		if (!err)
			err = client_watch(client, &client->conns[i]);
		if (err)
			return err;
	}
	return 0;
}

static int client_map(struct client *client, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	client->page = mmap(NULL, sizeof(*client->page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return client->page == MAP_FAILED ? -errno : 0;
}

/* The only writer of the counters, so a plain store each is enough for a reader of one of them. */
static void count(_Atomic u64 *counter, u64 change)
{
	u64 value = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, value + change, memory_order_release);
}

static int client_send(struct client *client, struct conn *conn)
{
	count(&client->page->in_flight, 1);
	return conn_send(conn);
}

/* The driver chose another target: its idle connections begin. */
static int client_switch(struct client *client, u64 active)
{
	struct conn *conn = client->conns + (active - 1) * client->conn_cnt;
	u32 i;
	int err = 0;

	client->active = active;
	for (i = 0; active && i < client->conn_cnt && !err; i++, conn++)
		if (!conn->busy)
			err = client_send(client, conn);
	return err;
}

static int client_answered(struct client *client, struct conn *conn)
{
	int err = conn_receive(conn);

	if (err == -EAGAIN)
		return 0;
	if (err <= 0)
		return err;
	/* done first: who sees nothing in flight sees every answer counted */
	count(&client->page->done[conn->target], 1);
	count(&client->page->in_flight, (u64)-1);
	return conn->target + 1 == client->active ? client_send(client, conn) : 0;
}

static int client_run(struct client *client, u32 target_cnt)
{
	struct epoll_event events[64];
	int n, i, err = 0;
	u64 active;

	while (!err) {
		active = atomic_load_explicit(&client->page->active, memory_order_acquire);
		if (active > target_cnt)
			return -EINVAL;
		if (active != client->active)
			err = client_switch(client, active);
		n = epoll_wait(client->epoll_fd, events, ARRAY_SIZE(events), 0);
		for (i = 0; i < n && !err; i++)
			err = client_answered(client, events[i].data.ptr);
	}
	return err;
}

static int client_init(struct client *client, char **argv, u32 target_cnt)
{
	u32 i;
	int err;

	err = client_map(client, argv[1]);
	if (err)
		return err;
	client->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	client->conns = calloc(target_cnt * client->conn_cnt, sizeof(*client->conns));
	if (client->epoll_fd < 0 || !client->conns)
		return -errno;
	for (i = 0; i < target_cnt && !err; i++)
		err = client_connect(client, i, (u16)atoi(argv[3 + i]));
	return err;
}

int main(int argc, char **argv)
{
	struct client client = {.epoll_fd = -1};
	u32 target_cnt = (u32)argc - 3;
	int err;

	if (argc < 4 || target_cnt > TARGETS_MAX || atoi(argv[2]) < 1 ||
	    atoi(argv[2]) > CONNECTIONS_MAX) {
		fprintf(stderr, "usage: client PAGE CONNECTIONS PORT [PORT]\n");
		return 2;
	}
	client.conn_cnt = (u32)atoi(argv[2]);
	err = client_init(&client, argv, target_cnt);
	if (!err) {
		printf("ready\n");
		fflush(stdout);
		err = client_run(&client, target_cnt);
	}
	fprintf(stderr, "client: %s\n", strerror(-err));
	return 1;
}
