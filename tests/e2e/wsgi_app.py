# SPDX-License-Identifier: Apache-2.0
"""A small WSGI application for gunicorn: tells how many bytes of body it was sent."""


def app(environ, start_response):
    size = len(environ["wsgi.input"].read())
    if environ["PATH_INFO"] == "/chunked":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x" * (100 * i + 1) for i in range(5)]
    status = "404 Not Found" if environ["PATH_INFO"] == "/nothing" else "200 OK"
    body = b"read %d" % size
    start_response(status, [("Content-Length", str(len(body)))])
    return [body]
