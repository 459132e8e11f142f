# SPDX-License-Identifier: Apache-2.0
"""The command that the tests of test_wrap.py start through otel-ebpf: names every signal it gets,
and ends with status 9 at the one named in its argument."""
import os
import signal
import sys

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2", "SIGWINCH", "SIGCONT")


def main():
    numbers = [getattr(signal, name) for name in NAMES]
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    # one write: the reader may be gone before a second
    os.write(1, b"wrapped: ready\n")
    while True:
        name = signal.Signals(signal.sigwait(numbers)).name
        # the pipe may have lost its reader, which dies of the same Ctrl-C
        print("wrapped: got %s" % name, file=sys.stderr, flush=True)
        if name == sys.argv[1]:
            sys.exit(9)


main()
