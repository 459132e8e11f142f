# SPDX-License-Identifier: Apache-2.0
"""/metrics against the client's own record, by hand and by Debian's Prometheus."""
import contextlib
import json
import re
import socket
import urllib.request

import servers
from harness import ROOT, check, check_equal, exchange, free_port, test, wait_for
from metrics_page import fetch, parse, serve, total, wait_total

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


@test("bpf", "helpers", "todo")
def prometheus_page(run):
    """Two processes on one page, beside the daemon's own counters: all of stat_list.h."""
    first, second = servers.todo(run), servers.todo(run)
    daemon, address = serve(run, (first, second), OTEL_SERVICE_NAME="todo")
    records = run.load(first, "-c", 4, "-n", 3, "-p", "/")
    records += run.load(second, "-c", 4, "-n", 2, "-p", "/nowhere")
    wait_total(address, len(records))
    kind, page = fetch(address)
    check_equal(kind, "text/plain; version=0.0.4; charset=utf-8", "content type")
    rows = parse(page)
    check_equal({row.labels["job"] for row in rows}, {"todo", "otel-ebpf"}, "jobs")
    check_equal(len({row.labels["instance"] for row in rows}), 3, "instances")
    check_equal(total(rows, "target_info"), 3, "targets")
    check_equal(total(rows, "http_server_duration_milliseconds_count", http_status_code="200"), 12,
                "requests of the first")
    check_equal(total(rows, "http_server_duration_milliseconds_bucket", le="+Inf"), 20, "buckets")
    check_equal(total(rows, "http_server_active_requests"), 0, "requests in flight")
    listed = re.findall(r"^STAT\(", (ROOT / "userspace/base/stat_list.h").read_text(), re.M)
    own = [row for row in rows if row.name.startswith("otel_ebpf_")]
    check_equal(len(own), len(listed) + 1, "counters of our own")
    check_equal(total(rows, "otel_ebpf_requests_total"), 20, "requests")
    check_equal(total(rows, "otel_sdk_processor_span_processed_total"), 20, "spans")
    check_equal(daemon.stop().spans, 20, "spans of the summary")


