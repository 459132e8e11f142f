# SPDX-License-Identifier: Apache-2.0
"""A recording of nine requests, replayed into a receiver; and what the daemon counts."""
import re

from harness import ROOT, check_equal

RECORDING = ROOT / "tests" / "replay" / "nginx.rec"
SPANS = 9  # in the recording
LINE = re.compile(r"^otel-ebpf: (traces|metrics) to (\S+): (\d+) \D+ = (\d+) delivered \+ (\d+) lost"
                  r"(?: \((.*)\))? \+ (\d+) queued$", re.MULTILINE)


def counts(daemon, signal="traces"):
    """(delivered, lost, causes) by destination, at the end."""
    found = {}
    for name, where, total, delivered, lost, causes, queued in LINE.findall(daemon.stderr()):
        check_equal(int(total), int(delivered) + int(lost) + int(queued), "sum of " + name)
        if name == signal:
            found[where] = (int(delivered), int(lost), causes)
    return found


def endpoint(receiver, scheme="http", host="127.0.0.1"):
    return "%s://%s:%d" % (scheme, host, receiver.port)


def replay(run, where, *flags, protocol="grpc", wait=True, **options):
    """The daemon after it has replayed the recording to the endpoint."""
    daemon = run.daemon("--replay", RECORDING, "--traces_exporter", "otlp",
                        "--exporter_otlp_endpoint", where, "--exporter_otlp_protocol", protocol,
                        *flags, **options)
    if wait:
        check_equal(daemon.wait_exit(), 0, "status of the replay")
    return daemon


def outcome(daemon):
    """(delivered, lost, causes) where there is one destination."""
    (only,) = counts(daemon).values()
    return only
