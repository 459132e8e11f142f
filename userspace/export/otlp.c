// SPDX-License-Identifier: Apache-2.0
#include "export/otlp.h"

#include <errno.h>

#include "export/otlp_json.h"
#include "export/otlp_tree.h"
#include "metrics.pb-c.h"
#include "trace.pb-c.h"

static int pack(struct buf *out, const struct ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	int err = buf__reserve(out, len);

	if (!err)
		out->len += protobuf_c_message_pack(message, (u8 *)out->p + out->len);
	return err;
}

static int encode(struct buf *out, enum otlp_encoding encoding,
		  const struct ProtobufCMessage *message)
{
	if (!message) {
		out->failed = true;
		return -ENOMEM;
	}
	return encoding == OTLP_JSON ? otlp_print_json(out, message) : pack(out, message);
}

int otlp_encode_traces(struct buf *out, enum otlp_encoding encoding,
		       const struct span *const *spans, u32 cnt)
{
	struct arena mem __cleanup(arena__free) = {.limit = OTLP_TREE_LIMIT};
	const Otlp__TracesData *data = otlp_traces_tree(&mem, spans, cnt);

	return encode(out, encoding, data ? &data->base : NULL);
}

int otlp_encode_metrics(struct buf *out, enum otlp_encoding encoding, const struct metrics *metrics)
{
	struct arena mem __cleanup(arena__free) = {.limit = OTLP_TREE_LIMIT};
	const Otlp__MetricsData *data = otlp_metrics_tree(&mem, metrics);

	return encode(out, encoding, data ? &data->base : NULL);
}
