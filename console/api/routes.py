"""What routes are made from in; every route under /api/v1, and the document that describes them, out."""

from typing import Any, Final

from fastapi import APIRouter, FastAPI

from console.api import matters, people, push, shifts, tablets
from console.api.bodies import Problem
from console.api.here import Here
from console.refusal import PROBLEM

PREFIX: Final = "/api/v1"

DOCUMENT: Final = f"{PREFIX}/openapi.json"

_WHY: Final = {
    400: "Not UTF-8, or headers that read in two ways",
    401: "Nobody has signed in, or no tablet key",
    403: "Not yours to do, another tablet's key, a forged one, or a page of another site",
    404: "Nothing of that name here, or not yours to see, or no care at all",
    409: "It is so already, or somebody else's",
    413: "Too long",
    422: "Something in it cannot be taken; `field` names it",
    429: "Too often",
    503: "It could not be kept, and nothing has changed",
}

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": why, "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, why in _WHY.items()
}


def add_api(app: FastAPI, here: Here) -> None:
    """Add every route under ``PREFIX`` to ``app``."""
    api = APIRouter(prefix=PREFIX, responses=PROBLEMS)
    for room in (tablets, matters, people, shifts, push):
        api.include_router(room.routes(here))
    app.include_router(api)


def described(document: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document with the one shape of every problem in it, and without the framework's own."""
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document
