// SPDX-License-Identifier: Apache-2.0
/* How we introduce ourselves to receivers (OpenTelemetry specification, protocol/exporter). */
#ifndef USER_AGENT_H
#define USER_AGENT_H

#define USER_AGENT "otel-ebpf/" VERSION " OTel-OTLP-Exporter-C/" VERSION

#endif
