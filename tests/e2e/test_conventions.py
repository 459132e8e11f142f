# SPDX-License-Identifier: Apache-2.0
"""What OTEL_... variables make of the same requests: names of attributes, headers, what is left
out. The whole tables are the unit tests' business; here each variable reaches its place."""
import os

import servers
from harness import check, check_equal, exchange, reached, test


def trace(run, server, exporter="console", **variables):
    pids = ",".join(str(pid) for pid in server.pids())
    return run.daemon("--pid", pids, "--traces_exporter", exporter,
                      env={**os.environ, **variables}).wait_attached()


def get(server, target, *fields, method="GET"):
    lines = ["%s %s HTTP/1.1" % (method, target), "Host: shop.example:8080", *fields, "", ""]
    return exchange(server.address, "\r\n".join(lines).encode())


def spans(daemon, count):
    """The documents of that many spans, and the daemon's last summary."""
    reached(lambda: daemon.stdout().count("\n}\n") >= count)
    summary = daemon.stop()
    found = daemon.documents()
    check_equal((len(found), summary.spans, summary.lost), (count, count, 0), "spans and losses")
    return found, summary


@test("bpf", "flask")
def semconv_stable(run):
    server = servers.flask(run)
    daemon = trace(run, server, OTEL_SEMCONV_STABILITY_OPT_IN="http")
    get(server, "/healthz?a=1")
    (document,), _ = spans(daemon, 1)
    check_equal(document["name"], "GET /healthz", "name")
    got = document["attributes"]
    want = {"http.request.method": "GET", "url.scheme": "http", "url.path": "/healthz",
            "http.route": "/healthz", "url.query": "a=1", "server.address": "shop.example", "server.port": server.port,
            "http.response.status_code": 200}
    for key, value in want.items():
        check_equal(got.get(key), value, key)
    legacy = {"http.method", "http.target", "http.status_code", "net.peer.ip"} & set(got)
    check(not legacy, "legacy attributes %r" % (legacy,))


@test("bpf", "flask")
def semconv_dup(run):
    server = servers.flask(run)
    daemon = trace(run, server, OTEL_SEMCONV_STABILITY_OPT_IN="http/dup")
    get(server, "/healthz")
    (document,), _ = spans(daemon, 1)
    for key in ("http.method", "http.request.method"):
        check_equal(document["attributes"].get(key), "GET", key)


@test("bpf", "flask")
def methods(run):
    server = servers.flask(run)
    daemon = trace(run, server, OTEL_SEMCONV_STABILITY_OPT_IN="http",
                   OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS="GET,BREW")
    get(server, "/healthz", method="BREW")
    get(server, "/healthz", method="PUT")
    found, _ = spans(daemon, 2)
    check_equal([d["attributes"]["http.request.method"] for d in found], ["BREW", "_OTHER"],
                "known methods")
    daemon = trace(run, server, OTEL_SEMCONV_STABILITY_OPT_IN="http",
                   OTEL_PYTHON_INSTRUMENTATION_HTTP_CAPTURE_ALL_METHODS="true")
    get(server, "/healthz", method="BREW")
    (document,), _ = spans(daemon, 1)
    check_equal(document["attributes"]["http.request.method"], "BREW", "any method")


@test("bpf", "flask")
def headers(run):
    server = servers.flask(run)
    name = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_"
    daemon = trace(run, server, OTEL_SEMCONV_STABILITY_OPT_IN="http", **{
        name + "SERVER_REQUEST": "x-.*,Authorization", name + "SERVER_RESPONSE": "content-type",
        name + "SANITIZE_FIELDS": "secret"})
    get(server, "/healthz", "X-Team: red", "x-team: blue", "X-Secret-Name: Rumpelstiltskin",
        "Authorization: Bearer 0123")
    (document,), _ = spans(daemon, 1)
    attributes = document["attributes"]
    got = {key: value for key, value in attributes.items() if ".header." in key}
    check_equal(got, {"http.request.header.x-team": ["red,blue"],
                      "http.request.header.x-secret-name": ["[REDACTED]"],
                      "http.response.header.content-type": ["text/plain; charset=utf-8"]},
                "headers")


@test("bpf", "flask")
def excluded_url(run):
    server = servers.flask(run)
    daemon = trace(run, server, OTEL_PYTHON_EXCLUDED_URLS="healthz, /delete/[0-9]+$")
    for target in ("/healthz", "/", "/delete/7", "/delete/7?x", "/healthz?x=1"):
        get(server, target)
    found, summary = spans(daemon, 2)
    check_equal([d["attributes"]["http.target"] for d in found], ["/", "/delete/7?x"], "targets")
    check_equal((summary.requests, summary.excluded), (5, 3), "requests, excluded")


@test("bpf", "flask")
def limits(run):
    """Legacy keeps the newest attributes, as Python; ours go first."""
    server = servers.flask(run)
    daemon = trace(run, server, OTEL_ATTRIBUTE_COUNT_LIMIT="2",
                   OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT="3")
    get(server, "/healthz")
    (document,), _ = spans(daemon, 1)
    check_equal(dict(document["attributes"]), {"http.route": "/he", "http.status_code": 200},
                "attributes")
