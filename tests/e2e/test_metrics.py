# SPDX-License-Identifier: Apache-2.0
"""Metrics against the client's own record: what is counted, when it is told, and in which order."""
import collections
import os

import servers
from harness import BOUND, Server, check, check_equal, reached, test
from test_conventions import get

INTERVAL = "200"  # ms
TRIES = 10  # of what a tick of 80 ms may come into, in less than one run of ten


def measure(run, server, *args, **variables):
    pids = ",".join(str(pid) for pid in server.pids())
    return run.daemon("--pid", pids, "--metrics_exporter", "console", *args,
                      env={**os.environ, **variables}).wait_attached()


def exports(daemon):
    return [document for document in daemon.documents() if "resource_metrics" in document]


def points(document):
    """{metric's name: its points}"""
    (resource,) = document["resource_metrics"]
    (scope,) = resource["scope_metrics"]
    return {metric["name"]: metric["data"]["data_points"] for metric in scope["metrics"]}


def durations(document, method="http.method", status="http.status_code",
              name="http.server.duration"):
    """{(method, status): count}; the buckets of each point must add up to its count."""
    counts = collections.Counter()
    for point in points(document)[name]:
        check_equal(sum(point["bucket_counts"]), point["count"], "sum of the buckets")
        counts[point["attributes"][method], point["attributes"][status]] += point["count"]
    return dict(counts)


def in_flight(document):
    return sum(point["value"] for point in points(document)["http.server.active_requests"])


@test("bpf", "helpers", "todo")
def metrics_equal_the_clients(run):
    """Told once, at the end, of every connection."""
    server = servers.todo(run)
    daemon = measure(run, server, "--traces_exporter", "none")
    records = run.load(server, "-c", 16, "-n", 25, "-p", "/", "-k")
    records += run.load(server, "-c", 4, "-n", 3, "-p", "/nowhere")
    summary = daemon.stop()
    (document,) = exports(daemon)
    want = collections.Counter((record.method, record.status) for record in records)
    check_equal(durations(document), dict(want), "counts")
    check_equal(in_flight(document), 0, "requests in flight")
    check_equal((summary.spans, summary.lost), (len(records), 0), "spans, lost")


@test("bpf", "flask")
def metrics_before_sampling(run):
    """Neither a sampler nor an excluded URL stops the count of what is in flight."""
    server = servers.flask(run)
    daemon = measure(run, server, "--traces_exporter", "console", OTEL_TRACES_SAMPLER="always_off",
                     OTEL_PYTHON_EXCLUDED_URLS="nowhere", OTEL_SEMCONV_STABILITY_OPT_IN="http")
    for target in ("/healthz", "/nowhere", "/healthz"):
        get(server, target)
    summary = daemon.stop()
    check_equal((summary.spans, summary.sampled_out, summary.excluded), (0, 2, 1),
                "spans, sampled out, excluded")
    (document,) = daemon.documents()
    check_equal(durations(document, "http.request.method", "http.response.status_code",
                          "http.server.request.duration"), {("GET", 200): 2}, "counts")
    check_equal(in_flight(document), 0, "requests in flight")
    exemplars = [p["exemplars"] for p in points(document)["http.server.request.duration"]]
    check_equal(exemplars, [[]], "exemplars of traces that are not kept")


@test("bpf", "flask")
def metrics_interval(run):
    """Cumulative: an export tells all so far, with one start."""
    server = servers.flask(run)
    daemon = measure(run, server, "--traces_exporter", "none",
                     OTEL_METRIC_EXPORT_INTERVAL=INTERVAL)
    get(server, "/healthz")
    check(reached(lambda: exports(daemon)), "no export within %g s" % BOUND)
    get(server, "/healthz")
    seen = reached(lambda: [d for d in exports(daemon) if durations(d) == {("GET", 200): 2}])
    check(seen, "the second request is in no export")
    daemon.stop()
    starts = {p["start_time_unix_nano"] for d in exports(daemon)
              for p in points(d)["http.server.duration"]}
    check_equal(len(starts), 1, "different starts")
    times = [p["time_unix_nano"] for d in exports(daemon)
             for p in points(d)["http.server.duration"]]
    check_equal(times, sorted(times), "times")


def told_at_the_end(run):
    """The kinds of documents, in order, of a server that dies in the middle of its only answer."""
    daemon = run.daemon("--traces_exporter", "console", "--metrics_exporter", "console",
                        *servers.nasty_command())
    address = daemon.wait_text(r"cserver: listening on (\S+)")[1]
    run.load(Server(daemon, address), "-p", "/die", "-x")
    daemon.wait_exit()
    return ["metrics" if "resource_metrics" in d else "span" for d in daemon.documents()]


@test("bpf", "helpers")
def metrics_before_spans_at_exit(run):
    """The SDK's order of what is left to tell. A tick that comes between the server's death and the
    news of it tells the span before; it does not each time."""
    orders = (told_at_the_end(run) for _ in range(TRIES))
    check(["metrics", "span"] in orders, "in %d runs the span never came last" % TRIES)


@test("bpf", "helpers", "todo")
def metrics_replayed(run):
    """Recorded ticks drive the interval: a replay tells the same bytes."""
    server = servers.todo(run)
    exporters = ("--traces_exporter", "console", "--metrics_exporter", "console",
                 "--metric_export_interval", INTERVAL)
    recording = run.tmp / "recording"
    daemon = run.daemon("--pid", server.process.pid, "--record", recording, *exporters)
    daemon.wait_attached()
    run.load(server, "-c", 4, "-n", 3, "-p", "/")
    check(reached(lambda: exports(daemon)), "no export within %g s" % BOUND)
    run.load(server, "-c", 4, "-n", 3, "-p", "/")
    daemon.stop()
    again = run.daemon("--replay", recording, *exporters)
    check_equal(again.wait_exit(), 0, "status of the replay")
    check(again.stdout() == daemon.stdout(), "the replay tells something else")
    check_equal(sum(durations(exports(daemon)[-1]).values()), 24, "the last export's count")
    quiet = run.daemon("--replay", recording, "--traces_exporter", "console")
    check_equal(quiet.wait_exit(), 0, "status of the second replay")
    check_equal(quiet.documents(), [d for d in daemon.documents() if "name" in d],
                "spans without metrics")
