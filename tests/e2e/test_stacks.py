# SPDX-License-Identifier: Apache-2.0
"""Functions of a server whose calls do not return in turn (stacks.c): its signal handler has a stack
above its thread's, jumps over calls, and its threads end within them."""
import re

from harness import HELPERS, Server, check, check_equal, exchange, test
from test_functions import trees, watch
from test_workers import file_offset

CALLS = ("stack_outer", ("stack_inner", ("stack_leaf",)))


def stacks(run):
    process = run.start([HELPERS / "stacks"])
    return Server(process, process.wait_text(r"listening on (\S+)")[1])


def ask(server, *ways):
    for number, way in enumerate(ways):
        _, answer = exchange(server.address, b"GET /%s/%d HTTP/1.1\r\n\r\n" % (way.encode(), number))
        check(answer.endswith(b"\r\n\r\n%d" % (2 * number)), "answer to %s: %r" % (way, answer))


def counts(summary):
    match = re.search(r"functions: ([^;]*)", summary.rest)
    return dict(re.match(r"(.*) (\d+)", word).groups() for word in match[1].split(", "))


def whole(*ways):
    return [("GET /%s/{id}" % way, CALLS) for way in ways]


@test("bpf", "stacks")
def stacks_of_signal_handlers(run):
    """Calls on another stack are left alone, those below them return as ever."""
    server = stacks(run)
    ways = ("plain", "signal", "hidden", "near", "signal", "plain")
    daemon = watch(run, server, "--function", "stack_*")
    ask(server, *ways)
    summary = daemon.stop()
    check_equal(trees(daemon), whole(*ways), "trees")
    check_equal(counts(summary), {"spans": "18", "on other stacks": "4"}, "counts")


@test("bpf", "stacks")
def stacks_jumped_over(run):
    """Calls that never return have no span, are counted, and are nobody's parents."""
    server = stacks(run)
    ways = ("plain", "back", "plain", "away", "signal", "near", "away", "away", "back", "plain")
    daemon = watch(run, server, "--function", "stack_*")
    ask(server, *ways)
    summary = daemon.stop()
    want = [tree if tree[0].split("/")[1] not in ("away", "back") else tree[:1]
            for tree in whole(*ways)]
    check_equal(trees(daemon), want, "trees")
    check_equal(counts(summary), {"spans": "15", "never returned": "10", "on other stacks": "5"},
                "counts")


@test("bpf", "stacks")
def stacks_of_threads_that_end(run):
    """Within two calls, which are counted."""
    server = stacks(run)
    daemon = watch(run, server, "--function", "stack_*")
    _, answer = exchange(server.address, b"GET /exit/1 HTTP/1.1\r\n\r\n")
    check_equal(answer, b"", "answer of a thread that ended")
    ask(server, "plain")
    summary = daemon.stop()
    check_equal([tree for tree in trees(daemon) if len(tree) > 1], whole("plain"), "trees")
    check_equal(counts(summary), {"spans": "3", "never returned": "2"}, "counts")


def throws(run, build):
    process = run.start([HELPERS / build])
    return Server(process, process.wait_text(r"listening on (\S+)")[1])


def double(server, count):
    for number in range(count):
        _, answer = exchange(server.address, b"GET /%d HTTP/1.1\r\n\r\n" % number)
        check(answer.endswith(b"\r\n\r\n%d" % (2 * number)), "answer: %r" % answer)


@test("bpf", "stacks", "nm")
def stacks_left_by_exceptions(run):
    """They are not probed, whether symbols tell of exceptions or nothing but texts does."""
    offset = file_offset(HELPERS / "throws-static", "throw_outer")
    for build, function in (("throws-plain", "throw_*"), ("throws-static", "throw_*"),
                            ("throws-stripped", "exe+0x%x" % offset)):
        server = throws(run, build)
        daemon = watch(run, server, "--function", function)
        daemon.wait_text(r"no functions of the executable of pid %d .*throw exceptions"
                         % server.process.pid)
        double(server, 3)
        daemon.stop()
        check_equal(trees(daemon), 3 * [("GET /{id}",)], "trees of " + build)
        check(server.process.running(), "the server died")


@test("bpf", "stacks")
def stacks_without_exceptions(run):
    """C++ built without them is like C."""
    server = throws(run, "throws-none")
    daemon = watch(run, server, "--function", "throw_*")
    double(server, 3)
    daemon.stop()
    check_equal(trees(daemon), 3 * [("GET /{id}", ("throw_outer", ("throw_inner",)))], "trees")
