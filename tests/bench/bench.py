#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What tracing costs a server, as ratios within one run (make bench).

One load that never pauses, cut into windows:

    U F U O U H U L   U F U O U H U L   U ...

U nothing attached, F the floor (two empty BPF programs), O otel-ebpf, H the same with a span of the
function that handles a request, L nginx writing its own buffered access log. Every window is
compared with the mean of the U before and the U after it, so whatever the machine does slowly
cancels out; the figure is the median over the rounds, the brackets are its quartiles. No spans are
told in windows. Then the daemon is attached twice more for a longer stretch with the load paused
around it: there it must have seen exactly the requests that were answered. Last, without load: how
long after an answer its span's line is there.

Within a window our session comes before all others of the machine. Between windows it does not:
setting and removing probes waits for threads of the kernel, which the load would starve.

The client (never sleeping, see client.c) and the daemon share one CPU, the server and this driver
the other. A running thread's schedstat is only brought up to date at a tick, up to 4 ms late. But
when this driver runs on the server's CPU the server does not, so what it reads is exact.
"""

import argparse
import collections
import contextlib
import mmap
import os
import pathlib
import platform
import random
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from processes import PATIENCE, Failure, free_ports, read_line, spawn, until  # noqa: E402

CONNECTIONS = 16
WINDOW = 0.15  # seconds: long beside an edge, short beside what else the machine does
SUSTAINED = 3.0  # seconds of the exact run
ANSWERS_MIN = 500  # of a window; where they are slow it lasts for several
WARM = 0.03  # seconds in which the caches become the load's again, after what others did
SETTLE = 0.6  # seconds until every page of the ring buffer was written once: a daemon's usual life
ROUNDS_MIN = 5  # quartiles of fewer say nothing
PLAIN, LOGGED = 1, 2  # the client's targets
PYTHON = "/usr/bin/python3"
FLASK = pathlib.Path(__file__).parents[2] / "demo_todo/flask"
# what is asked for inside the request, by server
INSIDE = {
    "C epoll": ("and a handler's span", "--function", "conn_answer"),  # of server.c
    "Flask": ("and its view", "--python_functions", "views"),
}
SEEN_REQUESTS = 200  # that are waited for, one after the other
SEEN_AIM = 0.2  # seconds until a span is visible
TICK = 0.08  # seconds: the daemon's; requests fall anywhere in it
FLOOR_AIM = 4  # otel-ebpf adds at most so many times what the floor adds

Window = collections.namedtuple("Window", "ns rps busy done")
Sample = collections.namedtuple("Sample", "added ratio")
Summary = collections.namedtuple("Summary", "requests lost calls line")


def cpu_ns(pid):
    """CPU time of all threads of a process."""
    stats = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(stat.read_text().split()[0]) for stat in stats)


@contextlib.contextmanager
def undisturbed():
    """Our session before all others: with autogroups nice itself orders only within a session."""
    path = pathlib.Path("/proc/self/autogroup")
    try:
        was = path.read_text().split()[-1]
        path.write_text("-20")
    except OSError:
        yield  # no autogroups here
        return
    try:
        yield
    finally:
        path.write_text(was)


class Load:
    """The client and the page it shares with us; the layout is struct page in client.c."""

    def __init__(self, stack, bench, ports):
        page = stack.enter_context(tempfile.NamedTemporaryFile())
        page.truncate(mmap.PAGESIZE)
        self.words = memoryview(mmap.mmap(page.fileno(), mmap.PAGESIZE)).cast("Q")
        self.proc = spawn(stack, [bench.tools / "client", page.name, CONNECTIONS, *ports],
                          bench.client_cpu, stdout=subprocess.PIPE)
        read_line(self.proc, self.proc.stdout)

    def done(self):
        return self.words[2] + self.words[3]

    def choose(self, target):
        """Loads another target; returns when all requests under way are its own."""
        self.words[0] = target
        was = self.words[1 + target]
        until(lambda: self.proc.poll() is not None or self.words[1 + target] > was + CONNECTIONS,
              "the load to move")

    def pause(self):
        self.words[0] = 0
        until(lambda: self.proc.poll() is not None or self.words[1] == 0, "the load to drain")


class Floor:
    def __init__(self, stack, bench):
        self.proc = spawn(stack, [bench.tools / "floor"], bench.client_cpu,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.hooks = read_line(self.proc, self.proc.stdout).removeprefix("ready ")

    def command(self, word):
        self.proc.stdin.write(word.encode() + b"\n")
        read_line(self.proc, self.proc.stdout)

    @contextlib.contextmanager
    def attached(self):
        self.command("attach")
        yield
        self.command("detach")


class Daemon:
    """One life of otel-ebpf, from its attached line to its summary."""

    def __init__(self, stack, bench, pid, *args, exporter="none", stdout=subprocess.DEVNULL):
        argv = [bench.daemon, "--pid", pid, "--traces_exporter", exporter, *args]
        self.proc = spawn(stack, argv, bench.client_cpu, stdout=stdout, stderr=subprocess.PIPE)
        said = ""
        while not said.startswith("otel-ebpf: attached"):
            try:
                said = read_line(self.proc, self.proc.stderr)
            except Failure as err:
                raise Failure(f"{err} before it was attached; its last line: {said}") from None
        self.attach_ns = cpu_ns(self.proc.pid)

    def finish(self):
        """Ends it. Returns its Summary and its CPU time since it was attached."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.proc.terminate()
        try:
            text = self.proc.communicate(timeout=PATIENCE)[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            raise Failure("otel-ebpf did not end at SIGTERM") from None
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        match = re.search(r"^otel-ebpf: (\d+) requests, \d+ spans, (\d+) lost.*$", text, re.M)
        if not match:
            raise Failure(f"no summary from otel-ebpf (exit status {self.proc.returncode}): {text}")
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        calls = re.search(r"functions: spans (\d+)", match[0])
        summary = Summary(int(match[1]), int(match[2]), int(calls[1]) if calls else 0, match[0])
        return summary, spent * 1e9 - self.attach_ns


class Run:
    """All windows of one server under one load."""

    def __init__(self, bench, floor, pid, load):
        self.bench, self.floor, self.pid, self.load = bench, floor, pid, load
        self.base = []
        self.samples = collections.defaultdict(list)
        self.lost = 0
        self.seconds = 0.0

    def edge(self):
        if self.load.proc.poll() is not None:
            raise Failure("the client ended")
        return time.monotonic_ns(), cpu_ns(self.pid), self.load.done()

    def window(self, settle=WARM):
        with undisturbed():
            time.sleep(settle)
            start = self.edge()
            done = 0
            while done < ANSWERS_MIN:
                time.sleep(WINDOW)
                wall, cpu, now = (end - begin for begin, end in zip(start, self.edge()))
                if now == done:
                    raise Failure("a window without a single answer")
                done = now
        return Window(cpu / done, done * 1e9 / wall, cpu / wall, done)

    def compare(self, name, window, before, after):
        self.samples[name].append(Sample(window.ns - (before.ns + after.ns) / 2,
                                         2 * window.rps / (before.rps + after.rps)))

    def floor_window(self):
        with self.floor.attached():
            return self.window()

    def logged_window(self):
        self.load.choose(LOGGED)
        window = self.window()
        self.load.choose(PLAIN)
        return window

    def traced_window(self, *args):
        """The load runs on while the daemon comes and goes: what it saw is known within bounds."""
        start = self.load.done()
        with contextlib.ExitStack() as stack:
            daemon = Daemon(stack, self.bench, self.pid, *args)
            window = self.window(SETTLE)
            summary, _ = daemon.finish()
        most = self.load.done() - start + CONNECTIONS
        # each connection may be in the middle of a request when the daemon comes
        if not window.done - CONNECTIONS <= summary.requests <= most:
            raise Failure(f"{summary.requests} requests seen of {window.done} to {most}")
        # spans of calls are lost before those of requests
        if bool(args) != (summary.calls > window.done / 2):
            raise Failure(f"{summary.calls} calls seen in {window.done} requests: {summary.line}")
        self.lost += summary.lost
        return window

    def rounds(self, variants, seconds):
        begin = time.monotonic()
        self.window()  # warms up
        before = self.window()
        while len(self.base) < ROUNDS_MIN or time.monotonic() < begin + seconds:
            self.base.append(before)
            for name, measure in variants.items():
                window, after = measure(), self.window()
                self.compare(name, window, before, after)
                before = after
        self.seconds = time.monotonic() - begin

    def exact(self, exporter):
        """Every request is seen. Returns how many, and the daemon's own CPU per request."""
        self.load.pause()
        with contextlib.ExitStack() as stack:
            daemon = Daemon(stack, self.bench, self.pid, exporter=exporter)
            start = self.load.done()
            with undisturbed():
                self.load.choose(PLAIN)
                time.sleep(SUSTAINED)
                self.load.pause()
            summary, spent = daemon.finish()
        done = self.load.done() - start
        if summary.requests != done:
            raise Failure(f"{done} requests answered, but: {summary.line}")
        self.lost += summary.lost
        return done, spent / done

    def sustained(self):
        """The exact runs. Returns the daemon's line about itself."""
        done, spent = self.exact("none")
        told, spent_telling = self.exact("text")
        return (f"{spent:.0f} ns of the daemon's own CPU per request, {spent_telling:.0f} with a "
                f"line of text for each; {done + told:,} requests answered and as many seen in "
                f"{2 * SUSTAINED:.0f} s; {self.lost:,} lost there and in the windows")


class Bench:
    def __init__(self, args):
        cpus = sorted(os.sched_getaffinity(0))
        if os.geteuid() or len(cpus) < 2:
            raise Failure("needs root and two CPUs")
        self.client_cpu, self.server_cpu = cpus[:2]
        self.tools, self.daemon = args.tools, args.daemon

    def epoll_server(self, stack):
        proc = spawn(stack, [self.tools / "server"], self.server_cpu, stdout=subprocess.PIPE)
        return proc.pid, [int(read_line(proc, proc.stdout))]

    def nginx_server(self, stack):
        """One worker, two ports: the second one is logged."""
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = free_ports(2)
        config = folder / "nginx.conf"
        config.write_text(NGINX_CONF.format(folder=folder, plain=ports[0], logged=ports[1]))
        proc = spawn(stack, ["nginx", "-c", config, "-p", folder], self.server_cpu)
        children = pathlib.Path(f"/proc/{proc.pid}/task/{proc.pid}/children")
        until(lambda: proc.poll() is not None or children.read_text(), "nginx's worker")
        if proc.poll() is not None:
            raise Failure("nginx did not start")
        return int(children.read_text()), ports

    def flask_server(self, stack):
        """gunicorn's one worker, of the to-do list."""
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = free_ports(1)
        proc = spawn(stack, [PYTHON, "-m", "gunicorn", "-b", f"127.0.0.1:{ports[0]}", "-k",
                             "gthread", "--threads", 1, "--keep-alive", 60, "--chdir", FLASK,
                             "app:app"],
                     self.server_cpu, env={**os.environ, "TODO_DB": str(folder / "tasks.db")},
                     stderr=subprocess.PIPE)
        while "Booting worker" not in (said := read_line(proc, proc.stderr)):
            pass
        return int(said.split()[-1]), ports

    def measure(self, floor, name, server, seconds):
        with contextlib.ExitStack() as stack:
            pid, ports = server(stack)
            load = Load(stack, self, ports)
            load.choose(PLAIN)
            run = Run(self, floor, pid, load)
            variants = {"floor": run.floor_window, "otel-ebpf": run.traced_window}
            if len(ports) > 1:
                variants["access log"] = run.logged_window
            if name in INSIDE:
                title, *args = INSIDE[name]
                variants[title] = lambda: run.traced_window(*args)
            run.rounds(variants, seconds - 2 * SUSTAINED)
            return run, run.sustained()

    def seen(self):
        """[seconds from the end of an answer to its span's line]"""
        delays = []
        with contextlib.ExitStack() as stack:
            pid, (port,) = self.epoll_server(stack)
            daemon = Daemon(stack, self, pid, exporter="text", stdout=subprocess.PIPE)
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE))
            stack.enter_context(undisturbed())
            for _ in range(SEEN_REQUESTS):
                time.sleep(random.uniform(0, TICK))
                sock.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
                if not sock.recv(4096):
                    raise Failure("the server hung up")
                answered = time.monotonic()
                read_line(daemon.proc, daemon.proc.stdout)
                delays.append(time.monotonic() - answered)
        return delays


