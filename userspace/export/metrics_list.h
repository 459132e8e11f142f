// SPDX-License-Identifier: Apache-2.0
/* Every exporter of metrics: METRICS_EXPORTER(name) is `export_name_metrics` in name_metrics.c. */
METRICS_EXPORTER(console)
METRICS_EXPORTER(text)
METRICS_EXPORTER(file)
