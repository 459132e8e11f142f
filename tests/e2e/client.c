// SPDX-License-Identifier: Apache-2.0
/*
 * The load client. It knows of every request exactly what the tracer has to find out, and says so,
 * one line each, when all is done:
 *
 *	CLIENT METHOD TARGET STATUS SENT RECEIVED INTERIM NOTE
 *	127.0.0.1:41001 GET /add?id=a-0-0 200 68 312 0 ok
 *
 * SENT and RECEIVED count every byte of the request and of the final answer, INTERIM those of 1xx
 * answers before it. NOTE: ok, closed (no or half an answer), reset, aborted (by us, on purpose).
 * Each connection is a thread; all have connected before the first of them sends.
 */
#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEPTH_MAX  64	/* requests in one pipelined batch */
#define CHUNK_SZ   1000 /* of an upload in chunks: divides no body, so that the last one is odd */
#define SLOW_BUFSZ 4096 /* receive buffer of a slow client: the server's sends become partial */

struct options {
	struct sockaddr_storage addr;
	socklen_t addr_len;
	char unix_path[120];
	const char *method, *path, *id, *header, *data;
	int connections, requests, depth;
	long body_sz;	 /* -1: none */
	long abort_sent; /* reset after that many bytes of a request; -1: never */
	long abort_received;
	bool chunked, one_byte, close, expect, half_close, slow;
	pthread_barrier_t connected;
};

struct record {
	char *target;
	int status;
	size_t sent, received, interim;
	const char *note;
};

/* One thread's connections, one after the other. */
struct conn {
	struct options *opt;
	pthread_t thread;
	int number, fd, seq;
	char client[160];
	struct stream stream;
	bool last; /* the server will close: reconnect before the next request */
	FILE *log;
	char *log_text;
	size_t log_len;
};

