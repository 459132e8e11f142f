// SPDX-License-Identifier: Apache-2.0
/* Every exporter: EXPORTER(name) stands for `export_name` in name.c. "none" is none of them. */
EXPORTER(console)
EXPORTER(text)
EXPORTER(debug)
EXPORTER(file)
EXPORTER(otlp)
EXPORTER(elastic)
EXPORTER(zipkin)
