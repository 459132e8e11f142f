# SPDX-License-Identifier: Apache-2.0
"""--usdt: probes that programs bear, as events and spans within requests, and their semaphores."""
import os
import re
import signal
import subprocess

import servers
from harness import DAEMON, HELPERS, Server, check, check_equal, reached, test, wait_for
from test_functions import ask, spans, trees, watch
from test_workers import LIBRARY, converse, worker

GC_APP = """
import gc, flask
app = flask.Flask(__name__)

@app.route("/")
def index():
    gc.collect(1)
    return ""
"""


def twin(run):
    process = run.start([HELPERS / "usdt"])
    return Server(process, process.wait_text(r"listening on (\S+),")[1])


def word_at(pid, address):
    """An unsigned short in its memory."""
    fd = os.open("/proc/%d/mem" % pid, os.O_RDONLY)
    try:
        return int.from_bytes(os.pread(fd, 2, address), "little")
    finally:
        os.close(fd)


def twin_semaphore(server):
    address = re.search(r"semaphore at (0x[0-9a-f]+)", server.process.stdout())[1]
    return lambda: word_at(server.process.pid, int(address, 16))


def events(span):
    """[(name, arguments in their order)]"""
    found = []
    for event in span["events"]:
        args = {key: value for key, value in event["attributes"].items() if key != "thread.id"}
        found.append((event["name"], args))
    return found


def one(daemon, name):
    found = [span for span in spans(daemon) if span["name"] == name]
    check_equal(len(found), 1, "spans called " + name)
    return found[0]


def functions_line(summary):
    match = re.search(r"functions: (.*)", summary.rest)
    return match[1] if match else ""


@test("bpf", "usdt")
def usdt_arguments(run):
    """Registers, constants and memory, of every size and sign; floating point is left out."""
    server = twin(run)
    daemon = watch(run, server, "--usdt", "twin:args", "--usdt", "twin:mo?e")
    check_equal(ask(server.address, "GET", "/args"), 200, "status")
    summary = daemon.stop()
    span = one(daemon, "GET /args")
    check_equal(events(span), [
        ("twin:args", {"arg0": -1, "arg1": 200, "arg2": -5000000000, "arg3": -300}),
        ("twin:more", {"arg0": -7, "arg1": 0xfffffff0, "arg3": 3})], "events")
    for event in span["events"]:
        check_equal(event["attributes"]["thread.id"], server.process.pid, "thread")
        check(span["start_time"] <= event["timestamp"] <= span["end_time"], "its time")
    check_equal(functions_line(summary), "events 2", "counts")


@test("bpf", "usdt")
def usdt_pair_is_a_span(run):
    """What is inside is its event; the semaphore is counted up while somebody looks."""
    server = twin(run)
    semaphore = twin_semaphore(server)
    check_equal(semaphore(), 0, "semaphore before")
    daemon = watch(run, server, "--usdt", "twin:work__*", "--usdt", "twin:inside")
    check_equal(semaphore(), 1, "semaphore")
    check_equal(ask(server.address, "GET", "/pair"), 200, "status")
    summary = daemon.stop()
    check_equal(semaphore(), 0, "semaphore behind")
    check_equal(trees(daemon), [("GET /pair", ("twin:work",))], "tree")
    span = one(daemon, "twin:work")
    check_equal({key: span["attributes"].get(key) for key in ("arg0", "done.arg0")},
                {"arg0": 1, "done.arg0": 2}, "arguments")
    check("code.function.name" not in span["attributes"], "it is no function")
    check_equal(events(span), [("twin:inside", {"arg0": 2})], "its events")
    check_equal(events(one(daemon, "GET /pair")), [], "the server span's")
    check_equal(functions_line(summary), "spans 1, events 1", "counts")


@test("bpf", "usdt")
def usdt_half_a_pair_is_an_event(run):
    server = twin(run)
    daemon = watch(run, server, "--usdt", "twin:work__done")
    check_equal(ask(server.address, "GET", "/pair"), 200, "status")
    daemon.stop()
    check_equal(events(one(daemon, "GET /pair")), [("twin:work__done", {"arg0": 2})], "events")


