// SPDX-License-Identifier: Apache-2.0
/*
 * rolldice: a die behind a URL, as rolldice/app.py in C. It knows nothing of telemetry.
 *
 *	GET /rolldice    a number from 1 to 6
 *	    else         404
 */
#include <getopt.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "listener.h"

#define PORT_MAX 65535

/* A function of its own under a name of its own, so that a uprobe finds it. */
__attribute__((noinline)) int roll(void);

int roll(void)
{
	unsigned char byte = 0;

	/* the last values would make the low numbers likelier */
	do {
		if (getrandom(&byte, sizeof(byte), 0) != sizeof(byte))
			return 1;
	} while (byte >= 252);
	return byte % 6 + 1;
}

static enum MHD_Result reply(struct MHD_Connection *conn, unsigned int status, const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(intptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued;

	if (!response)
		return MHD_NO;
	queued = MHD_queue_response(conn, status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *conn, const char *url,
			      const char *method, const char *version, const char *bytes,
			      size_t *len, void **request)
{
	char number[12];

	(void)cls, (void)version, (void)bytes;
	/* called first with the head alone */
	if (!*request) {
		*request = conn;
		return MHD_YES;
	}
	*len = 0;
	if (strcmp(method, MHD_HTTP_METHOD_GET) || strcmp(url, "/rolldice"))
		return reply(conn, MHD_HTTP_NOT_FOUND, "no such page\n");
	snprintf(number, sizeof(number), "%d", roll());
	return reply(conn, MHD_HTTP_OK, number);
}

static bool parse_port(int argc, char **argv, unsigned int *port)
{
	static const struct option flags[] = {
		{"port", required_argument, NULL, 'p'},
		{NULL, 0, NULL, 0},
	};
	unsigned long value = 8080;
	char *end = "";
	int option;

	while ((option = getopt_long(argc, argv, "", flags, NULL)) != -1) {
		if (option != 'p')
			return false;
		value = strtoul(optarg, &end, 10);
		if (end == optarg)
			return false;
	}
	*port = (unsigned int)value;
	return optind == argc && !*end && value <= PORT_MAX;
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *daemon;
	unsigned int port;
	char where[160];
	sigset_t stop;
	int fd, sig;

	if (!parse_port(argc, argv, &port)) {
		fputs("usage: rolldice [--port N]    (8080; 0 lets the system choose)\n", stderr);
		return 2;
	}
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);

	fd = listener_open_tcp("127.0.0.1", port);
	if (fd < 0) {
		fprintf(stderr, "rolldice: cannot listen on port %u: %s\n", port, strerror(-fd));
		return 1;
	}
	listener_describe(fd, where, sizeof(where));
	daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL,
				  MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_END);
	if (!daemon) {
		fputs("rolldice: cannot start the server\n", stderr);
		close(fd);
		return 1;
	}
	fprintf(stderr, "rolldice: listening on %s\n", where);
	sigwait(&stop, &sig);
	MHD_stop_daemon(daemon);
	return 0;
}