NGINX_CONF = """
daemon off;
user root;
worker_processes 1;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    server {{
        listen 127.0.0.1:{plain};
        location / {{ return 200 "ok\\n"; }}
    }}
    server {{
        listen 127.0.0.1:{logged};
        access_log {folder}/access.log combined buffer=64k;
        location / {{ return 200 "ok\\n"; }}
    }}
}}
"""


def spread(values, form):
    low, median, high = (format(value, form) for value in quartiles(values))
    return f"{median} [{low}..{high}]"


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive")


def added(run, name):
    return quartiles([sample.added for sample in run.samples[name]])


def times(run, name):
    floor = added(run, "floor")[1]
    return f"{added(run, name)[1] / floor:.1f}" if floor > 0 else "?"


def verdict(aim, value, limit):
    """Compares medians; quartiles that overlap leave it open whether another run says the same."""
    if limit[1] <= 0:
        return f"- {aim}: undecided, what it is measured by is lost in the noise"
    word = "met" if value[1] <= limit[1] else "not met"
    clear = value[2] < limit[0] or value[0] > limit[2]
    return f"- {aim}: {word}{'' if clear else ', within the noise'}"


def print_rows(name, run):
    base = run.base
    print(f"| {name} | untraced | {spread([w.ns / 1000 for w in base], '.2f')} us, "
          f"{statistics.median(w.rps for w in base):,.0f} req/s | 1 | |")
    for variant, samples in run.samples.items():
        print(f"| | {variant} | {spread([s.added for s in samples], '+.0f')} ns | "
              f"{spread([s.ratio for s in samples], '.3f')} | {times(run, variant)} |")


