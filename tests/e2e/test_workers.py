# SPDX-License-Identifier: Apache-2.0
"""Functions of a server of ours (worker.c), in every shape that programs have: each answer is checked
by its client, and each call of a handler by the request it belongs to."""
import collections
import concurrent.futures
import contextlib
import http.client
import itertools
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import threading

from harness import BOUND, BUILD, HELPERS, check, check_equal, reached, test, wait_for
from servers import WORKERS, worker
from test_functions import spans, trees

LIBRARY = HELPERS / "library.so"
HANDLE = "worker_handle(1:int=n)=>twice:int"
DOUBLE = "worker_double(1:int=n)=>twice:int"
# of attaching and detaching under load; E2E_CYCLES=1000 for a run that takes a while
CYCLES = int(os.environ.get("E2E_CYCLES", "50"))


def converse(server, numbers):
    """Asks for each number on one connection. Returns how many answers were right, all of them."""
    host, port = server.address.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    with contextlib.closing(connection):
        for cnt, number in enumerate(numbers, 1):
            connection.request("GET", "/%d" % number)
            answer = connection.getresponse()
            body = answer.read()
            check_equal((answer.status, body), (200, b"%d" % (2 * number)), "answer to %d" % number)
    return cnt


def converse_all(server, connections, each):
    """Many at once, each with numbers of its own."""
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        asked = [range(i * each, (i + 1) * each) for i in range(connections)]
        return sum(pool.map(lambda numbers: converse(server, numbers), asked))


def watch(run, servers, *functions):
    """functions: specs, or flags with their values."""
    pids = ",".join(str(pid) for server in servers for pid in server.pids())
    words = [("--function", word) if isinstance(word, str) else word for word in functions]
    return run.daemon("--pid", pids, "--traces_exporter", "console",
                      *itertools.chain(*words)).wait_attached()


def check_exact(daemon, want, doubled="worker_double"):
    """Of each of the `want` requests one handler with its number, and below that what it called."""
    counts = collections.Counter(map(shape, trees(daemon)))
    check_equal(counts, {("GET", ("worker_handle", (doubled,))): want}, "trees")
    targets = {span["context"]["trace_id"]: span["attributes"]["http.target"]
               for span in spans(daemon) if span["kind"] == "SpanKind.SERVER"}
    for span in spans(daemon):
        if span["kind"] == "SpanKind.INTERNAL":
            number = int(targets[span["context"]["trace_id"]][1:])
            check_equal((span["attributes"]["n"], span["attributes"]["twice"]),
                        (number, 2 * number), "values of %s" % span["name"])


def shape(tree):
    return (tree[0].split()[0], *tree[1:])


def check_alive(server):
    check(server.process.running(), "the server died: %s" % server.process.popen.returncode)


@test("bpf", "workers")
def workers_of_every_build(run):
    """-O0 to -O3, PIE, at fixed addresses, static, static PIE; by one daemon."""
    programs = [program for program in sorted(WORKERS.iterdir()) if program.name.count("-") == 1]
    check_equal(len(programs), 16, "builds")
    all_of_them = [worker(run, program=program) for program in programs]
    daemon = watch(run, all_of_them, HANDLE, DOUBLE)
    asked = sum(converse_all(server, 2, 10) for server in all_of_them)
    daemon.stop()
    check_exact(daemon, asked)


@test("bpf", "workers")
def workers_values_add_up(run):
    """Of several flags that name a function; an attribute is what the first says."""
    server = worker(run)
    daemon = watch(run, [server], "worker_*(1:int=n)", "worker_handle=>twice:int",
                   "worker_d*(2:int=n)=>twice:int")
    asked = converse_all(server, 2, 10)
    daemon.stop()
    check_exact(daemon, asked)
    daemon.wait_text("function worker_double: of what is asked of it only four values are taken")


def file_offset(program, name):
    """Of a symbol, in the file."""
    listing = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    address = int(re.search(r"^([0-9a-f]+) T %s$" % name, listing, re.MULTILINE)[1], 16)
    data = program.read_bytes()
    at, = struct.unpack_from("<Q", data, 32)
    size, cnt = struct.unpack_from("<HH", data, 54)
    for i in range(cnt):
        kind, _, offset, start, _, length = struct.unpack_from("<IIQQQQ", data, at + i * size)
        if kind == 1 and start <= address < start + length:
            return address - start + offset
    return None


def stripped_test(build):
    @test("bpf", "workers", "nm", name="workers_stripped_" + build)
    def stripped(run):
        """By offset, for want of a name."""
        program = WORKERS / (build + "-stripped")
        offset = "0x%x" % file_offset(WORKERS / build, "worker_handle")
        server = worker(run, program=program)
        daemon = watch(run, [server], "exe+" + offset)
        asked = converse_all(server, 2, 10)
        daemon.stop()
        counts = collections.Counter(map(shape, trees(daemon)))
        check_equal(counts, {("GET", (offset,)): asked}, "trees")


