# SPDX-License-Identifier: Apache-2.0
"""--count and --function-route: calls as counters, and as the route of their requests."""
import collections
import json
import re
import subprocess
import urllib.request

import servers
from harness import BOUND, BUILD, check, check_equal, reached, test
from test_functions import ask
from metrics_page import fetch, parse

SHAPES = BUILD / "tests/shapes/gcc-O2-none-pie"
COUNT = ("--function", "roll=>roll.value:int", "--count", "roll=dice.rolls{roll.value}")


def watch(run, server, *args):
    return run.daemon("--pid", server.process.pid, *args).wait_attached()


def roll(server, times):
    """{what was answered: how often}"""
    answers = collections.Counter()
    for _ in range(times):
        with urllib.request.urlopen("http://%s/rolldice" % server.address, timeout=BOUND) as answer:
            answers[int(answer.read())] += 1
    return dict(answers)


def counted(metric):
    """{roll.value: count} of the SDK's document of one metric."""
    check_equal((metric["name"], metric["description"], metric["unit"]), ("dice.rolls", "", ""),
                "name, description, unit")
    data = metric["data"]
    check_equal((data["is_monotonic"], data["aggregation_temporality"]), (True, 2), "kind of sum")
    return {point["attributes"]["roll.value"]: point["value"] for point in data["data_points"]}


@test("bpf", "todo")
def count_by_value_like_the_sdk(run):
    """One document of two scopes; an exemplar is the span of the call."""
    server = servers.rolldice(run)
    daemon = watch(run, server, "--traces_exporter", "console", "--metrics_exporter", "console",
                   *COUNT)
    answers = roll(server, 20)
    daemon.stop()
    documents = daemon.documents()
    (document,) = [d for d in documents if "resource_metrics" in d]
    (resource,) = document["resource_metrics"]
    http_scope, scope = resource["scope_metrics"]
    check(http_scope["scope"]["name"] != scope["scope"]["name"], "a scope of its own")
    (metric,) = scope["metrics"]
    check_equal(counted(metric), answers, "counts")
    rolls = {int(d["context"]["span_id"], 16): d for d in documents if d.get("name") == "roll"}
    check_equal(len(rolls), 20, "spans")
    for point in metric["data"]["data_points"]:
        (exemplar,) = point["exemplars"]
        span = rolls[exemplar["span_id"]]
        check_equal(span["attributes"]["roll.value"], point["attributes"]["roll.value"], "span")
        check_equal(int(span["context"]["trace_id"], 16), exemplar["trace_id"], "trace")


@test("bpf", "todo")
def count_of_every_exporter(run):
    server = servers.rolldice(run)
    path = run.tmp / "metrics.jsonl"
    daemon = watch(run, server, "--traces_exporter", "none", "--metrics_exporter",
                   "prometheus,text,file:%s" % path, "--exporter_prometheus_port", 0, *COUNT)
    address = daemon.wait_text(r"metrics are at http://(localhost:\d+)/metrics")[1]
    answers = roll(server, 12)

    def scraped():
        rows = parse(fetch(address)[1])
        return {int(row.labels["roll_value"]): int(row.value) for row in rows
                if row.name == "dice_rolls_total"}
    reached(lambda: sum(scraped().values()) >= 12)
    check_equal(scraped(), answers, "Prometheus")
    daemon.stop()
    lines = re.findall(r"^  dice\.rolls roll\.value=(\d) (\d+)$", daemon.stdout(), re.MULTILINE)
    check_equal({int(value): int(count) for value, count in lines}, answers, "text")
    (message,) = [json.loads(line) for line in path.read_text().splitlines()]
    (resource,) = message["resourceMetrics"]
    (metric,) = resource["scopeMetrics"][1]["metrics"]
    points = metric["sum"]["dataPoints"]
    check_equal({int(p["attributes"][0]["value"]["intValue"]): int(p["asInt"]) for p in points},
                answers, "OTLP")
    check_equal(metric["sum"]["isMonotonic"], True, "monotonic")


@test("bpf", "shapes")
def count_outside_of_requests(run):
    """A program that serves nothing: each call by its result, none of them a span."""
    program = run.start([SHAPES], stdin=subprocess.PIPE)
    program.wait_text("^ready$")
    daemon = run.daemon("--pid", program.pid, "--traces_exporter", "console", "--metrics_exporter",
                        "console", "--count",
                        "shape_nop5=>sum:int=shape.calls{sum}").wait_attached()
    program.popen.communicate(b"go\n")
    summary = daemon.stop()
    (document,) = daemon.documents()
    (resource,) = document["resource_metrics"]
    (scope,) = resource["scope_metrics"]
    (metric,) = scope["metrics"]
    check_equal([(p["attributes"]["sum"], p["value"]) for p in metric["data"]["data_points"]],
                [(3 * a, 1) for a in range(50)], "calls")
    check(re.search(r"functions: outside requests 50\b", summary.rest), "said: " + summary.rest)


@test("bpf", "todo")
def count_by_what_is_not_taken(run):
    """It is said, and calls count without it."""
    server = servers.rolldice(run)
    daemon = watch(run, server, "--traces_exporter", "none", "--metrics_exporter", "text",
                   "--count", "roll=dice.rolls{roll.value}")
    daemon.wait_text(r"dice\.rolls has no attribute roll\.value of function roll\b")
    roll(server, 3)
    daemon.stop()
    check("  dice.rolls 3\n" in daemon.stdout(), "counted: " + daemon.stdout())


@test("bpf", "todo")
def rules_that_cannot_be(run):
    for flag, text in (("--count", "roll"), ("--count", "roll=http.server.duration"),
                       ("--function-route", "roll=dice"), ("--function", "roll=>x:float")):
        daemon = run.daemon("--pid", 1, flag, text)
        check_equal(daemon.wait_exit(), 1, "status")
        check(re.search(re.escape("%s %s: " % (flag, text)), daemon.stderr()), daemon.stderr())


@test("bpf", "todo")
def route_by_function(run):
    """Of the span, its name, and the metrics; others have what the path tells."""
    server = servers.todo(run)
    daemon = watch(run, server, "--traces_exporter", "console", "--metrics_exporter", "text",
                   "--semconv_stability_opt_in", "http",
                   "--route", "/delete/{by_path}", "--route", "/add",
                   "--function-route", "todo_delete=/delete/{id}",
                   "--function-route", "todo_not_found=/lost", "--function", "todo_*")
    for method, target, body in (("GET", "/delete/1", None), ("GET", "/delete/2", None),
                                 ("POST", "/add", "title=milk"), ("GET", "/nowhere/else", None)):
        ask(server.address, method, target, body)
    daemon.stop()
    spans = [d for d in daemon.documents() if d.get("kind") == "SpanKind.SERVER"]
    check_equal([(span["name"], span["attributes"].get("http.route")) for span in spans],
                [("GET /delete/{id}", "/delete/{id}")] * 2 +
                [("POST /add", "/add"), ("GET /lost", "/lost")], "routes")
    for route in ("/delete/{id}", "/lost"):
        check(re.search(r"^  GET .* %s$" % re.escape(route), daemon.stdout(), re.MULTILINE),
              "no row of %s" % route)
