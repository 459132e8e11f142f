# SPDX-License-Identifier: Apache-2.0
"""otel-ebpf [flags] command: the command is what it would be alone, and traced from its first
instruction on."""
import os
import pty
import pwd
import signal
import socket
import threading

from harness import BOUND, DAEMON, HERE, PYTHON, Record, Server, check, check_equal, compare_rows
from harness import free_port, test, wait_for
import servers

QUIET = ("--traces_exporter", "none")
WRAPPED = (PYTHON, HERE / "wrapped.py")


def status_of(name, status, *command):
    def exit_status(run):
        daemon = run.daemon(*QUIET, *command)
        check_equal(daemon.wait_exit(), status, "status")
    test("bpf", name="status_" + name)(exit_status)


status_of("zero", 0, "true")
status_of("seven", 7, "sh", "-c", "exit 7")
status_of("after_dashes", 7, "--", "sh", "-c", "exit 7")
status_of("killed", 128 + signal.SIGKILL, "sh", "-c", "kill -9 $$")
status_of("terminated", 128 + signal.SIGTERM, "sh", "-c", "kill -TERM $$")


@test("bpf")
def command_not_found(run):
    daemon = run.daemon(*QUIET, "no-such-command-anywhere")
    check(daemon.wait_exit() in (126, 127), "status %d" % daemon.popen.returncode)
    check("no-such-command-anywhere" in daemon.stderr(), "the message does not name the command")
    check("attached" not in daemon.stderr(), "attached to nothing: " + daemon.stderr())


@test("bpf")
def streams_untouched(run):
    """stdin is read by the command alone, byte for byte; stdout and stderr carry what it wrote."""
    text = b"\0\xff\r\n" + b"0123456789" * 10000
    (run.tmp / "in").write_bytes(text)
    with open(run.tmp / "in", "rb") as stdin:
        daemon = run.daemon(*QUIET, "--", "sh", "-c", "cat; echo to stderr >&2", stdin=stdin)
        check_equal(daemon.wait_exit(), 0, "status")
    check(daemon.out_path.read_bytes() == text, "stdout is not what the command wrote")
    check("to stderr\n" in daemon.stderr(), "stderr lacks what the command wrote")


@test("bpf")
def arguments_untouched(run):
    """Flags behind the command are the command's, those of ours too."""
    words = ["--pid", "1", "a b", "", "--help", "-p", "$HOME"]
    daemon = run.daemon(*QUIET, "printf", "<%s>", *words)
    check_equal(daemon.wait_exit(), 0, "status")
    check_equal(daemon.stdout(), "".join("<%s>" % word for word in words), "arguments")


@test("bpf")
def signals_forwarded(run):
    """Those that a process sends us; the status is the command's."""
    daemon = run.daemon(*QUIET, *WRAPPED, "SIGTERM")
    daemon.wait_text("wrapped: ready")
    for name in ("SIGHUP", "SIGINT", "SIGUSR2", "SIGWINCH", "SIGTERM"):
        daemon.popen.send_signal(getattr(signal, name))
        wait_for(lambda: "wrapped: got " + name in daemon.stderr(), name + " to arrive")
    check_equal(daemon.wait_exit(), 9, "status")
    check(daemon.summaries(), "no summary line")


@test("bpf")
def signal_that_kills(run):
    """The command dies of a forwarded signal: 128 and its number."""
    daemon = run.daemon(*QUIET, "sh", "-c", "echo ready; exec tail -f /dev/null")
    daemon.wait_text("ready")
    # the shell has become tail, whose disposition is the default either way
    daemon.popen.send_signal(signal.SIGTERM)
    check_equal(daemon.wait_exit(), 128 + signal.SIGTERM, "status")


def wrap_server(run, *args):
    """The nasty server as the command; its line on stdout is among the daemon's."""
    daemon = run.daemon("--traces_exporter", "text", *servers.nasty_command(*args))
    address = daemon.wait_text(r"cserver: listening on (\S+)")[1]
    return daemon, Server(daemon, address)


@test("bpf", "helpers")
def wrapped_server(run):
    """Traced from the first request on, and after exec; telemetry is flushed before the end."""
    daemon, server = wrap_server(run)
    records = run.load(server, "-c", 64, "-n", 3, "-p", "/plain")
    records += run.load(server, "-p", "/exec", "-x")
    daemon.wait_text("cserver: listening on", 2)
    records += run.load(server, "-c", 8, "-n", 3, "-p", "/plain")
    daemon.popen.send_signal(signal.SIGTERM)
    check_equal(daemon.wait_exit(), 128 + signal.SIGTERM, "status")
    compare_rows(daemon.spans(), records)
    check_equal(daemon.summaries()[-1][:3], (len(records), len(records), 0),
                "requests, spans, lost")


@test("bpf", "helpers")
def wrapped_shell_starts_server(run):
    """The server is a grandchild."""
    script = "sh -c '%s & wait'; exit 5" % " ".join(map(str, servers.nasty_command()))
    daemon = run.daemon("--traces_exporter", "text", "sh", "-c", script)
    server = Server(daemon, daemon.wait_text(r"cserver: listening on (\S+)")[1])
    records = run.load(server, "-c", 8, "-n", 3, "-p", "/plain")
    records += run.load(server, "-p", "/die", "-x")
    check_equal(daemon.wait_exit(), 5, "status")
    compare_rows(daemon.spans(), records)


