// SPDX-License-Identifier: Apache-2.0
/*
 * Where OTLP goes, by the rules of the OpenTelemetry specification (protocol/exporter):
 *
 *	http://localhost:4317, localhost:4317, 0.0.0.0:4317, https://[::1]:4318/base
 */
#ifndef OTLP_ENDPOINT_H
#define OTLP_ENDPOINT_H

#include "base/buf.h"

#define OTLP_HOST_MAX 256 /* a name of DNS has 253 characters at most */

struct otlp_endpoint {
	char host[OTLP_HOST_MAX]; /* without the brackets of an IPv6 address */
	char port[6];
	bool tls;
	bool ipv6;	 /* host is to be written in brackets */
	struct str path; /* of the text: "", "/base", with query; borrowed */
	struct str user; /* of the text, "user:password"; borrowed */
};

/*
 * insecure counts where there is no scheme. default_port where there is neither scheme nor port:
 * with a scheme it is the scheme's. 0, or -EINVAL.
 */
int otlp_endpoint_parse(struct otlp_endpoint *endpoint, const char *text, bool insecure,
			const char *default_port);
/* Appends "localhost:4317" or "[::1]:4317". */
void otlp_endpoint__print(const struct otlp_endpoint *endpoint, struct buf *out);
/* The same and the scheme before it: "http://localhost:4318". */
void otlp_endpoint__print_url(const struct otlp_endpoint *endpoint, struct buf *out);

#endif
