# SPDX-License-Identifier: Apache-2.0
"""Rules that choose processes: those that are there, those that come, and none else. Each test's
servers run from a copy of the program under a name of its own, for the machine is full of others."""
import contextlib
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket

from harness import BOUND, DAEMON, HELPERS, PYTHON, Record, Server, check, check_equal, compare
from harness import compare_rows, exchange, free_port, new_cgroup, test, wait_for
import servers

TEXT = ("--traces_exporter", "text")
CHURN = 200
MEMORY_GROWTH_KB = 16 << 10  # for CHURN processes that have exited not long ago


def request(target):
    return b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % target.encode()


def ask_at_once(port, target):
    """The server's very first request, as soon as it takes one."""
    address = ("127.0.0.1", port)

    def connected():
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(address, timeout=BOUND)
        return None
    with wait_for(connected, "somebody who listens on %d" % port) as connection:
        client, answer = exchange("%s:%d" % address, request(target), connection)
    return Record(client, "GET", target, int(answer[9:12]), len(request(target)), len(answer), 0,
                  "ok")


def program(run, source=HELPERS / "cserver"):
    """A copy of the server under a name that nobody else has."""
    path = run.tmp / ("e2e" + secrets.token_hex(4))
    shutil.copy(source, path)
    return path


def start(run, path, port, **options):
    return Server(run.start([path, "--port", port], **options), "127.0.0.1:%d" % port)


def select(run, *rules):
    return run.daemon(*TEXT, *rules).wait_attached()


def before_and_after(name, rule, needs=()):
    """One server is there, one comes: all of both is seen, from the first request on."""
    def both(run):
        path, ports = program(run), [free_port(), free_port()]
        first = start(run, path, ports[0])
        first.process.wait_text("listening on")
        daemon = select(run, *rule(path, ports))
        check("attached to 1 process " in daemon.stderr(), "not one process: " + daemon.stderr())
        second = start(run, path, ports[1])
        records = [ask_at_once(ports[1], "/plain?first")]
        daemon.wait_text(r"tracing %s, pid %d \(" % (path.name, second.process.pid))
        compare(daemon, records + run.load(first, "-p", "/plain", "-n", 5, "-c", 4) +
                run.load(second, "-p", "/plain", "-n", 5, "-c", 4))
    test("bpf", "helpers", *needs, name="select_by_" + name)(both)


before_and_after("port", lambda path, ports: ("--port", "%d,%d" % tuple(ports)))
before_and_after("ports_given_twice",
                 lambda path, ports: ("--port", ports[0], "--port", "%d-%d" % (ports[1], ports[1])))
before_and_after("exe", lambda path, ports: ("--exe", path.name))
before_and_after("exe_path", lambda path, ports: ("--exe", path))
before_and_after("exe_pattern", lambda path, ports: ("--exe", "*/%s?" % path.name[:-1]))
before_and_after("name", lambda path, ports: ("--name", path.name))
before_and_after("name_pattern", lambda path, ports: ("--name", path.name[:-1] + "*"))
before_and_after("port_and_exe", lambda path, ports: ("--port", ports[0], "--exe", path.name))


@test("bpf", "helpers")
def first_requests_of_many_servers(run):
    """Nothing passes between the start of a server and our look at it."""
    path, records = program(run), []
    daemon = select(run, "--exe", path.name)
    check("nothing matches yet, waiting for exe " + path.name in daemon.stderr(), daemon.stderr())
    for i in range(20):
        port = free_port()
        server = start(run, path, port)
        records.append(ask_at_once(port, "/plain?%d" % i))
        server.process.close()
    compare(daemon, records)


@test("bpf", "helpers")
def others_leave_no_trace(run):
    """They were traced until we had looked; what they did then is neither span nor loss nor record."""
    path, other, recording = program(run), program(run), run.tmp / "recording"
    daemon = select(run, "--exe", path.name, "--record", recording)
    for i in range(20):
        port = free_port()
        server = start(run, other, port)
        ask_at_once(port, "/plain?secret-%d" % i)
        server.process.close()
    port = free_port()
    start(run, path, port)
    summary = compare(daemon, [ask_at_once(port, "/plain?mine")])
    check_equal(summary.rest, "", "marks")
    check(b"secret" not in recording.read_bytes(), "the recording holds what nobody asked for")
    replayed = run.daemon(*TEXT, "--replay", recording)
    check_equal(replayed.wait_exit(), 0, "status of the replay")
    check_equal([span[:8] for span in replayed.spans()], [span[:8] for span in daemon.spans()],
                "spans replayed")


def excluded(kind, rule):
    def one_of_two(run):
        path, left_out = program(run), program(run)
        ports = [free_port(), free_port(), free_port()]
        old = start(run, left_out, ports[0])
        old.process.wait_text("listening on")
        daemon = select(run, "--exe", "%s,%s" % (path.name, left_out.name),
                        *rule(left_out, ports, old))
        start(run, path, ports[1])
        records = [ask_at_once(ports[1], "/plain?mine")]
        ask_at_once(ports[0], "/plain?not-mine")
        if kind != "pid":
            start(run, left_out, ports[2])
            ask_at_once(ports[2], "/plain?not-mine-either")
        compare(daemon, records + [ask_at_once(ports[1], "/plain?again")])
    test("bpf", "helpers", name="exclude_" + kind)(one_of_two)


