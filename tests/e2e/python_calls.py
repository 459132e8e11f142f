# SPDX-License-Identifier: Apache-2.0
"""Views and spans of an application with nothing but the standard library, for interpreters that
have nothing else: it calls its views as Flask does, and has a tracer shaped as that of the
OpenTelemetry API is."""
import contextlib
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class NoOpTracer:
    @contextlib.contextmanager
    def start_as_current_span(self, name, attributes=None):
        self.start_span(name)
        yield name

    def start_span(self, name):
        return self


class ProxyTracer:
    def __init__(self):
        self._real_tracer = None

    @property
    def _tracer(self):
        return self._real_tracer or tracer

    def start_span(self, *args, **kwargs):
        return self._tracer.start_span(*args, **kwargs)


class RealTracer:
    def start_span(self, name):
        pass


tracer = NoOpTracer()


def größe():
    with tracer.start_as_current_span("outer ✓"):
        with tracer.start_as_current_span(attributes={"a": 1}, name="inner"):
            time.sleep(0.002)
        ProxyTracer().start_span("by hand")
        real = ProxyTracer()
        real._real_tracer = RealTracer()
        real.start_span("of an SDK")
    return b"ok"


def raises():
    try:
        with tracer.start_as_current_span("failing"):
            time.sleep(0.001)
            raise KeyError("inside")
    except KeyError:
        time.sleep(0.003)
    return b"ok"


async def coroutine():
    return b"never run"


class Pause:
    def __await__(self):
        yield


async def awaited():
    await Pause()
    return b"ok"


class Router:
    """What awaits a view has the request's scope, as ASGI wants it."""
    async def __call__(self, scope):
        return await awaited()


def run(work):
    try:
        while True:
            work.send(None)
    except StopIteration as end:
        return end.value


def streams():
    yield b"o"
    yield b"k"


VIEWS = {"/view": größe, "/raises": raises, "/coroutine": coroutine, "/streams": streams}


def answer(handler):
    path = handler.path.partition("?")[0]
    if path == "/awaited":
        body = run(Router()({"type": "http", "client": handler.client_address}))
    else:
        body = VIEWS[path](**{})
    if path == "/coroutine":
        body.close()
    body = body if isinstance(body, bytes) else b"".join(body if path == "/streams" else ())
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answer(self)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("listening on 127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
