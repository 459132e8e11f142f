# SPDX-License-Identifier: Apache-2.0
"""--summary: its table against the client's own record, where it goes, and when it comes unasked."""
import collections
import os
import re
import signal

import servers
from harness import DAEMON, check, check_equal, test
from test_wrap import Terminal

ROW = re.compile(r"^ +(\d+) +[\d.]+ +(\d+) +\S+ +\S+ +\S+  (\S+) (\S+)$", re.MULTILINE)
TRACE = re.compile(r"^ {40,}\S+ +([0-9a-f]{32})$", re.MULTILINE)


def rows(text):
    """{(method, route): (requests, errors)}"""
    return {(row[3], row[4]): (int(row[1]), int(row[2])) for row in ROW.finditer(text)}


@test("bpf", "helpers", "todo")
def summary_equals_the_clients(run):
    server = servers.todo(run)
    daemon = run.daemon("--pid", server.process.pid, "--summary", "--traces_exporter", "text")
    daemon.wait_attached()
    records = run.load(server, "-c", 8, "-n", 10, "-p", "/", "-k")
    records += run.load(server, "-c", 2, "-n", 3, "-p", "/nowhere")
    daemon.wait_spans(len(records))
    daemon.stop()
    want = collections.Counter((r.method, r.target.split("?")[0]) for r in records)
    check_equal(rows(daemon.stderr()), {key: (count, 0) for key, count in want.items()}, "rows")
    check(not rows(daemon.stdout()), "the summary is among the telemetry")
    ids = TRACE.findall(daemon.stderr())
    check_equal(len(ids), 3 * len(want), "trace ids")
    check(set(ids) <= {span.trace_id for span in daemon.spans()}, "a trace id that no span has")


@test("bpf", "helpers", "todo")
def summary_before_sampling(run):
    """All are counted, none has a trace to look up."""
    server = servers.todo(run)
    daemon = run.daemon("--pid", server.process.pid, "--summary",
                        env={**os.environ, "OTEL_TRACES_SAMPLER": "always_off"}).wait_attached()
    records = run.load(server, "-c", 4, "-n", 5, "-p", "/")
    summary = daemon.stop()
    check_equal(rows(daemon.stderr()), {("GET", "/"): (len(records), 0)}, "rows")
    check_equal((summary.sampled_out, TRACE.findall(daemon.stderr())), (len(records), []),
                "sampled out, trace ids")


@test("bpf", "helpers", "todo")
def ctrl_c_shows_the_summary(run):
    """Unasked, to who attached from a terminal; in colour there, and nowhere else."""
    server = servers.todo(run)
    script = "exec %s --pid %d --traces_exporter none" % (DAEMON, server.process.pid)
    terminal = Terminal(script, {}, run.tmp)
    run.stack.callback(terminal.close)
    terminal.read_until("attached to pid")
    records = run.load(server, "-c", 3, "-n", 4, "-p", "/")
    terminal.interrupt()
    terminal.read_until("0 open")
    check_equal(rows(terminal.text.replace("\r", "")), {("GET", "/"): (len(records), 0)}, "rows")
    check("\033[2m" in terminal.text, "no colour on a terminal")


@test("bpf", "helpers", "todo")
def no_summary_unasked(run):
    """Neither without a terminal nor after another signal."""
    server = servers.todo(run)
    daemon = run.trace(server.pids())
    run.load(server, "-c", 1, "-n", 1, "-p", "/")
    daemon.stop(signal.SIGINT)
    check("ROUTE" not in daemon.stderr(), "a summary without a terminal")
    terminal = Terminal("echo $$; exec %s --pid %d --traces_exporter none" %
                        (DAEMON, server.process.pid), {}, run.tmp)
    run.stack.callback(terminal.close)
    terminal.read_until("attached to pid")
    os.kill(int(terminal.text.split()[0]), signal.SIGTERM)
    terminal.read_until("0 open")
    check("ROUTE" not in terminal.text, "a summary after SIGTERM")
