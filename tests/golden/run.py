#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What opentelemetry-instrument told, against what we tell: tests/golden/run.py [pattern...].

cases/NAME.json is one run of the released Python SDK on a small Flask server: its variables and
command, the requests as they were sent, the server spans and metrics it printed, and as `sent` what
it sent to a receiver or served to a scraper. Each is made again here, with otel-ebpf in the place of
opentelemetry-instrument and a server that nobody has touched: keys, their order, types and values
must be the same, except for what `differences` lists with its reason. An entry that no case needs
any more is a failure. `says` is what must stand on our stderr; a case is `like` another in all that
it does not say itself. Log records and child spans are left out.

Each case has a network of its own, so the ports are those of the golden, the clients' too."""
import collections
import ctypes
import fcntl
import fnmatch
import json
import multiprocessing
import os
import pathlib
import re
import shlex
import signal
import socket
import struct
import sys
import threading
import urllib.request

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = str(HERE.parent / "e2e"), str(HERE.parent / "export")

import differences  # noqa: E402
import document  # noqa: E402
import sent as sent_documents  # noqa: E402
from receivers import GrpcReceiver, HttpReceiver  # noqa: E402
from harness import BOUND, ROOT, Failure, Run, check, check_equal, lacks, wait_for  # noqa: E402

APPS = {"todo": ROOT / "demo_todo/flask/app.py", "dice": ROOT / "demo_todo/rolldice/app.py",
        "twin": HERE / "twin.py"}
NEEDS = ("bpf", "flask")
# of cases with these words
MORE_NEEDS = {"ipv6": "flask run -h ::", "gunicorn": "gunicorn", "h2": '"receive": {"grpc"'}
RECEIVERS = {"grpc": GrpcReceiver, "http": HttpReceiver}
DURATIONS = re.compile(r"^http_server\w*_duration_\w+_count\{.*\} (\S+)$", re.MULTILINE)
AT_ONCE = 3  # cases, which mostly wait for Python to start
FIRST_PORT = 41001  # the source port of a case's first request; the next ones follow
CLONE_NEWUTS, CLONE_NEWNET = 0x04000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
TAIL = 6  # lines of stderr shown with a failure
SHOWN = 8  # differences shown of one case

Verdict = collections.namedtuple("Verdict", "line used")


