// SPDX-License-Identifier: Apache-2.0
/*
 * A server whose signal handler has a stack of its own, above its thread's. GET /N is answered by
 * 2N, which stack_outer() has from stack_inner(); GET /WAY/N likewise, and within both
 *
 *	signal	the handler runs, and calls stack_leaf()
 *	hidden	... on a stack that the kernel forgets while it runs (SS_AUTODISARM)
 *	near	... on one that is in one mapping with the thread's
 *	away	... and never returns
 *	back	no handler, but neither of the two returns
 *	exit	the thread ends, and another serves from then on
 *
 *	stack of the thread | near | hole | stack of the handler
 */
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE (256 << 10)
#define HOLE 4096

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

struct server {
	int listener;
	char *stacks;
};

int stack_leaf(int n);
int stack_inner(int n, const char *way);
int stack_outer(int n, const char *way);

/* What compilers cannot see through. */
static int (*volatile leaf)(int n) = stack_leaf;
static int (*volatile inner)(int n, const char *way) = stack_inner;
static int (*volatile outer)(int n, const char *way) = stack_outer;
static int (*volatile identity)(int n) = abs;

static sigjmp_buf served;
static volatile sig_atomic_t handled, leaves;

int stack_leaf(int n)
{
	return identity(n) + (n < 0) + 1;
}

int stack_inner(int n, const char *way)
{
	if (!strcmp(way, "exit"))
		pthread_exit(NULL);
	if (!strcmp(way, "back"))
		siglongjmp(served, 1);
	leaves = !strcmp(way, "away");
	if (strcmp(way, "plain"))
		raise(SIGUSR1);
	return identity(n) + leaf(0) - 1;
}

int stack_outer(int n, const char *way)
{
	return inner(n, way) + identity(n);
}

static void on_signal(int number)
{
	handled += leaf(number) == number + 1;
	if (leaves)
		siglongjmp(served, 1);
}

static void choose_stack(const struct server *server, const char *way)
{
	stack_t stack = {.ss_sp = server->stacks + 2 * SIZE + HOLE, .ss_size = SIZE};

	if (!strcmp(way, "near"))
		stack.ss_sp = server->stacks + SIZE;
	if (!strcmp(way, "hidden"))
		stack.ss_flags = (int)SS_AUTODISARM;
	if (sigaltstack(&stack, NULL))
		abort();
}

static void serve(const struct server *server, int fd)
{
	char request[1024] = "", way[16] = "plain", body[32], answer[128];
	volatile int n = 0;
	int number = 0, len;

	if (read(fd, request, sizeof(request) - 1) <= 0)
		return;
	if (sscanf(request, "GET /%d ", &number) != 1)
		sscanf(request, "GET /%15[a-z]/%d ", way, &number);
	n = 2 * number;
	choose_stack(server, way);
	if (!sigsetjmp(served, 1))
		n = outer(number, way);
	len = snprintf(body, sizeof(body), "%d", n);
	len = snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s",
		       len, body);
	if (write(fd, answer, (size_t)len) != len)
		abort();
}

static void *serve_all(void *owner)
{
	const struct server *server = owner;

	for (;;) {
		int fd = accept(server->listener, NULL, NULL);

		if (fd < 0)
			abort();
		pthread_cleanup_push((void (*)(void *))(void *)close, (void *)(long)fd);
		serve(server, fd);
		pthread_cleanup_pop(true);
	}
}

/* Its lowest part is the thread's, one thread after the other. */
static void run(struct server *server)
{
	pthread_attr_t attr;
	pthread_t thread;

	server->stacks = mmap(NULL, 3 * SIZE + HOLE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (server->stacks == MAP_FAILED || mprotect(server->stacks + 2 * SIZE, HOLE, PROT_NONE) ||
	    pthread_attr_init(&attr) || pthread_attr_setstack(&attr, server->stacks, SIZE))
		abort();
	for (;;)
		if (pthread_create(&thread, &attr, serve_all, server) || pthread_join(thread, NULL))
			abort();
}

int main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
	struct server server = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	socklen_t len = sizeof(address);

	if (bind(server.listener, (struct sockaddr *)&address, len) ||
	    listen(server.listener, 64) || sigaction(SIGUSR1, &action, NULL) ||
	    getsockname(server.listener, (struct sockaddr *)&address, &len))
		return 1;
	printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
	fflush(stdout);
	run(&server);
}
