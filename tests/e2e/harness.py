# SPDX-License-Identifier: Apache-2.0
"""What every end-to-end test uses: a run that starts things and cleans up after them, the daemon
and what it said, and the comparison of its words with the client's own record.

    @test("bpf", "node")
    def node_plain(run):
        server = servers.node(run)
        daemon = run.trace(server.pids())
        compare(daemon, run.load(server, "-c", 64, "-p", "/plain"))
"""
import collections
import contextlib
import functools
import importlib.util
import itertools
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("E2E_BUILD", ROOT / "build")).resolve()
HELPERS = BUILD / "tests" / "e2e"
DAEMON = pathlib.Path(os.environ.get("OTEL_EBPF", BUILD / "otel-ebpf")).resolve()
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's Flask
# of any condition waited for: far more than a slow machine needs, far less than a stuck job
BOUND = float(os.environ.get("E2E_BOUND", "30"))

# a shell that starts us in the background has it ignored, and so would all that we start
signal.signal(signal.SIGINT, signal.default_int_handler)

Record = collections.namedtuple("Record", "client method target status sent received interim note")
Span = collections.namedtuple("Span", "method target status sent received client trace_id rest")
Summary = collections.namedtuple("Summary", "requests spans lost causes discarded excluded"
                                 " left sampled_out open rest")

TESTS = []


class Failure(Exception):
    """A test's verdict, in one line."""


def test(*needs, name=None):
    """Registers a test function and what the machine must have for it (see LACKS)."""
    def register(fn):
        TESTS.append((name or fn.__name__, needs, fn))
        return fn
    return register


def check(condition, why):
    if not condition:
        raise Failure(why)


def check_equal(got, want, what):
    check(got == want, "%s: got %r, want %r" % (what, got, want))


def reached(condition):
    """The condition's value once it is true; its last value if it stays false."""
    end = time.monotonic() + BOUND
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.01)


def wait_for(condition, what):
    value = reached(condition)
    check(value, "waited %g s in vain for %s" % (BOUND, what))
    return value


# What a machine may lack

def _has_python(module):
    done = subprocess.run([PYTHON, "-c", "import " + module], capture_output=True)
    return done.returncode == 0


def _has_notes(program, name):
    if not shutil.which("readelf"):
        return False
    notes = subprocess.run(["readelf", "-n", os.path.realpath(program)], capture_output=True,
                           text=True)
    return "Name: %s\n" % name in notes.stdout


def _has_bpf():
    if os.geteuid() or not DAEMON.exists():
        return False
    return subprocess.run([DAEMON, "--check"], capture_output=True).returncode == 0


def _has_python_views():
    """Python that shows its views, and a kernel (6.13) that lets them be seen."""
    version = subprocess.run([PYTHON, "-c", "import sys; print(sys.version_info[1])"],
                             capture_output=True, text=True)
    kernel = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return version.stdout.strip() in ("8", "9", "10", "11") and tuple(map(int, kernel.groups())) >= (6, 13)


@functools.lru_cache(maxsize=None)
def interpreters():
    """{minor version: path} of those on this machine, Debian's and pyenv's."""
    paths = [PYTHON, *filter(None, (shutil.which("python3.%d" % minor) for minor in range(8, 14)))]
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip()
        paths += pathlib.Path(root).glob("versions/3.*/bin/python3")
    found = {}
    for path in paths:
        version = subprocess.run([path, "-c", "import sys; print(sys.version_info[1])"],
                                 capture_output=True, text=True).stdout.strip()
        if version and int(version) >= 7:  # what the application is written for
            found.setdefault(int(version), path)
    return found


def _has_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def new_cgroup():
    """A control group to which processes can be moved; None if there is no place for one."""
    for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"):
        group = pathlib.Path(root) / ("e2e" + secrets.token_hex(4))
        with contextlib.suppress(OSError):
            group.mkdir()
            if (group / "cgroup.procs").exists():
                return group
            group.rmdir()
    return None


def _has_cgroup():
    group = new_cgroup()
    if group:
        group.rmdir()
    return group


