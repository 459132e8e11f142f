// SPDX-License-Identifier: Apache-2.0
/*
 * OTLP messages as bytes, without I/O: an ExportTraceServiceRequest or ExportMetricsServiceRequest
 * (which are TracesData and MetricsData, too), in protobuf or in OTLP's JSON on one line.
 */
#ifndef OTLP_H
#define OTLP_H

#include "model/metric.h"

enum otlp_encoding { OTLP_PROTOBUF, OTLP_JSON };

/*
 * Append one message: the spans grouped by resource and scope; all metrics of a snapshot. 0, or
 * negative errno: no memory, or more than a buffer holds; out is then marked as failed. A receiver
 * may refuse what is too long (the Collector's limit for gRPC is 4 MiB): then encode the halves.
 */
int otlp_encode_traces(struct buf *out, enum otlp_encoding encoding,
		       const struct span *const *spans, u32 cnt);
int otlp_encode_metrics(struct buf *out, enum otlp_encoding encoding,
			const struct metrics *metrics);

#endif
