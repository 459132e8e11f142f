# SPDX-License-Identifier: Apache-2.0
"""Spans as a Zipkin server gets them."""
import contextlib
import http.server
import json
import os
import threading
import urllib.request

import servers
from harness import BUILD, check, check_equal, free_port, test, wait_for


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def zipkin(*statuses):
    """A server that answers with these statuses, then with 202."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.posts, server.statuses = [], list(statuses)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def post(run, server, exporter, endpoint):
    return run.daemon("--pid", ",".join(map(str, server.pids())), "--traces_exporter", exporter,
                      "--metrics_exporter", "none", "--service_name", "shop", "--function", "none",
                      env={**os.environ, "OTEL_EXPORTER_ZIPKIN_ENDPOINT": endpoint,
                           "OTEL_BSP_SCHEDULE_DELAY": "200"}).wait_attached()


@test("bpf", "helpers", "todo")
def zipkin_spans(run):
    """Each request once, with ids and times as Zipkin has them; HOST:PORT will do."""
    server = servers.todo(run)
    with zipkin() as receiver:
        daemon = post(run, server, "zipkin", "127.0.0.1:%d" % receiver.server_port)
        records = run.load(server, "-c", 4, "-n", 5, "-p", "/nowhere")
        check_equal(daemon.stop().spans, len(records), "spans")
    check_equal({(path, kind) for path, kind, _ in receiver.posts},
                {("/api/v2/spans", "application/json")}, "where, what")
    spans = [span for _, _, body in receiver.posts for span in body]
    check_equal(len(spans), len(records), "spans posted")
    check_equal(len({span["id"] for span in spans}), len(spans), "different ids")
    for span in spans:
        check_equal((span["kind"], span["localEndpoint"], span["tags"]["http.status_code"],
                     len(span["traceId"])), ("SERVER", {"serviceName": "shop"}, "404", 32), "span")
        check(span["duration"] >= 1 and 1e15 < span["timestamp"] < 1e16, "times of %r" % span)


@test("bpf", "helpers", "todo")
def zipkin_away(run):
    """What is not taken is sent again, as it was, under Python's name of the exporter."""
    server = servers.todo(run)
    with zipkin(503) as receiver:
        daemon = post(run, server, "zipkin_json",
                      "http://127.0.0.1:%d/other?x=1" % receiver.server_port)
        run.load(server, "-c", 1, "-n", 2, "-p", "/")
        wait_for(lambda: len(receiver.posts) > 1, "a second attempt")
        daemon.stop()
    check_equal(receiver.posts[0][0], "/other?x=1", "path")
    check_equal(receiver.posts[0], receiver.posts[1], "the second attempt")
    daemon.wait_text(r"traces to 127.0.0.1:\d+: 2 spans = 2 delivered \+ 0 lost \+ 0 queued")


@test("bpf", "todo")
def zipkin_nowhere(run):
    server = servers.todo(run)
    daemon = run.daemon("--pid", server.process.pid, "--traces_exporter", "zipkin",
                        "--metrics_exporter", "none", "--exporter_zipkin_endpoint", "ftp://x")
    check_equal(daemon.wait_exit(), 1, "status")
    check("the endpoint of zipkin cannot be used" in daemon.stderr(), daemon.stderr())


@test("bpf", "helpers", "todo", "zipkin", "java")
def zipkin_itself(run):
    """The server shows the spans of a request, each below its parent."""
    server, address = servers.todo(run), "127.0.0.1:%d" % free_port()
    ports = "--armeria.ports[0]."
    run.start(["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-jar", BUILD / "zipkin.jar",
               ports + "ip=127.0.0.1", ports + "port=" + address.split(":")[1],
               ports + "protocols[0]=http"])

    def answered(path):
        with contextlib.suppress(OSError):
            with urllib.request.urlopen("http://%s%s" % (address, path)) as answer:
                return json.loads(answer.read())
        return None
    wait_for(lambda: (answered("/health") or {}).get("status") == "UP", "Zipkin")
    daemon = post(run, server, "zipkin", address)
    (record,) = run.load(server, "-c", 1, "-n", 1, "-p", "/nowhere")
    (trace,) = wait_for(lambda: answered("/api/v2/traces?serviceName=shop"), "the trace")
    (span,) = [span for span in trace if span.get("kind") == "SERVER"]
    check_equal((span["name"], span["tags"]["http.target"], span["localEndpoint"]["serviceName"]),
                ("get /nowhere", record.target, "shop"), "the span")
    check({s["parentId"] for s in trace if s is not span} <= {span["id"]}, "parents of %r" % trace)
    daemon.stop()
