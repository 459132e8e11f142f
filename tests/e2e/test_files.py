# SPDX-License-Identifier: Apache-2.0
"""OTLP in files, against what the console says of the same requests."""
import collections
import json
import stat

import servers
from harness import check, check_equal, reached, test
from test_conventions import get

INTERVAL = "200"  # ms


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def value(any_value):
    ((kind, plain),) = any_value.items()
    return int(plain) if kind == "intValue" else plain


def pids_of(server):
    return ",".join(map(str, server.pids()))


def attributes(holder):
    return {pair["key"]: value(pair["value"]) for pair in holder.get("attributes", ())}


def spans(path):
    """{span id: (trace id, name, attributes with the resource's)}"""
    found = {}
    for message in lines(path):
        for group in message["resourceSpans"]:
            for scope in group["scopeSpans"]:
                for span in scope["spans"]:
                    check_equal((span["kind"], span["flags"] & 0x100), (2, 0x100), "kind, flags")
                    found[span["spanId"]] = (span["traceId"], span["name"], attributes(span),
                                             attributes(group["resource"]))
    return found


def console_spans(daemon):
    return {d["context"]["span_id"][2:]: (d["context"]["trace_id"][2:], d["name"], d["attributes"],
                                          d["resource"]["attributes"])
            for d in daemon.documents() if "context" in d}


def points(path, metric_name, kind):
    """All data points of a metric, message after message; kind is the member that holds them."""
    for message in lines(path):
        for group in message["resourceMetrics"]:
            for metric in group["scopeMetrics"][0]["metrics"]:
                if metric["name"] == metric_name:
                    for point in metric[kind]["dataPoints"]:
                        yield metric[kind]["aggregationTemporality"], point


def console_counts(daemon):
    """Of the last document, which is cumulative."""
    *_, last = (d for d in daemon.documents() if "resource_metrics" in d)
    metrics = last["resource_metrics"][0]["scope_metrics"][0]["metrics"]
    (duration,) = [m["data"] for m in metrics if m["name"] == "http.server.duration"]
    check_equal(duration["aggregation_temporality"], 2, "the console's temporality")
    return {p["attributes"]["http.status_code"]: p["count"] for p in duration["data_points"]}


@test("bpf", "helpers", "todo")
def files_equal_the_console(run):
    """Spans one by one; of metrics the console stays cumulative while the file gets deltas."""
    server = servers.todo(run)
    traces, metrics = run.tmp / "traces.jsonl", run.tmp / "metrics.jsonl"
    daemon = run.daemon(
        "--pid", server.process.pid, "--traces_exporter", "console,file:%s" % traces,
        "--metrics_exporter", "console,file:%s" % metrics, "--metric_export_interval", INTERVAL,
        "--exporter_otlp_metrics_temporality_preference", "delta",
        "--exporter_otlp_metrics_default_histogram_aggregation",
        "base2_exponential_bucket_histogram", "--function", "none")
    daemon.wait_attached()
    records = run.load(server, "-c", 4, "-n", 5, "-p", "/")
    check(reached(lambda: lines(metrics)), "no export of metrics")
    records += run.load(server, "-c", 4, "-n", 5, "-p", "/nowhere")
    summary = daemon.stop()
    check_equal((summary.spans, summary.lost), (len(records), 0), "spans, lost")
    check_equal(spans(traces), console_spans(daemon), "spans in the file")
    check_equal(len(spans(traces)), len(records), "spans")

    counts = collections.Counter()
    ends = {}
    for temporality, point in points(metrics, "http.server.duration", "exponentialHistogram"):
        status = attributes(point)["http.status_code"]
        in_buckets = sum(map(int, point["positive"].get("bucketCounts", ())))
        check_equal(in_buckets + int(point.get("zeroCount", 0)), int(point["count"]), "buckets")
        check_equal(temporality, 1, "temporality of the histogram")
        check(ends.get(status, 0) <= int(point["startTimeUnixNano"]), "deltas overlap")
        ends[status] = int(point["timeUnixNano"])
        counts[status] += int(point["count"])
    check_equal(dict(counts), console_counts(daemon), "counts of durations")
    last = {t for t, _ in points(metrics, "http.server.active_requests", "sum")}
    check_equal(last, {2}, "temporality of what may fall")
    for path in (traces, metrics):
        check_equal(stat.S_IMODE(path.stat().st_mode), 0o640, "mode")


@test("bpf", "flask")
def file_moved_away(run):
    """logrotate: what was written stays in the old file, what comes goes into a new one."""
    server = servers.flask(run)
    path, old = run.tmp / "traces.jsonl", run.tmp / "traces.jsonl.1"
    daemon = run.daemon("--pid", pids_of(server), "--traces_exporter", "file:%s" % path)
    daemon.wait_attached()
    get(server, "/healthz")
    check(reached(lambda: lines(path)), "no span in the file")
    path.rename(old)
    get(server, "/nowhere")
    check(reached(lambda: lines(path)), "no span in the new file")
    daemon.stop()
    names = [[name for _, name, _, _ in spans(file).values()] for file in (old, path)]
    check_equal(names, [["GET /healthz"], ["GET /nowhere"]], "names of the spans in the old file and the new one")


@test("bpf", "flask")
def debug_text(run):
    server = servers.flask(run)
    daemon = run.daemon("--pid", pids_of(server), "--traces_exporter", "debug",
                        "--metrics_exporter", "debug")
    daemon.wait_attached()
    get(server, "/healthz")
    get(server, "/healthz")
    daemon.stop()
    text = daemon.stdout().splitlines()
    kinds = collections.Counter(line.split("#")[0] for line in text if " #" in line)
    check_equal((kinds["Span "], kinds["ResourceMetrics "], kinds["Metric "]), (2, 1, 2),
                "spans, resources, metrics")
    check("     -> http.status_code: Int(200)" in text, "no status among the attributes")
