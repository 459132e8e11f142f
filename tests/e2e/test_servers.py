# SPDX-License-Identifier: Apache-2.0
"""Every server under every load that fits it: the spans are exactly the client's record."""
import functools
import re

from harness import check, check_equal, compare, test
import servers

MANY = ("-c", 64, "-n", 5)
BYTEWISE = ("-c", 8, "-n", 3, "-1")
PIPELINED = ("-c", 8, "-n", 9, "-P", 3)
DEEP = ("-c", 4, "-n", 40, "-P", 20)
CLOSING = ("-c", 16, "-n", 3, "-x")
HALF_CLOSE = ("-c", 8, "-n", 2, "-h")
HEAD = ("-c", 4, "-n", 3, "-m", "HEAD")
FEW = ("-c", 4, "-n", 3)
SLOW = ("-c", 4, "-s")
FORM = ("-c", 4, "-n", 3, "-m", "POST", "-d", "title=milk", "-H",
        "Content-Type: application/x-www-form-urlencoded")


def post(size, *more):
    return ("-c", 4, "-n", 2, "-m", "POST", "-b", size, *more)


CHUNKED_UPLOAD = post(100001, "-k")
EXPECT = post(5000, "-E")
BODIES = [post(1), post(1000), post(65536), post(1000000)]

# server: (what it needs, how it starts, {load: (path, argument lists of the client)})
CASES = {
    "todo": ("todo", servers.todo, {
        "many": ("/", [MANY]), "bytewise": ("/healthz", [BYTEWISE]),
        "pipelined": ("/healthz", [PIPELINED]), "closing": ("/", [CLOSING]),
        "half_close": ("/healthz", [HALF_CLOSE]), "head": ("/", [HEAD]),
        "missing": ("/nothing", [FEW]), "form": ("/add", [FORM])}),
    "todo_unix": ("todo", servers.todo_unix, {"many": ("/", [MANY]), "form": ("/add", [FORM])}),
    "flask": ("flask", servers.flask, {
        "many": ("/", [MANY]), "bytewise": ("/healthz", [BYTEWISE]), "head": ("/", [HEAD]),
        "missing": ("/nothing", [FEW]), "form": ("/add", [FORM])}),
    "nginx": ("nginx", servers.nginx, {
        "many": ("/s1k", [MANY]), "bytewise": ("/s1k", [BYTEWISE]),
        "pipelined": ("/s1k", [PIPELINED, DEEP]), "closing": ("/s64k", [CLOSING]),
        "half_close": ("/s1k", [HALF_CLOSE]), "head": ("/s2m", [HEAD]), "empty": ("/s0", [FEW]),
        "missing": ("/nothing", [FEW]), "sendfile": ("/s2m", [FEW, SLOW]),
        "sendfile_pipelined": ("/s64k", [PIPELINED])}),
    "http_server": ("helpers", servers.http_server, {
        "file": ("/file", [("-c", 4, "-n", 8)]), "bytewise": ("/", [("-c", 4, "-n", 2, "-1")]),
        "head": ("/file", [HEAD]), "missing": ("/nothing", [FEW])}),
    "python": ("helpers", servers.python, {
        "many": ("/", [MANY]), "bytewise": ("/", [BYTEWISE]), "pipelined": ("/", [PIPELINED]),
        "closing": ("/", [CLOSING]), "head": ("/", [HEAD]), "expect": ("/", [EXPECT]),
        "bodies": ("/", BODIES)}),
    "gunicorn": ("gunicorn", servers.gunicorn, {
        "many": ("/", [MANY]), "bytewise": ("/", [BYTEWISE]), "chunked": ("/chunked", [FEW]),
        "bodies": ("/", BODIES), "chunked_upload": ("/", [CHUNKED_UPLOAD]),
        "expect": ("/", [EXPECT])}),
    "gunicorn_respawn": ("gunicorn", functools.partial(servers.gunicorn, max_requests=20), {
        "many": ("/", [MANY])}),
    "node": ("node", servers.node, {
        "many": ("/plain", [MANY]), "bytewise": ("/plain", [BYTEWISE]),
        "pipelined": ("/plain", [PIPELINED, DEEP]), "closing": ("/plain", [CLOSING]),
        "head": ("/plain", [HEAD]), "chunked": ("/chunked", [MANY]),
        "chunked_pipelined": ("/chunked", [PIPELINED]), "large": ("/large", [FEW, SLOW]),
        "bodies": ("/plain", BODIES), "chunked_upload": ("/plain", [CHUNKED_UPLOAD]),
        "expect": ("/plain", [EXPECT])}),
    "go": ("goserver", servers.go, {
        "many": ("/plain", [MANY]), "bytewise": ("/plain", [BYTEWISE]),
        "pipelined": ("/plain", [PIPELINED, DEEP]), "closing": ("/plain", [CLOSING]),
        "head": ("/plain", [HEAD]), "chunked": ("/chunked", [MANY]),
        "chunked_pipelined": ("/chunked", [PIPELINED]), "large": ("/large", [FEW, SLOW]),
        "bodies": ("/plain", BODIES), "chunked_upload": ("/plain", [CHUNKED_UPLOAD]),
        "expect": ("/plain", [EXPECT])}),
    "go_unix": ("goserver", servers.go_unix, {
        "many": ("/plain", [MANY]), "chunked": ("/chunked", [FEW]), "large": ("/large", [FEW])}),
    "nasty": ("helpers", servers.nasty, {
        "many": ("/plain", [MANY]), "bytewise": ("/plain", [BYTEWISE]),
        "pipelined": ("/plain", [PIPELINED, DEEP]), "closing": ("/plain", [CLOSING]),
        "half_close": ("/plain", [HALF_CLOSE]), "bodies": ("/plain", BODIES),
        "chunked_upload": ("/plain", [CHUNKED_UPLOAD]), "expect": ("/plain", [EXPECT])}),
    "nasty_ipv6": ("ipv6", lambda run: servers.nasty(run, "--address", "::1"), {
        "many": ("/plain", [MANY])}),
    "nasty_unix": ("helpers", servers.nasty_unix, {
        "many": ("/plain", [MANY]), "bytewise": ("/plain", [BYTEWISE]),
        "pipelined": ("/plain", [PIPELINED]), "bodies": ("/plain", BODIES),
        "forty": ("/forty", [FEW]), "big": ("/big", [FEW])}),
}


