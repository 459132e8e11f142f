# SPDX-License-Identifier: Apache-2.0
"""Attaching: to what is already going on, to what comes later, and letting go again."""
import pathlib
import signal
import socket

from harness import BOUND, check, check_equal, compare, compare_rows, exchange, test, wait_for
from harness import PYTHON, Record
import servers


def request(target, *lines):
    head = ["GET %s HTTP/1.1" % target, "Host: localhost", *lines, "", ""]
    return "\r\n".join(head).encode()


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=BOUND)


def record(client, sent, answer, target):
    return Record(client, "GET", target, int(answer[9:12]), len(sent), len(answer), 0, "ok")


def ask(server, connection, target):
    data = request(target)
    client, answer = exchange(server.address, data, connection)
    return record(client, data, answer, target)


@test("bpf", "helpers")
def connections_already_open(run):
    """One used before, one never: both are traced from their next request on."""
    server = servers.nasty(run)
    with connect(server) as used, connect(server) as unused:
        ask(server, used, "/plain?before")
        daemon = run.trace(server.pids())
        compare(daemon, [ask(server, used, "/plain?1"), ask(server, unused, "/plain?2"),
                         ask(server, used, "/plain?3")])


@test("bpf", "nginx", "helpers")
def nginx_connections_already_open(run):
    server = servers.nginx(run)
    with connect(server) as used:
        ask(server, used, "/s1k?before")
        daemon = run.trace(server.pids())
        compare(daemon, [ask(server, used, "/s1k?1"), ask(server, used, "/s1k?2")])