@test("bpf", "usdt")
def usdt_deep(run):
    """Deeper than is followed: those that are, are right, and the others counted."""
    server = twin(run)
    daemon = watch(run, server, "--usdt", "twin:level__*")
    for _ in range(2):
        check_equal(ask(server.address, "GET", "/deep/20"), 200, "status")
    summary = daemon.stop()
    tree = ("twin:level",)
    for _ in range(15):
        tree = ("twin:level", tree)
    check_equal([below for _, below in trees(daemon)], [tree, tree], "trees")
    levels = [(span["attributes"]["arg0"], span["attributes"]["return.arg0"])
              for span in spans(daemon) if span["name"] == "twin:level"]
    check_equal(sorted(levels), sorted(2 * [(level, level) for level in range(5, 21)]), "levels")
    check_equal(functions_line(summary), "spans 32, lost 8", "counts")


QUERY = "SELECT größe FROM a_table WHERE its_name_is_longer_than_63_bytes = 1"


def first_bytes(text):
    """Of which 63 are taken."""
    return text.encode()[:63].decode()


@test("bpf", "usdt")
def usdt_typed(run):
    """Texts and floating point, where they are asked for, under the names they are given; what is no
    address is no text."""
    server = twin(run)
    recording = run.tmp / "typed.rec"
    daemon = watch(run, server, "--record", recording, "--usdt",
                   "twin:typed(arg0:string=db.query, arg1:double=wide,arg3:string=none)", "--usdt",
                   "twin:typ*(arg2:float=narrow,arg0:int=second)", "--usdt",
                   "twin:text__*(arg0:string=text)")
    check_equal(ask(server.address, "GET", "/typed"), 200, "status")
    daemon.stop()
    check_equal(events(one(daemon, "GET /typed")), [("twin:typed", {
        "db.query": first_bytes(QUERY), "wide": 1.5, "narrow": 0.5})], "events")
    attributes = one(daemon, "twin:text")["attributes"]
    check_equal({key: attributes.get(key) for key in ("text", "arg0", "arg1", "end.arg0")},
                {"text": first_bytes(QUERY), "arg0": None, "arg1": 5,
                 "end.arg0": first_bytes(QUERY[4:])},
                "attributes")
    again = run.daemon("--replay", recording, "--traces_exporter", "console")
    check_equal(again.wait_exit(), 0, "status of the replay")
    check_equal(again.stdout(), daemon.stdout(), "what the replay says")


@test("bpf", "usdt")
def usdt_outside_of_requests(run):
    """Behind the answer: no event, and counted."""
    server = twin(run)
    daemon = watch(run, server, "--usdt", "twin:after")
    for _ in range(3):
        check_equal(ask(server.address, "GET", "/"), 200, "status")
    # it is behind the answer: the next connection is accepted after it
    ask(server.address, "GET", "/")
    summary = daemon.stop()
    check_equal([events(span) for span in spans(daemon)], 4 * [[]], "events")
    check(re.fullmatch(r"outside requests [34]", functions_line(summary)), "counts")


@test("bpf", "usdt")
def usdt_daemon_is_killed(run):
    """The kernel puts the semaphore back, not we."""
    server = twin(run)
    semaphore = twin_semaphore(server)
    daemon = watch(run, server, "--usdt", "twin:inside")
    check_equal(semaphore(), 1, "semaphore")
    daemon.popen.send_signal(signal.SIGKILL)
    daemon.popen.wait()
    check(reached(lambda: semaphore() == 0), "the semaphore stays up")
    check_equal(ask(server.address, "GET", "/pair"), 200, "status")


@test("bpf", "usdt")
def usdt_what_is_not_there(run):
    server = twin(run)
    daemon = watch(run, server, "--usdt", "nobody:nothing", "--usdt", "twin:nothing")
    check_equal(ask(server.address, "GET", "/pair"), 200, "status")
    daemon.stop()
    check_equal(events(one(daemon, "GET /pair")), [], "events")


