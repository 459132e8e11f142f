# SPDX-License-Identifier: Apache-2.0
"""Prints the files of Python's library that a small HTTP server loads, and their compiled forms."""
import contextlib  # noqa: F401
import email.message  # noqa: F401
import encodings.idna  # noqa: F401
import http.server  # noqa: F401
import os
import sys

print(os.__file__)  # by which the interpreter knows its library
for module in list(sys.modules.values()):
    for name in ("__file__", "__cached__"):
        path = getattr(module, name, None)
        if path and os.path.exists(path) and path != __file__:
            print(path)
