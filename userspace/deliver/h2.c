// SPDX-License-Identifier: Apache-2.0
#include "deliver/h2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "deliver/h2_conn.h"

struct h2_channel {
	struct h2_channel *next;
	struct loop *loop;
	char *host, *port, *ca, *certificate, *key; /* of target */
	struct h2_target target;
	struct stream_target stream_target;
	struct h2_conn *current; /* takes new calls; NULL: none */
	struct h2_conn *conns;	 /* all of them */
};

struct h2_pool {
	struct loop *loop;
	struct h2_channel *channels;
};

int h2_pool__new(struct h2_pool **out, struct loop *loop)
{
	struct h2_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return -ENOMEM;
	pool->loop = loop;
	*out = pool;
	return 0;
}

static void channel__free(struct h2_channel *channel)
{
	while (channel->conns)
		h2_conn__free(channel->conns);
	tls_context__free(channel->stream_target.tls);
	free(channel->host);
	free(channel->port);
	free(channel->ca);
	free(channel->certificate);
	free(channel->key);
	free(channel);
}

void h2_pool__free(struct h2_pool *pool)
{
	struct h2_channel *channel, *next;

	if (!pool)
		return;
	for (channel = pool->channels; channel; channel = next) {
		next = channel->next;
		channel__free(channel);
	}
	free(pool);
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_target(const struct h2_target *a, const struct h2_target *b)
{
	return same(a->host, b->host) && same(a->port, b->port) && a->tls == b->tls &&
	       same(a->files.ca, b->files.ca) && same(a->files.certificate, b->files.certificate) &&
	       same(a->files.key, b->files.key);
}

static int copy(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? -ENOMEM : 0;
}

static int channel__init(struct h2_channel *channel, const struct h2_target *target)
{
	if (copy(&channel->host, target->host) || copy(&channel->port, target->port) ||
	    copy(&channel->ca, target->files.ca) ||
	    copy(&channel->certificate, target->files.certificate) ||
	    copy(&channel->key, target->files.key))
		return -ENOMEM;
	channel->target = (struct h2_target){channel->host,
					     channel->port,
					     target->tls,
					     {channel->ca, channel->certificate, channel->key}};
	channel->stream_target.host = channel->host;
	channel->stream_target.port = channel->port;
	return target->tls ? tls_context__new(&channel->stream_target.tls, &channel->target.files)
			   : 0;
}

int h2_pool__channel(struct h2_pool *pool, const struct h2_target *target, struct h2_channel **out)
{
	struct h2_channel *channel;
	int err;

	for (channel = pool->channels; channel; channel = channel->next) {
		if (same_target(&channel->target, target)) {
			*out = channel;
			return 0;
		}
	}
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return -ENOMEM;
	channel->loop = pool->loop;
	err = channel__init(channel, target);
	if (err) {
		channel__free(channel);
		return err;
	}
	channel->next = pool->channels;
	pool->channels = channel;
	*out = channel;
	return 0;
}

static void on_retired(void *owner, struct h2_conn *conn)
{
	struct h2_channel *channel = owner;

	if (channel->current == conn)
		channel->current = NULL;
}

int h2_channel__call(struct h2_channel *channel, struct h2_call *call)
{
	struct h2_conn *conn = channel->current;
	const struct h2_conn_env env = {channel->loop, &channel->stream_target, &channel->conns,
					on_retired, channel};
	int err = 0;

	if (!conn)
		err = h2_conn__new(&conn, &env);
	if (err)
		return err;
	channel->current = conn;
	h2_conn__call(conn, call);
	return 0;
}

void h2_channel__cancel(struct h2_channel *channel, struct h2_call *call)
{
	(void)channel;
	h2_conn__cancel(call->conn, call);
}
