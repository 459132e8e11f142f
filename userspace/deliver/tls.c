// SPDX-License-Identifier: Apache-2.0
#include "deliver/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

struct tls_context {
	SSL_CTX *ctx;
};

struct tls {
	SSL *ssl;
	bool wants_write;
	char error[160];
};

/* The oldest of OpenSSL's complaints, and no other is left behind. */
static void last_error(char *text, size_t size)
{
	unsigned long code = ERR_get_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	snprintf(text, size, "%s", reason ? reason : "broken off");
	ERR_clear_error();
}

static int unusable(const char *what, const char *path)
{
	char why[160];

	last_error(why, sizeof(why));
	log_error("cannot use the %s in %s: %s", what, path ? path : "the system's store", why);
	return -EINVAL;
}

/* Nobody is asked for a passphrase: the loop would stand still, and a terminal is the command's. */
static int no_passphrase(char *text, int size, int writing, void *owner)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)owner;
	log_error("a client key with a passphrase cannot be used");
	return -1;
}

/* The key may be in the certificate's file. */
static int load_files(SSL_CTX *ctx, const struct tls_files *files)
{
	const char *key = files->key ? files->key : files->certificate;

	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (files->ca ? !SSL_CTX_load_verify_locations(ctx, files->ca, NULL)
		      : !SSL_CTX_set_default_verify_paths(ctx))
		return unusable("authorities", files->ca);
	if (files->certificate && SSL_CTX_use_certificate_chain_file(ctx, files->certificate) != 1)
		return unusable("client certificate", files->certificate);
	if (key && SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return unusable("client key", key);
	if (key && SSL_CTX_check_private_key(ctx) != 1)
		return unusable("client key", key);
	return 0;
}

int tls_context__new(struct tls_context **out, const struct tls_files *files)
{
	static const unsigned char protocols[] = "\x02h2";
	struct tls_context *context = calloc(1, sizeof(*context));
	int err = -ENOMEM;

	if (!context)
		return err;
	context->ctx = SSL_CTX_new(TLS_client_method());
	if (context->ctx) {
		SSL_CTX_set_verify(context->ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_min_proto_version(context->ctx, TLS1_2_VERSION);
		SSL_CTX_set_mode(context->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
						       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
		SSL_CTX_set_alpn_protos(context->ctx, protocols, sizeof(protocols) - 1);
		err = load_files(context->ctx, files);
	}
	if (err) {
		tls_context__free(context);
		return err;
	}
	*out = context;
	return 0;
}

void tls_context__free(struct tls_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ctx);
	free(context);
}

static bool set_host(SSL *ssl, const char *host)
{
	u8 address[16];

	/* RFC 6066 section 3: no addresses in server_name */
	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

int tls__new(struct tls **out, struct tls_context *context, int fd, const char *host)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return -ENOMEM;
	tls->ssl = SSL_new(context->ctx);
	if (!tls->ssl || !SSL_set_fd(tls->ssl, fd) || !set_host(tls->ssl, host)) {
		ERR_clear_error();
		tls__free(tls);
		return -ENOMEM;
	}
	SSL_set_connect_state(tls->ssl);
	*out = tls;
	return 0;
}

static void note_error(struct tls *tls)
{
	long verified = SSL_get_verify_result(tls->ssl);
	bool plain = ERR_GET_REASON(ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER;
	char why[120];

	last_error(why, sizeof(why));
	if (verified == X509_V_OK)
		snprintf(tls->error, sizeof(tls->error), "%s%s", why, plain ? HINT_NO_TLS : "");
	else
		snprintf(tls->error, sizeof(tls->error), "certificate not accepted: %s",
			 X509_verify_cert_error_string(verified));
}

/* What a call that returned `result` means. */
static ssize_t judge(struct tls *tls, int result)
{
	int saved = errno;

	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_NONE:
		return result;
	case SSL_ERROR_WANT_READ:
		tls->wants_write = false;
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		tls->wants_write = true;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		if (!ERR_peek_error())
			return saved ? -saved : -ECONNRESET;
		break;
	}
	note_error(tls);
	return -EPROTO;
}

int tls__handshake(struct tls *tls)
{
	const unsigned char *protocol;
	unsigned len;
	ssize_t n;

	ERR_clear_error();
	errno = 0;
	n = judge(tls, SSL_do_handshake(tls->ssl));
	if (n <= 0)
		return n ? (int)n : -ECONNRESET;
	SSL_get0_alpn_selected(tls->ssl, &protocol, &len);
	if (str_eq((struct str){(const char *)protocol, len}, STR("h2")))
		return 0;
	snprintf(tls->error, sizeof(tls->error), "the server does not speak HTTP/2");
	return -EPROTO;
}

ssize_t tls__read(struct tls *tls, void *bytes, size_t len)
{
	ERR_clear_error();
	errno = 0;
	return judge(tls, SSL_read(tls->ssl, bytes, len > INT_MAX ? INT_MAX : (int)len));
}

ssize_t tls__write(struct tls *tls, const void *bytes, size_t len)
{
	ERR_clear_error();
	errno = 0;
	return judge(tls, SSL_write(tls->ssl, bytes, len > INT_MAX ? INT_MAX : (int)len));
}

bool tls__wants_write(const struct tls *tls)
{
	return tls->wants_write;
}

const char *tls__error(const struct tls *tls)
{
	return tls->error;
}

void tls__free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl);
	free(tls);
}
