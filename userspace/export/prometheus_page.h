// SPDX-License-Identifier: Apache-2.0
/*
 * struct prometheus_page: a snapshot of metrics as Prometheus reads it, made piece by piece while
 *it is sent: 2000 sets of attributes of one histogram are 16 MiB of text, their snapshot less
 *than 2.
 *
 *	# HELP http_server_request_duration_seconds Duration of HTTP server requests.
 *	# TYPE http_server_request_duration_seconds histogram
 *	http_server_request_duration_seconds_bucket{job="todo",instance="2f1...",...,le="0.005"} 1.0
 *
 * Several processes are on one page, so each series carries its resource's identity: service.name
 * (in service.namespace) as job, service.instance.id as instance; what else is known of it is in
 * target_info, once. Where two resources say the same of themselves, all but the first carry their
 * number as otel_ebpf_process, so that no series is there twice.
 */
#ifndef PROMETHEUS_PAGE_H
#define PROMETHEUS_PAGE_H

#include "model/metric.h"

enum prometheus_format {
	PROMETHEUS_TEXT,	/* text exposition format 0.0.4 */
	PROMETHEUS_OPENMETRICS, /* OpenMetrics 1.0.0: the same with exemplars and an end */
};

/* What an Accept field asks for (RFC 9110 section 12.5.1): OpenMetrics only where it is named. */
enum prometheus_format prometheus_format_of(struct str accept);

struct prometheus_page;

/* Takes a reference of its own; NULL snapshot: an empty page. 0 or -ENOMEM. */
int prometheus_page__new(struct prometheus_page **out, struct metrics *snapshot,
			 enum prometheus_format format);
void prometheus_page__free(struct prometheus_page *page);
/* Appends a few more whole lines; false: there are none. out fails when there is no memory. */
bool prometheus_page__next(struct prometheus_page *page, struct buf *out);

#endif