def print_table(runs, hooks):
    print("| server | | server CPU per request | throughput | times the floor |")
    print("|---|---|---|---|---|")
    for name, (run, _) in runs.items():
        print_rows(name, run)
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    print(f"\nLinux {platform.release()}, {model[1] if model else platform.machine()}. The floor: "
          f"{hooks.replace(' ', ' and ')}, empty. Medians [quartiles] of windows of at least "
          f"{WINDOW * 1000:.0f} ms.\n")
    for name, (run, daemon) in runs.items():
        print(f"- {name}: {len(run.base)} rounds in {run.seconds:.0f} s; {daemon}")
        busy = statistics.median(window.busy for window in run.base)
        if busy < 0.9:
            print(f"- {name}: had its CPU only {busy:.0%} of the time, others were in the way")


def print_verdicts(runs):
    print()
    for name, (run, _) in runs.items():
        if name == "Flask":
            continue  # any hook is lost in what Python does
        limit = [FLOOR_AIM * value for value in added(run, "floor")]
        print(verdict(f"{name}: at most {FLOOR_AIM} times what the floor adds "
                      f"({times(run, 'otel-ebpf')})", added(run, "otel-ebpf"), limit))
        if "access log" in run.samples:
            print(verdict(f"{name}: less than its buffered access log adds",
                          added(run, "otel-ebpf"), added(run, "access log")))