@test("bpf", "flask")
def prometheus_exemplars(run):
    """In OpenMetrics, and as often as asked for; the interval's exports have theirs all the same."""
    server = servers.flask(run)
    daemon, address = serve(run, (server,), "--metrics_exporter", "console,prometheus",
                            "--traces_exporter", "console", OTEL_SEMCONV_STABILITY_OPT_IN="http",
                            OTEL_RESOURCE_ATTRIBUTES="a.b=1,a_b=2,job=x,q=%22\\")
    exchange(server.address, b"GET /healthz HTTP/1.0\r\n\r\n")
    name = "http_server_request_duration_seconds_"
    wait_total(address, 1, name + "count")
    for _ in range(2):
        kind, page = fetch(address, OPENMETRICS)
        check_equal(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8", "type")
        check(page.endswith("\n# EOF\n"), "no end")
        (found,) = [row.exemplar for row in parse(page) if row.exemplar]
    daemon.stop()
    span, metrics = [d for d in daemon.documents()]
    if "resource_metrics" in span:
        span, metrics = metrics, span
    check(found.startswith('{trace_id="%s",span_id="%s"} 0.' % (
        span["context"]["trace_id"][2:], span["context"]["span_id"][2:])), found)
    points = metrics["resource_metrics"][0]["scope_metrics"][0]["metrics"][1]["data"]["data_points"]
    check_equal(len(points[0]["exemplars"]), 1, "exemplars of the export")
    (target,) = [row for row in parse(page) if row.name == "target_info" and
                 row.labels["job"] != "otel-ebpf"]
    check_equal((target.labels["a_b"], target.labels["q"]), ("1;2", '\\"\\\\'), "labels")


@test("bpf", "todo")
def prometheus_odd_clients(run):
    """None of them hinders a scrape; all that is read of them is bounded."""
    server = servers.todo(run)
    daemon, address = serve(run, (server,))
    exchange(server.address, b'GET / HTTP/1.0\r\nHost: a"b\\c\xc3\xa9\xff\r\n\r\n')
    wait_total(address, 1, http_host='a\\"b\\\\c\u00e9\ufffd')
    port = address.rsplit(":", 1)[1]
    answers = {
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n": b"HTTP/1.1 404 ",
        b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n": b"HTTP/1.1 405 ",
        b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n": b"HTTP/1.1 200 ",
        b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n": b"HTTP/1.",
    }
    for asked, want in answers.items():
        with contextlib.suppress(ConnectionError):  # what is not read to its end
            _, answer = exchange("127.0.0.1:" + port, asked)
            check(answer.startswith(want), "%r to %r" % (answer[:60], asked[:40]))
    check_equal(exchange("127.0.0.1:" + port, b"\0\1\2\3\r\n\r\n")[1], b"", "answer to garbage")
    daemon.stop()


@test("bpf", "todo")
def prometheus_crowd(run):
    """Clients that stop in the middle, or stay for nothing, keep nobody out: the longest quiet ones
    go, long before any timeout."""
    daemon, address = serve(run, (servers.todo(run),))
    port = int(address.rsplit(":", 1)[1])
    with contextlib.ExitStack() as stack:
        for said in (b"GET /metrics HTTP/1.1\r\n", b"", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"):
            crowd = [stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                     for _ in range(200)]
            for client in crowd:
                with contextlib.suppress(ConnectionError):
                    client.sendall(said)
            parse(fetch(address)[1])
            if said.endswith(b"\r\n\r\n"):
                continue  # who was answered is less quiet than who is next
            crowd[-1].setblocking(False)
            with contextlib.suppress(BlockingIOError):
                check(crowd[-1].recv(1), "the last of those who said %r was sent away" % said)
    daemon.stop()


@test("bpf", "todo")
def prometheus_port_in_use(run):
    """A clear error at the start, and no tracing without what was asked for."""
    server = servers.todo(run)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        daemon = run.daemon("--pid", server.process.pid, "--metrics_exporter", "prometheus",
                            "--exporter_prometheus_host", "127.0.0.1",
                            "--exporter_prometheus_port", port)
        check_equal(daemon.wait_exit(), 1, "status")
    want = "prometheus: cannot listen on 127.0.0.1, port %d: Address already in use" % port
    check(want in daemon.stderr(), daemon.stderr())


def query(address, path):
    with urllib.request.urlopen("http://%s/api/v1/%s" % (address, path), timeout=30) as answer:
        return json.loads(answer.read())["data"]


@test("bpf", "flask", "prometheus", "promtool")
def prometheus_scrapes(run):
    """Debian's Prometheus reads the page, answers a query of it, and knows the exemplar's trace."""
    server = servers.flask(run)
    daemon, address = serve(run, (server,), "--traces_exporter", "text",
                            OTEL_SEMCONV_STABILITY_OPT_IN="http", OTEL_SERVICE_NAME="flask")
    exchange(server.address, b"GET /healthz HTTP/1.0\r\n\r\n")
    trace_id = wait_for(daemon.spans, "a span")[0].trace_id
    target = "127.0.0.1:" + address.rsplit(":", 1)[1]
    (run.tmp / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: daemon\n"
        "  honor_labels: true\n  static_configs: [{targets: [\"%s\"]}]\n" % target)
    listen = "127.0.0.1:%d" % free_port()
    run.start(["prometheus", "--config.file=%s" % (run.tmp / "prometheus.yml"),
               "--storage.tsdb.path=%s" % (run.tmp / "data"), "--web.listen-address=" + listen,
               "--enable-feature=exemplar-storage"])
    name = "http_server_request_duration_seconds"

    def answered(path):
        with contextlib.suppress(OSError):
            return query(listen, path)
        return None
    found = wait_for(lambda: (answered("query?query=%s_count" % name) or {}).get("result"),
                     "the query's result")
    check_equal((found[0]["metric"]["job"], found[0]["value"][1]), ("flask", "1"), "count")
    found = wait_for(lambda: answered("query_exemplars?query=%s_bucket&start=0&end=9999999999"
                                      % name), "the exemplar")
    check_equal(found[0]["exemplars"][0]["labels"]["trace_id"], trace_id, "trace id")
    check_equal(query(listen, "targets")["activeTargets"][0]["lastError"], "", "last error")
    (run.tmp / "page").write_text(fetch(address)[1])
    with open(run.tmp / "page") as page:
        promtool = run.start(["promtool", "check", "metrics"], stdin=page)
    check_equal((promtool.wait_exit(), promtool.stderr()), (0, ""), "promtool")
    daemon.stop()
