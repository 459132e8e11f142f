# SPDX-License-Identifier: Apache-2.0
"""FastAPI: routers in routers, prefixes, first match wins."""
from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse

PREFIX = "/v1"
app = FastAPI(title="items", redoc_url=None)
router = APIRouter(prefix="/items", tags=["items"])
inner = APIRouter()


@app.get("/")
async def root():
    return "root"


@router.get("/")
def items():
    return []


@router.get("/{item}", response_model=None)
@router.api_route("/{item}/again", methods=["POST", "PUT"])
def item(item: int):
    return item


@router.get("/latest")
def never():
    return "the route above is first"


@inner.delete("/{x:int}/{y:path}")
def deep(x: int, y: str):
    return x


@inner.get("/{number:float}")
def number(number: float):
    return number


@inner.get("/by/{key:uuid}")
def by_key(key):
    return "key"


router.include_router(inner, prefix="/inner")
app.include_router(router)
app.include_router(inner, prefix=PREFIX)


@app.route("/plain", methods=["POST", "GET"])
def plain(request):
    return PlainTextResponse("plain")


@app.get("/{rest:path}")
def rest(rest: str):
    return rest