def print_seen(delays):
    median, most = statistics.median(delays), max(delays)
    print(f"- a span's line is there {median * 1000:.0f} ms after its answer, "
          f"{most * 1000:.0f} ms at most, of {len(delays)} requests without other load; "
          f"aim {SEEN_AIM * 1000:.0f} ms: {'met' if most <= SEEN_AIM else 'not met'}")


def bench_run(args):
    bench = Bench(args)
    servers = {"C epoll": bench.epoll_server, "nginx": bench.nginx_server,
               "Flask": bench.flask_server}
    runs = {}
    if not shutil.which("nginx"):
        print("bench: nginx skipped, it is not installed", file=sys.stderr)
        del servers["nginx"]
    if subprocess.run([PYTHON, "-c", "import flask, gunicorn"], capture_output=True).returncode:
        print("bench: Flask skipped, it is not installed with gunicorn", file=sys.stderr)
        del servers["Flask"]
    if pathlib.Path("/proc/sys/kernel/bpf_stats_enabled").read_text().strip() != "0":
        print("bench: kernel.bpf_stats_enabled makes every BPF program dearer", file=sys.stderr)
    with contextlib.ExitStack() as stack:
        floor = Floor(stack, bench)
        for name, server in servers.items():
            print(f"bench: {name}, about {args.seconds / len(servers):.0f} s", file=sys.stderr)
            runs[name] = bench.measure(floor, name, server, args.seconds / len(servers))
        print("bench: until a span is seen, about 25 s", file=sys.stderr)
        seen = bench.seen()
    print_table(runs, floor.hooks)
    print_verdicts(runs)
    print_seen(seen)


def main():
    parser = argparse.ArgumentParser(description="what tracing costs a server")
    parser.add_argument("--daemon", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, default=150)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        bench_run(args)
    except (Failure, OSError) as err:
        print(f"bench: {err}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
