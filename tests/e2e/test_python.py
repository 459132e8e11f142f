# SPDX-License-Identifier: Apache-2.0
"""Views of Python applications and the spans that those make themselves: each where it belongs, and
nothing of it at the cost of the server's own span."""
import collections
import concurrent.futures
import contextlib
import http.client
import itertools
import json
import os
import random
import re

import servers
from harness import BUILD, HERE, PYTHON, ROOT, check, check_equal, exchange, reached, test, wait_for
from harness import interpreters, process_tree

VENV = BUILD / "venv/bin/python"
TWIN = ROOT / "demo_todo/flask/app.py"


def trace(run, server, *args):
    pids = ",".join(str(pid) for pid in server.pids())
    return run.daemon("--pid", pids, "--traces_exporter", "console",
                      *(args or ("--python_functions", "views"))).wait_attached()


def get(server, *targets):
    for target in targets:
        exchange(server.address, b"GET %s HTTP/1.0\r\nHost: a\r\n\r\n" % target.encode())


def spans_of(daemon, requests):
    """The documents of that many requests and of what was called in them."""
    reached(lambda: daemon.stdout().count('"kind": "SpanKind.SERVER"') >= requests)
    summary = daemon.stop()
    check_equal((summary.spans, summary.lost), (requests, 0), "spans and losses of requests")
    return daemon.documents()


def tree(documents):
    """[(name of a request's target, [(name, [...]), ...])]; what lies outside its parent or has none
    is a failure."""
    children, ids = collections.defaultdict(list), {}
    for span in documents:
        ids[span["context"]["span_id"]] = span
    for span in documents:
        parent = ids.get(span["parent_id"])
        if span["kind"] == "SpanKind.SERVER":
            continue
        check(parent, "%s has no parent" % span["name"])
        check_equal(span["context"]["trace_id"], parent["context"]["trace_id"], "trace")
        end = parent["end_time"] if span["name"] != "Handler.do_GET" else "~"  # which answers
        check(parent["start_time"] <= span["start_time"] <= span["end_time"] <= end,
              "%s lies outside %s" % (span["name"], parent["name"]))
        children[span["parent_id"]].append(span)

    def below(span):
        found = sorted(children[span["context"]["span_id"]], key=lambda s: s["start_time"])
        return [(child["name"], below(child)) for child in found]
    servers_ = [span for span in documents if span["kind"] == "SpanKind.SERVER"]
    return [(span["attributes"]["http.target"], below(span))
            for span in sorted(servers_, key=lambda s: s["start_time"])]


def routes(documents):
    """{target: route} of requests; None where there is none."""
    return {span["attributes"]["http.target"]: span["attributes"].get("http.route")
            for span in documents if span["kind"] == "SpanKind.SERVER"}


def check_alike(daemon, records, want):
    """The same was called in each request."""
    found = collections.Counter(repr(calls) for _, calls in tree(spans_of(daemon, len(records))))
    check_equal(found, {repr(want): len(records)}, "calls and their requests")


def duration_ms(span):
    return 1e-6 * (int(span["end_time"][-7:-1]) - int(span["start_time"][-7:-1])) % 1 * 1e3


def flask(run, interpreter=PYTHON, app=HERE / "python_app.py"):
    return servers.flask(run, interpreter, FLASK_APP=str(app))


@test("bpf", "flask", "python-views")
def python_views(run):
    server = flask(run, app=TWIN)
    daemon = trace(run, server)
    get(server, "/delete/7", "/healthz", "/fail", "/slow?ms=20", "/delete/8", "/nowhere")
    documents = spans_of(daemon, 6)
    check_equal(tree(documents), [("/delete/7", [("delete", [])]), ("/healthz", [("healthz", [])]),
                                  ("/fail", [("fail", [])]), ("/slow?ms=20", [("slow", [])]),
                                  ("/delete/8", [("delete", [])]), ("/nowhere", [])], "spans")
    check_equal(routes(documents)["/delete/7"], "/delete/<int:task_id>", "route")
    views = [span for span in documents if span["kind"] == "SpanKind.INTERNAL"]
    slow = next(span for span in views if span["name"] == "slow")
    whole = next(span for span in documents if span["attributes"].get("http.route") == "/slow")
    check(20 <= duration_ms(slow) <= duration_ms(whole), "a view of 20 ms took %g" % duration_ms(slow))
    lines = TWIN.read_text().splitlines()
    for span in views:
        attributes = span["attributes"]
        check_equal(attributes["code.function.name"], span["name"], "function")
        check_equal(attributes["code.file.path"], str(TWIN), "file")
        check(lines[attributes["code.line.number"] - 1].startswith("@app.route"),
              "%s begins elsewhere" % span["name"])


