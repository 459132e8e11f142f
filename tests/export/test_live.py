# SPDX-License-Identifier: Apache-2.0
"""A traced server, and receivers that come late, go in the middle, or never were there."""
import collections
import json
import re
import signal
import socket
import time

from harness import Server, check, check_equal, exchange, free_port, reached, test, wait_for
from exports import counts, endpoint
from metrics_page import fetch, parse, serve, total
from receivers import GrpcReceiver, HttpReceiver
import servers

SOON = ("--bsp_schedule_delay", "100")


def attach(run, server, where, *flags, protocol="grpc"):
    pids = ",".join(map(str, server.pids()))
    return run.daemon("--pid", pids, "--exporter_otlp_endpoint", where, "--exporter_otlp_protocol",
                      protocol, "--metrics_exporter", "none", *flags).wait_attached()


def finish(daemon, requests):
    """(delivered, lost, causes), when all requests became spans and all spans have a fate."""
    summary = daemon.stop()
    check_equal(summary.spans, requests, "spans")
    (only,) = counts(daemon).values()
    check_equal(only[0] + only[1], requests, "delivered and lost")
    return only


def killed_in_the_middle(run, make, protocol):
    """What was taken before, and all that came while nobody was there, arrives: once or twice."""
    server = servers.nasty(run)
    with make() as first:
        daemon = attach(run, server, "http://127.0.0.1:%d" % first.port, *SOON, protocol=protocol)
        run.load(server, "-c", 4, "-n", 50, "-p", "/plain")
        wait_for(first.ids, "spans")
        port = first.port
    run.load(server, "-c", 4, "-n", 50, "-p", "/plain")
    wait_for(lambda: "Transient error" in daemon.stderr(), "an outage")
    with make(port=port) as second:
        run.load(server, "-c", 4, "-n", 50, "-p", "/plain")
        reached(lambda: len(set(first.ids() + second.ids())) >= 600)
        delivered, lost, causes = finish(daemon, 600)
        arrived = set(first.ids() + second.ids())
    check_equal((delivered, lost, causes), (600, 0, ""), "delivered, lost, causes")
    check_equal(len(arrived), 600, "distinct spans received")


@test("bpf", "helpers", "h2")
def receiver_killed_in_the_middle_grpc(run):
    killed_in_the_middle(run, GrpcReceiver, "grpc")


@test("bpf", "helpers")
def receiver_killed_in_the_middle_http(run):
    killed_in_the_middle(run, HttpReceiver, "http/protobuf")


@test("bpf", "helpers", "h2")
def queue_overflows_while_nobody_is_there(run):
    """The newest stay and arrive, the others are counted: not one is missing in the sum."""
    server, port = servers.nasty(run), free_port()
    daemon = attach(run, server, "http://127.0.0.1:%d" % port, *SOON, "--bsp_max_queue_size", "100",
                    "--bsp_max_export_batch_size", "20")
    run.load(server, "-c", 4, "-n", 100, "-p", "/plain")
    daemon.wait_text("is full: the oldest spans are dropped")
    with GrpcReceiver(port=port) as receiver:
        delivered, lost, causes = finish(daemon, 400)
        check_equal(len(set(receiver.ids())), delivered, "distinct spans received")
    # more than the queue where some waited in the ring until then
    check(delivered >= 100, "%d delivered" % delivered)
    check_equal(causes, "queue full %d" % (400 - delivered), "causes")


@test("bpf", "helpers")
def nobody_listens(run):
    """The words of the tutorial, and no waiting at the end."""
    server, port = servers.nasty(run), free_port()
    daemon = attach(run, server, "http://localhost:%d" % port, *SOON)
    run.load(server, "-c", 1, "-n", 5, "-p", "/plain")
    line = (r"^otel-ebpf: Transient error StatusCode\.UNAVAILABLE encountered while exporting "
            r"traces to localhost:%d, retrying in 2s\." % port)
    daemon.wait_text(line)
    began = time.monotonic()
    check_equal(finish(daemon, 5), (0, 5, "undelivered at exit 5"), "delivered, lost, causes")
    check(time.monotonic() - began < 4, "it waited for nobody")
    lines = re.findall("Transient error", daemon.stderr())
    check(len(lines) <= 4, "%d lines about it" % len(lines))


@test("bpf", "helpers", "h2")
def a_receiver_that_hangs_is_given_up_after_5_s(run):
    """And there is time left for all that must be let go."""
    server = servers.nasty(run)
    with GrpcReceiver("hang") as receiver:
        daemon = attach(run, server, "http://127.0.0.1:%d" % receiver.port)
        run.load(server, "-c", 1, "-n", 5, "-p", "/plain")
        began = time.monotonic()
        daemon.popen.send_signal(signal.SIGTERM)
        daemon.wait_text("undelivered at exit 5")
        took = time.monotonic() - began
        check_equal(finish(daemon, 5), (0, 5, "undelivered at exit 5"), "delivered, lost, causes")
    check(4 < took < 5, "it took %g s to give up" % took)


