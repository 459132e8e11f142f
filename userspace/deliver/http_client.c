// SPDX-License-Identifier: Apache-2.0
/*
 * curl says which sockets and which timeout it waits for; the loop tells it when they are ready;
 * what has ended is asked for after each turn. No callback to our owner comes from within curl.
 */
#include "deliver/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include "deliver/http_answer.h"
#include "deliver/otlp_answer.h"
#include "deliver/user_agent.h"

/* The specification's limit of an answer: who sends more loses the connection. */
#define ANSWER_END ((u64)4 << 20)

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct timer timer;
};

/* A socket of curl's. */
struct socket_watch {
	struct watch watch;
	struct http_client *client;
};

struct http {
	struct transport transport;
	struct http_client *client;
	enum compression compression;
	void (*taken)(struct send_result *result, struct str body, struct buf *text);
	CURL *easy;
	struct curl_slist *headers;
	bool sending, tls;
	struct buf request, answer, text;
	bool heard;		 /* it has answered once, so it is what it should be */
	u64 answered;		 /* bytes of this answer, kept or not */
	struct send_result told; /* by headers */
	char error[CURL_ERROR_SIZE];
};

static u64 unix_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (u64)now.tv_sec * NSEC_PER_SEC + (u64)now.tv_nsec;
}

/* Nobody listens there, as far as one can tell: not even a connection. */
static bool is_unreachable(const struct http *http, CURLcode code)
{
	long err = 0;

	curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &err);
	return code == CURLE_COULDNT_CONNECT && err == ECONNREFUSED;
}

/* Why it may have failed, beyond what curl says. */
static const char *hint(const struct http *http, CURLcode code)
{
	switch (code) {
	case CURLE_SSL_CONNECT_ERROR:
		return strstr(http->error, "wrong version number") ? HINT_NO_TLS : "";
	case CURLE_UNSUPPORTED_PROTOCOL: /* "HTTP/0.9": no status line */
		return "; is it OTLP/gRPC's port (grpc, 4317), or does it want TLS (https://)?";
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
		return http->heard || http->tls ? "" : HINT_TLS;
	default:
		return "";
	}
}

static struct str words_for(struct http *http, CURLcode code)
{
	/* of a proxy's URL that it cannot read curl tells all, the password too */
	bool telling = http->error[0] && !strchr(http->error, '@');

	if (code == CURLE_OUT_OF_MEMORY) /* which curl says of a line over 100 KiB, too */
		return STR("a header of the answer is too long, or memory is short");
	buf__printf(&http->text, "%s%s", telling ? http->error : curl_easy_strerror(code),
		    hint(http, code));
	return buf__view(&http->text);
}

static void judge(struct http *http, CURLcode code, struct send_result *result)
{
	long status = 0;

	*result = http->told;
	curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	/* CURLE_WRITE_ERROR is on_body()'s: the status came, it counts */
	if (code != CURLE_OK && code != CURLE_WRITE_ERROR) {
		result->outcome = SEND_RETRY;
		result->code = "StatusCode.UNAVAILABLE";
		result->message = words_for(http, code);
		result->unreachable = is_unreachable(http, code);
		return;
	}
	http->heard = true;
	if (status / 100 == 2) {
		result->outcome = SEND_OK;
		result->code = "200 OK";
		if (http->taken)
			http->taken(result, buf__view(&http->answer), &http->text);
		return;
	}
	http_judge(result, (u32)status);
	buf__printf(&http->text, "HTTP status %ld: ", status);
	buf__str(&http->text, str_sub(buf__view(&http->answer), 0, 200));
	result->message = buf__view(&http->text);
}

static void finish(struct http *http, CURLcode code)
{
	struct send_result result;

	http->sending = false;
	curl_multi_remove_handle(http->client->multi, http->easy);
	judge(http, code, &result);
	http->transport.done(http->transport.owner, &result);
}

