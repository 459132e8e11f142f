// SPDX-License-Identifier: Apache-2.0
/*
 * The Prometheus exporter: serves GET /metrics. libmicrohttpd parses and sends, on our loop: the
 * one epoll descriptor of its own is a watch, its next timeout a timer beside it.
 *
 *	scrape --> answer(): snapshot --> page --> send_page(): a block at a time, as the socket
 *	                                                        takes it
 *
 * Whatever clients do, CLIENTS_MAX connections are kept, each with a snapshot for SCRAPE_NS at
 * most. The next one takes the place of that which has been quiet longest: nobody who only
 * connects, or stops in the middle, keeps a scraper out.
 */
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "export/metrics_export.h"
#include "export/prometheus_page.h"

/* Two Prometheus servers, a person and some room. */
#define CLIENTS_MAX 8
/* As libmicrohttpd counts: those that had to go are there until it looks at them. */
#define CONNECTIONS_MAX (2 * CLIENTS_MAX)
/* Prometheus gives up after 10 s unless told otherwise. */
#define SCRAPE_NS (30 * NSEC_PER_SEC)
/* Nothing was read or sent for so long. */
#define IDLE_S 10
/* What a connection has for its head and its answer's next block. */
#define CONNECTION_BYTES ((size_t)32 << 10)
#define BLOCK_BYTES	 ((size_t)16 << 10)

struct prometheus {
	struct metrics_exporter exporter;
	const struct export_env *env;
	struct MHD_Daemon *daemon;
	struct watch http, timer;
	bool watched;
	struct MHD_Connection *clients[CLIENTS_MAX]; /* the longest quiet one first */
	u32 client_cnt;
	bool left; /* some went since libmicrohttpd ran, or are about to */
};

/* One answer on its way: the page, and what of it was made but not taken. */
struct scrape {
	struct prometheus *prometheus;
	struct MHD_Connection *client;
	struct prometheus_page *page;
	struct buf text;
	size_t taken;
	u64 until_ns; /* of the loop's clock */
};

/* ---- clients ---- */

/* False: it was not among them. */
static bool remove_client(struct prometheus *prometheus, const struct MHD_Connection *client)
{
	u32 i = 0;

	while (i < prometheus->client_cnt && prometheus->clients[i] != client)
		i++;
	if (i == prometheus->client_cnt)
		return false;
	prometheus->client_cnt--;
	memmove(&prometheus->clients[i], &prometheus->clients[i + 1],
		(prometheus->client_cnt - i) * sizeof(prometheus->clients[0]));
	return true;
}

static void add_client(struct prometheus *prometheus, struct MHD_Connection *client)
{
	prometheus->clients[prometheus->client_cnt++] = client;
}

/* libmicrohttpd reads of its end and closes it, this time or the next. */
static void drop_quietest(struct prometheus *prometheus)
{
	struct MHD_Connection *client = prometheus->clients[0];

	shutdown(MHD_get_connection_info(client, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
		 SHUT_RDWR);
	remove_client(prometheus, client);
	prometheus->left = true;
}

static void on_client(void *object, struct MHD_Connection *client, void **context,
		      enum MHD_ConnectionNotificationCode code)
{
	struct prometheus *prometheus = object;

	(void)context;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		prometheus->left = true;
		remove_client(prometheus, client);
		return;
	}
	if (prometheus->client_cnt == CLIENTS_MAX)
		drop_quietest(prometheus);
	add_client(prometheus, client);
}

/* It asked for something, or took some of it. */
static void note_progress(struct prometheus *prometheus, struct MHD_Connection *client)
{
	if (remove_client(prometheus, client))
		add_client(prometheus, client);
}

/* ---- answers ---- */

static void scrape__free(void *object)
{
	struct scrape *scrape = object;

	prometheus_page__free(scrape->page);
	buf__free(&scrape->text);
	free(scrape);
}

static ssize_t send_page(void *object, uint64_t offset, char *block, size_t room)
{
	struct scrape *scrape = object;
	struct buf *text = &scrape->text;
	struct str piece;

	(void)offset;
	note_progress(scrape->prometheus, scrape->client);
	if (loop_now() > scrape->until_ns)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (scrape->taken == text->len) {
		buf__reset(text);
		scrape->taken = 0;
		while (text->len < room && prometheus_page__next(scrape->page, text))
			;
	}
	if (text->failed)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!text->len)
		return MHD_CONTENT_READER_END_OF_STREAM;
	piece = str_sub(buf__view(text), scrape->taken, room);
	memcpy(block, piece.p, piece.len);
	scrape->taken += piece.len;
	return (ssize_t)piece.len;
}

