// SPDX-License-Identifier: Apache-2.0
#include "export/otlp_endpoint.h"

#include <errno.h>
#include <stdio.h>

/* Takes "scheme://" off: 0, or -EINVAL for one that is not ours. */
static int take_scheme(struct otlp_endpoint *endpoint, struct str *rest, const char **port)
{
	static const struct {
		struct str text;
		bool tls;
		const char *port;
	} schemes[] = {
		{{"http://", 7}, false, "80"},
		{{"https://", 8}, true, "443"},
	};

	for (u32 i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (!str_caseeq(str_sub(*rest, 0, schemes[i].text.len), schemes[i].text))
			continue;
		endpoint->tls = schemes[i].tls;
		*port = schemes[i].port;
		*rest = str_sub(*rest, schemes[i].text.len, rest->len);
		return 0;
	}
	for (size_t i = 0; i + 2 < rest->len; i++) {
		if (!memcmp(rest->p + i, "://", 3))
			return -EINVAL;
	}
	return 0;
}

/* Where the authority ends: at the path, the query or the fragment. */
static size_t authority_len(struct str s)
{
	size_t len = 0;

	while (len < s.len && !strchr("/?#", s.p[len]))
		len++;
	return len;
}

static int set_port(struct otlp_endpoint *endpoint, struct str port)
{
	u32 number = 0;

	if (!port.len || port.len > 5)
		return -EINVAL;
	for (size_t i = 0; i < port.len; i++) {
		if (port.p[i] < '0' || port.p[i] > '9')
			return -EINVAL;
		number = number * 10 + (u32)(port.p[i] - '0');
	}
	if (!number || number > 65535)
		return -EINVAL;
	snprintf(endpoint->port, sizeof(endpoint->port), "%u", number);
	return 0;
}

static int set_host(struct otlp_endpoint *endpoint, struct str host)
{
	if (!host.len || host.len >= sizeof(endpoint->host))
		return -EINVAL;
	for (size_t i = 0; i < host.len; i++) {
		if ((u8)host.p[i] <= ' ' || host.p[i] == 0x7f)
			return -EINVAL;
	}
	memcpy(endpoint->host, host.p, host.len);
	endpoint->host[host.len] = '\0';
	return 0;
}

/* "host", "host:port", "[::1]:port" */
static int parse_authority(struct otlp_endpoint *endpoint, struct str s, const char *port)
{
	ssize_t at = str_find(s, '@', 0), colon, bracket = -1;
	int err;

	if (at >= 0) {
		endpoint->user = str_sub(s, 0, (size_t)at);
		s = str_sub(s, (size_t)at + 1, s.len);
	}
	endpoint->ipv6 = s.len && s.p[0] == '[';
	if (endpoint->ipv6) {
		bracket = str_find(s, ']', 0);
		if (bracket < 0)
			return -EINVAL;
	}
	colon = str_find(s, ':', (size_t)(bracket + 1));
	if (bracket >= 0 && colon != bracket + 1 && (size_t)bracket + 1 != s.len)
		return -EINVAL;
	err = colon < 0 ? set_port(endpoint, str_from(port))
			: set_port(endpoint, str_sub(s, (size_t)colon + 1, s.len));
	if (err)
		return err;
	return set_host(endpoint, endpoint->ipv6
					  ? str_sub(s, 1, (size_t)bracket - 1)
					  : str_sub(s, 0, colon < 0 ? s.len : (size_t)colon));
}

int otlp_endpoint_parse(struct otlp_endpoint *endpoint, const char *text, bool insecure,
			const char *default_port)
{
	struct str rest = str_trim(str_from(text));
	size_t len;
	int err;

	*endpoint = (struct otlp_endpoint){.tls = !insecure};
	err = take_scheme(endpoint, &rest, &default_port);
	if (err)
		return err;
	len = authority_len(rest);
	endpoint->path = str_sub(rest, len, rest.len);
	return parse_authority(endpoint, str_sub(rest, 0, len), default_port);
}

void otlp_endpoint__print(const struct otlp_endpoint *endpoint, struct buf *out)
{
	buf__printf(out, endpoint->ipv6 ? "[%s]:%s" : "%s:%s", endpoint->host, endpoint->port);
}

void otlp_endpoint__print_url(const struct otlp_endpoint *endpoint, struct buf *out)
{
	buf__str(out, endpoint->tls ? STR("https://") : STR("http://"));
	if (endpoint->user.len) {
		buf__str(out, endpoint->user);
		buf__char(out, '@');
	}
	otlp_endpoint__print(endpoint, out);
}
