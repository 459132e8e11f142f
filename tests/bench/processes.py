# SPDX-License-Identifier: Apache-2.0
"""What the benchmark starts, and how it waits for it."""

import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import time

PATIENCE = 30.0  # seconds until whatever should have happened counts as failed


class Failure(Exception):
    """A measurement that could not be made."""


def spawn(stack, argv, cpu, **pipes):
    """Starts argv on one CPU; it ends with the stack, or with us however we end."""
    libc = ctypes.CDLL(None)

    def settle():
        os.sched_setaffinity(0, {cpu})
        libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG

    proc = subprocess.Popen([str(arg) for arg in argv], preexec_fn=settle, bufsize=0, **pipes)
    stack.callback(stop, proc)
    return proc


def stop(proc):
    if proc.poll() is None:
        proc.terminate()
    try:
        proc.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()
        raise Failure(f"{proc.args[0]} did not end at SIGTERM") from None


def read_line(proc, pipe):
    """The pipe is unbuffered: lines that select could not see would be waited for in vain."""
    ready, _, _ = select.select([pipe], [], [], PATIENCE)
    line = pipe.readline() if ready else b""
    if not line:
        raise Failure(f"{proc.args[0]} {'ended' if ready else 'is silent'}")
    return line.decode(errors="replace").strip()


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"waited in vain for {what}")
        time.sleep(0.001)


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
