# SPDX-License-Identifier: Apache-2.0
"""Requests that go wrong, are strange, or are not HTTP/1 at all: right, marked, or no span."""
import http.client
import signal
import socket
import subprocess

from harness import BOUND, PYTHON, Record, check, check_equal, compare, compare_rows, exchange, reached
from harness import test, wait_for
import servers

HALF = 4001  # bytes of body that /die, /reset and /hold send


def raw(server, data, method, target):
    """Sends the bytes, which end the connection, and returns the client's record."""
    client, answer = exchange(server.address, data)
    return Record(client, method, target, int(answer[9:12]), len(data), len(answer), 0, "ok")


@test("bpf", "helpers")
def strange_targets_and_methods(run):
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    records = []
    for method, target in (("GET", "http://localhost/plain?absolute"), ("OPTIONS", "*"),
                           ("FROB", "/plain"), ("get", "/plain"), ("PROPFIND", "/plain"),
                           ("GET", "/plain?" + "q" * 400), ("DELETE", "/a%20b/%00")):
        data = "%s %s HTTP/1.1\r\nHost: [::1]:5000\r\nConnection: close\r\n\r\n" % (method, target)
        records.append(raw(server, data.encode(), method, target))
    records.append(raw(server, b"GET /plain?ten HTTP/1.0\r\n\r\n", "GET", "/plain?ten"))
    compare(daemon, records)


@test("bpf", "helpers")
def long_head(run):
    """15 KiB: captured whole by default, with its traceparent at the very end."""
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    data = ("GET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: %s\r\n"
            "traceparent: 00-%s-b7ad6b7169203331-01\r\n\r\n" % ("l" * 15000, trace_id)).encode()
    compare(daemon, [raw(server, data, "GET", "/plain")])
    check_equal([(s.trace_id, s.rest) for s in daemon.spans()], [(trace_id, "")], "trace, marks")


@test("bpf", "helpers")
def head_beyond_the_limit(run):
    """A truncated head is marked; what is known, the sizes too, stays right."""
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    data = ("GET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: %s\r\n\r\n"
            % ("l" * 40000)).encode()
    compare(daemon, [raw(server, data, "GET", "/plain"),
                     *run.load(server, "-p", "/plain", "-n", 2)])
    marked = [span for span in daemon.spans() if span.sent == len(data)]
    check(marked and "truncated" in marked[0].rest, "no mark on %r" % (marked,))


def refused(name, *lines):
    """Framing that two readers may read differently: no span is guessed; others are traced."""
    def ambiguous(run):
        server = servers.nasty(run)
        daemon = run.trace(server.pids())
        data = "\r\n".join(["POST /plain HTTP/1.1", "Host: x", "Connection: close", *lines, "", ""])
        exchange(server.address, data.encode() + b"0\r\n\r\n")
        records = run.load(server, "-p", "/plain", "-n", 2)
        daemon.wait_spans(2)
        summary = daemon.stop()
        compare_rows(daemon.spans(), records)
        check(summary.rest, "the connection is not counted: %r" % (summary,))
    test("bpf", "helpers", name="ambiguous_" + name)(ambiguous)


refused("both", "Content-Length: 5", "Transfer-Encoding: chunked")
refused("two_lengths", "Content-Length: 5", "Content-Length: 6")


@test("bpf", "helpers")
def garbage(run):
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    for data in (b"\0\1\2\3", b"EHLO example", b"\xff" * 5000, b"\r\n" * 9):
        exchange(server.address, data + b"\r\n\r\n")
    compare(daemon, run.load(server, "-p", "/plain", "-n", 2))


@test("bpf", "helpers")
def server_dies_in_an_answer(run):
    """Status and size as sent, and why it is incomplete."""
    server = servers.nasty(run, "--serve", "fork")
    daemon = run.trace(server.pids())
    records = run.load(server, "-p", "/die", "-c", 4)
    check_equal([r.note for r in records], ["closed"] * 4, "notes")
    compare(daemon, records)
    check(all("error=" in span.rest for span in daemon.spans()), "no error named")


