# SPDX-License-Identifier: Apache-2.0
"""FastAPI and Starlette views, many at once in one event loop; served by uvicorn."""
import asyncio

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import PlainTextResponse
from starlette.routing import Route

app = FastAPI()


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
    return PlainTextResponse("ok")


async def late():
    await helper(1)


@app.get("/background")
async def background(tasks: BackgroundTasks):
    tasks.add_task(late)
    return PlainTextResponse("ok")


NUMBERED = """
@app.get("/numbered/{0}/{{ms}}")
async def view{0}(ms: int):
    await helper(ms)
    await helper(0)
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