@test("bpf", "usdt")
def usdt_in_front_of_a_command(run):
    process = run.start([DAEMON, "--traces_exporter", "text", "--usdt", "twin:work__*", "--",
                         HELPERS / "usdt"])
    address = process.wait_text(r"listening on (\S+),")[1]
    process.wait_text(r"2 places of USDT probes of pid \d+ are probed")
    check_equal(ask(address, "GET", "/pair"), 200, "status")
    process.wait_text(r"> twin:work \d+us arg0=1 done.arg0=2 ")


@test("bpf", "workers")
def usdt_of_a_library_that_comes_later(run):
    """Mapped by the first request."""
    server = worker(run, library=LIBRARY)
    daemon = watch(run, server, "--usdt", "library:*")
    converse(server, [1])
    daemon.wait_text(r"1 places of USDT probes of pid \d+ are probed")
    converse(server, [21])
    daemon.stop()
    told = [events(span) for span in spans(daemon)]
    check_equal(told, [[], [("library:double", {"arg0": 21})]], "events")


@test("bpf", "usdt")
def usdt_replayed(run):
    """A recording holds what probes stand for."""
    server = twin(run)
    recording = run.tmp / "usdt.rec"
    daemon = watch(run, server, "--usdt", "twin:*", "--record", recording)
    for path in ("/args", "/pair", "/deep/3"):
        check_equal(ask(server.address, "GET", path), 200, "status")
    daemon.stop()
    again = run.daemon("--replay", recording, "--traces_exporter", "console")
    check_equal(again.wait_exit(), 0, "status of the replay")
    check_equal(again.stdout(), daemon.stdout(), "what the replay says")
    check_equal(functions_line(again.summaries()[-1]), functions_line(daemon.summaries()[-1]),
                "its counts")


def python_semaphores(pid, names):
    """Addresses in the process, by what its executable's notes say."""
    exe = os.readlink("/proc/%d/exe" % pid)
    notes = subprocess.run(["readelf", "-n", exe], capture_output=True, text=True).stdout
    head = subprocess.run(["readelf", "-h", exe], capture_output=True, text=True).stdout
    with open("/proc/%d/maps" % pid) as maps:
        first = next(line for line in maps if line.rstrip().endswith(exe))
    moved = 0 if re.search(r"Type:\s+EXEC", head) else int(first.split("-")[0], 16)
    return {name: moved + int(re.search(r"Name: %s\s.*Semaphore: (0x[0-9a-f]+)" % name, notes)[1],
                              16) for name in names}


@test("bpf", "flask", "python-usdt")
def usdt_python(run):
    """Debian's Python: its garbage collector within a view."""
    (run.tmp / "gc_app.py").write_text(GC_APP)
    server = servers.flask(run, FLASK_APP="gc_app")
    places = python_semaphores(server.process.pid, ["gc__start", "gc__done"])

    def semaphores():
        return [word_at(server.process.pid, address) for address in places.values()]
    check_equal(semaphores(), [0, 0], "semaphores before")
    daemon = watch(run, server, "--usdt", "python:gc__*")
    check_equal(semaphores(), [1, 1], "semaphores")
    check_equal(ask(server.address, "GET", "/"), 200, "status")
    daemon.stop()
    check_equal(semaphores(), [0, 0], "semaphores behind")
    check(("GET /", ("python:gc",)) in trees(daemon), "tree: %r" % trees(daemon))
    span = [span for span in spans(daemon) if span["name"] == "python:gc"][0]
    check_equal(span["attributes"]["arg0"], 1, "generation")
    check(span["attributes"]["done.arg0"] >= 0, "objects collected")
    daemon = watch(run, server, "--usdt", "python:gc__start")
    check_equal(semaphores(), [1, 0], "semaphores")
    daemon.popen.send_signal(signal.SIGKILL)
    daemon.popen.wait()
    wait_for(lambda: semaphores() == [0, 0], "the semaphores' being put back")