def enter_namespace():
    """A network with nothing but a loopback, and a host name of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | CLONE_NEWUTS):
        raise OSError(ctypes.get_errno(), "unshare")
    socket.sethostname("app-host")
    with socket.socket() as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


# The client

Answer = collections.namedtuple("Answer", "method status")


def connect(host, port, source_port):
    """Once the server listens, which it may not yet."""
    def connected():
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", source_port))
        sock.settimeout(BOUND)
        if not sock.connect_ex((host, port)):
            return sock
        sock.close()
        return None
    return wait_for(connected, "port %d" % port)


class Client:
    """Sends the steps of a case; knows what was answered."""

    def __init__(self, case, daemon):
        self.daemon, self.answers = daemon, []
        self.port = int(re.findall(r"(?:-p |:)(\d+)", case["command"])[-1])
        self.next_port = case.get("first_port", FIRST_PORT)
        self.pages = {}

    def run(self, step):
        if isinstance(step, str):
            self.exchange(step)
        elif "page" in step:
            wait_for(lambda: self.fetch(step["page"], step["accept"]) == len(self.answers),
                     "a page that counts all requests")
        elif "together" in step:
            self.together(step["together"])
        elif "until" in step:
            told = len(self.exports())
            wait_for(lambda: len(self.exports()) > told, "the next export of metrics")
        else:
            self.exchange(step["send"], step.get("to", "127.0.0.1"), "abort" in step)

    def fetch(self, name, accept):
        """Keeps the page; how many requests it counts."""
        asked = urllib.request.Request("http://localhost:9464/metrics", headers={"Accept": accept})
        with urllib.request.urlopen(asked, timeout=BOUND) as answer:
            text = answer.read().decode()
            self.pages[name] = name, answer.headers["Content-Type"], text
        return sum(map(float, DURATIONS.findall(text)))

    def exports(self):
        return list(filter(document.is_metrics, self.daemon.documents()))

    def exchange(self, text, host="127.0.0.1", abort=False, source_port=None):
        if not source_port:
            source_port, self.next_port = self.next_port, self.next_port + 1
        answer = b""
        with connect(host, self.port, source_port) as sock:
            sock.sendall(text.encode("latin-1"))
            while not abort:
                piece = sock.recv(65536)
                if not piece:
                    break
                answer += piece
        status = re.match(rb"HTTP/1\.\d (\d+)", answer)
        check(status or abort, "no answer to %r" % text)
        self.answers.append(Answer(text.split()[0], int(status[1]) if status else 0))

    def together(self, steps):
        threads = [threading.Thread(target=self.exchange, args=(text,),
                                    kwargs={"source_port": self.next_port + i})
                   for i, text in enumerate(steps)]
        before = len(self.answers)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(BOUND)
        self.next_port += len(steps)
        check_equal(len(self.answers) - before, len(steps), "answers to requests at once")


# A case

def environment(case, run):
    env = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    return {**env, "PATH": "/usr/bin:/bin", "FLASK_APP": APPS[case["app"]].name,
            "PYTHONPATH": str(APPS["todo"].parent), "PYTHONDONTWRITEBYTECODE": "1",
            "TODO_DB": str(run.tmp / "tasks.db"), **case["env"]}


def sent(case):
    return json.dumps(case["steps"])


def receive(case, run):
    """The receivers of the case, by protocol and port, and how they answer."""
    return [run.stack.enter_context(RECEIVERS[kind](*case.get("answers", []), port=port))
            for kind, port in case.get("receive", {}).items()]


def perform(case, run):
    """Runs the case. Returns what we printed and sent, our exit status and the client."""
    receivers = receive(case, run)
    words = shlex.split(case["command"])
    daemon = run.daemon(*words, env=environment(case, run), cwd=APPS[case["app"]].parent)
    client = Client(case, daemon)
    for step in case["steps"]:
        client.run(step)
    if "abort" in sent(case):  # nobody has waited for these answers
        wait_for(lambda: len(daemon.documents()) >= len(case["spans"]),
                 "%d spans" % len(case["spans"]))
    daemon.popen.send_signal(getattr(signal, "SIG" + (case["signal"] or "INT")))
    status = daemon.wait_exit()
    for text in case.get("says", []):
        check(text in daemon.stderr(), "not said: " + text)
    requests = [request[1:] for receiver in receivers for request in receiver.requests]
    more = sent_documents.documents(requests, sent(case))
    for page in client.pages.values():
        more.update(sent_documents.page(*page))
    return daemon.documents(), more, status, client


def check_counts(case, exports, client):
    """The last histograms have the client's own count of each status."""
    want = collections.Counter(answer.status for answer in client.answers)
    for metric in exports[-1]["metrics"].values():
        got = collections.Counter()
        for point in metric["data"]["data_points"]:
            for key in ("http.status_code", "http.response.status_code"):
                if "count" in point and key in point["attributes"]:
                    got[point["attributes"][key]] += point["count"]
        if got:
            check_equal(got, want, "requests by status in " + metric["name"])


def chosen(exports, golden):
    """Of several exports, for each of the golden's the next that counts the same."""
    rest, found = iter(exports), []
    for want in golden:
        wanted = document.signature(want)
        export = next((e for e in rest if document.signature(e) == wanted), None)
        check(export, "no export has %d requests in flight and %d counted" % wanted)
        found.append(export)
    return found