excluded("port", lambda path, ports, old: ("--exclude_port", "%d,%d" % (ports[0], ports[2])))
excluded("exe", lambda path, ports, old: ("--exclude_exe", path))
excluded("name", lambda path, ports, old: ("--exclude_name", path.name))
excluded("pid", lambda path, ports, old: ("--exclude_pid", old.process.pid))


@test("bpf", "helpers")
def exclude_from_the_children_of_a_pid(run):
    path, left_out, ports = program(run), program(run), [free_port(), free_port()]
    script = '"$0" --port $2 & "$1" --port $3 & wait'
    (run.tmp / "gate").touch()
    shell = run.start(["sh", "-c", "until [ ! -e %s ]; do :; done; %s" % (run.tmp / "gate", script),
                       path, left_out, *map(str, ports)])
    daemon = select(run, "--pid", shell.pid, "--exclude_exe", left_out.name)
    (run.tmp / "gate").unlink()
    ask_at_once(ports[1], "/plain?not-mine")
    compare(daemon, [ask_at_once(ports[0], "/plain?mine")])


@test("bpf", "helpers")
def pid_and_rule_add_up(run):
    by_pid, by_exe, ports = program(run), program(run), [free_port(), free_port()]
    first = start(run, by_pid, ports[0])
    first.process.wait_text("listening on")
    daemon = select(run, "--pid", first.process.pid, "--exe", by_exe.name)
    start(run, by_exe, ports[1])
    compare(daemon, [ask_at_once(port, "/plain?%d" % port) for port in ports])


@test("bpf", "helpers")
def chain_of_exec(run):
    """Two shells that become the server: none of them is it, the last is."""
    path, port = program(run), free_port()
    daemon = select(run, "--exe", path.name)
    run.start(["sh", "-c", "exec sh -c 'exec %s --port %d'" % (path, port)])
    compare(daemon, [ask_at_once(port, "/plain?first")])


@test("bpf", "helpers")
def becomes_what_nobody_asked_for(run):
    """The server execs another program: it is let go."""
    path, other, ports = program(run), program(run), [free_port(), free_port()]
    launcher = run.tmp / "launch.py"
    launcher.write_text("import os, socket, sys\n"
                        "open('/proc/self/comm', 'w').write(sys.argv[1])\n"
                        "server = socket.create_server(('127.0.0.1', int(sys.argv[2])))\n"
                        "connection = server.accept()[0]\n"
                        "connection.recv(4096)\n"
                        "connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi')\n"
                        "connection.recv(1)\n"  # until the client has gone
                        "os.execv(sys.argv[3], [sys.argv[3], '--port', sys.argv[4]])\n")
    daemon = select(run, "--name", path.name)
    run.start([PYTHON, launcher, path.name, ports[0], other, ports[1]])
    records = [ask_at_once(ports[0], "/mine")]
    ask_at_once(ports[1], "/plain?not-mine")
    compare(daemon, records)


@test("bpf", "gunicorn", "helpers")
def prefork_by_port(run):
    """The workers hold the listener of their master: those there are, and those that replace them."""
    server = servers.gunicorn(run, max_requests=10)
    daemon = select(run, "--port", server.port)
    check("attached to 3 processes " in daemon.stderr(), "not three: " + daemon.stderr())
    compare(daemon, run.load(server, "-c", 4, "-n", 10, "-p", "/plain"))


@test("bpf", "helpers")
def inherited_listener(run):
    """Who listens is not who accepts: a server that was handed the listener across an exec."""
    path = program(run)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        daemon = select(run, "--port", port)
        run.start([path], env={**os.environ, "CSERVER_FD": str(listener.fileno())},
                  pass_fds=[listener.fileno()])
        compare(daemon, [ask_at_once(port, "/plain?first")])


@test("bpf", "node", "helpers")
def workers_of_a_cluster(run):
    """Node's workers are handed connections, not the listener; they run what their parent runs."""
    script = run.tmp / "cluster.js"
    script.write_text("const cluster = require('cluster');\n"
                      "if (cluster.isMaster) { cluster.fork(); cluster.fork(); }\n"
                      "else require('http').createServer((q, r) => r.end('hi'))\n"
                      "  .listen(+process.argv[2], '127.0.0.1',\n"
                      "          () => console.log('worker is up'));\n")
    port = free_port()
    process = run.start(["node", script, port])
    process.wait_text("worker is up", 2)
    server = Server(process, "127.0.0.1:%d" % port)
    daemon = select(run, "--port", port)
    check("attached to 3 processes " in daemon.stderr(), "not three: " + daemon.stderr())
    compare(daemon, run.load(server, "-c", 8, "-n", 5, "-p", "/plain"))