static int scrape__new(struct scrape **out, struct prometheus *prometheus,
		       struct MHD_Connection *client, enum prometheus_format format)
{
	const struct export_env *env = prometheus->env;
	struct scrape *scrape = calloc(1, sizeof(*scrape));
	struct metrics *snapshot;
	int err;

	if (!scrape)
		return -ENOMEM;
	snapshot = env->pull(env->owner);
	err = prometheus_page__new(&scrape->page, snapshot, format);
	metrics__put(snapshot);
	if (err) {
		scrape__free(scrape);
		return err;
	}
	scrape->prometheus = prometheus;
	scrape->client = client;
	scrape->until_ns = loop_now() + SCRAPE_NS;
	*out = scrape;
	return 0;
}

static enum MHD_Result reply(struct MHD_Connection *conn, unsigned int status, const char *type,
			     struct MHD_Response *owned)
{
	enum MHD_Result result;

	if (!owned)
		return MHD_NO;
	MHD_add_response_header(owned, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(owned, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(conn, status, owned);
	MHD_destroy_response(owned);
	return result;
}

static enum MHD_Result reply_text(struct MHD_Connection *conn, unsigned int status,
				  const char *text)
{
	return reply(conn, status, "text/plain; charset=utf-8",
		     MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
						     MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result reply_page(struct prometheus *prometheus, struct MHD_Connection *conn)
{
	static const char *const types[] = {
		[PROMETHEUS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
		[PROMETHEUS_OPENMETRICS] =
			"application/openmetrics-text; version=1.0.0; charset=utf-8",
	};
	const char *accept =
		MHD_lookup_connection_value(conn, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	enum prometheus_format format = prometheus_format_of(str_from(accept));
	struct MHD_Response *response;
	struct scrape *scrape;

	if (scrape__new(&scrape, prometheus, conn, format))
		return reply_text(conn, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory\n");
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, send_page,
						     scrape, scrape__free);
	if (!response)
		scrape__free(scrape);
	return reply(conn, MHD_HTTP_OK, types[format], response);
}

/*
 * Answered at the first call, before any body: so libmicrohttpd closes the connection behind it,
 * and none stays to be counted.
 */
static enum MHD_Result answer(void *object, struct MHD_Connection *conn, const char *url,
			      const char *method, const char *version, const char *body,
			      size_t *body_len, void **state)
{
	(void)version;
	(void)body;
	(void)body_len;
	(void)state;
	note_progress(object, conn);
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return reply_text(conn, MHD_HTTP_METHOD_NOT_ALLOWED, "GET /metrics\n");
	if (strcmp(url, "/metrics"))
		return reply_text(conn, MHD_HTTP_NOT_FOUND, "metrics are at /metrics\n");
	return reply_page(object, conn);
}

/* ---- the loop ---- */

/*
 * Work that is left over comes as a timeout of 0, but for new connections that waited while all
 * places were taken: libmicrohttpd listens again when it runs the next time after some have gone.
 */
static void set_timer(struct prometheus *prometheus)
{
	struct itimerspec spec = {0};
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(prometheus->daemon, &ms) == MHD_YES) {
		spec.it_value.tv_sec = (time_t)(ms / 1000);
		/* all zero would mean never */
		spec.it_value.tv_nsec = (long)(ms % 1000 * NSEC_PER_MSEC) + 1;
	}
	if (prometheus->left)
		spec.it_value = (struct timespec){.tv_nsec = 1};
	prometheus->left = false;
	timerfd_settime(prometheus->timer.fd, 0, &spec, NULL);
}

static void on_http(struct watch *watch, u32 events)
{
	struct prometheus *prometheus = container_of(watch, struct prometheus, http);

	(void)events;
	MHD_run(prometheus->daemon);
	set_timer(prometheus);
}

static void on_timer(struct watch *watch, u32 events)
{
	struct prometheus *prometheus = container_of(watch, struct prometheus, timer);
	u64 expirations;

	(void)events;
	if (read(watch->fd, &expirations, sizeof(expirations)) < 0)
		return;
	MHD_run(prometheus->daemon);
	set_timer(prometheus);
}

static int watch_daemon(struct prometheus *prometheus)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(prometheus->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct loop *loop = prometheus->env->loop;
	int err;

	if (!info)
		return -ENOTSUP;
	prometheus->http = (struct watch){info->epoll_fd, on_http};
	prometheus->timer.ready = on_timer;
	prometheus->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (prometheus->timer.fd < 0)
		return -errno;
	err = loop__add(loop, &prometheus->http);
	if (!err)
		err = loop__add(loop, &prometheus->timer);
	return err;
}

/* ---- life ---- */

/* The descriptor, or negative errno. */
static int listen_on(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, address->ai_addr, address->ai_addrlen) && !listen(fd, SOMAXCONN))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The first that can be had; IPv4 before others, as "localhost" of most clients comes to that. */
static int listen_on_any(const struct addrinfo *list)
{
	int fd = -EADDRNOTAVAIL;

	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		if (a->ai_family == AF_INET)
			fd = listen_on(a);
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		if (a->ai_family != AF_INET)
			fd = listen_on(a);
	return fd;
}

static void say_address(int fd, const char *host)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	bool colons = strchr(host, ':');
	char port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&address, &len) ||
	    getnameinfo((struct sockaddr *)&address, len, NULL, 0, port, sizeof(port),
			NI_NUMERICSERV))
		return;
	log_info("metrics are at http://%s%s%s:%s/metrics", colons ? "[" : "", host,
		 colons ? "]" : "", port);
}

/* The descriptor, or negative errno; complains itself. */
static int listen_at(const char *host, const char *port)
{
	const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	int status = getaddrinfo(host, port, &hints, &list), fd;

	if (status) {
		log_error("prometheus: cannot listen on %s: %s", host, gai_strerror(status));
		return -EADDRNOTAVAIL;
	}
	fd = listen_on_any(list);
	freeaddrinfo(list);
	if (fd < 0)
		log_error("prometheus: cannot listen on %s, port %s: %s", host, port,
			  strerror(-fd));
	else
		say_address(fd, host);
	return fd;
}

static void prometheus_close(struct metrics_exporter *exporter)
{
	struct prometheus *prometheus = container_of(exporter, struct prometheus, exporter);

	if (prometheus->watched) {
		loop__del(prometheus->env->loop, &prometheus->http);
		loop__del(prometheus->env->loop, &prometheus->timer);
	}
	if (prometheus->timer.fd >= 0)
		close(prometheus->timer.fd);
	if (prometheus->daemon)
		MHD_stop_daemon(prometheus->daemon);
	free(prometheus);
}

static int prometheus_init(struct prometheus *prometheus)
{
	const struct config *config = prometheus->env->config;
	int fd, err;

	if (config->replay_path) {
		log_error("prometheus: a replay is over at once, nobody could scrape it");
		return -ENOTSUP;
	}
	fd = listen_at(config->prometheus_host, config->prometheus_port);
	if (fd < 0)
		return fd;
	prometheus->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, answer, prometheus, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_NOTIFY_CONNECTION, on_client, prometheus, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned int)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
		MHD_OPTION_END);
	if (!prometheus->daemon) {
		log_error("prometheus: the HTTP server does not start: %s", strerror(errno));
		close(fd);
		return -EIO;
	}
	err = watch_daemon(prometheus);
	prometheus->watched = !err;
	return err;
}

static int prometheus_open(struct metrics_exporter **out, const struct export_env *env)
{
	struct prometheus *prometheus = calloc(1, sizeof(*prometheus));
	int err;

	if (!prometheus)
		return -ENOMEM;
	prometheus->exporter.ops = &export_prometheus_metrics;
	prometheus->env = env;
	prometheus->timer.fd = -1;
	err = prometheus_init(prometheus);
	if (err) {
		prometheus_close(&prometheus->exporter);
		return err;
	}
	*out = &prometheus->exporter;
	return 0;
}

const struct metrics_export_ops export_prometheus_metrics = {
	.name = "prometheus",
	.open = prometheus_open,
	.close = prometheus_close,
};
