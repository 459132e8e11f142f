# SPDX-License-Identifier: Apache-2.0
"""Which requests become spans, and of which trace: samplers and propagators, on the wire."""
import servers
from harness import check_equal, test
from test_conventions import get, spans, trace

PARENT = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-%02x"


def counts(run, requests, want, **variables):
    """Makes the requests, each a list of fields; want: spans, sampled out."""
    server = servers.flask(run)
    daemon = trace(run, server, **variables)
    for fields in requests:
        get(server, "/healthz", *fields)
    found, summary = spans(daemon, want[0])
    check_equal((summary.requests, summary.sampled_out), (len(requests), want[1]),
                "requests, sampled out")
    return found


@test("bpf", "flask")
def sampler_always_off(run):
    counts(run, [[], [PARENT % 1]], (0, 2), OTEL_TRACES_SAMPLER="always_off")


@test("bpf", "flask")
def sampler_parent_decides(run):
    found = counts(run, [[], [PARENT % 1], [PARENT % 0]], (1, 2),
                   OTEL_TRACES_SAMPLER="parentbased_always_off")
    check_equal(found[0]["parent_id"], "0x00f067aa0ba902b7", "parent")


@test("bpf", "flask")
def sampler_ratio(run):
    """By the trace id's low half alone."""
    ids = ("0000000000000001", "7fffffffffffffff", "8000000000000000", "ffffffffffffffff")
    requests = [["traceparent: 00-0af7651916cd43dd%s-00f067aa0ba902b7-00" % low] for low in ids]
    found = counts(run, requests, (2, 2), OTEL_TRACES_SAMPLER="traceidratio",
                   OTEL_TRACES_SAMPLER_ARG="0.5")
    check_equal([d["context"]["trace_id"][-16:] for d in found], list(ids[:2]), "kept")


@test("bpf", "flask")
def propagators(run):
    found = counts(run, [["b3: 0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-1"], [PARENT % 1],
                         ["uber-trace-id: 0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1"]],
                   (3, 0), OTEL_PROPAGATORS="b3,jaeger")
    check_equal([d["parent_id"] for d in found],
                ["0x00f067aa0ba902b7", None, "0xb7ad6b7169203331"], "parents")