@test("bpf", "helpers")
def server_resets_in_an_answer(run):
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    records = run.load(server, "-p", "/reset", "-c", 4)
    daemon.wait_spans(4)
    daemon.stop()
    head = len("HTTP/1.1 200 OK\r\nContent-Length: 8002\r\nX-Server: nasty\r\n\r\n")
    got = sorted((s.target, s.status, s.sent, s.received, "error=" in s.rest)
                 for s in daemon.spans())
    want = sorted((r.target, 200, r.sent, head + HALF, True) for r in records)
    check_equal(got, want, "spans")


@test("bpf", "helpers")
def server_does_not_answer(run):
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    records = run.load(server, "-p", "/silent", "-c", 4)
    compare(daemon, records)
    check(all("error=" in span.rest for span in daemon.spans()), "no error named")


@test("bpf", "helpers")
def server_does_not_answer_while_records_are_lost(run):
    """The ring goes round several times and is full at times: what it held before is not told
    again, and each request is a span or a loss, once."""
    server = servers.nasty(run)
    daemon = run.daemon("--pid", server.process.pid, "--traces_exporter", "text",
                        "--ring_size", "64K").wait_attached()
    requests = 0
    for _ in range(4):
        daemon.popen.send_signal(signal.SIGSTOP)
        requests += len(run.load(server, "-p", "/plain", "-n", 50))
        requests += len(run.load(server, "-p", "/silent", "-c", 60))
        before = len(daemon.spans())
        daemon.popen.send_signal(signal.SIGCONT)
        daemon.wait_spans(before + 20)
        requests += len(run.load(server, "-p", "/silent", "-c", 8))
    summary = daemon.stop()
    check_equal(summary.requests, requests, "requests")
    check(summary.lost, "nothing was lost: %r" % (summary,))
    check("bad records" not in summary.rest, "%r" % (summary,))


@test("bpf", "helpers")
def client_aborts_an_answer(run):
    """The status as sent, no more bytes than the server sent, and why; no invented status."""
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    records = {r.target: r for r in run.load(server, "-p", "/big", "-c", 4, "-s", "-R", 1000)}
    daemon.wait_spans(4)
    daemon.stop()
    check_equal(len(daemon.spans()), 4, "spans")
    for span in daemon.spans():
        record = records[span.target]
        check_equal((span.status, span.sent, "error=" in span.rest), (200, record.sent, True),
                    span.target)
        check(record.received <= span.received < 5000001,
              "%d bytes of an aborted answer" % span.received)


@test("bpf", "helpers")
def client_aborts_a_head(run):
    """Not a request yet: no span."""
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    run.load(server, "-p", "/plain", "-c", 4, "-n", 3, "-A", 30)
    compare(daemon, run.load(server, "-p", "/plain", "-n", 2))


@test("bpf", "helpers")
def client_aborts_a_body(run):
    """A request whose body never came: a span without a status, with an error.
    What the reset overtook in the server's queue it may not have read: at most what was sent."""
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    records = {}
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", server.port), timeout=BOUND) as sock:
            data = b"POST /plain HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
            sock.sendall(data)
            check_equal(sock.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n", "interim answer")
            sock.sendall(b"x" * 100)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            records["%s:%d" % sock.getsockname()] = len(data)
    daemon.wait_spans(4)
    daemon.stop()
    spans = daemon.spans()
    check_equal(sorted(s.client for s in spans), sorted(records), "clients")
    for span in spans:
        check_equal((span.method, span.status, "error=" in span.rest), ("POST", 0, True),
                    span.client)
        check(records[span.client] <= span.sent <= records[span.client] + 100,
              "%d bytes of request" % span.sent)


@test("bpf", "helpers")
def idle_connections(run):
    """No span without a request."""
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    socks = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(16)]
    for sock in socks[:8]:
        sock.close()
    compare(daemon, run.load(server, "-p", "/plain", "-n", 2))
    for sock in socks[8:]:
        sock.close()