@test("bpf", "flask", "python-views")
def python_views_are_not_wrappers(run):
    """Neither a decorator's function nor one that the view calls from C; names are Unicode."""
    server = flask(run)
    daemon = trace(run, server)
    get(server, "/sleeps", "/gr%C3%B6%C3%9Fe")
    check_equal([views for _, views in tree(spans_of(daemon, 2))],
                [[("sleeps", [])], [("größe", [])]], "views")


@test("bpf", "django", "gunicorn", "python-views")
def python_views_of_django(run):
    server = servers.app(run, "-m", "gunicorn", "-b", "127.0.0.1:0", "--worker-tmp-dir", run.tmp,
                         "forum.wsgi")
    daemon = trace(run, server)
    get(server, "/articles/2024/", "/board/3/posts/4/", "/none")
    check_equal([views for _, views in tree(spans_of(daemon, 3))],
                [[("view", [])], [("thread", [])], []], "views")


@test("bpf", "flask", "python-views")
def python_views_by_default(run):
    """They are on with --function, not without, and none is none."""
    for args, want in ((("--function", "no_such_function"), [("healthz", [])]),
                       (("--function", "no_such_function", "--python_functions", "none"), []),
                       (("--summary",), [])):
        server = flask(run, app=TWIN)
        daemon = trace(run, server, *args)
        get(server, "/healthz")
        check_equal(tree(spans_of(daemon, 1)), [("/healthz", want)], " ".join(args))


@test("bpf")
def python_words_stand_alone(run):
    daemon = run.daemon("--pid", os.getpid(), "--python_functions", "views", "--python_functions",
                        "app.py:*")
    daemon.wait_text("views and none stand alone")
    check_equal(daemon.wait_exit(), 1, "status")


@test("bpf", "flask", "python-views")
def python_glob(run):
    server = flask(run)
    daemon = trace(run, server, "--python_functions", "python_app.py:help*", "--python_functions",
                   "*/other.py:*")
    asked = itertools.count(1)

    def seen():
        get(server, "/sleeps", "/gr%C3%B6%C3%9Fe")
        next(asked)
        return "SpanKind.INTERNAL" in daemon.stdout()
    # what comes first may hide what it calls, until it is known not to be asked for
    wait_for(seen, "a function that matches")
    found = tree(spans_of(daemon, 2 * (next(asked) - 1)))
    check_equal({name for _, calls in found for name, _ in calls}, {"helper"}, "what matches")
    check(all(target == "/sleeps" for target, calls in found if calls), "called by others")


@test("bpf", "flask", "python-usdt", "python-views")
def python_glob_of_plain_calls(run):
    """What C code does not call is seen when it returns: an event on the span it ran in. What is
    called so has a span, and no event."""
    server = flask(run)
    daemon = trace(run, server, "--python_functions", "python_app.py:help*", "--python_functions",
                   "python_app.py:doubled")
    get(server, "/sleeps")  # what comes first is seen without knowing what is asked for
    reached(lambda: "SpanKind.SERVER" in daemon.stdout())
    get(server, "/sleeps", "/sleeps", "/gr%C3%B6%C3%9Fe")
    documents = spans_of(daemon, 4)[-5:]
    check_equal(tree(documents), [("/sleeps", [("helper", [])]), ("/sleeps", [("helper", [])]),
                                  ("/gr%C3%B6%C3%9Fe", [])], "spans")
    for span in documents:
        want = {"helper": 2, "GET /sleeps": 1}.get(span["name"], 0)
        check_equal([event["name"] for event in span["events"]], ["doubled"] * want, span["name"])
        for event in span["events"]:
            attributes = event["attributes"]
            check_equal((attributes["code.function.name"], attributes["code.file.path"]),
                        ("doubled", str(HERE / "python_app.py")), "attributes")


@test("bpf", "flask", "helpers", "python-views")
def python_threads(run):
    server = flask(run, app=TWIN)
    daemon = trace(run, server)
    records = run.load(server, "-c", 16, "-n", 20, "-p", "/slow?ms=2")
    check_alike(daemon, records, [("slow", [])])


