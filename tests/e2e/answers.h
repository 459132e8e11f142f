// SPDX-License-Identifier: Apache-2.0
/* How the nasty server answers: one function per path, each with another way to use a socket. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/socket.h>

/* What the connections of one process share. */
struct server {
	struct sockaddr_storage addr; /* its own, so that it can call itself */
	socklen_t addr_len;
	int listen_fd;
	char **argv;
	/* /hold waits until /release has been called once more than /hold has passed */
	pthread_mutex_t lock;
	pthread_cond_t released;
	unsigned int releases;
};

struct exchange {
	struct server *server;
	int fd;
	char method[16];
	char target[512];
};

enum after { AFTER_KEEP, AFTER_CLOSE };

enum after answer(struct exchange *exchange);

/* All of it, as one send, or as many as the socket asks for. */
void send_all(int fd, const void *data, size_t len);

#endif
