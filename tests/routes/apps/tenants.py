# SPDX-License-Identifier: Apache-2.0
"""FastAPI: rules that may be there or not, of which the views tell that await."""
import os

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI(openapi_url=None)
router = APIRouter()
former = APIRouter()


async def tenant_of(tenant: str):
    return tenant


@router.get("/{tenant}/users/{user:int}")
async def user(user: int, tenant=Depends(tenant_of)):
    return PlainTextResponse(tenant)


@router.post("/{tenant}/users/{name}")
async def create(name: str, tenant=Depends(tenant_of)):
    return PlainTextResponse(tenant)


@former.get("/{tenant}/users/{user:int}")
async def former_user(user: int, tenant=Depends(tenant_of)):
    return PlainTextResponse(tenant)


if os.environ.get("NOTHING", "x"):
    app.include_router(router, prefix="/v1")

    @app.get("/health/{part}")
    async def health(part: str):
        return PlainTextResponse(part)

    @app.get("/threads/{part}")
    def threads(part: str):
        return part
else:
    @app.get("/health/{other}")
    async def other(other: str):
        return PlainTextResponse(other)

app.include_router(former, prefix=os.environ.get("NOTHING", "/old"))


@app.get("/{rest:path}")
async def rest(rest: str):
    return PlainTextResponse(rest)