def our_side(case, documents, more, status, client):
    traces = {d["context"]["trace_id"][2:] for d in documents if document.is_span(d)}
    spans = [d for d in documents if document.is_span(d)]
    exports = [document.metrics(d, sent(case), traces) for d in documents if document.is_metrics(d)]
    resources = [document.normalised(document.resource(d), "") for d in documents]
    check(all(r == resources[0] for r in resources), "documents of different resources")
    if "EXCLUDED" not in "".join(case["env"]) and exports:
        check_counts(case, exports, client)
    if "together" in sent(case):
        check_equal([d["end_time"] for d in spans], sorted(d["end_time"] for d in spans),
                    "the order of spans")
    if len(case["metrics"]) > 1:
        exports = chosen(exports, [document.by_name(scope) for scope in case["metrics"]])
    spans = [document.span(d, sent(case)) for d in spans]
    return side(case, status, resources[0] if resources else None, spans, exports, more)


def side(case, status, resource, spans, exports, more):
    """One side of the comparison: its documents by name, each as paths and leaves."""
    if "together" in sent(case):
        spans = sorted(spans, key=lambda span: span["attributes"]["net.peer.port"])
    parts = {"status": status, **({"resource": resource} if resource else {})}
    parts.update(("span.%d" % i, span) for i, span in enumerate(spans, 1))
    parts.update(("metrics.%d" % i, export) for i, export in enumerate(exports, 1))
    parts.update(more)
    return {name: document.flat(part, name) for name, part in parts.items()}


def judge(name, case, run):
    """The entries of the list of differences that the case needs."""
    ours = our_side(case, *perform(case, run))
    theirs = side(case, case["status"], case["resource"], case["spans"],
                  [document.by_name(scope) for scope in case["metrics"]], case.get("sent", {}))
    wrong, used = differences.compare(name, differences.read(), ours, theirs)
    check(not wrong, "\n    ".join(["%d differences" % len(wrong), *wrong[:SHOWN]]))
    return used


def read(name):
    case = json.loads((HERE / "cases" / (name + ".json")).read_text(),
                      object_pairs_hook=collections.OrderedDict)
    return {**read(case["like"]), **case} if "like" in case else case


def run_case(name):
    case = read(name)
    missing = [n for n, words in MORE_NEEDS.items() if words in json.dumps(case) and lacks(n)]
    if missing:
        return Verdict("skip golden/%s: lacks %s" % (name, ", ".join(missing)), set())
    run = Run()
    with run.stack:
        try:
            return Verdict("ok golden/" + name, judge(name, case, run))
        except Failure as failure:
            why = str(failure)
        except Exception as error:  # the test itself broke: a failure as well
            why = "%s: %s" % (type(error).__name__, error)
        tail = [line for d in run.daemons for line in d.stderr().splitlines()[-TAIL:]]
        return Verdict("\n    ".join(["FAIL golden/%s: %s" % (name, why), *tail]), set())


def has_namespaces():
    probe = multiprocessing.Process(target=enter_namespace)
    probe.start()
    probe.join()
    return probe.exitcode == 0


def lacking():
    """What no case can do without."""
    missing = [need for need in NEEDS if lacks(need)]
    return missing if missing or has_namespaces() else ["network namespaces"]


def report_unused(used):
    unused = [entry for entry in differences.read() if entry not in used]
    for entry in unused:
        print("FAIL golden/differences: no case needs %s | %s | %s | %s" % entry[:4])
    if not unused:
        print("ok golden/differences")
    return not unused


def selected(patterns):
    names = sorted(path.stem for path in (HERE / "cases").glob("*.json"))
    return [n for n in names
            if not patterns or any(p in n or fnmatch.fnmatch(n, p) for p in patterns)]


def main(patterns):
    missing = lacking()
    if missing:
        print("skip golden: lacks " + ", ".join(missing))
        return 0
    verdicts = []
    with multiprocessing.Pool(AT_ONCE, enter_namespace, maxtasksperchild=1) as pool:
        for verdict in pool.imap(run_case, selected(patterns)):
            print(verdict.line, flush=True)
            verdicts.append(verdict)
    fine = not any(verdict.line.startswith("FAIL") for verdict in verdicts)
    if not patterns and all(verdict.line.startswith("ok") for verdict in verdicts):
        fine = report_unused(set().union(*(verdict.used for verdict in verdicts)))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