/* done() may send again, so the list is asked anew each time. */
static void harvest(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		CURLcode code = message->data.result;
		struct http *http;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&http);
		finish(http, code);
	}
}

static void on_socket(struct watch *watch, u32 events)
{
	struct socket_watch *watched = container_of(watch, struct socket_watch, watch);
	struct http_client *client = watched->client;
	int running, mask = 0;

	mask |= events & EPOLLIN ? CURL_CSELECT_IN : 0;
	mask |= events & EPOLLOUT ? CURL_CSELECT_OUT : 0;
	mask |= events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0;
	curl_multi_socket_action(client->multi, watch->fd, mask, &running);
	harvest(client);
}

static int socket_callback(CURL *easy, curl_socket_t fd, int what, void *owner, void *socket_owner)
{
	struct http_client *client = owner;
	struct socket_watch *watched = socket_owner;
	u32 events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watched)
			loop__del(client->loop, &watched->watch);
		free(watched);
		return 0;
	}
	if (!watched) {
		watched = calloc(1, sizeof(*watched));
		if (!watched)
			return -1; /* curl ends the transfer */
		watched->watch = (struct watch){fd, on_socket};
		watched->client = client;
		if (loop__add(client->loop, &watched->watch)) {
			free(watched);
			return -1;
		}
		curl_multi_assign(client->multi, fd, watched);
	}
	return loop__change(client->loop, &watched->watch, events) ? -1 : 0;
}

static void on_timer(struct timer *timer)
{
	struct http_client *client = container_of(timer, struct http_client, timer);
	int running;

	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	harvest(client);
}

static int timer_callback(CURLM *multi, long timeout_ms, void *owner)
{
	struct http_client *client = owner;
	struct timers *timers = loop__timers(client->loop);

	(void)multi;
	if (timeout_ms < 0)
		timers__cancel(timers, &client->timer);
	else
		timers__set(timers, &client->timer, (u64)timeout_ms * NSEC_PER_MSEC);
	return 0;
}

int http_client__new(struct http_client **out, struct loop *loop)
{
	struct http_client *client = calloc(1, sizeof(*client));

	if (!client)
		return -ENOMEM;
	client->loop = loop;
	client->timer.fired = on_timer;
	client->multi = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_multi_init();
	if (!client->multi) {
		free(client);
		return -ENOMEM;
	}
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, socket_callback);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, timer_callback);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	*out = client;
	return 0;
}

void http_client__free(struct http_client *client)
{
	if (!client)
		return;
	curl_multi_cleanup(client->multi);
	timers__cancel(loop__timers(client->loop), &client->timer);
	curl_global_cleanup();
	free(client);
}

static size_t on_body(char *bytes, size_t size, size_t cnt, void *owner)
{
	struct http *http = owner;
	size_t len = size * cnt, room = ANSWER_MAX - http->answer.len;

	/* the rest is read and forgotten, for the connection's sake, but not for ever */
	buf__append(&http->answer, bytes, len < room ? len : room);
	http->answered += len;
	return http->answered > ANSWER_END ? 0 : len;
}

static size_t on_header(char *bytes, size_t size, size_t cnt, void *owner)
{
	struct http *http = owner;
	struct str line = {bytes, size * cnt}, name = STR("retry-after:");

	while (line.len && (line.p[line.len - 1] == '\r' || line.p[line.len - 1] == '\n'))
		line.len--;
	if (str_caseeq(str_sub(line, 0, name.len), name))
		http_retry_after(&http->told, str_sub(line, name.len, line.len), unix_ns());
	return size * cnt;
}

static int http_send(struct transport *transport, struct str body)
{
	struct http *http = container_of(transport, struct http, transport);
	int err;

	buf__reset(&http->request);
	buf__reset(&http->answer);
	buf__reset(&http->text);
	http->answered = 0;
	http->told = (struct send_result){0};
	http->error[0] = '\0';
	err = compress_text(&http->request, http->compression, body);
	if (err)
		return err;
	curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, http->request.p);
	curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)http->request.len);
	if (curl_multi_add_handle(http->client->multi, http->easy))
		return -ENOMEM;
	http->sending = true;
	return 0;
}