@test("bpf")
def renamed_process(run):
    name = "e2e" + secrets.token_hex(4)
    script = ("import http.server, sys\n"
              "class Quiet(http.server.BaseHTTPRequestHandler):\n"
              "    def do_GET(self):\n"
              "        self.send_response(200); self.end_headers()\n"
              "server = http.server.HTTPServer(('127.0.0.1', int(sys.argv[2])), Quiet)\n"
              "print('up', flush=True); sys.stdin.readline()\n"
              "open('/proc/self/comm', 'w').write(sys.argv[1])\n"
              "server.serve_forever()\n")
    port = free_port()
    daemon = select(run, "--name", name)
    read_end, write_end = os.pipe()
    with open(read_end) as stdin, open(write_end, "w") as go:
        process = run.start([PYTHON, "-c", script, name, port], stdin=stdin)
        process.wait_text("up")
        go.write("\n")
    compare(daemon, [ask_at_once(port, "/first")])


@test("bpf", "helpers", "cgroup")
def select_by_cgroup(run):
    """One in the group below, one that starts in it, one that is moved to it; and one outside."""
    group = new_cgroup()
    run.stack.callback(group.rmdir)
    inner = group / "inner"
    inner.mkdir()
    run.stack.callback(inner.rmdir)
    path, ports = program(run), [free_port() for _ in range(4)]
    join = 'echo $$ >%s/cgroup.procs; exec %s --port %%d' % (inner, path)
    processes = [run.start(["sh", "-c", join % ports[0]])]
    processes[0].wait_text("listening on")
    daemon = select(run, "--cgroup", group)
    moved = start(run, path, ports[2])
    ask_at_once(ports[2], "/plain?not-yet")
    processes.append(run.start(["sh", "-c", join % ports[1]]))
    records = [ask_at_once(port, "/plain?%d" % port) for port in ports[:2]]
    # who came before has been decided about
    daemon.wait_text(r"tracing \S+, pid %d" % processes[1].pid)
    (group / "cgroup.procs").write_text(str(moved.process.pid))
    processes.append(moved.process)
    start(run, path, ports[3])
    ask_at_once(ports[3], "/plain?never")
    records += [ask_at_once(port, "/plain?again-%d" % port) for port in ports[:3]]
    compare(daemon, records)
    for process in processes:
        process.close()


def rss_anon(pid):
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1])


@test("bpf", "helpers")
def short_lives(run):
    """Each answers one request and is killed. The machine's other servers are traced as well."""
    path, mark, records = program(run), secrets.token_hex(4), []
    daemon = select(run, "--all")
    before = rss_anon(daemon.pid)
    for i in range(CHURN):
        port = free_port()
        server = start(run, path, port)
        records.append(ask_at_once(port, "/plain?%s-%d" % (mark, i)))
        server.process.popen.kill()
        server.process.popen.wait()

    def ours():
        return [span for span in daemon.spans() if mark in span.target]
    wait_for(lambda: len(ours()) >= CHURN, "%d spans" % CHURN)
    growth = rss_anon(daemon.pid) - before
    summary = daemon.stop()
    compare_rows(ours(), records)
    check("ring 0," in summary.causes + ",", "the ring was full: " + summary.causes)
    check(growth < MEMORY_GROWTH_KB, "memory grew by %d kB" % growth)


@test("bpf", "helpers")
def waits_for_more(run):
    """A daemon with rules does not end with the processes that it traces."""
    path, ports = program(run), [free_port(), free_port()]
    first = start(run, path, ports[0])
    daemon = select(run, "--exe", path.name)
    records = [ask_at_once(ports[0], "/plain?1")]
    first.process.close()
    start(run, path, ports[1])
    compare(daemon, records + [ask_at_once(ports[1], "/plain?2")])


@test("bpf")
def never_itself(run):
    path = program(run, DAEMON)
    process = run.start([path, "--exe", path.name, "--name", path.name])
    process.wait_text("nothing matches yet")
    process.popen.send_signal(signal.SIGTERM)
    check_equal(process.wait_exit(), 0, "status")
    check("tracing" not in process.stderr(), process.stderr())
    process = run.start(["sh", "-c", "exec %s --all --pid $$" % DAEMON])
    process.wait_text(r"pid %d is not traced: it is excluded, or otel-ebpf itself" % process.pid)


@test("bpf", "helpers")
def candidates_lost(run):
    """The ring was full when the server came: it is found all the same."""
    path, port = program(run), free_port()
    daemon = select(run, "--exe", path.name, "--ring_size", "64K")
    daemon.popen.send_signal(signal.SIGSTOP)
    burst = run.start(["sh", "-c", "i=0; while [ $i -lt 400 ]; do /bin/true; i=$((i+1)); done"])
    check_equal(burst.wait_exit(), 0, "status of many programs")
    server = start(run, path, port)
    server.process.wait_text("listening on")
    daemon.popen.send_signal(signal.SIGCONT)
    daemon.wait_text(r"tracing %s, pid %d \(" % (path.name, server.process.pid))
    record = ask_at_once(port, "/plain")
    daemon.wait_spans(1)
    summary = daemon.stop()
    compare_rows(daemon.spans(), [record])
    check("lost records" in summary.rest, "nothing was lost: %r" % (summary,))
