// SPDX-License-Identifier: Apache-2.0
/*
 * todo: a small to-do list server, something real to trace. It knows nothing of telemetry.
 *
 *	todo.c      options, start, stop
 *	listener.c  the socket
 *	routes.c    requests: libmicrohttpd calls in here, on one or more threads
 *	page.c      HTML
 *	store.c     SQLite
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listener.h"
#include "routes.h"
#include "store.h"

#define PORT_MAX    65535
#define THREADS_MAX 64 /* far more than SQLite lets work at once */
/* Seconds a silent connection is kept: a slow reader keeps its page, a forgotten client goes. */
#define IDLE_SECONDS 120

struct options {
	const char *address;
	const char *db;
	const char *unix_path; /* NULL: TCP */
	unsigned int port;
	unsigned int threads;
	bool help;
};

/* Everything that must be given back at the end. */
struct todo {
	int fd; /* -1 once the daemon owns it */
	struct store *store;
	struct routes *routes;
	struct MHD_Daemon *daemon;
};

static void print_help(void)
{
	puts("usage: todo [options]\n"
	     "A small to-do list server.\n"
	     "\n"
	     "  --port N       TCP port, 0 to let the system choose (5000)\n"
	     "  --address A    numeric address to listen on (127.0.0.1)\n"
	     "  --unix PATH    listen on a unix socket instead\n"
	     "  --db FILE      SQLite database, \":memory:\" for none (tasks.db)\n"
	     "  --threads N    threads that answer requests (1)\n"
	     "  --help         this text");
}

static int parse_number(const char *flag, unsigned int min, unsigned int max, unsigned int *out)
{
	size_t len = strspn(optarg, "0123456789");
	/* ten digits fit a long, more are out of any range of ours */
	unsigned long value = len && len <= 9 ? strtoul(optarg, NULL, 10) : (unsigned long)max + 1;

	if (optarg[len] || value < min || value > max) {
		fprintf(stderr, "todo: --%s takes a number from %u to %u, not \"%s\"\n", flag, min,
			max, optarg);
		return -EINVAL;
	}
	*out = (unsigned int)value;
	return 0;
}

static int parse_option(struct options *opts, int option)
{
	switch (option) {
	case 'a':
		opts->address = optarg;
		return 0;
	case 'd':
		opts->db = optarg;
		return 0;
	case 'u':
		opts->unix_path = optarg;
		return 0;
	case 'p':
		return parse_number("port", 0, PORT_MAX, &opts->port);
	case 't':
		return parse_number("threads", 1, THREADS_MAX, &opts->threads);
	case 'h':
		opts->help = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int options__parse(struct options *opts, int argc, char **argv)
{
	static const struct option flags[] = {
		{"address", required_argument, NULL, 'a'},
		{"db", required_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{"port", required_argument, NULL, 'p'},
		{"threads", required_argument, NULL, 't'},
		{"unix", required_argument, NULL, 'u'},
		{NULL, 0, NULL, 0},
	};
	int option, err;

	*opts = (struct options){
		.address = "127.0.0.1", .db = "tasks.db", .port = 5000, .threads = 1};
	while ((option = getopt_long(argc, argv, "", flags, NULL)) != -1) {
		err = parse_option(opts, option);
		if (err)
			return err;
	}
	if (optind < argc) {
		fprintf(stderr, "todo: what is \"%s\"? See --help\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

static int todo__listen(struct todo *todo, const struct options *opts)
{
	if (opts->unix_path)
		todo->fd = listener_open_unix(opts->unix_path);
	else
		todo->fd = listener_open_tcp(opts->address, opts->port);
	if (todo->fd >= 0)
		return 0;
	if (opts->unix_path)
		fprintf(stderr, "todo: cannot listen on %s: %s\n", opts->unix_path,
			strerror(-todo->fd));
	else
		fprintf(stderr, "todo: cannot listen on %s port %u: %s\n", opts->address,
			opts->port, strerror(-todo->fd));
	return todo->fd;
}

static int todo__serve(struct todo *todo, unsigned int threads)
{
	struct MHD_OptionItem items[] = {
		{MHD_OPTION_LISTEN_SOCKET, todo->fd, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, NULL},
		{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)routes__done, todo->routes},
		/* a pool of one would be refused */
		{threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads,
		 NULL},
		{MHD_OPTION_END, 0, NULL},
	};

	/* not epoll: libmicrohttpd 0.9.75 then misses some clients that shut down their half */
	todo->daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, routes__answer,
					todo->routes, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	if (!todo->daemon) {
		fputs("todo: cannot start the server\n", stderr);
		return -EIO;
	}
	todo->fd = -1;
	return 0;
}

static int todo_init(struct todo *todo, const struct options *opts)
{
	char where[160];
	int err;

	err = todo__listen(todo, opts);
	if (err)
		return err;
	listener_describe(todo->fd, where, sizeof(where));
	err = store__new(&todo->store, opts->db);
	if (err)
		return err;
	err = routes__new(&todo->routes, todo->store);
	if (err)
		return err;
	err = todo__serve(todo, opts->threads);
	if (err)
		return err;
	fprintf(stderr, "todo: listening on %s\n", where);
	return 0;
}

static void todo__close(struct todo *todo)
{
	if (todo->daemon)
		MHD_stop_daemon(todo->daemon);
	routes__free(todo->routes);
	store__free(todo->store);
	if (todo->fd >= 0)
		close(todo->fd);
}

int main(int argc, char **argv)
{
	struct todo todo = {.fd = -1};
	struct options opts;
	sigset_t stop;
	int sig, err;

	if (options__parse(&opts, argc, argv))
		return 2;
	if (opts.help) {
		print_help();
		return 0;
	}
	/* blocked before there are threads, so that they inherit it and only sigwait() takes them
	 */
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);

	err = todo_init(&todo, &opts);
	if (!err) {
		sigwait(&stop, &sig);
		if (opts.unix_path)
			unlink(opts.unix_path);
	}
	todo__close(&todo);
	return err ? 1 : 0;
}
