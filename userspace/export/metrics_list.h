// SPDX-License-Identifier: Apache-2.0
/* Every exporter of metrics: METRICS_EXPORTER(name) is `export_name_metrics` in name_metrics.c, or
 * in name.c beside that of spans. */
METRICS_EXPORTER(console)
METRICS_EXPORTER(prometheus)
METRICS_EXPORTER(text)
METRICS_EXPORTER(debug)
METRICS_EXPORTER(file)
METRICS_EXPORTER(otlp)
METRICS_EXPORTER(elastic)
