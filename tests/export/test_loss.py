# SPDX-License-Identifier: Apache-2.0
"""No span is lost without being counted: of a load of known size

    requests = distinct ids the Collector told of + each loss that the daemon counted

whatever happens to the Collector: it keeps up, is slow, refuses, is killed and comes back. With
SOAK_SECONDS it comes and goes for so long, and memory must not grow."""
import os
import re
import signal
import time

from harness import HELPERS, check, check_equal, test, wait_for
from collector import Teller
from test_live import SOON, attach, finish
import servers

BATCH = 512  # spans in a request, at most
ROUNDS = 3
SOAK = float(os.environ.get("SOAK_SECONDS", "0"))


def begin(run, collector, *flags, protocol="grpc"):
    server = servers.nasty(run)
    port = collector.grpc if protocol == "grpc" else collector.http
    return server, attach(run, server, "http://127.0.0.1:%d" % port, *SOON, *flags,
                          protocol=protocol)


def check_sum(daemon, collector, requests, again=0):
    """again: spans that may have come twice. Returns how many were lost, and why."""
    delivered, lost, causes = finish(daemon, requests)
    ids = collector.ids()
    check_equal(len(ids) + lost, requests, "distinct spans told and lost (%s)" % causes)
    twice = sum(ids.values()) - len(ids)
    check(twice <= again, "%d spans came twice" % twice)
    check(len(ids) >= delivered, "%d delivered, %d told" % (delivered, len(ids)))
    return lost, causes


@test("bpf", "helpers", "collector")
def a_collector_that_keeps_up_gets_all(run):
    """Though twice as many spans as the queue holds are found in the ring at once."""
    collector = Teller(run)
    server, daemon = begin(run, collector)
    daemon.popen.send_signal(signal.SIGSTOP)
    run.load(server, "-c", 8, "-n", 500, "-p", "/plain")
    daemon.popen.send_signal(signal.SIGCONT)
    check_equal(check_sum(daemon, collector, 4000), (0, ""), "lost")


@test("bpf", "helpers", "collector")
def a_slow_collector_loses_what_is_counted(run):
    """It stops until the queue is full and a request has been given up, then goes on."""
    collector = Teller(run)
    server, daemon = begin(run, collector, "--bsp_max_queue_size", 1000,
                           "--exporter_otlp_timeout", 1000)
    run.load(server, "-c", 4, "-n", 100, "-p", "/plain")
    wait_for(lambda: len(collector.ids()) == 400, "the first spans")
    collector.process.popen.send_signal(signal.SIGSTOP)
    run.load(server, "-c", 4, "-n", 1000, "-p", "/plain")
    daemon.wait_text("is full: the oldest spans are dropped")
    daemon.wait_text("Transient error StatusCode.DEADLINE_EXCEEDED")
    collector.process.popen.send_signal(signal.SIGCONT)
    wait_for(lambda: len(collector.ids()) >= 1400, "what was queued")
    check_equal(check_sum(daemon, collector, 4400, again=BATCH), (3000, "queue full 3000"), "lost")


@test("bpf", "helpers", "collector")
def a_refusing_collector_loses_what_is_counted(run):
    """It takes no more than 4000 bytes: the batches are halved, and large spans refused."""
    collector = Teller(run, **{
        "receivers::otlp::protocols::http::max_request_body_size": 4000})
    server, daemon = begin(run, collector, "--bsp_max_export_batch_size", 64,
                           protocol="http/protobuf")
    run.load(server, "-c", 1, "-n", 100, "-p", "/plain")
    run.load(server, "-c", 1, "-n", 3, "-p", "/plain?" + 5000 * "x")
    run.load(server, "-c", 1, "-n", 100, "-p", "/plain")
    check_equal(check_sum(daemon, collector, 203), (3, "refused 3"), "lost")


def memory(daemon):
    """kB that are the daemon's alone."""
    with open("/proc/%d/status" % daemon.pid) as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read())[1])


def come_and_go(run, server, daemon, collector):
    """Killed in the middle of a load, away during the next, back for the last. How many in all."""
    before = len(collector.ids())
    load = run.start([HELPERS / "client", "-c", "4", "-n", "1000", "-p", "/plain", server.address])
    wait_for(lambda: len(collector.ids()) > before, "the first spans")
    collector.kill()
    check_equal(load.wait_exit(), 0, "status of the client")
    outages = daemon.stderr().count("Transient error")
    run.load(server, "-c", 1, "-n", 100, "-p", "/plain")
    collector.start()
    run.load(server, "-c", 1, "-n", 100, "-p", "/plain")
    wait_for(lambda: len(collector.ids()) >= before + 4200, "all spans")
    return 4200


@test("bpf", "helpers", "collector")
def a_collector_that_comes_and_goes_gets_all(run):
    """Nothing is lost, and at most the batch in flight comes twice, each time it is killed."""
    collector = Teller(run)
    server, daemon = begin(run, collector, "--bsp_max_queue_size", "10000")
    end, requests, used = time.monotonic() + SOAK, 0, []
    while len(used) < ROUNDS or time.monotonic() < end:
        requests += come_and_go(run, server, daemon, collector)
        used.append(memory(daemon))
    if SOAK:
        print("%d kills, %d requests; kB after the first, half, all of them: %d, %d, %d" % (
            len(used), requests, used[0], used[len(used) // 2], used[-1]))
        check(used[-1] < 1.1 * used[len(used) // 2], "memory grows: %s" % used)
    lost = check_sum(daemon, collector, requests, again=len(used) * BATCH)
    check_equal(lost, (0, ""), "lost")
