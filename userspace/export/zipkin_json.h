// SPDX-License-Identifier: Apache-2.0
/*
 * Spans as Zipkin's v2 JSON, in the shape and order in which OpenTelemetry Python sends them
 * (specification, trace/sdk_exporters/zipkin):
 *
 *	[{"traceId": "0e85...", "id": "1d49...", "name": "GET /rolldice", "timestamp":
 *1795218775500006, "duration": 3429, "localEndpoint": {"serviceName": "dice"}, "kind": "SERVER",
 *"tags": {...}, "debug": true, "parentId": "..."}]
 */
#ifndef ZIPKIN_JSON_H
#define ZIPKIN_JSON_H

#include "model/span.h"

/* One document; out fails if it does not hold it. */
void zipkin_json(struct buf *out, const struct span *const *spans, u32 cnt);

#endif