for stripped_build in ("O0-pie", "O2-nopie", "O3-static"):
    stripped_test(stripped_build)


@test("bpf", "workers")
def workers_sixteen_threads(run):
    server = worker(run, "threads", 16)
    daemon = watch(run, [server], HANDLE, DOUBLE)
    asked = converse_all(server, 16, 40)
    daemon.stop()
    check_exact(daemon, asked)
    threads = {span["attributes"]["thread.id"] for span in spans(daemon)
               if span["kind"] == "SpanKind.INTERNAL"}
    check(len(threads) > 8 and server.process.pid not in threads, "threads: %r" % threads)


@test("bpf", "workers")
def workers_prefork(run):
    """Processes that are there when we attach."""
    server = worker(run, "prefork", 4)
    daemon = watch(run, [server], HANDLE, DOUBLE)
    asked = converse_all(server, 4, 40)
    daemon.stop()
    check_exact(daemon, asked)


@test("bpf", "workers")
def workers_more_than_files(run):
    """Our soft limit of open files does not limit whom we probe; a command is given it."""
    few = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 1024))}
    server = worker(run, "prefork", 32)
    daemon = run.daemon("--pid", server.process.pid, "--traces_exporter", "console", "--function",
                        HANDLE, "--function", DOUBLE, **few).wait_attached()
    asked = converse_all(server, 32, 3)
    daemon.stop()
    check_exact(daemon, asked)
    command = run.daemon("--function", "none", "--", "sh", "-c", "ulimit -Sn", **few)
    command.wait_exit()
    check_equal(command.stdout(), "64\n", "limit of a command")


@test("bpf", "workers")
def workers_forked_later(run):
    """Each fork is probed as it is told, and counted, since it may have been faster."""
    process = run.daemon("--traces_exporter", "console", "--function", HANDLE, "--function", DOUBLE,
                         "--", WORKERS / "O2-pie", "prefork", 4)
    address = process.wait_text(r"listening on (\S+)")[1]
    process.wait_text(r"functions of pid \d+ are probed", 5)
    asked = converse_all(Address(address), 4, 40)
    process.popen.send_signal(signal.SIGTERM)
    process.wait_exit()
    check_exact(process, asked)
    # the command's exec is the fifth
    check(" before their probes 5" in process.summaries()[-1].rest, process.summaries()[-1].rest)


Address = collections.namedtuple("Address", "address")


@test("bpf", "workers")
def workers_under_a_filter(run):
    """Threads that seccomp kills with all others at any call but read, write, accept, close."""
    server = worker(run, "filter", 4)
    daemon = watch(run, [server], HANDLE, DOUBLE)
    asked = converse_all(server, 4, 40)
    daemon.stop()
    check_exact(daemon, asked)
    check_alive(server)
    check_equal(converse_all(server, 4, 5), 20, "answers after detaching")


@test("bpf", "workers")
def workers_under_strict_seccomp(run):
    """Processes with nothing but read and write."""
    server = worker(run, "strict", 2)
    daemon = watch(run, [server], HANDLE, DOUBLE)
    asked = converse_all(server, 2, 40)
    check_equal(server.process.wait_exit(), 0, "status of the server")
    daemon.stop()
    check_exact(daemon, asked)


@test("bpf", "workers")
def workers_library_later(run):
    """A library that comes with the first request: its calls are seen from the next one on."""
    server = worker(run, library=LIBRARY)
    recording = run.tmp / "recording"
    daemon = watch(run, [server], HANDLE, "library*.so:library_double(1:int=n)=>twice:int",
                   ("--record", recording))
    check_equal(converse(server, [1]), 1, "answers")
    daemon.wait_text(r"1 more functions of pid %d are probed" % server.process.pid)
    asked = converse_all(server, 2, 10)
    summary = daemon.stop()
    check(" before their probes 1" in summary.rest, summary.rest)
    counts = collections.Counter(map(shape, trees(daemon)))
    seen, unseen = (counts[("GET", ("worker_handle", *below))] for below in
                    ([("library_double",)], []))
    check_equal(seen + unseen, 1 + asked, "requests")
    check(seen >= asked, "only %d calls of the library were seen" % seen)
    replay = run.daemon("--replay", recording, "--traces_exporter", "console")
    replay.wait_exit()
    check_equal(replay.summaries(), [summary], "summary of a replay")
    check_equal(replay.stdout() == daemon.stdout(), True, "a replay prints the same")


def functions_probed(daemon):
    return sum(map(int, re.findall(r"(\d+)(?: more)? functions of pid", daemon.stderr())))


