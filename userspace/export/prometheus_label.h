// SPDX-License-Identifier: Apache-2.0
/*
 * Names and labels as Prometheus takes them: [a-zA-Z_][a-zA-Z0-9_]*, so "http.route" is http_route
 * (OpenTelemetry specification, compatibility/prometheus_and_openmetrics).
 */
#ifndef PROMETHEUS_LABEL_H
#define PROMETHEUS_LABEL_H

#include "model/metric.h"

/* What is none of its characters, and any run of such, is one '_'. */
void prometheus_name(struct buf *out, struct str name);
/* A metric's name with its unit's: http_server_request_duration_seconds. */
void prometheus_metric_name(struct buf *out, const struct metric_info *info);
/* That unit; "": its name has none. */
struct str prometheus_unit(const struct metric_info *info);
/* Text on one line, with a backslash before another and, if asked for, before quotes. */
void prometheus_escape(struct buf *out, struct str s, bool quotes);

/* name="value", after a comma unless they are the first of labels. */
void prometheus_label(struct buf *labels, struct str name, struct str value);
/*
 * Attributes as labels, sorted; keys that become one name become one label, its values joined by
 * ';'. Those in `reserved` (up to STR_NONE; NULL: none) are left out.
 */
void prometheus_attrs(struct buf *labels, const struct attrs *attrs, const struct str *reserved);

#endif