def trace_load(run, start, path, loads):
    server = start(run)
    daemon = run.trace(server.pids())
    records = [record for load in loads for record in run.load(server, *load, "-p", path)]
    check(all(record.note == "ok" for record in records), "the client was not answered")
    compare(daemon, records)


for _server, (_need, _start, _loads) in CASES.items():
    for _load, (_path, _arguments) in _loads.items():
        test("bpf", "helpers", _need, name="%s.%s" % (_server, _load))(
            functools.partial(trace_load, start=_start, path=_path, loads=_arguments))

# Answers of a peculiar shape, each under keep-alive and pipelined
for _path in ("forty", "writev", "sendmsg", "sendmmsg", "sendfile", "splice", "zerocopy", "chunked",
              "hints", "204", "304", "dup"):
    test("bpf", "helpers", name="nasty.answer_" + _path)(functools.partial(
        trace_load, start=servers.nasty, path="/" + _path, loads=[("-c", 8, "-n", 5), PIPELINED]))
for _path in ("until-close", "upgrade"):
    test("bpf", "helpers", name="nasty.answer_" + _path)(functools.partial(
        trace_load, start=servers.nasty, path="/" + _path, loads=[("-c", 8, "-n", 3)]))
test("bpf", "helpers", name="nasty.answer_big")(functools.partial(
    trace_load, start=servers.nasty, path="/big", loads=[FEW, SLOW]))

# Every way to receive, and every way a connection gets to who serves it
for _way in ("readv", "recvmsg", "recvmmsg", "peek", "read-beside-ring"):
    test("bpf", "helpers", name="nasty.read_" + _way)(functools.partial(
        trace_load, start=lambda run, way=_way: servers.nasty(run, "--read", way), path="/plain",
        loads=[("-c", 16, "-n", 5), PIPELINED, BYTEWISE, post(70000)]))


@test("bpf", "helpers")
def reads_of_a_ring(run):
    """They are not captured: each is counted, and it is said."""
    server = servers.nasty(run, "--read", "ring")
    daemon = run.trace(server.pids())
    records = run.load(server, "-c", 4, "-n", 5, "-p", "/plain")
    check(all(record.note == "ok" for record in records), "the client was not answered")
    summary = daemon.stop()
    check_equal(summary.spans, 0, "spans")
    check_equal(int(re.search(r"not parsed: io_uring (\d+)", daemon.stderr())[1]), len(records),
                "reads that were counted")
    check("io_uring" in daemon.stderr().partition("attached")[2].partition("requests")[0],
          "not said that they are not captured")


for _way in ("fork", "pass"):
    test("bpf", "helpers", name="nasty.serve_" + _way)(functools.partial(
        trace_load, start=lambda run, way=_way: servers.nasty(run, "--serve", way), path="/plain",
        loads=[("-c", 32, "-n", 3)]))


def proxied(run, path, load):
    backend = servers.nasty(run)
    server = servers.nginx(run, backend)
    daemon = run.trace(server.pids())
    compare(daemon, run.load(server, "-p", "/proxy" + path, *load))


for _name, _path, _load in (("many", "/plain", MANY), ("chunked", "/chunked", FEW),
                            ("big", "/big", FEW), ("pipelined", "/forty", PIPELINED),
                            ("post", "/plain", post(1000000))):
    test("bpf", "helpers", "nginx", name="nginx.proxy_" + _name)(
        functools.partial(proxied, path=_path, load=_load))


@test("bpf", "helpers", "nginx")
def nginx_and_its_backend(run):
    """Two pids that talk to each other: the proxy's span and the backend's, one each."""
    backend = servers.nasty(run)
    server = servers.nginx(run, backend)
    daemon = run.trace(server.pids() + backend.pids())
    records = run.load(server, "-c", 8, "-n", 5, "-p", "/proxy/plain")
    daemon.wait_spans(2 * len(records))
    summary = daemon.stop()
    spans = daemon.spans()
    for record in records:
        inner = record.target[len("/proxy"):]
        check_equal([s.status for s in spans if s.target in (record.target, inner)], [200, 200],
                    "statuses for " + record.target)
    check_equal((summary.requests, summary.lost), (2 * len(records), 0), "requests and lost")


def unanswered_pipeline(run, start, path):
    """The server answers the first of three, closes, and never looks at the others."""
    server = start(run)
    daemon = run.trace(server.pids())
    records = run.load(server, "-c", 4, "-n", 3, "-P", 3, "-p", path)
    answered = [record for record in records if record.status]
    check_equal(len(answered), 4, "answers")
    compare(daemon, answered, discarded=len(records) - len(answered))


for _server, _path in (("flask", "/healthz"), ("gunicorn", "/"), ("http_server", "/file")):
    test("bpf", "helpers", CASES[_server][0], name=_server + ".pipeline_unanswered")(
        functools.partial(unanswered_pipeline, start=CASES[_server][1], path=_path))
