# SPDX-License-Identifier: Apache-2.0
"""Traces and metrics in the real Collector, by every protocol, compression and kind of TLS."""
from harness import check, check_equal, test, wait_for
from certificates import Authority
from collector import Collector
from exports import SPANS, counts, replay


def deliver(run, collector, kind, *flags):
    scheme = "https" if collector.tls else "http"
    port = collector.grpc if kind == "grpc" else collector.http
    daemon = replay(run, "%s://localhost:%d" % (scheme, port), "--metrics_exporter", "otlp",
                    *flags, protocol=kind)
    (traces,), (metrics,) = (list(counts(daemon, s).values()) for s in ("traces", "metrics"))
    check_equal(traces, (SPANS, 0, ""), "delivered, lost, causes of traces")
    check(metrics[0] and not metrics[1], "metrics: %r" % (metrics,))
    check_equal(len(collector.wait_ids(SPANS)), SPANS, "distinct spans")
    wait_for(collector.metrics, "metrics in the Collector's file")
    names = {metric["name"] for metric in collector.metrics()}
    check("http.server.duration" in names, "metrics are %s" % sorted(names))


for protocol in ("grpc", "http/protobuf", "http/json"):
    for compression in ("none", "gzip"):
        def collected(run, protocol=protocol, compression=compression):
            deliver(run, Collector(run), protocol, "--exporter_otlp_compression", compression)
        test("collector", name="collector_%s_%s" % (protocol.replace("/", "_"), compression))(
            collected)

    def by_tls(run, protocol=protocol):
        ca = Authority(run.tmp)
        deliver(run, Collector(run, (*ca.issue("server"), None)), protocol,
                "--exporter_otlp_certificate", ca.cert)
    test("collector", "openssl", name="collector_%s_tls" % protocol.replace("/", "_"))(by_tls)

    def by_mutual_tls(run, protocol=protocol):
        ca = Authority(run.tmp)
        cert, key = ca.issue("client")
        deliver(run, Collector(run, (*ca.issue("server"), ca.cert)), protocol,
                "--exporter_otlp_certificate", ca.cert, "--exporter_otlp_client_certificate", cert,
                "--exporter_otlp_client_key", key)
    test("collector", "openssl", name="collector_%s_mutual_tls" % protocol.replace("/", "_"))(
        by_mutual_tls)