@test("bpf", "helpers", "h2")
def a_slow_receiver_does_not_slow_capture(run):
    """Nothing of the kernel's is lost while the only request hangs."""
    server = servers.nasty(run)
    with GrpcReceiver("hang", "ok") as receiver:
        daemon = attach(run, server, "http://127.0.0.1:%d" % receiver.port, *SOON,
                        "--exporter_otlp_timeout", "3000", "--bsp_max_queue_size", "20000")
        run.load(server, "-c", 8, "-n", 1000, "-p", "/plain")
        reached(lambda: len(set(receiver.ids())) >= 8000)
        check_equal(finish(daemon, 8000), (8000, 0, ""), "delivered, lost, causes")
        check_equal(len(set(receiver.ids())), 8000, "distinct spans received")


def points_of_hosts(body):
    """The time of the collection, and how often each point came."""
    points, times = collections.Counter(), set()
    for resource in json.loads(body)["resourceMetrics"]:
        for metric in resource["scopeMetrics"][0]["metrics"]:
            for point in (metric.get("sum") or metric["histogram"])["dataPoints"]:
                times.add(point["timeUnixNano"])
                points.update((metric["name"], attribute["value"]["stringValue"])
                              for attribute in point["attributes"]
                              if attribute["key"] == "http.host")
    (time,) = times
    return time, points


@test("bpf", "helpers")
def metrics_too_large_for_a_request_come_in_parts(run):
    """Two thousand hosts of one process, and such that JSON is long: every point arrives once, no
    request is over 4 MiB."""
    server, hosts = servers.nasty(run), 2000
    points, sizes = collections.defaultdict(collections.Counter), collections.Counter()

    def whole():
        """The times of collections that have arrived."""
        while receiver.requests:
            *_, body = receiver.requests.pop(0)
            check(len(body) <= 4 << 20, "a request of %d bytes" % len(body))
            time, got = points_of_hosts(body)
            points[time] += got
            sizes[time] += len(body)
            if len(points[time]) == 2 * hosts:
                return time
        return None

    with HttpReceiver() as receiver:
        daemon = run.daemon("--pid", server.process.pid, "--traces_exporter", "none",
                            "--metrics_exporter", "otlp", "--exporter_otlp_protocol", "http/json",
                            "--exporter_otlp_endpoint", endpoint(receiver),
                            "--metric_export_interval", "2000").wait_attached()
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            for i in range(hosts):
                exchange(server.address, b"GET /plain HTTP/1.1\r\nHost: %d.%s\r\n\r\n" % (
                    i, 225 * b"\\"), connection)
        time = wait_for(whole, "a collection of all points")
    check(sizes[time] > 4 << 20, "all of it would go into one request")
    check_equal(set(points[time].values()), {1}, "how often each point came")


@test("bpf", "helpers", "h2")
def exports_are_told_as_metrics(run):
    """What became of spans and of data points, by cause, and how long the requests took."""
    server = servers.nasty(run)
    with GrpcReceiver("partial:1:too old") as receiver:
        daemon, address = serve(run, (server,), "--traces_exporter", "otlp",
                                "--metrics_exporter", "otlp,prometheus", *SOON,
                                "--exporter_otlp_endpoint", endpoint(receiver),
                                "--metric_export_interval", "100")
        run.load(server, "-c", 1, "-n", 5, "-p", "/plain")
        for kind, unit in (("span", "span"), ("metric", "metric_data_point")):
            told = {"otel_component_name": "otlp_grpc_%s_exporter/0" % kind}
            wait_for(lambda: total(parse(fetch(address)[1]), "otel_sdk_exporter_%s_exported_total"
                                   % unit, error_type="rejected", **told), "rejected, by " + kind)
            rows = parse(fetch(address)[1])
            check(total(rows, "otel_sdk_exporter_operation_duration_seconds_count", **told),
                  "no durations of the exporter of a " + kind)
        daemon.stop()


@test("bpf", "helpers")
def a_command_goes_to_the_default_place(run):
    """The tutorial's command without an exporter: OTLP/gRPC to localhost:4317, whoever is there."""
    daemon = run.daemon("--bsp_schedule_delay", "0", *servers.nasty_command())
    server = Server(daemon, daemon.wait_text(r"listening on (?:http://)?(\S+)")[1])
    run.load(server, "-c", 1, "-n", 1, "-p", "/plain")
    daemon.popen.send_signal(signal.SIGTERM)
    daemon.wait_exit()
    check_equal(list(counts(daemon)), ["localhost:4317"], "destinations of traces")
    check_equal(list(counts(daemon, "metrics")), ["localhost:4317"], "destinations of metrics")