@test("bpf", "helpers")
def first_request(run):
    """A client that has been knocking before the server existed is seen."""
    port, got = free_port(), []
    data = b"GET /plain?first HTTP/1.1\r\nConnection: close\r\n\r\n"

    def knock():
        while True:
            with socket.socket() as sock:
                sock.settimeout(BOUND)
                if sock.connect_ex(("127.0.0.1", port)):
                    continue
                sock.sendall(data)
                answer = b"".join(iter(lambda: sock.recv(4096), b""))
                got.append(("127.0.0.1:%d" % sock.getsockname()[1], answer))
                return

    client = threading.Thread(target=knock, daemon=True)
    client.start()
    daemon = run.daemon("--traces_exporter", "text", *servers.nasty_command("--port", port))
    client.join(BOUND)
    check(got, "no answer")
    daemon.popen.send_signal(signal.SIGTERM)
    daemon.wait_exit()
    compare_rows(daemon.spans(), [Record(got[0][0], "GET", "/plain?first", 200, len(data),
                                         len(got[0][1]), 0, "ok")])


class Terminal:
    """A shell script on a terminal of its own, where Ctrl-C reaches the whole foreground group."""

    def __init__(self, script, env, cwd):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(cwd)
            os.execve("/bin/bash", ["bash", "-c", script], env)
        self.text = ""

    def read_until(self, text):
        def found():
            try:
                self.text += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:  # EIO: everybody on the terminal has gone
                return True
            return text in self.text
        wait_for(found, "%r on the terminal" % text)

    def interrupt(self):
        os.write(self.fd, b"\x03")

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def ctrl_c(run, pipeline, ready, meanwhile=lambda: None):
    """The exit statuses of a pipeline after Ctrl-C. The shell itself survives the signal."""
    bin_dir = run.tmp / "bin"
    bin_dir.mkdir()
    (bin_dir / "otel-ebpf").symlink_to(DAEMON)
    script = "trap : INT; %s; echo ${PIPESTATUS[@]} >statuses" % pipeline
    env = {**servers.flask_env(run), "PATH": "%s:/usr/bin:/bin:/usr/sbin:/sbin" % bin_dir}
    terminal = Terminal(script, env, run.tmp)
    run.stack.callback(terminal.close)
    terminal.read_until(ready)
    meanwhile()
    terminal.interrupt()
    statuses = run.tmp / "statuses"
    wait_for(lambda: statuses.exists() and statuses.read_text().endswith("\n"), "the end")
    return statuses.read_text().split()


@test("bpf")
def ctrl_c_with_tee(run):
    """tee dies of the same Ctrl-C; the status is the command's all the same."""
    words = "otel-ebpf --traces_exporter console %s %s SIGINT | tee output.log"
    command = words % (PYTHON, HERE / "wrapped.py")
    check_equal(ctrl_c(run, command, "wrapped: ready"), ["9", "130"], "statuses")


@test("bpf", "helpers")
def reader_dies_first(run):
    """A broken pipe ends our output, not the command."""
    reader, writer = os.pipe()
    daemon = run.daemon("--traces_exporter", "text", "--", *WRAPPED, "SIGTERM", stdout=writer)
    os.close(writer)
    check(b"ready" in os.read(reader, 100), "the command does not start")
    os.close(reader)
    daemon.popen.send_signal(signal.SIGTERM)
    check_equal(daemon.wait_exit(), 9, "status")


@test("bpf")
def under_sudo(run):
    """What sudo tells: the command runs as the user who called it, in his groups, with his HOME."""
    user = pwd.getpwnam("nobody")
    env = {**os.environ, "SUDO_UID": str(user.pw_uid), "SUDO_GID": str(user.pw_gid),
           "SUDO_USER": user.pw_name, "HOME": pwd.getpwnam("root").pw_dir}
    script = 'id -u; id -g; id -G; echo $HOME; grep CapEff /proc/self/status'
    daemon = run.daemon(*QUIET, "sh", "-c", script, env=env)
    check_equal(daemon.wait_exit(), 0, "status")
    uid, gid, groups, home, caps = daemon.stdout().splitlines()
    check_equal((int(uid), int(gid), home), (user.pw_uid, user.pw_gid, user.pw_dir),
                "uid, gid, HOME")
    check_equal([int(group) for group in groups.split()],
                os.getgrouplist(user.pw_name, user.pw_gid), "groups")
    check_equal(caps.split()[1].strip("0"), "", "capabilities")


@test()
def disabled_just_runs(run):
    """No rights, no tracing: the command's output and status; without a command nothing."""
    for variables, args in (({"OTEL_SDK_DISABLED": "true"}, ()),
                            ({}, ("--disabled_instrumentations", "*"))):
        env = {**os.environ, **variables}
        daemon = run.daemon(*args, "sh", "-c", "echo out; exit 7", env=env)
        check_equal((daemon.wait_exit(), daemon.stdout(), daemon.stderr()), (7, "out\n", ""),
                    "status, stdout, stderr")
        check_equal(run.daemon(*args, "no-such-command-anywhere", env=env).wait_exit(), 127,
                    "status of a command that is not there")
        daemon = run.daemon(*args, "--pid", 1, env=env)
        check_equal(daemon.wait_exit(), 0, "status without a command")
        check("nothing to do" in daemon.stderr(), "not said that nothing is done")