@test("bpf", "todo")
def workers_libraries_of_a_command(run):
    """They are mapped between its exec and its first instruction."""
    process = run.daemon("--traces_exporter", "console", "--function", "todo_add", "--function",
                         "libsqlite3.so*:sqlite3_step=>rc:int", "--",
                         BUILD / "todo", "--port", 0, "--db", ":memory:")
    address = process.wait_text(r"listening on http://([^/\s]+)")[1]
    wait_for(lambda: functions_probed(process) == 7, "six handlers and a library's function")
    host, port = address.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    with contextlib.closing(connection):
        connection.request("POST", "/add", "title=milk",
                           {"Content-Type": "application/x-www-form-urlencoded"})
        check_equal(connection.getresponse().status, 302, "status")
    reached(lambda: '"POST /add"' in process.stdout())
    process.popen.send_signal(signal.SIGTERM)
    process.wait_exit()
    check_equal(trees(process), [("POST /add", ("todo_add", ("sqlite3_step",)))], "tree")


class Load:
    """Requests that never pause, each answer checked, until the end of the block."""

    def __init__(self, server, connections):
        self.server, self.ending, self.cnt = server, threading.Event(), 0
        self.pool = concurrent.futures.ThreadPoolExecutor(connections)
        self.lock = threading.Lock()
        self.futures = [self.pool.submit(self.run, i) for i in range(connections)]

    def run(self, first):
        def numbers():
            for i in itertools.count(first * 1000000):
                if self.ending.is_set():
                    return
                yield i
        cnt = converse(self.server, numbers())
        with self.lock:
            self.cnt += cnt

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        for future in self.futures:
            future.result()
        self.pool.shutdown()


@test("bpf", "workers")
def workers_attach_detach(run):
    """Daemons that come and go, every other one killed, while requests never pause."""
    server = worker(run, "threads", 4)
    with Load(server, 4) as load:
        for i in range(CYCLES // 5):
            daemon = watch(run, [server], HANDLE, DOUBLE, ("--traces_exporter", "none"))
            daemon.wait_text(r"2 functions of pid \d+ are probed")
            if i % 2:
                daemon.popen.kill()
                daemon.popen.wait()
            else:
                daemon.stop()
            daemon.close()
            check_alive(server)
    check(load.cnt > CYCLES, "only %d requests" % load.cnt)
    check_alive(server)
    check_equal(converse_all(server, 4, 5), 20, "answers after detaching")


@test("bpf", "workers")
def workers_probes_on_and_off(run):
    """Probes that come and go while requests never pause; cycles.c counts the functions probed."""
    server = worker(run, "threads", 4)
    with Load(server, 4) as load:
        cycles = run.start([HELPERS / "cycles", server.process.pid, "worker_*", CYCLES])
        cycles.popen.wait(BOUND + CYCLES)
    check_equal((cycles.wait_exit(), cycles.stdout()), (0, "%d\n" % (2 * CYCLES)), cycles.stderr())
    check_alive(server)
    check_equal(converse_all(server, 4, 5), 20, "answers after detaching")


def replace(path, program):
    """As an installer does: a new file under the old name."""
    fresh = path.with_suffix(".new")
    shutil.copy(program, fresh)
    fresh.rename(path)


@test("bpf", "workers")
def workers_replaced(run):
    """The file is replaced all the time while we attach: what runs is probed, not what has its name."""
    path = run.tmp / "worker"
    shutil.copy(WORKERS / "O2-pie", path)
    server, ending = worker(run, program=path), threading.Event()

    def keep_replacing():
        for build in itertools.cycle(["O0-nopie", "O3-static", "O1-pie"]):
            if ending.is_set():
                return
            replace(path, WORKERS / build)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        replacing = pool.submit(keep_replacing)
        for _ in range(3):
            daemon = watch(run, [server], HANDLE, DOUBLE)
            asked = converse_all(server, 2, 10)
            daemon.stop()
            check_exact(daemon, asked)
        ending.set()
        replacing.result()
    check_alive(server)


@test("bpf", "workers")
def workers_replaced_and_restarted(run):
    """Old and new run side by side under one name, as at a deployment, each probed by its own code."""
    path = run.tmp / "worker"
    shutil.copy(WORKERS / "O2-pie", path)
    old = worker(run, program=path)
    daemon = run.daemon("--exe", path, "--traces_exporter", "console", "--function", HANDLE,
                        "--function", DOUBLE).wait_attached()
    daemon.wait_text(r"functions of pid %d are probed" % old.process.pid)
    asked = converse_all(old, 2, 10)
    replace(path, WORKERS / "O0-nopie")
    new = worker(run, program=path)
    daemon.wait_text(r"functions of pid %d are probed" % new.process.pid)
    asked += converse_all(old, 2, 10) + converse_all(new, 2, 10)
    daemon.stop()
    check_exact(daemon, asked)
    check_alive(old)
    check_alive(new)