def recognised(run, daemon, name, url, *args):
    """Named once however many connections there are, counted, and no span."""
    for _ in range(2):
        subprocess.run(["curl", "-s", "-k", "-o", run.tmp / "body", "--max-time", str(BOUND), *args,
                        url])
    wait_for(lambda: name in daemon.stderr(), "%s to be named" % name)
    summary = daemon.stop()
    lines = [line for line in daemon.stderr().splitlines()
             if name in line and " requests, " not in line]
    check_equal(len(lines), 1, "lines that name %s" % name)
    check_equal((summary.requests, summary.spans, summary.lost), (0, 0, 0), "requests, spans, lost")
    check(name.lower() in summary.rest.lower(), "%s is not counted: %r" % (name, summary.rest))


@test("bpf", "helpers", "openssl", "curl")
def tls_is_named(run):
    pem = run.tmp / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", pem,
                    "-out", run.tmp / "cert.pem", "-subj", "/CN=localhost"],
                   check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + (run.tmp / "cert.pem").read_bytes())
    server = servers.python(run, pem)
    daemon = run.trace(server.pids())
    recognised(run, daemon, "TLS", "https://%s/" % server.address)


@test("bpf", "helpers", "curl")
def http2_is_named(run):
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    url = "http://%s/" % server.address
    recognised(run, daemon, "HTTP/2", url, "--http2-prior-knowledge")


@test("bpf", "helpers")
def visible_without_further_traffic(run):
    """A span does not wait for the next request on its connection, nor for the end of it."""
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    with socket.create_connection(("127.0.0.1", server.port), timeout=BOUND) as sock:
        for path in ("/plain", "/forty", "/chunked"):
            sock.sendall(("GET %s HTTP/1.1\r\n\r\n" % path).encode())
            check(sock.recv(65536), "no answer")
            count = len(daemon.spans()) + 1 if path == "/plain" else count + 1
            check(reached(lambda: len(daemon.spans()) == count), "no span of " + path)
    daemon.stop()


ONE_SEND = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print("listening on", server.getsockname()[1], flush=True)
while True:
    client, _ = server.accept()
    rest = b""
    while True:
        while b"\\r\\n\\r\\n" not in rest:
            more = client.recv(4096)
            if not more:
                break
            rest += more
        if b"\\r\\n\\r\\n" not in rest:
            break
        head, rest = rest.split(b"\\r\\n\\r\\n", 1)
        pad, body = map(int, head.split()[1].decode().strip("/").split("/"))
        client.sendall(b"HTTP/1.1 200 OK\\r\\nX-Pad: " + b"p" * pad + b"\\r\\nContent-Length: "
                       + str(body).encode() + b"\\r\\n\\r\\n" + b"b" * body)
    client.close()
"""


@test("bpf")
def one_send_of_every_size(run):
    """Answers of one send around the room that the kernel side has for them: exact, unmarked."""
    server = run.start([PYTHON, "-c", ONE_SEND])
    port = int(server.wait_text(r"listening on (\d+)")[1])
    daemon = run.daemon("--pid", server.pid, "--traces_exporter", "text")
    daemon.wait_attached()
    asked = [(pad, body) for pad in range(1, 1700, 53) for body in (0, 10, 700)]
    sizes = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND)
    for pad, body in asked:
        connection.request("GET", "/%d/%d" % (pad, body))
        answer = connection.getresponse()
        check_equal(len(answer.read()), body, "body")
        sizes.append(len("HTTP/1.1 200 OK\r\nX-Pad: \r\nContent-Length: \r\n\r\n") + pad
                     + len(str(body)) + body)
    connection.close()
    reached(lambda: len(daemon.spans()) >= len(asked))
    daemon.stop()
    check_equal([span.received for span in daemon.spans()], sizes, "sizes")
    check("marks: truncated" not in daemon.stderr(), "a whole head is marked truncated")