static void fail(const char *what)
{
	fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void conn__name(struct conn *conn)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	char host[INET6_ADDRSTRLEN], port[8];

	if (conn->opt->unix_path[0]) {
		snprintf(conn->client, sizeof(conn->client), "unix:%s", conn->opt->unix_path);
		return;
	}
	if (getsockname(conn->fd, (struct sockaddr *)&own, &len) ||
	    getnameinfo((struct sockaddr *)&own, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		fail("getsockname");
	snprintf(conn->client, sizeof(conn->client),
		 own.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static ssize_t receive(int fd, char *out, size_t size)
{
	return recv(fd, out, size, 0);
}

static void conn__open(struct conn *conn)
{
	struct options *opt = conn->opt;
	int one = 1, size = SLOW_BUFSZ;

	conn->fd = socket(opt->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (conn->fd < 0)
		fail("socket");
	if (opt->slow)
		setsockopt(conn->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (connect(conn->fd, (struct sockaddr *)&opt->addr, opt->addr_len))
		fail("connect");
	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	stream__open(&conn->stream, conn->fd, receive);
	conn->last = false;
	conn__name(conn);
}

static void conn__close(struct conn *conn, bool reset)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (reset)
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(conn->fd);
	conn->fd = -1;
}

static void write_chunks(FILE *out, long left)
{
	for (; left > 0; left -= CHUNK_SZ) {
		int size = left < CHUNK_SZ ? left : CHUNK_SZ;

		fprintf(out, "%x\r\n%*s\r\n", size, size, "c");
	}
	fputs("0\r\n\r\n", out);
}

/* Appends one request to out; returns the length of its head. */
static size_t conn__write_request(struct conn *conn, FILE *out, char **target)
{
	struct options *opt = conn->opt;
	long begin = ftell(out), head_len;

	if (asprintf(target, "%s%cid=%s-%d-%d", opt->path, strchr(opt->path, '?') ? '&' : '?',
		     opt->id, conn->number, conn->seq++) < 0)
		fail("memory");
	fprintf(out, "%s %s HTTP/1.1\r\nHost: localhost\r\n", opt->method, *target);
	if (opt->header)
		fprintf(out, "%s\r\n", opt->header);
	if (opt->close)
		fputs("Connection: close\r\n", out);
	if (opt->expect)
		fputs("Expect: 100-continue\r\n", out);
	if (opt->chunked)
		fputs("Transfer-Encoding: chunked\r\n", out);
	else if (opt->body_sz >= 0)
		fprintf(out, "Content-Length: %ld\r\n", opt->body_sz);
	fputs("\r\n", out);
	head_len = ftell(out) - begin;
	if (opt->chunked)
		write_chunks(out, opt->body_sz);
	else if (opt->data)
		fputs(opt->data, out);
	else if (opt->body_sz > 0)
		fprintf(out, "%*s", (int)opt->body_sz, "b");
	return head_len;
}

/* Bytes sent; fewer than len if the server does not want them any more. */
static size_t conn__send(struct conn *conn, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t step = conn->opt->one_byte ? 1 : len - done;
		ssize_t n = send(conn->fd, data + done, step, MSG_NOSIGNAL);

		if (n < 0)
			break;
		done += n;
	}
	return done;
}

/* 1, 0 at an early end, negative errno. */
static int conn__skip_answer(struct conn *conn, struct record *record, size_t head_len)
{
	struct stream *stream = &conn->stream;
	long body_sz = stream__head_length(stream, head_len);
	bool chunked = stream__head_find(stream, head_len, "\r\nTransfer-Encoding: chunked");
	int ret;

	conn->last = !strncmp(stream->in, "HTTP/1.0", 8) || record->status == 101 ||
		     stream__head_find(stream, head_len, "\r\nConnection: close");
	if (conn->opt->abort_received >= 0)
		return stream__skip(stream, conn->opt->abort_received);
	ret = stream__skip(stream, head_len);
	if (ret <= 0 || !strcmp(conn->opt->method, "HEAD") || record->status == 204 ||
	    record->status == 304 || record->status == 101)
		return ret;
	if (chunked)
		return stream__skip_chunks(stream);
	if (body_sz >= 0)
		return stream__skip(stream, body_sz);
	conn->last = true;
	return stream__skip_to_end(stream);
}

/* The same, with the interim answers before it. */
static int conn__read_answer(struct conn *conn, struct record *record)
{
	struct stream *stream = &conn->stream;
	ssize_t n;
	int ret;

	stream->taken = 0;
	for (;;) {
		n = stream__until(stream, "\r\n\r\n");
		if (n <= 0)
			return n;
		record->status = atoi(stream->in + strlen("HTTP/1.1 "));
		if (record->status >= 200 || record->status == 101)
			break;
		stream__skip(stream, n);
	}
	record->interim = stream->taken;
	stream->taken = 0;
	ret = conn__skip_answer(conn, record, n);
	record->received = stream->taken;
	return ret;
}

static void conn__log(struct conn *conn, struct record *record)
{
	fprintf(conn->log, "%s %s %s %d %zu %zu %zu %s\n", conn->client, conn->opt->method,
		record->target, record->status, record->sent, record->received, record->interim,
		record->note);
	free(record->target);
}

/* Awaits 100 Continue, and leaves it there; false if a final answer came instead. */
static bool conn__may_go_on(struct conn *conn)
{
	return stream__until(&conn->stream, "\r\n\r\n") > 0 &&
	       !strncmp(conn->stream.in + 9, "100", 3);
}

static void conn__read_batch(struct conn *conn, struct record *records, int cnt)
{
	struct options *opt = conn->opt;
	int i, ret = 1;

	for (i = 0; i < cnt; i++) {
		if (ret > 0 && !(i && conn->last))
			ret = conn__read_answer(conn, &records[i]);
		else if (ret > 0)
			ret = 0;
		records[i].note = ret > 0 ? "ok" : ret ? "reset" : "closed";
		if (opt->abort_received >= 0)
			records[i].note = "aborted";
		conn__log(conn, &records[i]);
	}
	if (ret <= 0)
		conn->last = true;
}

/* Sends cnt requests at once and reads their answers. */
static void conn__batch(struct conn *conn, int cnt, bool final)
{
	struct options *opt = conn->opt;
	struct record records[DEPTH_MAX] = {};
	size_t len, head_len = 0, sent, ends[DEPTH_MAX];
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);
	int i;

	for (i = 0; i < cnt; i++) {
		head_len = conn__write_request(conn, out, &records[i].target);
		ends[i] = ftell(out);
	}
	fclose(out);
	if (opt->abort_sent >= 0) {
		sent = (size_t)opt->abort_sent < len ? (size_t)opt->abort_sent : len;
		records[0].sent = conn__send(conn, text, sent);
		records[0].note = "aborted";
		conn__log(conn, &records[0]);
		conn__close(conn, true);
		free(text);
		return;
	}
	sent = conn__send(conn, text, opt->expect ? head_len : len);
	if (opt->expect && conn__may_go_on(conn))
		sent += conn__send(conn, text + head_len, len - head_len);
	for (i = 0; i < cnt; i++) {
		size_t begin = i ? ends[i - 1] : 0, end = ends[i] < sent ? ends[i] : sent;

		records[i].sent = end > begin ? end - begin : 0;
	}
	free(text);
	if (opt->half_close && final)
		shutdown(conn->fd, SHUT_WR);
	conn__read_batch(conn, records, cnt);
	if (opt->abort_received >= 0)
		conn__close(conn, true);
	else if (conn->last || opt->close)
		conn__close(conn, false);
}

static void *conn__run(void *arg)
{
	struct conn *conn = arg;
	struct options *opt = conn->opt;
	int done, cnt;

	conn->log = open_memstream(&conn->log_text, &conn->log_len);
	conn__open(conn);
	pthread_barrier_wait(&opt->connected);
	for (done = 0; done < opt->requests; done += cnt) {
		if (conn->fd < 0)
			conn__open(conn);
		cnt = opt->requests - done < opt->depth ? opt->requests - done : opt->depth;
		conn__batch(conn, cnt, done + cnt == opt->requests);
	}
	if (conn->fd >= 0)
		conn__close(conn, false);
	fclose(conn->log);
	return NULL;
}

/* "127.0.0.1:80", "[::1]:80" or "unix:/path"; 0, or -EINVAL. */
static int options__address(struct options *opt, char *text)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&opt->addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&opt->addr;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&opt->addr;
	char *port = strrchr(text, ':');

	if (!strncmp(text, "unix:", 5)) {
		if (strlen(text + 5) >= sizeof(un->sun_path))
			return -EINVAL;
		un->sun_family = AF_UNIX;
		strcpy(un->sun_path, text + 5);
		strcpy(opt->unix_path, text + 5);
		opt->addr_len = sizeof(*un);
		return 0;
	}
	if (!port)
		return -EINVAL;
	*port++ = '\0';
	if (text[0] == '[') {
		text[strlen(text) - 1] = '\0';
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(atoi(port));
		opt->addr_len = sizeof(*in6);
		return inet_pton(AF_INET6, text + 1, &in6->sin6_addr) == 1 ? 0 : -EINVAL;
	}
	in4->sin_family = AF_INET;
	in4->sin_port = htons(atoi(port));
	opt->addr_len = sizeof(*in4);
	return inet_pton(AF_INET, text, &in4->sin_addr) == 1 ? 0 : -EINVAL;
}

static const char usage[] =
	"client [options] 127.0.0.1:PORT | [::1]:PORT | unix:PATH\n"
	"  -c N connections  -n N requests on each  -P N requests in one batch  -i TEXT prefix of "
	"ids\n"
	"  -m METHOD  -p PATH  -H 'Name: value'  -b BYTES of body  -d BODY  -k body in chunks\n"
	"  -E expect 100-continue\n"
	"  -1 one byte per send  -x Connection: close  -h half-close at the end  -s slow reader\n"
	"  -A N reset after N bytes of each request  -R N reset after N bytes of each answer\n";

static int options__parse(struct options *opt, int argc, char **argv)
{
	const struct {
		char letter;
		const char **text;
		int *number;
		long *size;
		bool *flag;
	} rows[] = {
		{'c', .number = &opt->connections},  {'n', .number = &opt->requests},
		{'P', .number = &opt->depth},	     {'i', .text = &opt->id},
		{'m', .text = &opt->method},	     {'p', .text = &opt->path},
		{'H', .text = &opt->header},	     {'d', .text = &opt->data},
		{'b', .size = &opt->body_sz},	     {'A', .size = &opt->abort_sent},
		{'R', .size = &opt->abort_received}, {'k', .flag = &opt->chunked},
		{'E', .flag = &opt->expect},	     {'1', .flag = &opt->one_byte},
		{'x', .flag = &opt->close},	     {'h', .flag = &opt->half_close},
		{'s', .flag = &opt->slow},
	};
	size_t i;
	int c;

	while ((c = getopt(argc, argv, "c:n:P:i:m:p:H:b:d:kE1xhsA:R:")) != -1) {
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && rows[i].letter != c; i++)
			;
		if (c == '?')
			return -EINVAL;
		if (rows[i].text)
			*rows[i].text = optarg;
		else if (rows[i].number)
			*rows[i].number = atoi(optarg);
		else if (rows[i].size)
			*rows[i].size = atol(optarg);
		else
			*rows[i].flag = true;
	}
	if (opt->data)
		opt->body_sz = strlen(opt->data);
	if (optind + 1 != argc || opt->connections < 1 || opt->depth < 1 || opt->depth > DEPTH_MAX)
		return -EINVAL;
	return options__address(opt, argv[optind]);
}

int main(int argc, char **argv)
{
	struct options opt = {.method = "GET",
			      .path = "/",
			      .id = "c",
			      .connections = 1,
			      .requests = 1,
			      .depth = 1,
			      .body_sz = -1,
			      .abort_sent = -1,
			      .abort_received = -1};
	struct conn *conns;
	int i;

	if (options__parse(&opt, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	pthread_barrier_init(&opt.connected, NULL, opt.connections);
	conns = calloc(opt.connections, sizeof(*conns));
	if (!conns)
		fail("memory");
	for (i = 0; i < opt.connections; i++) {
		conns[i].opt = &opt;
		conns[i].number = i;
		if (pthread_create(&conns[i].thread, NULL, conn__run, &conns[i]))
			fail("thread");
	}
	for (i = 0; i < opt.connections; i++) {
		pthread_join(conns[i].thread, NULL);
		fwrite(conns[i].log_text, 1, conns[i].log_len, stdout);
		free(conns[i].log_text);
	}
	free(conns);
	return 0;
}
