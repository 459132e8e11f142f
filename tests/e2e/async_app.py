# SPDX-License-Identifier: Apache-2.0
"""FastAPI and Starlette views, many at once in one event loop; served by uvicorn."""
import asyncio
import os
import sys
import time

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

try:
    from opentelemetry import trace
    tracer = trace.get_tracer("test")
except ImportError:
    tracer = None

app = FastAPI()
sys.setswitchinterval(float(os.environ.get("SWITCH_INTERVAL", sys.getswitchinterval())))


async def helper(ms):
    await asyncio.sleep(1e-3 * ms)


@app.get("/waits/{ms}")
async def waits(ms: int):
    await helper(ms)
    return PlainTextResponse(str(ms))


@app.get("/at-once")
async def at_once():
    return PlainTextResponse("ok")


@app.get("/raises")
async def raises():
    await helper(1)
    raise KeyError("inside")


@app.get("/threads")
def threads():
    time.sleep(0.02)
    return PlainTextResponse("ok")


def depends():
    return "ok"


@app.get("/depends")
def dependent(text: str = Depends(depends)):
    return PlainTextResponse(text)


@app.get("/fails")
def fails():
    raise KeyError("inside")


async def late():
    await helper(1)


def late_in_thread():
    time.sleep(0.001)


@app.get("/background")
async def background(tasks: BackgroundTasks):
    tasks.add_task(late)
    tasks.add_task(late_in_thread)
    return PlainTextResponse("ok")


NUMBERED = """
@app.get("/numbered/{0}/{{ms}}")
async def view{0}(ms: int):
    await helper(ms)
    await helper(0)
    return PlainTextResponse("{0}")


@app.get("/thread/{0}/{{ms}}")
def thread{0}(ms: int):
    time.sleep(1e-3 * ms)
    return PlainTextResponse("{0}")


@app.get("/bare/{0}/{{ms}}")
def bare{0}():
    time.sleep(0.002)
    return PlainTextResponse("{0}")


def work{0}():
    time.sleep(0.001)


@app.get("/spans/{0}/{{ms}}")
async def spans{0}(ms: int):
    with tracer.start_as_current_span("outer{0}"):
        await helper(ms)
        with tracer.start_as_current_span("inner{0}"):
            await helper(ms)
            await run_in_threadpool(work{0})
        tracer.start_span("by hand{0}").end()
        with tracer.start_as_current_span("last{0}"):
            await asyncio.gather(helper(ms), helper(0))
    return PlainTextResponse("{0}")


@app.get("/thread-spans/{0}/{{ms}}")
def thread_spans{0}(ms: int):
    with tracer.start_as_current_span("outer{0}"):
        with tracer.start_as_current_span("inner{0}"):
            time.sleep(1e-3 * ms)
    return PlainTextResponse("{0}")
"""
for number in range(20):
    exec(compile(NUMBERED.format(number), __file__, "exec"))


async def cancelled():
    await helper(60_000)


@app.get("/cancels")
async def cancels():
    try:
        await asyncio.wait_for(cancelled(), 0.001)
    except asyncio.TimeoutError:
        return PlainTextResponse("ok")


async def plain(request):
    await helper(int(request.query_params.get("ms", 1)))
    return PlainTextResponse("plain")

app.router.routes.append(Route("/plain", plain))


def plain_thread(request):
    return PlainTextResponse("plain")

app.router.routes.append(Route("/plain-thread", plain_thread))