@test("bpf", "flask", "gunicorn", "helpers", "python-views")
def python_prefork(run):
    """Workers inherit no probes; they get theirs when they are forked, and so do those that take the
    place of others."""
    process = run.start([PYTHON, "-m", "gunicorn", "-b", "127.0.0.1:0", "-w", 2, "--chdir",
                         TWIN.parent, "--worker-tmp-dir", run.tmp, "app:app"],
                        env=servers.flask_env(run))
    process.wait_text(r"Booting worker", 2)
    server = servers.Server(process, process.wait_text(r"Listening at: http://(\S+)")[1])
    daemon = trace(run, server)
    records = run.load(server, "-c", 4, "-n", 10, "-p", "/slow?ms=1")
    process.popen.send_signal(1)  # reload
    process.wait_text(r"Booting worker", 4)
    pids = wait_for(lambda: len(process_tree(process.pid)) == 3 and process_tree(process.pid),
                    "the old workers to end")
    for pid in pids[1:]:
        daemon.wait_text("Python functions of pid %d are probed" % pid)
    records += run.load(server, "-c", 4, "-n", 10, "-p", "/slow?ms=1")
    check_alike(daemon, records, [("slow", [])])


@test("bpf", "flask", "opentelemetry-instrument", "python-views")
def python_own_spans(run):
    server = flask(run, VENV)
    daemon = trace(run, server)
    get(server, "/nested", "/raises", "/left", "/decorated")
    documents = spans_of(daemon, 4)
    check_equal(tree(documents), [
        ("/nested", [("nested", [("outer", [("inner", []), ("größe ✓", [])])])]),
        ("/raises", [("raises", [("failing", [])])]),
        ("/left", [("left", [])]),
        ("/decorated", [("decorated", [("decorated", []), ("returns", [])])])], "spans")
    times = {span["name"]: duration_ms(span) for span in documents}
    for name, least, within in (("inner", 2, "outer"), ("größe ✓", 1, "outer"),
                                ("outer", 3, "nested"), ("failing", 1, "raises")):
        check(least <= times[name] <= times[within], "%s took %g ms" % (name, times[name]))
    # the view sleeps for 5 ms behind
    check(times["raises"] - times["failing"] >= 5, "failing took %g ms" % times["failing"])


def moments(documents):
    """{name of a span: the names of the events in it}"""
    return {span["name"]: [event["name"] for event in span["events"]] for span in documents
            if span["events"]}


@test("bpf", "flask", "opentelemetry-instrument", "python-views")
def python_own_spans_that_end_by_hand(run):
    """Nobody sees where: an event on the span that they are begun in."""
    server = flask(run, VENV)
    daemon = trace(run, server)
    get(server, "/by-hand")
    documents = spans_of(daemon, 1)
    check_equal(tree(documents), [("/by-hand", [("by_hand", [("outer", [])])])], "spans")
    check_equal(moments(documents), {"by_hand": ["by hand"], "outer": ["größe ✓"]}, "events")


@test("bpf", "flask", "opentelemetry-instrument", "helpers", "python-views")
def python_own_spans_threads(run):
    server = flask(run, VENV)
    daemon = trace(run, server)
    records = run.load(server, "-c", 16, "-n", 10, "-p", "/nested")
    check_alike(daemon, records, [("nested", [("outer", [("inner", []), ("größe ✓", [])])])])


@test("bpf", "flask", "opentelemetry-instrument", "python-views")
def python_own_spans_are_followed_when_there_are_some(run):
    """Where none are made, their ends are let go after a while; the first are counted then, not
    told, and those that come are."""
    server = flask(run, VENV)
    daemon = trace(run, server, "--python_functions", "views", "--log_level", "debug")
    get(server, "/sleeps")
    daemon.wait_text("pid %d makes no spans of its own" % server.pids()[-1])
    get(server, "/nested")
    daemon.wait_text("pid %d makes spans of its own" % server.pids()[-1])
    get(server, "/nested")
    found = tree(spans_of(daemon, 3))
    check_equal(found, [("/sleeps", [("sleeps", [])]), ("/nested", [("nested", [])]),
                        ("/nested", [("nested", [("outer", [("inner", []), ("größe ✓", [])])])])],
                "spans")
    check("lost 3" in daemon.summaries()[-1].rest, daemon.summaries()[-1].rest)


