"""The routes in; their OpenAPI document, as it stands in docs/openapi.json, out: ``python -m console.api.document``."""

import json
import sys
from typing import Any, Final

from fastapi import FastAPI

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from console.api.here import Here
from console.api.routes import add_api, described
from ingest.notice import NOTICE

ABOUT: Final[dict[str, Any]] = {
    "title": "Forecalm",
    "version": "1",
    "summary": NOTICE,
    "description": "Alerts and who has them, how well everybody is protected, shifts, outcomes, plans: docs/api.md.",
}


def document() -> str:
    """Return the document as text, its keys in order."""
    app = FastAPI(**ABOUT)
    desk = Desk(wearers=(), policy=Policy(), journal=Scratch(), started_s=0.0)
    add_api(app, Here(desk=desk, care=None, names={}, clock=lambda: 0.0))
    return json.dumps(described(app.openapi()), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
