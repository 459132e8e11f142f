#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of exports over the network: tests/export/run.py [--list] [pattern...], as
tests/e2e/run.py."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from runner import main  # noqa: E402
import test_collector  # noqa: E402,F401
import test_live  # noqa: E402,F401
import test_loss  # noqa: E402,F401
import test_receivers  # noqa: E402,F401
import test_tls  # noqa: E402,F401

if __name__ == "__main__":
    sys.exit(main("export", sys.argv[1:]))
