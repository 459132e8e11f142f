// SPDX-License-Identifier: Apache-2.0
/*
 * The exporters "otlp" and "elastic" of spans and metrics: what they are given goes into a
 * delivery, which asks for bytes when it is time. A span is queued as a pointer to its batch's
 * slot, with a reference of the batch; a snapshot of metrics as its groups, a large one in parts.
 */
#include <errno.h>
#include <stdlib.h>

#include "export/export.h"
#include "export/metrics_export.h"
#include "export/otlp.h"
#include "export/otlp_target.h"
#include "export/otlp_tree.h"

/* Sets of metrics (of one process and scope each) that wait while a receiver is away. */
#define METRICS_QUEUE 4096
/* Sets in one request, at most: what fits is found by trying. */
#define METRICS_BATCH 1024
/* Points of a set: one with every text and exemplar there may be has some 10 kB, in JSON. */
#define SET_POINTS 256
/* Points of a request: usual ones have 500 bytes, and 4 MiB are the limit of many receivers. */
#define REQUEST_POINTS 8192

/* What is queued: one reference of the batch or snapshot that holds it. */
struct entry {
	struct batch *batch;
	struct metrics *metrics;
	u32 index;		    /* of the span in the batch */
	struct metric_range points; /* of the snapshot */
};

struct otlp {
	struct exporter exporter;
	struct metrics_exporter metrics_exporter;
	struct outbox *outbox;
	struct delivery *delivery; /* the outbox's; NULL: another exporter serves the same place */
	enum otlp_encoding encoding;
	const struct span **spans; /* of one request */
};

static struct otlp *otlp__new(const struct export_env *env, const struct otlp_signal *signal)
{
	struct otlp *otlp = calloc(1, sizeof(*otlp));

	if (!otlp)
		return NULL;
	otlp->outbox = env->outbox;
	otlp->encoding = otlp_target_is_json(signal) ? OTLP_JSON : OTLP_PROTOBUF;
	return otlp;
}

static void otlp__free(struct otlp *otlp)
{
	free(otlp->spans);
	free(otlp);
}

static int encode_spans(void *owner, struct buf *out, const void *const *items, u32 cnt)
{
	struct otlp *otlp = owner;
	int err;

	for (u32 i = 0; i < cnt; i++) {
		const struct entry *entry = items[i];

		otlp->spans[i] = entry->batch->spans[entry->index];
	}
	err = otlp_encode_traces(out, otlp->encoding, otlp->spans, cnt);
	return err ? err : (int)cnt;
}

/* Those of one snapshot: its points stand in a row, and so do its entries. */
static int encode_metrics(void *owner, struct buf *out, const void *const *items, u32 cnt)
{
	struct arena mem __cleanup(arena__free) = {.limit = OTLP_TREE_LIMIT};
	struct otlp *otlp = owner;
	const struct entry *entry = items[0];
	const struct metrics *metrics = entry->metrics, *part;
	struct metric_range points = entry->points;
	u32 taken = 1;
	int err;

	for (; taken < cnt; taken++) {
		entry = items[taken];
		if (entry->metrics != metrics || points.cnt + entry->points.cnt > REQUEST_POINTS)
			break;
		points.cnt += entry->points.cnt;
	}
	part = metrics__part(metrics, points, &mem);
	err = part ? otlp_encode_metrics(out, otlp->encoding, part) : -ENOMEM;
	return err ? err : (int)taken;
}

static void release(void *owner, const void *item)
{
	struct entry *entry = (struct entry *)item;

	(void)owner;
	batch__put(entry->batch);
	metrics__put(entry->metrics);
	free(entry);
}

static u32 points_of(void *owner, const void *item)
{
	const struct entry *entry = item;

	(void)owner;
	return entry->points.cnt;
}

static const struct delivery_ops traces_ops = {"traces", "spans", encode_spans, release, NULL};
static const struct delivery_ops metrics_ops = {"metrics", "data points", encode_metrics, release,
						points_of};

