# SPDX-License-Identifier: Apache-2.0
"""Starlette: a list of routes, one of them a mounted application."""
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


async def home(request):
    return PlainTextResponse("home")


async def mounted(scope, receive, send):
    await PlainTextResponse("mounted")(scope, receive, send)


routes = [
    Route("/", home),
    Route("/users/{name}", endpoint=home, methods=["GET", "POST"]),
    Route("/users/{number:int}", home, methods=["DELETE"]),
    Mount("/files", app=mounted),
    Route("/files/{path:path}", home),
]
app = Starlette(routes=routes)
app.add_route("/late/{x}-{y}", home)
