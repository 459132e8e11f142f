#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests: tests/e2e/run.py [--list] [pattern...]; a pattern as of a shell, or a
part of a name. One line each: ok e2e/NAME, FAIL e2e/NAME: why, skip e2e/NAME: lacks X."""
import fnmatch
import sys

sys.dont_write_bytecode = True

from harness import TESTS, Failure, Run, lacks  # noqa: E402
import test_attach  # noqa: E402,F401
import test_body_size  # noqa: E402,F401
import test_conventions  # noqa: E402,F401
import test_files  # noqa: E402,F401
import test_functions  # noqa: E402,F401
import test_hard  # noqa: E402,F401
import test_identity  # noqa: E402,F401
import test_metrics  # noqa: E402,F401
import test_prometheus  # noqa: E402,F401
import test_routes  # noqa: E402,F401
import test_sampling  # noqa: E402,F401
import test_sdk  # noqa: E402,F401
import test_select  # noqa: E402,F401
import test_servers  # noqa: E402,F401
import test_summary  # noqa: E402,F401
import test_tutorial  # noqa: E402,F401
import test_wrap  # noqa: E402,F401

TAIL = 6  # lines of the daemon's stderr shown with a failure


def selected(name, patterns):
    return not patterns or any(p in name or fnmatch.fnmatch(name, p) for p in patterns)


def run_test(name, fn):
    run = Run()
    with run.stack:
        try:
            fn(run)
            print("ok e2e/" + name, flush=True)
            return True
        except Failure as failure:
            why = str(failure)
        except Exception as error:  # the test itself broke, or what it started: a failure as well
            why = "%s: %s" % (type(error).__name__, error)
        print("FAIL e2e/%s: %s" % (name, why.replace("\n", " | ")))
        for daemon in run.daemons:
            for line in daemon.stderr().splitlines()[-TAIL:]:
                print("    " + line)
        sys.stdout.flush()
        return False


def main(args):
    patterns, failed = [a for a in args if a != "--list"], False
    for name, needs, fn in TESTS:
        if not selected(name, patterns):
            continue
        if "--list" in args:
            print(name)
            continue
        lacking = [need for need in needs if lacks(need)]
        if lacking:
            print("skip e2e/%s: lacks %s" % (name, ", ".join(lacking)), flush=True)
        elif not run_test(name, fn):
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