static int open_traces(struct otlp **out, const struct export_env *env, bool elastic)
{
	const struct config_batch *bsp = &env->config->bsp;
	const struct otlp_signal signal = {
		.name = "traces",
		.service = "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
		.options = &env->config->otlp_traces,
		.exporters = env->config->traces_exporter,
		.elastic = elastic,
	};
	struct delivery_options delivery = {
		.ops = &traces_ops,
		.schedule_delay_ns = bsp->schedule_delay * NSEC_PER_MSEC,
		.max_retry_ns = bsp->export_timeout * NSEC_PER_MSEC,
		.max_queue = (u32)bsp->max_queue_size,
		.max_batch = (u32)bsp->max_export_batch_size,
	};
	struct otlp *otlp = otlp__new(env, &signal);
	int err = -ENOMEM;

	if (!otlp)
		return err;
	delivery.owner = otlp;
	otlp->spans = calloc(delivery.max_batch, sizeof(*otlp->spans));
	if (otlp->spans)
		err = otlp_target_open(env->outbox, env->config, &signal, &delivery,
				       &otlp->delivery);
	if (err)
		otlp__free(otlp);
	else
		*out = otlp;
	return err;
}

static int open_metrics(struct otlp **out, const struct export_env *env, bool elastic)
{
	const struct otlp_signal signal = {
		.name = "metrics",
		.service = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
		.options = &env->config->otlp_metrics,
		.exporters = env->config->metrics_exporter,
		.elastic = elastic,
	};
	struct delivery_options delivery = {
		.ops = &metrics_ops,
		.max_retry_ns = env->config->metric_export_timeout * NSEC_PER_MSEC,
		.max_queue = METRICS_QUEUE,
		.max_batch = METRICS_BATCH,
	};
	struct otlp *otlp = otlp__new(env, &signal);
	int err;

	if (!otlp)
		return -ENOMEM;
	delivery.owner = otlp;
	err = otlp_target_open(env->outbox, env->config, &signal, &delivery, &otlp->delivery);
	if (err)
		otlp__free(otlp);
	else
		*out = otlp;
	return err;
}

/* False: no memory. */
static bool add(struct otlp *otlp, const struct entry *entry)
{
	struct entry *owned = malloc(sizeof(*owned));

	if (!owned)
		return false;
	*owned = *entry;
	outbox__add(otlp->outbox, otlp->delivery, owned);
	return true;
}

static enum export_result otlp_send(struct exporter *exporter, const struct batch *batch)
{
	struct otlp *otlp = container_of(exporter, struct otlp, exporter);
	enum export_result result = EXPORT_OK;

	for (u32 i = 0; otlp->delivery && i < batch->cnt; i++) {
		const struct entry entry = {.batch = batch__get(batch), .index = i};

		if (add(otlp, &entry))
			continue;
		batch__put(entry.batch);
		delivery__lost(otlp->delivery, 1);
		result = EXPORT_DROP;
	}
	return result;
}

/* In sets that are never too large for a request. False: some are lost. */
static bool add_points(struct otlp *otlp, struct metrics *metrics, struct metric_range points)
{
	bool fine = true;

	for (u32 done = 0; done < points.cnt; done += SET_POINTS) {
		u32 rest = points.cnt - done;
		const struct entry entry = {
			.metrics = metrics__get(metrics),
			.points = {points.first + done, rest < SET_POINTS ? rest : SET_POINTS},
		};

		if (add(otlp, &entry))
			continue;
		metrics__put(entry.metrics);
		delivery__lost(otlp->delivery, entry.points.cnt);
		fine = false;
	}
	return fine;
}

static enum export_result otlp_metrics_send(struct metrics_exporter *exporter,
					    struct metrics *metrics)
{
	struct otlp *otlp = container_of(exporter, struct otlp, metrics_exporter);
	enum export_result result = EXPORT_OK;
	u32 first = 0;

	for (u32 i = 0; otlp->delivery && i < metrics->group_cnt; i++) {
		u32 cnt = metric_group__points(&metrics->groups[i]);

		if (!add_points(otlp, metrics, (struct metric_range){first, cnt}))
			result = EXPORT_DROP;
		first += cnt;
	}
	return result;
}

