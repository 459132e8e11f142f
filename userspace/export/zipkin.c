// SPDX-License-Identifier: Apache-2.0
/*
 * The exporter "zipkin", as Python's "zipkin_json": spans as JSON, POSTed to a Zipkin server by a
 * delivery. What is queued is a span, as a pointer to its batch's slot, with a reference of the
 * batch.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "export/export.h"
#include "deliver/http_client.h"
#include "export/otlp_endpoint.h"
#include "deliver/outbox.h"
#include "export/zipkin_json.h"

/* What is queued. */
struct entry {
	struct batch *batch; /* one reference */
	u32 index;	     /* of the span in it */
};

struct zipkin {
	struct exporter exporter;
	struct outbox *outbox;
	struct delivery *delivery; /* the outbox's */
	const struct span **spans; /* owned; of one request */
};

static int encode(void *owner, struct buf *out, const void *const *items, u32 cnt)
{
	struct zipkin *zipkin = owner;

	for (u32 i = 0; i < cnt; i++) {
		const struct entry *entry = items[i];

		zipkin->spans[i] = entry->batch->spans[entry->index];
	}
	zipkin_json(out, zipkin->spans, cnt);
	return out->failed ? -E2BIG : (int)cnt;
}

static void release(void *owner, const void *item)
{
	struct entry *entry = (struct entry *)item;

	(void)owner;
	batch__put(entry->batch);
	free(entry);
}

/* "HOST:PORT" will do: what an endpoint leaves out is the default's. */
static int print_url(const struct otlp_endpoint *endpoint, struct buf *out)
{
	otlp_endpoint__print_url(endpoint, out);
	buf__str(out, endpoint->path.len ? endpoint->path : STR("/api/v2/spans"));
	buf__char(out, '\0');
	return out->failed ? -ENOMEM : 0;
}

static int make_transport(struct outbox *outbox, const char *url, struct transport **out)
{
	const struct header_list headers = {.cnt = 0};
	struct http_options options = {
		.url = url, .content_type = "application/json", .headers = &headers};
	int err = outbox__http(outbox, &options.client);

	return err ? err : http__new(out, &options);
}

/* Its name and transport are set here; complains of what is no endpoint. */
static int open_delivery(struct outbox *outbox, const char *text, struct delivery_options *delivery,
			 struct delivery **out)
{
	struct buf name __cleanup(buf__free) = {0}, url __cleanup(buf__free) = {0};
	struct otlp_endpoint endpoint = {0};
	int err;

	if (otlp_endpoint_parse(&endpoint, text, true, "9411")) {
		log_error("the endpoint of zipkin cannot be used: want http://HOST:PORT/PATH or "
			  "HOST:PORT");
		return -EINVAL;
	}
	err = print_url(&endpoint, &url);
	otlp_endpoint__print(&endpoint, &name);
	buf__char(&name, '\0');
	if (err || name.failed)
		return -ENOMEM;
	delivery->name = name.p;
	err = make_transport(outbox, url.p, &delivery->transport);
	return err ? err : outbox__open(outbox, out, delivery);
}

static int zipkin_init(struct zipkin *zipkin, const struct export_env *env)
{
	static const struct delivery_ops ops = {"traces", "spans", encode, release, NULL};
	const struct config_batch *bsp = &env->config->bsp;
	struct delivery_options options = {
		.ops = &ops,
		.owner = zipkin,
		.schedule_delay_ns = bsp->schedule_delay * NSEC_PER_MSEC,
		.timeout_ns = env->config->zipkin_timeout * NSEC_PER_MSEC,
		.max_retry_ns = bsp->export_timeout * NSEC_PER_MSEC,
		.max_queue = (u32)bsp->max_queue_size,
		.max_batch = (u32)bsp->max_export_batch_size,
	};

	zipkin->outbox = env->outbox;
	zipkin->spans = calloc(options.max_batch, sizeof(*zipkin->spans));
	if (!zipkin->spans)
		return -ENOMEM;
	return open_delivery(env->outbox, env->config->zipkin_endpoint, &options,
			     &zipkin->delivery);
}

static void zipkin_close(struct exporter *exporter)
{
	struct zipkin *zipkin = container_of(exporter, struct zipkin, exporter);

	free(zipkin->spans);
	free(zipkin);
}

static int zipkin_open(struct exporter **out, const struct export_env *env)
{
	struct zipkin *zipkin = calloc(1, sizeof(*zipkin));
	int err;

	if (!zipkin)
		return -ENOMEM;
	zipkin->exporter.ops = &export_zipkin;
	zipkin->exporter.component = "zipkin_http_span_exporter";
	err = zipkin_init(zipkin, env);
	if (err) {
		zipkin_close(&zipkin->exporter);
		return err;
	}
	*out = &zipkin->exporter;
	return 0;
}

static enum export_result zipkin_send(struct exporter *exporter, const struct batch *batch)
{
	struct zipkin *zipkin = container_of(exporter, struct zipkin, exporter);
	enum export_result result = EXPORT_OK;

	for (u32 i = 0; i < batch->cnt; i++) {
		struct entry *entry = malloc(sizeof(*entry));

		if (!entry) {
			delivery__lost(zipkin->delivery, 1);
			result = EXPORT_DROP;
			continue;
		}
		*entry = (struct entry){batch__get(batch), i};
		outbox__add(zipkin->outbox, zipkin->delivery, entry);
	}
	return result;
}

static void zipkin_tell(const struct exporter *exporter, const struct sdk_component *component,
			struct metric_builder *builder)
{
	const struct zipkin *zipkin = container_of(exporter, struct zipkin, exporter);
	struct delivery_counts counts;

	delivery__counts(zipkin->delivery, &counts);
	delivery_counts__tell(&counts, &delivery_of_spans, component, builder);
}

const struct export_ops export_zipkin = {
	.name = "zipkin",
	.aliases = (const char *const[]){"zipkin_json", NULL},
	.open = zipkin_open,
	.send = zipkin_send,
	.close = zipkin_close,
	.tell = zipkin_tell,
};