static void http_cancel(struct transport *transport)
{
	struct http *http = container_of(transport, struct http, transport);

	http->sending = false;
	curl_multi_remove_handle(http->client->multi, http->easy);
}

static void http_free(struct transport *transport)
{
	struct http *http = container_of(transport, struct http, transport);

	if (http->sending)
		http_cancel(transport);
	curl_easy_cleanup(http->easy);
	curl_slist_free_all(http->headers);
	buf__free(&http->request);
	buf__free(&http->answer);
	buf__free(&http->text);
	free(http);
}

/* value NULL: not even curl's own. */
static int add_header(struct http *http, const char *name, const char *value)
{
	struct buf line __cleanup(buf__free) = {0};
	struct curl_slist *headers;

	/* ';' is curl's way to say: there, but empty; ':' alone would take it away */
	if (value)
		buf__printf(&line, value[0] ? "%s: %s" : "%s;%s", name, value);
	else
		buf__printf(&line, "%s:", name);
	buf__char(&line, '\0');
	headers = line.failed ? NULL : curl_slist_append(http->headers, line.p);
	if (!headers)
		return -ENOMEM;
	http->headers = headers;
	return 0;
}

static int add_headers(struct http *http, const struct http_options *options)
{
	int err = add_header(http, "Content-Type", options->content_type);

	if (!err && compression_name(options->compression))
		err = add_header(http, "Content-Encoding", compression_name(options->compression));
	/* not waited for: most receivers do not know it */
	if (!err)
		err = add_header(http, "Expect", NULL);
	for (u32 i = 0; !err && i < options->headers->cnt; i++)
		err = add_header(http, options->headers->headers[i].name,
				 options->headers->headers[i].value);
	return err;
}

static void set_files(struct http *http, const struct tls_files *files)
{
	if (files->ca)
		curl_easy_setopt(http->easy, CURLOPT_CAINFO, files->ca);
	if (files->certificate)
		curl_easy_setopt(http->easy, CURLOPT_SSLCERT, files->certificate);
	if (files->key)
		curl_easy_setopt(http->easy, CURLOPT_SSLKEY, files->key);
}

static int init(struct http *http, const struct http_options *options)
{
	int err;

	http->easy = curl_easy_init();
	if (!http->easy)
		return -ENOMEM;
	err = add_headers(http, options);
	if (err)
		return err;
	http->tls = str_starts(str_from(options->url), STR("https:"));
	curl_easy_setopt(http->easy, CURLOPT_PRIVATE, http);
	curl_easy_setopt(http->easy, CURLOPT_ERRORBUFFER, http->error);
	curl_easy_setopt(http->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(http->easy, CURLOPT_POST, 1L);
	/* with one request at a time HTTP/2 wins nothing, and its frames may flood */
	curl_easy_setopt(http->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, http->headers);
	curl_easy_setopt(http->easy, CURLOPT_USERAGENT, USER_AGENT);
	curl_easy_setopt(http->easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(http->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(http->easy, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(http->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(http->easy, CURLOPT_HEADERDATA, http);
	set_files(http, &options->files);
	return curl_easy_setopt(http->easy, CURLOPT_URL, options->url) ? -ENOMEM : 0;
}

int http__new(struct transport **out, const struct http_options *options)
{
	static const struct transport_ops ops = {http_send, http_cancel, http_free};
	struct http *http = calloc(1, sizeof(*http));
	int err;

	if (!http)
		return -ENOMEM;
	http->transport.ops = &ops;
	http->client = options->client;
	http->compression = options->compression;
	http->taken = options->taken;
	err = init(http, options);
	if (err) {
		http_free(&http->transport);
		return err;
	}
	*out = &http->transport;
	return 0;
}