def receive(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        check(piece, "the server closed")
        data += piece
    return data


@test("bpf", "helpers")
def middle_of_an_answer(run):
    """Only that answer is missing."""
    server = servers.nasty(run)
    with connect(server) as held:
        held.sendall(request("/hold"))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += receive(held, 1)
        receive(held, 4001)
        daemon = run.trace(server.pids())
        released = run.load(server, "-p", "/release")
        receive(held, 4001)
        compare(daemon, released + [ask(server, held, "/plain?after")])


@test("bpf", "helpers")
def middle_of_a_request(run):
    """Its second half alone makes no wrong span; the next request on the connection is exact."""
    server = servers.nasty(run, "--read", "read")
    data = request("/plain?half", "X-Filler: " + "f" * 100)
    with connect(server) as connection:
        connection.sendall(data[:80])
        wait_for(lambda: _unread(server, connection) == 0, "the server to read half a request")
        daemon = run.trace(server.pids())
        exchange(server.address, data[80:], connection)
        later = ask(server, connection, "/plain?whole")
        daemon.wait_spans(1)
        daemon.stop()
    compare_rows([span for span in daemon.spans() if span.target == later.target], [later])
    check(not [span for span in daemon.spans() if span.target not in ("/plain?half", later.target)],
          "a span of a target that nobody asked for")


def _unread(server, connection):
    """Bytes in the receive queue of the server's end."""
    local = "%04X" % connection.getsockname()[1]
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[2].endswith(":" + local) and fields[1].endswith(":%04X" % server.port):
            return int(fields[4].split(":")[1], 16)
    return None


@test("bpf", "helpers")
def becomes_another_program(run):
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    records = run.load(server, "-p", "/exec", "-x")
    server.process.wait_text("listening on", 2)
    compare(daemon, records + run.load(server, "-p", "/plain", "-c", 16, "-n", 3))


@test("bpf", "helpers")
def client_and_server_in_one_process(run):
    """Of a request that the process sends to itself there is one span, the server's."""
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    records = run.load(server, "-p", "/call", "-c", 8, "-n", 3)
    daemon.wait_spans(2 * len(records))
    summary = daemon.stop()
    spans = daemon.spans()
    compare_rows([span for span in spans if span.target.startswith("/call")], records)
    inner = sorted(span.target for span in spans if span.target.startswith("/plain"))
    want = sorted("/plain?for=" + record.target.split("=")[1] for record in records)
    check_equal(inner, want, "inner spans")
    check_equal((summary.requests, summary.lost), (len(spans), 0), "requests, lost")


@test("bpf", "helpers")
def two_pids_of_three(run):
    first, second, third = (servers.nasty(run) for _ in range(3))
    daemon = run.trace(first.pids() + second.pids())
    records = run.load(first, "-p", "/plain", "-n", 5) + run.load(second, "-p", "/plain", "-n", 5)
    run.load(third, "-p", "/plain", "-n", 5)
    compare(daemon, records)


@test("bpf", "helpers")
def the_client_is_no_server(run):
    """A traced process that only asks has no server spans."""
    server = servers.nasty(run)
    caller = servers.nasty(run)
    daemon = run.trace(caller.pids())
    untraced = run.load(server, "-p", "/plain", "-n", 3)
    check_equal(len(untraced), 3, "answers")
    compare(daemon, run.load(caller, "-p", "/plain", "-n", 3))


@test("bpf")
def pid_that_does_not_exist(run):
    pid = next(p for p in range(4194303, 1, -1) if not pathlib.Path("/proc/%d" % p).exists())
    daemon = run.daemon("--pid", pid)
    check_equal(daemon.wait_exit(), 1, "status")
    check(str(pid) in daemon.stderr(), "the message does not name the pid: " + daemon.stderr())


@test("bpf")
def a_zombie_among_them(run):
    """Nothing tells of an exit that passed before: the daemon ends with the process all the same."""
    process = run.start([PYTHON, "-c", "import os, signal; os.fork() or os._exit(0);"
                         "os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT);"
                         "print('it is one', flush=True); signal.pause()"])
    process.wait_text("it is one")
    daemon = run.trace([process.pid])
    process.popen.kill()
    daemon.wait_text("all traced processes have exited")
    check_equal(daemon.wait_exit(), 0, "status")


@test("bpf", "helpers")
def two_daemons_and_detaching(run):
    """Each sees everything; the server goes on after both have gone."""
    server = servers.nasty(run)
    first, second = run.trace(server.pids()), run.trace(server.pids())
    records = run.load(server, "-p", "/plain", "-c", 8, "-n", 4)
    compare(first, records)
    records += run.load(server, "-p", "/plain", "-c", 8, "-n", 4)
    compare(second, records)
    check_equal(len(run.load(server, "-p", "/plain", "-n", 3)), 3, "answers after detaching")


@test("bpf", "helpers")
def summary_on_request(run):
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    records = run.load(server, "-p", "/plain", "-n", 7)
    daemon.wait_spans(7)
    daemon.popen.send_signal(signal.SIGUSR1)
    wait_for(daemon.summaries, "a summary after SIGUSR1")
    check_equal(daemon.summaries()[0][:3], (7, 7, 0), "requests, spans, lost")
    compare(daemon, records + run.load(server, "-p", "/plain", "-n", 3))
    check_equal(len(daemon.summaries()), 2, "summaries")


@test("bpf", "helpers")
def stop_flushes(run):
    """Stopped right after the last answer: nothing is lost. By SIGINT as by SIGTERM."""
    server = servers.nasty(run)
    for number in (signal.SIGINT, signal.SIGTERM):
        daemon = run.trace(server.pids())
        records = run.load(server, "-p", "/plain", "-c", 64, "-n", 20)
        summary = daemon.stop(number)
        compare_rows(daemon.spans(), records)
        check_equal((summary.requests, summary.lost), (len(records), 0), "requests, lost")


@test("bpf", "helpers")
def server_is_killed(run):
    """The request that it had begun to answer is a span that says so."""
    server = servers.nasty(run)
    daemon = run.trace(server.pids())
    with connect(server) as held:
        held.sendall(request("/hold"))
        receive(held, 4001)
        server.process.popen.kill()
        daemon.wait_spans(1)
        summary = daemon.stop()
    check_equal([(s.target, s.status, "error=" in s.rest) for s in daemon.spans()],
                [("/hold", 200, True)], "spans")
    check_equal(summary.requests, 1, "requests")


@test("bpf", "helpers")
def console_documents(run):
    server = servers.nasty(run)
    daemon = run.trace(server.pids(), "console")
    records = run.load(server, "-p", "/plain", "-c", 8, "-n", 5)
    wait_for(lambda: daemon.stdout().count("\n}\n") == len(records), "every document")
    daemon.stop()
    got = sorted((d["attributes"]["http.target"], d["attributes"]["http.status_code"],
                  d["attributes"]["net.peer.port"]) for d in daemon.documents())
    want = sorted((r.target, r.status, int(r.client.rsplit(":", 1)[1])) for r in records)
    check_equal(got, want, "documents")


@test("bpf", "helpers")
def console_and_text(run):
    server = servers.nasty(run)
    daemon = run.trace(server.pids(), "console,text")
    records = run.load(server, "-p", "/plain", "-n", 5)
    wait_for(lambda: daemon.stdout().count('"http.target"') == 5, "every document")
    compare(daemon, records)