static void tell(const struct otlp *otlp, const struct delivery_metrics *metrics,
		 const struct sdk_component *component, struct metric_builder *builder)
{
	struct delivery_counts counts;

	if (!otlp->delivery)
		return;
	delivery__counts(otlp->delivery, &counts);
	delivery_counts__tell(&counts, metrics, component, builder);
}

static void otlp_tell(const struct exporter *exporter, const struct sdk_component *component,
		      struct metric_builder *builder)
{
	tell(container_of(exporter, struct otlp, exporter), &delivery_of_spans, component, builder);
}

static void otlp_metrics_tell(const struct metrics_exporter *exporter,
			      const struct sdk_component *component, struct metric_builder *builder)
{
	tell(container_of(exporter, struct otlp, metrics_exporter), &delivery_of_points, component,
	     builder);
}

static void otlp_close(struct exporter *exporter)
{
	otlp__free(container_of(exporter, struct otlp, exporter));
}

static void otlp_metrics_close(struct metrics_exporter *exporter)
{
	otlp__free(container_of(exporter, struct otlp, metrics_exporter));
}

/* In the words of the conventions (registry, otel.component.type). */
static const struct {
	const char *protocol, *spans, *metrics;
} components[] = {
	{"grpc", "otlp_grpc_span_exporter", "otlp_grpc_metric_exporter"},
	{"http/protobuf", "otlp_http_span_exporter", "otlp_http_metric_exporter"},
	{"http/json", "otlp_http_json_span_exporter", "otlp_http_json_metric_exporter"},
};

static u32 component_of(const struct config_otlp *options, bool elastic)
{
	u32 i = 0;

	while (!elastic && i + 1 < ARRAY_SIZE(components) &&
	       strcmp(components[i].protocol, options->protocol) != 0)
		i++;
	return i;
}

static int open_as(struct exporter **out, const struct export_env *env,
		   const struct export_ops *ops)
{
	struct otlp *otlp;
	int err = open_traces(&otlp, env, ops == &export_elastic);

	if (err)
		return err;
	otlp->exporter.ops = ops;
	otlp->exporter.component =
		components[component_of(&env->config->otlp_traces, ops == &export_elastic)].spans;
	*out = &otlp->exporter;
	return 0;
}

static int otlp_open(struct exporter **out, const struct export_env *env)
{
	return open_as(out, env, &export_otlp);
}

static int elastic_open(struct exporter **out, const struct export_env *env)
{
	return open_as(out, env, &export_elastic);
}

static int metrics_open_as(struct metrics_exporter **out, const struct export_env *env,
			   const struct metrics_export_ops *ops)
{
	struct otlp *otlp;
	int err = open_metrics(&otlp, env, ops == &export_elastic_metrics);

	if (err)
		return err;
	otlp->metrics_exporter.ops = ops;
	otlp->metrics_exporter.component =
		components[component_of(&env->config->otlp_metrics, ops == &export_elastic_metrics)]
			.metrics;
	*out = &otlp->metrics_exporter;
	return 0;
}

static int otlp_metrics_open(struct metrics_exporter **out, const struct export_env *env)
{
	return metrics_open_as(out, env, &export_otlp_metrics);
}

static int elastic_metrics_open(struct metrics_exporter **out, const struct export_env *env)
{
	return metrics_open_as(out, env, &export_elastic_metrics);
}

const struct export_ops export_otlp = {
	.name = "otlp",
	.open = otlp_open,
	.send = otlp_send,
	.close = otlp_close,
	.tell = otlp_tell,
};

const struct export_ops export_elastic = {
	.name = "elastic",
	.open = elastic_open,
	.send = otlp_send,
	.close = otlp_close,
	.tell = otlp_tell,
};

const struct metrics_export_ops export_otlp_metrics = {
	.name = "otlp",
	.otlp = true,
	.open = otlp_metrics_open,
	.send = otlp_metrics_send,
	.close = otlp_metrics_close,
	.tell = otlp_metrics_tell,
};

const struct metrics_export_ops export_elastic_metrics = {
	.name = "elastic",
	.otlp = true,
	.open = elastic_metrics_open,
	.send = otlp_metrics_send,
	.close = otlp_metrics_close,
	.tell = otlp_metrics_tell,
};
