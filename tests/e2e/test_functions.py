# SPDX-License-Identifier: Apache-2.0
"""--function: calls as spans below their requests'."""
import collections
import http.client
import json
import os
import re

import servers
from harness import BUILD, DAEMON, check, check_equal, reached, test


def ask(address, method, target, body=None):
    connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"))
    connection.request(method, target, body, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def watch(run, server, *args, **options):
    pids = ",".join(str(pid) for pid in server.pids())
    return run.daemon("--pid", pids, "--traces_exporter", "console", *args,
                      **options).wait_attached()


def spans(daemon):
    return [document for document in daemon.documents() if "kind" in document]


def trees(daemon):
    """[(server span, its children, theirs ...)] by name; checks ids, kinds and times on the way."""
    found = spans(daemon)
    by_id = {span["context"]["span_id"]: span for span in found}
    check_equal(len(by_id), len(found), "spans with an id of their own")
    children = collections.defaultdict(list)
    roots = []
    for span in found:
        if span["kind"] == "SpanKind.SERVER":
            roots.append(span)
            continue
        check_equal(span["kind"], "SpanKind.INTERNAL", "kind")
        parent = by_id.get(span["parent_id"])
        check(parent, "%s has no parent" % span["name"])
        check_equal(span["context"]["trace_id"], parent["context"]["trace_id"], "trace")
        check(parent["start_time"] <= span["start_time"] <= span["end_time"],
              "%s begins or ends before it can" % span["name"])
        children[span["parent_id"]].append(span)

    def tree(span):
        below = sorted(children[span["context"]["span_id"]], key=lambda s: s["start_time"])
        return (span["name"], *map(tree, below))
    return [tree(root) for root in roots]


@test("bpf", "helpers", "todo")
def function_of_each_request(run):
    """One handler a request, below it, also on many connections at once."""
    server = servers.todo(run)
    daemon = watch(run, server, "--function", "todo_*")
    records = [record for connections in (1, 16)
               for record in run.load(server, "-c", connections, "-n", 40 * connections, "-p", "/")]
    summary = daemon.stop()
    counts = collections.Counter(trees(daemon))
    check_equal(sum(counts.values()), len(records), "server spans")
    told = counts[("GET /", ("todo_index",))]
    within_several = re.search(r"within several (\d+)", summary.rest)
    counted = int(within_several[1]) if within_several else 0
    check_equal(told + counted, len(records), "handlers told, and counted as of several requests")
    check(told >= 40, "the handlers of one connection are all told")


@test("bpf", "helpers", "todo")
def function_of_threads(run):
    server = servers.todo(run, "--threads", 8)
    daemon = watch(run, server, "--function", "todo_*")
    records = run.load(server, "-c", 8, "-n", 160, "-p", "/")
    summary = daemon.stop()
    counts = collections.Counter(trees(daemon))
    check_equal(sum(counts.values()), len(records), "server spans")
    check(not re.search(r"functions: .*lost", summary.rest), "calls are lost: " + summary.rest)


@test("bpf", "todo")
def function_nested(run):
    """A library's function below the executable's, results and arguments as attributes."""
    server = servers.todo(run)
    daemon = watch(run, server, "--function", "todo_add=>answer:int", "--function", "todo_*",
                   "--function", "libsqlite3.so*:sqlite3_step=>sqlite.rc:int")
    check_equal(ask(server.address, "POST", "/add", "title=milk"), 302, "status")
    daemon.stop()
    check_equal(trees(daemon), [("POST /add", ("todo_add", ("sqlite3_step",)))], "tree")
    by_name = {span["name"]: span["attributes"] for span in spans(daemon)}
    check_equal(by_name["todo_add"]["answer"], 1, "MHD_YES")
    check_equal(by_name["sqlite3_step"]["sqlite.rc"], 101, "SQLITE_DONE")
    check_equal(by_name["todo_add"]["code.function.name"], "todo_add", "name")
    check(by_name["todo_add"]["code.file.path"].endswith("demo_todo/routes.c"), "source file")


@test("bpf", "todo")
def function_of_requests_without_a_span(run):
    server = servers.todo(run)
    daemon = watch(run, server, "--function", "todo_*",
                   env={**os.environ, "OTEL_PYTHON_EXCLUDED_URLS": "nowhere"})
    for target in ("/nowhere", "/", "/nowhere"):
        ask(server.address, "GET", target)
    summary = daemon.stop()
    check_equal(trees(daemon), [("GET /", ("todo_index",))], "trees")
    check(re.search(r"functions: spans 1, of requests without a span 2$", summary.rest), "counted: " + summary.rest)


@test("bpf", "todo")
def function_of_what_is_not_there(run):
    """The server's spans are as ever."""
    server = servers.todo(run)
    daemon = watch(run, server, "--function", "no_such_*", "--function", "libnone.so:x")
    check_equal(ask(server.address, "GET", "/"), 200, "status")
    daemon.stop()
    check_equal([tree[0] for tree in trees(daemon)], ["GET /"], "spans")


@test("bpf", "helpers")
def function_of_nobody_is_said(run):
    server = servers.nasty(run)
    daemon = watch(run, server, "--function", "no_such_*")
    daemon.wait_text("no function of pid %d that is asked for, so far" % server.process.pid)


@test("bpf", "todo")
def function_of_all_there_are(run):
    """Of what cannot be probed there is a line for each reason, not for each function."""
    server = servers.todo(run)
    daemon = watch(run, server, "--function", "*")
    daemon.wait_text(r"no spans of \d+ functions of \S+/todo \(\w+, \w+, \w+ \.\.\.\): it begins with")
    check(daemon.stderr().count("no spans of") <= 8, "lines: " + daemon.stderr())
    check_equal(ask(server.address, "GET", "/"), 200, "status")


@test("bpf", "todo")
def function_in_front_of_a_command(run):
    """Probed as soon as it runs."""
    process = run.start([DAEMON, "--traces_exporter", "console", "--function", "todo_*", "--",
                         BUILD / "todo", "--port", 0, "--db", ":memory:"])
    address = process.wait_text(r"listening on (\S+)")[1]
    process.wait_text(r"functions of pid \d+ are probed")
    check_equal(ask(address, "GET", "/"), 200, "status")
    reached(lambda: "todo_index" in process.stdout() and '"GET /"' in process.stdout())
    names = re.findall(r'^    "name": (.*),$', process.stdout(), re.MULTILINE)
    check_equal(sorted(map(json.loads, names)), ["GET /", "todo_index"], "spans")
