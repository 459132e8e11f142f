// SPDX-License-Identifier: Apache-2.0
/* Listening sockets: TCP over IPv4 or IPv6, or a unix socket. */
#ifndef LISTENER_H
#define LISTENER_H

#include <stddef.h>

/* Both return an fd, or negative errno. The address is numeric; port 0 lets the kernel choose. */
int listener_open_tcp(const char *address, unsigned int port);
/* A socket left behind at the path is replaced, any other file is not. */
int listener_open_unix(const char *path);

/* Writes where fd listens: http://127.0.0.1:5000, http://[::1]:5000 or unix:todo.sock. */
void listener_describe(int fd, char *out, size_t size);

#endif
