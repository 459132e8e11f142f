// SPDX-License-Identifier: Apache-2.0
/*
 * TLS over a non-blocking socket, by OpenSSL: the client's side, always verified (chain and name),
 * HTTP/2 by ALPN.
 */
#ifndef TLS_H
#define TLS_H

#include "base/buf.h"

/* Files in PEM, each may be NULL: the system's authorities; no certificate of ours; the key is in
 * the certificate's file. A key with a passphrase is not usable. */
struct tls_files {
	const char *ca, *certificate, *key;
};

/* Behind the words for a failure that most often comes of a wrong scheme. */
#define HINT_TLS    "; does it want TLS (https://)?"
#define HINT_NO_TLS "; is it a port without TLS (http://)?"

struct tls_context;
struct tls;

/* 0 or negative errno; says itself, in one line of the log, which file is unusable. */
int tls_context__new(struct tls_context **out, const struct tls_files *files);
/* NULL is fine. */
void tls_context__free(struct tls_context *context);

/* fd stays the caller's. host is the name or address that the certificate must hold. */
int tls__new(struct tls **out, struct tls_context *context, int fd, const char *host);
/*
 * As connect(2), read(2) and write(2) on a non-blocking socket, with negative errno: -EAGAIN waits
 * for what tls__wants_write() says. -EPROTO: tls__error() has words for it.
 */
int tls__handshake(struct tls *tls);
ssize_t tls__read(struct tls *tls, void *bytes, size_t len);
ssize_t tls__write(struct tls *tls, const void *bytes, size_t len);
/* The last call that said -EAGAIN waits for EPOLLOUT, not for EPOLLIN. */
bool tls__wants_write(const struct tls *tls);
const char *tls__error(const struct tls *tls);
/* NULL is fine. */
void tls__free(struct tls *tls);

#endif