PROBES = {
    "bpf": _has_bpf,
    "ipv6": _has_ipv6,
    "cgroup": _has_cgroup,
    "helpers": lambda: (HELPERS / "client").exists() and (HELPERS / "cserver").exists(),
    "todo": lambda: (BUILD / "todo").exists(),
    "flask": lambda: _has_python("flask"),
    "gunicorn": lambda: _has_python("gunicorn"),
    "opentelemetry-instrument": lambda: (BUILD / "venv/bin/opentelemetry-instrument").exists(),
    "fastapi": lambda: _has_python("fastapi"),
    "uvicorn": lambda: _has_python("uvicorn"),
    "django": lambda: _has_python("django"),
    "h2": lambda: _has_python("h2"),
    "zipkin": lambda: (BUILD / "zipkin.jar").exists(),
    "collector": lambda: (BUILD / "collector").exists(),
    "shapes": lambda: (BUILD / "tests/shapes").exists() and (HELPERS / "sites").exists(),
    "workers": lambda: (BUILD / "tests/workers").exists() and (HELPERS / "cycles").exists(),
    "uprobe": lambda: not os.geteuid() and pathlib.Path(
        "/sys/bus/event_source/devices/uprobe/type").exists(),
    "gevent": lambda: _has_python("gevent"),
    "python-views": _has_python_views,
    "python-counters": lambda: interpreters().keys() & {8, 9, 10},
    "usdt": lambda: (HELPERS / "usdt").exists(),
    "stacks": lambda: (HELPERS / "stacks").exists() and (HELPERS / "throws-none").exists(),
    "python-usdt": lambda: _has_notes(PYTHON, "gc__start"),
    "goserver": lambda: (HELPERS / "goserver").exists(),
}


@functools.lru_cache(maxsize=None)
def lacks(need):
    probe = PROBES.get(need, lambda: shutil.which(need))
    return not probe()


# Processes

def process_tree(pid):
    """pid and all its descendants."""
    children = collections.defaultdict(list)
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = stat.read_text().rsplit(")", 1)[1].split()[1]
            children[int(parent)].append(int(stat.parent.name))
    pids = [pid]
    for parent in pids:
        pids += children[parent]
    return pids


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A process in a group of its own, its output in files."""

    def __init__(self, tmp, command, **options):
        self.out_path = pathlib.Path(tempfile.mkstemp(dir=tmp, suffix=".out")[1])
        self.err_path = self.out_path.with_suffix(".err")
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err, **options}
            self.popen = subprocess.Popen([str(word) for word in command],
                                          start_new_session=True, **options)
        self.pid = self.popen.pid

    def stdout(self):
        return self.out_path.read_text(errors="replace")

    def stderr(self):
        return self.err_path.read_text(errors="replace")

    def running(self):
        return self.popen.poll() is None

    def wait_text(self, pattern, count=1):
        """The last match of the pattern in stdout and stderr once there are count of them."""
        def matches():
            found = list(re.finditer(pattern, self.stdout() + self.stderr(), re.MULTILINE))
            if len(found) < count and not self.running():
                raise Failure("%s ended with status %d before saying %r: %s" % (
                    self.popen.args[0], self.popen.returncode, pattern, self.stderr()[-300:]))
            return found if len(found) >= count else None
        return wait_for(matches, "%r of %s" % (pattern, self.popen.args[0]))[-1]

    def wait_exit(self):
        try:
            return self.popen.wait(BOUND)
        except subprocess.TimeoutExpired:
            raise Failure("%s does not end: %s" % (self.popen.args[0], self.stderr()[-300:]))

    def close(self):
        if self.running():
            self.popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()


def json_documents(text):
    """Among other lines, in order; keys in theirs."""
    decoder, at, found = json.JSONDecoder(object_pairs_hook=collections.OrderedDict), 0, []
    for match in re.finditer(r"^\{$", text, re.MULTILINE):
        if match.start() >= at:
            document, at = decoder.raw_decode(text, match.start())
            found.append(document)
    return found


SPAN_LINE = re.compile(r"^\d\d:\d\d:\d\d\.\d{3} (\S+) (\S+) (\d+|-) \d\S* (\d+)B (\d+)B (\S+)"
                       r" ([0-9a-f]{32})(.*)$", re.MULTILINE)
SUMMARY_LINE = re.compile(r"^otel-ebpf: (\d+) requests?, (\d+) spans?, (\d+) lost \(([^)]*)\),"
                          r" (\d+) discarded(?:, (\d+) excluded)?(?:, (\d+) left to own SDKs)?"
                          r"(?:, (\d+) sampled out)?,"
                          r" (\d+) open(?:; (.*))?$", re.MULTILINE)


class Daemon(Process):
    def __init__(self, tmp, args, **options):
        super().__init__(tmp, [*args], **options)

    def wait_attached(self):
        self.wait_text(r"^otel-ebpf: attached")
        return self

    def spans(self):
        """Of the text exporter."""
        rows = [match.groups() for match in SPAN_LINE.finditer(self.stdout())]
        return [Span(*row[:2], int(row[2].replace("-", "0")), int(row[3]), int(row[4]), *row[5:])
                for row in rows]

    def documents(self):
        """Of the console exporter, in order."""
        return json_documents(self.stdout())

    def wait_spans(self, count):
        """Does not complain: the comparison that follows says better what is missing."""
        reached(lambda: len(self.spans()) >= count or not self.running())

    def summaries(self):
        return [Summary(*map(int, m.group(1, 2, 3)), m[4], *map(int, m.groups("0")[4:9]),
                        m[10] or "")
                for m in SUMMARY_LINE.finditer(self.stderr())]

    def stop(self, number=signal.SIGTERM):
        """Ends the daemon and returns its last summary, whose sum must be right."""
        if self.running():
            self.popen.send_signal(number)
        check_equal(self.wait_exit(), 0, "status of the daemon")
        summary = (self.summaries() or [None])[-1]
        check(summary, "no summary line")
        check_equal(sum(summary[i] for i in (1, 2, 4, 5, 6, 7, 8)), summary.requests,
                    "spans and all that did not become one of %r" % (summary,))
        return summary


class Server(collections.namedtuple("Server", "process address")):
    """address as the client takes it: 127.0.0.1:PORT, [::1]:PORT, unix:PATH."""

    def pids(self):
        return process_tree(self.process.pid)

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])


class Run:
    """One test's run: what it starts ends with it."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        tmp = tempfile.TemporaryDirectory(prefix="e2e-")
        self.tmp = pathlib.Path(self.stack.enter_context(tmp))
        self.tmp.chmod(0o755)  # servers that give up root read it
        self.daemons = []
        self.ids = itertools.count()

    def start(self, command, **options):
        process = Process(self.tmp, command, **options)
        self.stack.callback(process.close)
        return process

    def daemon(self, *args, **options):
        daemon = Daemon(self.tmp, [DAEMON, *args], **options)
        self.daemons.append(daemon)
        self.stack.callback(daemon.close)
        return daemon

    def trace(self, pids, exporter="text"):
        pids = ",".join(str(pid) for pid in pids)
        return self.daemon("--pid", pids, "--traces_exporter", exporter).wait_attached()

    def load(self, server, *args):
        """The client's record of the requests it made."""
        words = [HELPERS / "client", "-i", "r%d" % next(self.ids), *args, server.address]
        try:
            done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                                  timeout=2 * BOUND)
        except subprocess.TimeoutExpired:
            raise Failure("the client is stuck: %s" % " ".join(map(str, args)))
        check(done.returncode == 0, done.stderr.strip())
        rows = [line.split() for line in done.stdout.splitlines()]
        return [Record(*row[:3], *map(int, row[3:7]), row[7]) for row in rows]


