// SPDX-License-Identifier: Apache-2.0
/*
 * A server whose functions are probed: GET /N is answered by 2N, which worker_handle() has from
 * worker_double(), or from the library's library_double(), loaded by the first request.
 * "worker: listening on 127.0.0.1:PORT" on stdout tells that it is ready.
 *
 *	worker threads|prefork|filter|strict N [LIBRARY]
 *
 *	threads N	each takes a connection and serves it to its end
 *	prefork N	processes, likewise
 *	filter N	threads that may read, write, accept and close, and die by anything else
 *	strict N	as prefork, but each process has nothing left but read, write and exit
 */
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
	int listener;
	const char *library; /* NULL: none */
	bool strict;
	pthread_barrier_t begun; /* by all threads */
};

int worker_double(int n);
int worker_handle(int n);

/* What compilers cannot see through, whatever the level of optimisation. */
static int (*volatile doubled)(int n) = worker_double;
static int (*volatile handled)(int n) = worker_handle;
static int (*volatile identity)(int n) = abs;

int worker_double(int n)
{
	return identity(n) + n;
}

int worker_handle(int n)
{
	return doubled(n) + identity(0);
}

static void load(const char *library)
{
#ifndef STATIC
	void *handle = dlopen(library, RTLD_NOW);

	doubled = handle ? (int (*)(int))dlsym(handle, "library_double") : NULL;
#endif
	if (!doubled || doubled == worker_double) {
		fprintf(stderr, "worker: cannot load %s\n", library);
		exit(1);
	}
}

static bool answer(const struct worker *worker, int fd, const char *request)
{
	char body[16], text[128];
	int n = 0, len;

	if (strncmp(request, "GET /", 5))
		return false;
	if (worker->library && doubled == worker_double)
		load(worker->library);
	for (const char *p = request + 5; *p >= '0' && *p <= '9'; p++)
		n = 10 * n + *p - '0';
	len = snprintf(body, sizeof(body), "%d", handled(n));
	len = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len,
		       body);
	return write(fd, text, (size_t)len) == len;
}

/* A request is read at once, since the client sends it at once. */
static void serve(const struct worker *worker, int fd)
{
	char request[2048];
	ssize_t n;

	while ((n = read(fd, request, sizeof(request) - 1)) > 0) {
		request[n] = '\0';
		if (!answer(worker, fd, request))
			break;
	}
}

static void serve_all(const struct worker *worker)
{
	int fd;

	while ((fd = accept(worker->listener, NULL, NULL)) >= 0) {
		serve(worker, fd);
		close(fd);
	}
}

static void *run_thread(void *owner)
{
	struct worker *worker = owner;

	pthread_barrier_wait(&worker->begun);
	serve_all(worker);
	return NULL;
}

static void allow_little(void)
{
	static const int calls[] = {SYS_read, SYS_write,	SYS_accept,	SYS_close,
				    SYS_exit, SYS_rt_sigreturn, SYS_exit_group, SYS_futex};
	enum { CNT = sizeof(calls) / sizeof(*calls) };
	struct sock_filter filter[CNT + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = {CNT + 3, filter};

	for (int i = 0; i < CNT; i++)
		filter[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							     (unsigned)calls[i], CNT - i, 0);
	filter[CNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	filter[CNT + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program)) {
		perror("worker: seccomp");
		exit(1);
	}
}

/* Returns the last. What a thread does to begin, seccomp would kill it for. */
static pthread_t start_threads(struct worker *worker, int cnt)
{
	pthread_t thread;

	pthread_barrier_init(&worker->begun, NULL, (unsigned)cnt + 1);
	for (int i = 0; i < cnt; i++)
		if (pthread_create(&thread, NULL, run_thread, worker))
			exit(1);
	pthread_barrier_wait(&worker->begun);
	return thread;
}

/* One connection, and nothing that is not allowed, not even an ordinary exit. */
static void serve_strictly(const struct worker *worker)
{
	int fd = accept(worker->listener, NULL, NULL);

	if (fd < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
		_exit(1);
	serve(worker, fd);
	syscall(SYS_exit, 0);
}

static void start_processes(const struct worker *worker, int cnt)
{
	for (int i = 0; i < cnt; i++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (worker->strict)
			serve_strictly(worker);
		else
			serve_all(worker);
		_exit(0);
	}
}

/* By write alone, for seccomp may have begun. */
static void announce(int port)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "worker: listening on 127.0.0.1:%d\n", port);

	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		_exit(1);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct worker worker = {.listener = socket(AF_INET, SOCK_STREAM, 0)};
	socklen_t len = sizeof(address);
	pthread_t thread;

	if (argc < 3 || atoi(argv[2]) < 1 ||
	    bind(worker.listener, (struct sockaddr *)&address, len) ||
	    listen(worker.listener, 128) ||
	    getsockname(worker.listener, (struct sockaddr *)&address, &len)) {
		fputs("worker threads|prefork|filter|strict N [LIBRARY]\n", stderr);
		return 2;
	}
	worker.library = argc > 3 ? argv[3] : NULL;
	worker.strict = !strcmp(argv[1], "strict");
	if (worker.strict || !strcmp(argv[1], "prefork")) {
		start_processes(&worker, atoi(argv[2]));
		announce(ntohs(address.sin_port));
		while (wait(NULL) > 0)
			;
		return 0;
	}
	thread = start_threads(&worker, atoi(argv[2]));
	if (!strcmp(argv[1], "filter"))
		allow_little();
	announce(ntohs(address.sin_port));
	return pthread_join(thread, NULL);
}
