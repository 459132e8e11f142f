# SPDX-License-Identifier: Apache-2.0
"""Runs the tests that were registered with harness.test, and prints one line each."""
import fnmatch
import sys

from harness import TESTS, Failure, Run, lacks

TAIL = 6  # lines of the daemon's stderr shown with a failure


def selected(name, patterns):
    return not patterns or any(p in name or fnmatch.fnmatch(name, p) for p in patterns)


def run_test(suite, name, fn):
    run = Run()
    with run.stack:
        try:
            fn(run)
            print("ok %s/%s" % (suite, name), flush=True)
            return True
        except Failure as failure:
            why = str(failure)
        except Exception as error:  # the test itself broke, or what it started: a failure as well
            why = "%s: %s" % (type(error).__name__, error)
        print("FAIL %s/%s: %s" % (suite, name, why.replace("\n", " | ")))
        for daemon in run.daemons:
            for line in daemon.stderr().splitlines()[-TAIL:]:
                print("    " + line)
        sys.stdout.flush()
        return False


def main(suite, args):
    """args: [--list] [pattern...]. The exit status."""
    patterns, failed = [a for a in args if a != "--list"], False
    for name, needs, fn in TESTS:
        if not selected(name, patterns):
            continue
        if "--list" in args:
            print(name)
            continue
        lacking = [need for need in needs if lacks(need)]
        if lacking:
            print("skip %s/%s: lacks %s" % (suite, name, ", ".join(lacking)), flush=True)
        elif not run_test(suite, name, fn):
            failed = True
    return 1 if failed else 0