def exchange(address, data, connection=None):
    """Raw bytes there, and all that comes back until the end; on a connection that stays, until the
    end of the answer. Returns the client's address and the answer."""
    host, port = address.rsplit(":", 1)
    sock = connection or socket.create_connection((host, int(port)), timeout=BOUND)
    client, answer = "%s:%d" % sock.getsockname()[:2], b""
    sock.sendall(data)
    while not (connection and _is_whole(answer)):
        piece = sock.recv(65536)
        if not piece:
            break
        answer += piece
    if not connection:
        sock.close()
    return client, answer


def _is_whole(answer):
    head, mark, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"\nContent-Length: (\d+)", head)
    return mark and len(body) >= int(length[1] if length else 0)


def _first_difference(got, want):
    missing, extra = want - got, got - want
    text = "%d missing, %d unexpected" % (sum(missing.values()), sum(extra.values()))
    if missing:
        target = min(missing)
        text += "; missing %r" % (target,)
        same = [row for row in extra if row[:2] == target[:2]]
        return text + ("; instead %r" % (same[0],) if same else "")
    return text + "; unexpected %r" % (min(extra),)


def compare_rows(spans, records):
    """Exactly the same requests, and of each the same method, target, status, sizes and client."""
    want = collections.Counter((r.method, r.target, r.client, r.status, r.sent,
                                r.received + r.interim) for r in records)
    got = collections.Counter((s.method, s.target, s.client, s.status, s.sent, s.received)
                              for s in spans)
    check(got == want, "" if got == want else _first_difference(got, want))


def compare(daemon, records, discarded=0):
    """Waits for the spans of these records, stops the daemon, and holds them against each other."""
    daemon.wait_spans(len(records))
    summary = daemon.stop()
    compare_rows(daemon.spans(), records)
    check_equal((summary.requests, summary.lost, summary.discarded, summary.open),
                (len(records) + discarded, 0, discarded, 0), "requests, lost, discarded, open")
    return summary
