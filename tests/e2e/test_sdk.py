# SPDX-License-Identifier: Apache-2.0
"""A process that carries an OpenTelemetry SDK: what that sends is left to it, and said once."""
import servers
from harness import BUILD, check, check_equal, test, wait_for
from test_conventions import get
from test_metrics import durations, exports

VENV = BUILD / "venv/bin"
# what opentelemetry-instrument leaves in the environment of what it starts
SIGN = {"PYTHONPATH": "/nowhere/opentelemetry/instrumentation/auto_instrumentation"}


def observe(run, *args, **variables):
    """Two requests to a Flask with these variables: the daemon, ended, and its summary."""
    server = servers.flask(run, **variables)
    daemon = run.daemon("--pid", ",".join(map(str, server.pids())), "--traces_exporter", "console",
                        "--metrics_exporter", "console", *args).wait_attached()
    get(server, "/healthz")
    get(server, "/nowhere")
    return daemon, daemon.stop()


def told(daemon):
    """(spans, requests in metrics)"""
    measured = sum(sum(durations(document).values()) for document in exports(daemon))
    return len(daemon.documents()) - len(exports(daemon)), measured


def verdict(name, spans, measured, said, *args, **variables):
    def stands_down(run):
        daemon, summary = observe(run, *args, **variables)
        check_equal(told(daemon), (spans, measured), "spans, requests in metrics")
        check_equal((summary.spans, summary.left), (spans, 2 - spans), "spans, left")
        lines = [line for line in daemon.stderr().splitlines() if "carries" in line]
        check_equal(len(lines), 1 if said else 0, "lines that tell of an SDK")
        check(all(said in line for line in lines), "no word of its %s: %s" % (said, lines))
    test("bpf", "flask", name="sdk_" + name)(stands_down)


verdict("absent", 2, 2, None)
verdict("present", 0, 0, "traces and metrics are", **SIGN)
verdict("insisted", 2, 2, None, "--duplicate", **SIGN)
verdict("disabled", 2, 2, None, OTEL_SDK_DISABLED="true", **SIGN)
verdict("without_traces", 2, 0, "its metrics are", OTEL_TRACES_EXPORTER="none", **SIGN)
verdict("without_metrics", 0, 2, "its traces are", OTEL_METRICS_EXPORTER="none", **SIGN)
# variables alone are none
verdict("only_named", 2, 2, None, OTEL_SERVICE_NAME="todo", OTEL_TRACES_EXPORTER="console")


@test("bpf", "flask")
def sdk_replayed(run):
    """The recording knows of the SDK, and can be replayed with and without."""
    recording = run.tmp / "recording"
    daemon, _ = observe(run, "--record", recording, **SIGN)
    for args, spans in ((), 0), (("--duplicate",), 2):
        again = run.daemon("--replay", recording, "--traces_exporter", "console", *args)
        check_equal(again.wait_exit(), 0, "status")
        check_equal((len(again.documents()), again.summaries()[-1].left), (spans, 2 - spans),
                    "spans, left")


@test("bpf", "opentelemetry-instrument")
def sdk_real(run):
    """The real one tells of each request, and we of none."""
    server = servers.flask(run, VENV / "opentelemetry-instrument", VENV / "python",
                           OTEL_TRACES_EXPORTER="console", OTEL_METRICS_EXPORTER="none",
                           OTEL_LOGS_EXPORTER="none", OTEL_BSP_SCHEDULE_DELAY="50")
    daemon = run.trace(server.pids())
    get(server, "/healthz")
    wait_for(lambda: '"name": "GET /healthz"' in server.process.stdout(), "the SDK's span")
    summary = daemon.stop()
    check_equal((summary.spans, summary.left), (0, 1), "spans, left")
