# SPDX-License-Identifier: Apache-2.0
"""A Flask application that makes spans of its own through the bare OpenTelemetry API; run as
FLASK_APP. /sleeps needs nothing but Flask."""
import functools
import time

from flask import Flask

try:
    from opentelemetry import trace
    tracer = trace.get_tracer("test")
except ImportError:
    tracer = None

app = Flask(__name__)
left_open = []


def wrapped(view):
    @functools.wraps(view)
    def call(**values):
        return view(**values)
    return call


def doubled(number):
    if number > 8:
        raise ValueError(number)
    return number if number == 8 else doubled(2 * number)


def helper(**values):
    time.sleep(0.002)
    doubled(4)
    return values


@app.route("/sleeps")
@wrapped
def sleeps():
    helper(**{"seconds": 1})
    try:
        doubled(16)
    except ValueError:
        return "slept"


@app.route("/größe")
def größe():
    return "ok"


@app.route("/nested")
def nested():
    with tracer.start_as_current_span("outer"):
        with tracer.start_as_current_span("inner"):
            time.sleep(0.002)
        with tracer.start_as_current_span(attributes={"a": 1}, name="größe ✓"):
            time.sleep(0.001)
    time.sleep(0.001)
    return "ok"


@app.route("/raises")
def raises():
    try:
        with tracer.start_as_current_span("failing"):
            time.sleep(0.001)
            raise KeyError("inside")
    except KeyError:
        time.sleep(0.005)
    return "ok"


@app.route("/by-hand")
def by_hand():
    span = tracer.start_span("by hand")
    with tracer.start_as_current_span("outer"):
        tracer.start_span(attributes={"a": 1}, name="größe ✓").end()
    span.end()
    return "ok"


@app.route("/left")
def left():
    manager = tracer.start_as_current_span("left open")
    manager.__enter__()
    left_open.append(manager)
    try:
        next(iter(()))
    except StopIteration:
        return "ok"


def decorate(fn):
    return tracer.start_as_current_span("decorated")(fn) if tracer else fn


@decorate
def traced():
    time.sleep(0.001)


@app.route("/decorated")
def decorated():
    traced()
    with tracer.start_as_current_span("returns"):
        return "ok"
