# SPDX-License-Identifier: Apache-2.0
"""Views and spans of an application with nothing but the standard library, for interpreters that
have nothing else: it calls its views as Flask does, and has a tracer and counters shaped as those of
the OpenTelemetry API are."""
import contextlib
import enum
import threading
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


class ProxyInstrument:
    def __init__(self, name, unit="", description=""):
        self._name = name
        self._unit = unit
        self._description = description
        self._real_instrument = None


class _ProxyCounter(ProxyInstrument):
    def add(self, amount, attributes=None, context=None):
        pass


class _ProxyUpDownCounter(ProxyInstrument):
    def add(self, amount, attributes=None, context=None):
        pass


class Level(enum.IntEnum):
    HIGH = 3


tracer = NoOpTracer()
rolls = _ProxyCounter("dice.rolls", description="Würfe ✓")
seconds = _ProxyCounter("dice.seconds", "s")
active = _ProxyUpDownCounter("dice.active")
elsewhere = _ProxyCounter("elsewhere")
of_an_sdk = _ProxyCounter("of.an.sdk")
of_an_sdk._real_instrument = active


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


def counts():
    without = {"gone": 1, "roll.value": 4}
    del without["gone"]
    with tracer.start_as_current_span("counting"):
        rolls.add(1, {"roll.value": 4})
        rolls.add(2, without)
        rolls.add(amount=20, context=None, attributes={"roll.value": 4})
    rolls.add(23)
    seconds.add(0.25, {})
    seconds.add(1, attributes=None)
    active.add(2, {"a": "größe", "b": True, "c": 1.5, "d": -7})
    active.add(-5, {"d": -7, "c": 1.5, "b": True, "a": "größe"})
    active.add(*[1 << 59], **{"context": None})
    of_an_sdk.add(1)
    thread = threading.Thread(target=elsewhere.add, args=(1, {"a": "€" * 40}))
    thread.start()
    thread.join()
    return b"ok"


def loses():
    rolls.add(1, {"list": [1]})
    rolls.add(1, {"enum": Level.HIGH})
    rolls.add(1, {"none": None})
    rolls.add(1, {str(i): i for i in range(9)})
    rolls.add(1, {"long" * 20: 1})
    rolls.add(1, {1: 1})
    rolls.add(1 << 70)
    rolls.add(-1)
    rolls.add(0.5)
    rolls.add(True)
    _ProxyCounter("no name").add(1)
    _ProxyCounter("dice.rolls", "s").add(1)
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


VIEWS = {"/view": größe, "/raises": raises, "/coroutine": coroutine, "/streams": streams,
         "/counts": counts, "/loses": loses}


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