def below(minor, view, spans):
    """Up to 3.10 the handler, which calls the view, is the first function that is seen."""
    return [("Handler.do_GET" if minor <= 10 else view, spans)] if view or minor <= 10 else []


def warm_up(server, daemon, names):
    """Until each target's call has been seen by its name: what the symbols of an interpreter do not
    tell of the places that calls return to is found by such. How many requests it took."""
    asked = 0
    for target, name in names.items():
        def seen():
            nonlocal asked
            asked += 1
            get(server, target)
            return '"name": %s,' % json.dumps(name) in daemon.stdout()
        wait_for(seen, name)
    return asked


@test("bpf", "python-views")
def python_versions(run):
    """Each interpreter there is, also as a shared library, shows what it can, or says that it
    cannot. What a generator or coroutine does is not what its first call does. Each place that is
    found late costs calls, which are counted, and no view ends anywhere else."""
    for minor, path in sorted(interpreters().items()):
        process = run.start([path, HERE / "python_calls.py"],
                            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        server = servers.Server(process, process.wait_text(r"listening on (\S+)")[1])
        daemon = trace(run, server)
        shows = 8 <= minor <= 11
        want = [("/view", below(minor, "größe", [("outer ✓", [("inner", [])])])),
                ("/raises", below(minor, "raises", [("failing", [])])),
                ("/coroutine", below(minor, None, [])), ("/streams", below(minor, None, [])),
                ("/awaited", below(minor, "awaited", []))]
        asked = warm_up(server, daemon, {target: calls[0][0] for target, calls in want if calls}
                        if shows else {})
        get(server, *dict(want))
        documents = spans_of(daemon, asked + len(want))
        found = tree(documents)
        if not shows:
            daemon.wait_text(r"no views of Python 3\.%d" % minor)
            check(not any(calls for _, calls in found), "3.%d shows views" % minor)
            continue
        check_equal(found[asked:], want, "spans of 3.%d" % minor)
        check_equal(moments(documents)["outer ✓"], ["by hand"], "events of 3.%d" % minor)
        lost = any(not calls or calls[0][0] == "outer ✓" for _, calls in found[:asked])
        check((" lost " in daemon.summaries()[-1].rest) == lost, daemon.summaries()[-1].rest)


def gevent(run):
    process = run.start([PYTHON, HERE / "gevent_app.py"],
                        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    return servers.Server(process, process.wait_text(r"listening on (\S+)")[1])


def own_counters(document):
    """{name: (unit, description, monotonic, {attributes: value}, spans of exemplars)}"""
    (resource,) = document["resource_metrics"]
    metrics = next(scope["metrics"] for scope in resource["scope_metrics"]
                   if not scope["scope"]["name"])
    return {metric["name"]: (
        metric["unit"], metric["description"], metric["data"]["is_monotonic"],
        {tuple(point["attributes"].items()): point["value"]
         for point in metric["data"]["data_points"]},
        {exemplar["span_id"] for point in metric["data"]["data_points"]
         for exemplar in point["exemplars"]}) for metric in metrics}


@test("bpf", "python-counters")
def python_counters(run):
    """What is added through the bare API is counted, in the span it is added in, and outside of
    requests; what cannot be read exactly is lost, and an SDK's is its own."""
    for minor, path in sorted(interpreters().items()):
        if not 8 <= minor <= 10:
            continue
        process = run.start([path, HERE / "python_calls.py"],
                            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        server = servers.Server(process, process.wait_text(r"listening on (\S+)")[1])
        daemon = trace(run, server, "--python_functions", "views", "--metrics_exporter", "console")
        asked = warm_up(server, daemon, {"/view": "Handler.do_GET"})
        get(server, "/counts", "/counts", "/loses")
        reached(lambda: daemon.stdout().count('"kind": "SpanKind.SERVER"') >= asked + 3)
        daemon.stop()
        spans = [d for d in daemon.documents() if "resource_metrics" not in d]
        (document,) = [d for d in daemon.documents() if "resource_metrics" in d]
        found = own_counters(document)
        roll, plain = (("roll.value", 4),), ()
        attributes = (("a", "größe"), ("b", True), ("c", 1.5), ("d", -7))
        long = (("a", "€" * 32),)
        check_equal({name: counter[:4] for name, counter in found.items()}, {
            "dice.rolls": ("", "Würfe ✓", True, {roll: 46, plain: 46}),
            "dice.seconds": ("s", "", True, {plain: 2.5}),
            "dice.active": ("", "", False, {attributes: -6, plain: 1 << 60}),
            "elsewhere": ("", "", True, {long: 2})}, "counters of 3.%d" % minor)
        ids = {int(span["context"]["span_id"], 16): span["name"] for span in spans}
        check_equal({name: {ids.get(span) for span in counter[4]}
                     for name, counter in found.items()}, {
            "dice.rolls": {"counting", "Handler.do_GET"}, "dice.seconds": {"Handler.do_GET"},
            "dice.active": {"Handler.do_GET"}, "elsewhere": set()}, "exemplars")
        lost = int(re.search(r" lost (\d+)", daemon.summaries()[-1].rest)[1])
        check(12 <= lost <= 12 + 5 * asked, daemon.summaries()[-1].rest)


@test("bpf", "flask", "gevent", "helpers", "python-views")
def python_greenlets(run):
    """Machine stacks are moved away and back; what is pending must not mind, nor what is probed in
    another process of the same interpreter. Some calls are seen, all others counted."""
    several = [gevent(run), gevent(run)]
    daemon = run.daemon("--pid", ",".join(str(server.process.pid) for server in several),
                        "--traces_exporter", "console", "--python_functions", "views")
    daemon.wait_attached()
    records = [record for server in several
               for record in run.load(server, "-c", 32, "-n", 20, "-p", "/view")]
    check(all(record.status == 200 for record in records), "the servers suffer")
    tree(spans_of(daemon, len(records)))
    check("lost" in daemon.summaries()[-1].rest, "none were lost? " + daemon.summaries()[-1].rest)
    for server in several:
        get(server, "/view")
        check(server.process.running(), "a server has died")


@test("bpf", "flask", "gevent", "python-views")
def python_greenlets_and_functions(run):
    """Return probes of two kinds would cost such a process its life: its views alone are probed."""
    server = gevent(run)
    daemon = trace(run, server, "--function", "PyObject_Call*")
    get(server, "/view")
    check_equal(tree(spans_of(daemon, 1)), [("/view", [("view", [])])], "spans")
    daemon.wait_text(r"no functions of .* of pid %d .* \(greenlets\)" % server.process.pid)


LATE_APP = """
import flask
app = flask.Flask(__name__)

@app.route("/late")
def late():
    import gevent
    return str(gevent.spawn(lambda: gevent.spawn(lambda: 1).get()).get())
"""


@test("bpf", "flask", "gevent", "python-views")
def python_greenlets_come_late(run):
    """All of such a process is let go before two returns can get into each other's way."""
    (run.tmp / "late_app.py").write_text(LATE_APP)
    server = servers.flask(run, FLASK_APP="late_app")
    daemon = trace(run, server, "--function", "PyObject_Call*")
    daemon.wait_text(r"functions of pid \d+ are probed$")
    get(server, "/late", "/late", "/late")
    daemon.wait_text(r"functions of pid \d+ are probed no longer: it comes to use greenlets")
    check(server.process.running(), "the server has died")


def uvicorn(run, *args, interpreter=PYTHON, **variables):
    process = run.start([interpreter, "-B", "-m", "uvicorn", "--port", 0, "--no-access-log", *args,
                         "--app-dir", HERE, "async_app:app"], env={**os.environ, **variables})
    return servers.Server(process, process.wait_text(r"running on http://(\S+)")[1])


@test("bpf", "fastapi", "uvicorn", "python-views")
def python_async_views(run):
    """Functions that are awaited, of FastAPI and Starlette; not what runs when all is answered, nor
    in a task of the application's own."""
    server = uvicorn(run)
    daemon = trace(run, server)
    get(server, "/waits/20", "/at-once", "/raises", "/background", "/cancels", "/plain?ms=2")
    documents = spans_of(daemon, 6)
    check_equal(tree(documents), [
        ("/waits/20", [("waits", [])]), ("/at-once", [("at_once", [])]),
        ("/raises", [("raises", [])]), ("/background", [("background", [])]),
        ("/cancels", [("cancels", [])]), ("/plain?ms=2", [("plain", [])])], "views")
    waits = next(span for span in documents if span["name"] == "waits")
    whole = next(span for span in documents
                 if span["attributes"].get("http.target") == "/waits/20")
    check(20 <= duration_ms(waits) <= duration_ms(whole), "20 ms took %g" % duration_ms(waits))
    check_equal(waits["attributes"]["code.file.path"], str(HERE / "async_app.py"), "file")


@test("bpf", "fastapi", "uvicorn", "python-views")
def python_thread_views(run):
    """Plain functions, which run in threads of anyio's."""
    server = uvicorn(run)
    daemon = trace(run, server)
    asked = warm_up(server, daemon, {"/plain-thread": "plain_thread"})
    get(server, "/threads", "/depends", "/fails", "/background", "/plain-thread")
    documents = spans_of(daemon, asked + 5)
    check_equal(tree(documents)[asked:], [
        ("/threads", [("threads", [])]), ("/depends", [("depends", []), ("dependent", [])]),
        ("/fails", [("fails", [])]), ("/background", [("background", [])]),
        ("/plain-thread", [("plain_thread", [])])], "views")
    view = next(span for span in documents if span["name"] == "threads")
    whole = next(span for span in documents if span["attributes"].get("http.target") == "/threads")
    check(20 <= duration_ms(view) <= duration_ms(whole), "20 ms took %g" % duration_ms(view))
    check_equal(view["attributes"]["code.file.path"], str(HERE / "async_app.py"), "file")
    # the background tasks, after the answer
    check("outside requests 2" in daemon.summaries()[-1].rest, daemon.summaries()[-1].rest)


def ask_at_once(server, kinds, clients=24, each=40):
    """Requests of clients that ask at the same time: /KIND/NUMBER/MS, of which NUMBER is answered."""
    numbers = random.Random(7)
    wanted = [["/%s/%d/%d" % (numbers.choice(kinds), numbers.randrange(20), numbers.randrange(8))
               for _ in range(each)] for _ in range(clients)]

    def client(targets):
        with contextlib.closing(http.client.HTTPConnection(server.address)) as connection:
            for target in targets:
                connection.request("GET", target)
                check_equal(connection.getresponse().read(), target.split("/")[2].encode(), target)
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, wanted))
    return clients * each


def check_at_once(daemon, asked, trees, most):
    """Of each request of ask_at_once() just what was run for it. A thread that is done before the
    event loop awaits it may be nobody's, as is what comes before the places are probed that calls
    return to; then it is counted; most: such requests."""
    missing = 0
    for target, views in tree(spans_of(daemon, asked)):
        _, kind, number, *_ = target.split("/")
        want, without = (repr(views).replace("#", number) for views in trees[kind])
        if repr(views) != without:
            check_equal(repr(views), want, target)
        missing += want != without == repr(views)
    counted = sum(map(int, re.findall(r"(?:outside requests|lost) (\d+)",
                                      daemon.summaries()[-1].rest)))
    check(missing <= counted, "%d are not counted" % missing)
    check(missing <= most, "%d are missing" % missing)


# what is run for each kind of request, with the number for #, and without what may be missing
ASYNC_VIEWS = {"numbered": ([("view#", [])],) * 2, "thread": ([("thread#", [])], []),
               "bare": ([("bare#", [])], [])}
OWN_SPANS = {
    "spans": [[("spans#", [("outer#", [("inner#", work), ("last#", [])])])]
              for work in ([("work#", [])], [])],
    "thread-spans": ([("thread_spans#", [("outer#", [("inner#", [])])])], [])}


@test("bpf", "fastapi", "uvicorn", "python-views")
def python_async_views_at_once(run):
    """Each belongs to its own request, however many are in flight in the event loop and its
    threads."""
    server = uvicorn(run)
    daemon = trace(run, server)
    asked = ask_at_once(server, list(ASYNC_VIEWS))
    check_at_once(daemon, asked, ASYNC_VIEWS, asked // 2)


@test("bpf", "fastapi", "uvicorn", "python-views")
def python_threads_that_are_first(run):
    """They begin, and may end, their work before the event loop awaits it."""
    server = uvicorn(run, SWITCH_INTERVAL="1e-6")
    daemon = trace(run, server)
    asked = ask_at_once(server, ["thread", "bare"])
    check_at_once(daemon, asked, ASYNC_VIEWS, asked // 2)


@test("bpf", "fastapi", "uvicorn", "opentelemetry-instrument", "python-views")
def python_async_own_spans_at_once(run):
    """Below the view that makes them, and what it waits for in another thread below them."""
    server = uvicorn(run, interpreter=VENV)
    daemon = trace(run, server)
    asked = ask_at_once(server, list(OWN_SPANS))
    check_at_once(daemon, asked, OWN_SPANS, asked // 2)
    events = moments(daemon.documents())
    check(events, "no events")
    for name, found in events.items():
        check_equal((name[:5], found), ("outer", ["by hand" + name[5:]]), "events")


@test("bpf", "flask", "python-views")
def python_replay(run):
    path = run.tmp / "python.rec"
    server = flask(run, app=TWIN)
    daemon = trace(run, server, "--python_functions", "views", "--record", path)
    get(server, "/delete/7", "/healthz")
    want = spans_of(daemon, 2)
    replay = run.daemon("--replay", path, "--traces_exporter", "console", "--python_functions",
                        "views")
    check_equal(replay.wait_exit(), 0, "status of the replay")
    check_equal(replay.documents(), want, "documents")


@test("bpf", "flask", "python-views")
def python_view_names_the_route(run):
    """Of rules that sources leave open; also in the metrics and of a recording, and not unless the
    views are looked for."""
    path = run.tmp / "routes.rec"
    server = servers.app(run, "-m", "flask", "--app", "plugins", "run", "-p", 0)
    want = {"/items/5": "/items/<int:item>", "/items/a": "/items/<name>",
            "/reports/today": "/reports/<day>", "/reports/1-2": "/reports/<first>-<last>",
            "/pages/3": "/pages/<int:page>", "/twice/a": "/twice/<name>",
            # two rules with the same view, one that is computed, none
            "/twice/5": None, "/reports/daily/5": None, "/items/a/b": None, "/health": "/health"}
    daemon = trace(run, server, "--python_functions", "views", "--metrics_exporter", "console",
                   "--record", path)
    get(server, *want)
    documents = spans_of(daemon, len(want))
    spans = [document for document in documents if "kind" in document]
    check_equal(routes(spans), want, "routes")
    check_equal({span["name"] for span in spans if span["kind"] == "SpanKind.SERVER"},
                {"GET " + (route or span) for span, route in want.items() if route} |
                {"GET /twice/{id}", "GET /reports/daily/{id}", "GET /items/a/b"}, "names")
    check('"http.route": "/items/<int:item>"' in daemon.stdout(), "no metric has the route")
    replay = run.daemon("--replay", path, "--traces_exporter", "console", "--metrics_exporter",
                        "console", "--python_functions", "views")
    check_equal(replay.wait_exit(), 0, "status of the replay")
    check_equal(replay.documents(), documents, "documents of the replay")
    daemon = trace(run, server, "--python_functions", "plugins.py:*")
    get(server, "/items/5", "/health")
    check_equal(routes(spans_of(daemon, 2)), {"/items/5": None, "/health": "/health"},
                "routes where a view need not be looked for")


@test("bpf", "fastapi", "uvicorn", "python-views")
def python_async_view_names_the_route(run):
    """Also one that runs in another thread; a dependency is no view."""
    server = servers.app(run, "-m", "uvicorn", "--port", 0, "tenants:app",
                         pattern=r"running on http://(\S+)")
    want = {"/v1/a/users/3": "/v1/{tenant}/users/{user:int}", "/v1/a/users/b": "/{rest:path}",
            "/health/disk": "/health/{part}", "/threads/a": "/threads/{part}",
            "/old/a/users/3": None}
    daemon = trace(run, server)
    get(server, *want)
    check_equal(routes(spans_of(daemon, len(want))), want, "routes")


@test("bpf", "django", "gunicorn", "python-views")
def python_view_of_django_names_the_route(run):
    server = servers.app(run, "-m", "gunicorn", "-b", "127.0.0.1:0", "--worker-tmp-dir", run.tmp,
                         "forum.wsgi")
    want = {"/numbers/ff/": "numbers/<hexadecimal:n>/", "/numbers/x/": None,
            "/kw%C3%A9": None, "/articles/2024/": "articles/<int:year>/"}
    daemon = trace(run, server)
    get(server, *want)
    check_equal(routes(spans_of(daemon, len(want))), want, "routes")
