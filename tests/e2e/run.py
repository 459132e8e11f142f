#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests: tests/e2e/run.py [--list] [pattern...]; a pattern as of a shell, or a
part of a name. One line each: ok e2e/NAME, FAIL e2e/NAME: why, skip e2e/NAME: lacks X."""
import sys

sys.dont_write_bytecode = True

from runner import main  # noqa: E402
import test_attach  # noqa: E402,F401
import test_body_size  # noqa: E402,F401
import test_conventions  # noqa: E402,F401
import test_files  # noqa: E402,F401
import test_function_rules  # noqa: E402,F401
import test_functions  # noqa: E402,F401
import test_hard  # noqa: E402,F401
import test_identity  # noqa: E402,F401
import test_metrics  # noqa: E402,F401
import test_prometheus  # noqa: E402,F401
import test_python  # noqa: E402,F401
import test_routes  # noqa: E402,F401
import test_sampling  # noqa: E402,F401
import test_sdk  # noqa: E402,F401
import test_select  # noqa: E402,F401
import test_servers  # noqa: E402,F401
import test_sites  # noqa: E402,F401
import test_stacks  # noqa: E402,F401
import test_summary  # noqa: E402,F401
import test_tutorial  # noqa: E402,F401
import test_usdt  # noqa: E402,F401
import test_wrap  # noqa: E402,F401
import test_workers  # noqa: E402,F401
import test_zipkin  # noqa: E402,F401

if __name__ == "__main__":
    sys.exit(main("e2e", sys.argv[1:]))
