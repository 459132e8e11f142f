# SPDX-License-Identifier: Apache-2.0
"""Who a span says it comes from: the resource of real processes, by what they were started with."""
import os
import pathlib
import platform
import re
import subprocess

import servers
from harness import DAEMON, HELPERS, PYTHON, check, check_equal, reached, test
from test_conventions import get, spans, trace

EXECUTABLE = os.path.realpath(PYTHON)
OWN = {"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "team=a%20b,stage=test"}
# as in the golden `resource`, the runtime's description left out, creation.time and the like put in
DETECTED = ["telemetry.sdk.language", "telemetry.sdk.name", "telemetry.sdk.version",
            "service.instance.id", "process.runtime.name", "process.runtime.version",
            "process.pid", "process.executable.name", "process.executable.path",
            "process.command", "process.parent_pid", "process.owner", "process.creation.time",
            "os.type", "os.version", "os.description", "host.name", "host.arch", "host.id",
            "team", "stage", "service.name", "telemetry.auto.version"]
# that a machine, or an older Python, may be without
OPTIONAL = {"process.runtime.version", "process.owner", "os.description", "host.id"}


def resource(document):
    return document["resource"]["attributes"]


def resources(daemon, count):
    return [resource(document) for document in spans(daemon, count)[0]]


def without_otel():
    """The tests' own variables must not name anything."""
    return {key: "" for key in os.environ if key.startswith("OTEL_")}


def name_of(run, variables, *flags, **daemon_variables):
    """What a span is called that a server with these variables of its own yields."""
    server = servers.flask(run, **{**without_otel(), **variables})
    daemon = run.daemon("--pid", server.process.pid, "--traces_exporter", "console", *flags,
                        env={**os.environ, **without_otel(), **daemon_variables}).wait_attached()
    get(server, "/healthz")
    (found,) = resources(daemon, 1)
    return found


@test("bpf", "flask")
def identity_default(run):
    """Word for word the keys of the golden `no-service-name`."""
    found = name_of(run, {})
    check_equal(list(found), ["telemetry.sdk.language", "telemetry.sdk.name",
                              "telemetry.sdk.version", "service.instance.id",
                              "telemetry.auto.version", "service.name"], "keys")
    check_equal(found["service.name"], "unknown_service:python3", "service.name")
    check_equal(found["telemetry.sdk.language"], "python", "telemetry.sdk.language")


@test("bpf", "flask")
def identity_of_the_process(run):
    found = name_of(run, OWN)
    check_equal((found["service.name"], found["team"], found["stage"]), ("shop", "a b", "test"),
                "of its own environment")


@test("bpf", "flask")
def identity_flag_beats_all(run):
    found = name_of(run, OWN, "--service_name", "flag", "--sdk_name", "opentelemetry",
                    OTEL_SERVICE_NAME="daemon", OTEL_RESOURCE_ATTRIBUTES="stage=daemon")
    check_equal((found["service.name"], found["team"], found["stage"]), ("flag", "a b", "daemon"),
                "of flag, process and daemon")
    check_equal(found["telemetry.sdk.name"], "opentelemetry", "telemetry.sdk.name")


def check_detected(found, server, command):
    check_equal([key for key in DETECTED if key in found or key not in OPTIONAL], list(found),
                "keys")
    process = pathlib.Path("/proc/%d" % found["process.pid"])
    want = {"process.executable.path": EXECUTABLE, "process.runtime.name": "cpython",
            "process.executable.name": os.path.basename(EXECUTABLE),
            "process.parent_pid": int((process / "stat").read_text().rsplit(")")[-1].split()[1]),
            "process.command": command, "os.type": "linux", "os.version": platform.release(),
            "host.name": platform.node(), "host.arch": platform.machine()}
    for key, value in want.items():
        check_equal(found[key], value, key)
    check(found["process.pid"] in server.pids(), "process.pid %d" % found["process.pid"])


@test("bpf", "flask")
def identity_detected_behind_a_shell(run):
    """Attached to the shell that started the server; and a replay knows all that was found out."""
    recording = run.tmp / "recording"
    command = 'OTEL_SERVICE_NAME=shop %s -m flask run -p 0; true' % PYTHON
    process = run.start(["/bin/sh", "-c", command], cwd=run.tmp, env={
        **servers.flask_env(run), **without_otel(), **OWN, "OTEL_SERVICE_NAME": "shell"})
    server = servers.Server(process, process.wait_text(r"Running on http://(\S+)")[1])
    flags = ["--traces_exporter", "console", "--experimental_resource_detectors",
             "process,os,host,otel"]
    daemon = run.daemon("--pid", process.pid, "--record", recording, *flags,
                        env={**os.environ, **without_otel()}).wait_attached()
    get(server, "/healthz")
    (found,) = resources(daemon, 1)
    check_equal(found["service.name"], "shop", "service.name")
    check_detected(found, server, PYTHON)
    replay = subprocess.run([DAEMON, "--replay", recording, *flags], env={}, capture_output=True)
    check_equal(replay.stdout, daemon.out_path.read_bytes(), "the replay")


@test("bpf", "flask")
def identity_exec_renews(run):
    """In front of a command that sets a variable and becomes the server."""
    daemon = run.daemon("--traces_exporter", "console", "env", "OTEL_SERVICE_NAME=inner", PYTHON,
                        "-m", "flask", "run", "-p", 0,
                        env={**servers.flask_env(run), **without_otel()}, cwd=run.tmp)
    address = daemon.wait_text(r"Running on http://(\S+)")[1]
    get(servers.Server(daemon, address), "/healthz")
    match = daemon.wait_text(r'"service.name": "(.*)"')
    check_equal(match[1], "inner", "service.name")


@test("bpf", "gunicorn")
def identity_of_workers(run):
    """One instance each, and all of one service."""
    server = servers.gunicorn(run)
    daemon = trace(run, server, OTEL_SERVICE_NAME="shop",
                   OTEL_EXPERIMENTAL_RESOURCE_DETECTORS="process")
    seen, count = set(), 0

    def both_asked():
        nonlocal count
        get(server, "/", "Connection: close")
        count += 1
        reached(lambda: daemon.stdout().count("\n}\n") >= count)
        seen.update((found["process.pid"], found["service.instance.id"], found["service.name"])
                    for found in map(resource, daemon.documents()))
        return len({pid for pid, _, _ in seen}) == 2

    check(reached(both_asked), "one worker alone answers: %r" % seen)
    check_equal(len(seen), 2, "identities")
    check_equal(len({instance for _, instance, _ in seen}), 2, "instances")


@test("bpf", "goserver")
def identity_of_go(run):
    server = servers.go(run)
    daemon = trace(run, server, OTEL_SEMCONV_STABILITY_OPT_IN="http")
    get(server, "/", "Connection: close")
    (found,) = resources(daemon, 1)
    check_equal(found["telemetry.sdk.language"], "go", "language")
    version = found["process.runtime.version"]
    check(version.encode() in (HELPERS / "goserver").read_bytes(), "not of it: " + version)
    check(re.match(r"go1\.\d", version), "no version: " + version)
    check_equal(found["telemetry.distro.name"], "otel-ebpf", "telemetry.distro.name")
    check("telemetry.auto.version" not in found, "telemetry.auto.version is there")
