"""An app in; the two files that make a tablet's board installable and reachable by push out."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import FileResponse, JSONResponse, Response

from ingest.notice import NOTICE

SHORTCUTS: Final = (
    ("Board", "/", "Who needs somebody now"),
    ("Hand-over", "/shift", "Who has whom"),
    ("No alert came", "/outcome", "Something happened, and no alert came"),
    ("Bands", "/bands", "Who wears which band, and how well it is heard"),
)
"""What a long press on the app's picture offers; whoever may not go there is told so."""

MARK: Final = "/static/mark-192.png"

_STATIC: Final = Path(__file__).parent / "static"


def add_installable(app: FastAPI, *, place: str) -> None:
    """Serve the service worker at the root, where it may answer for every page, and the manifest of ``place``."""

    @app.get("/sw.js", include_in_schema=False)
    async def worker() -> Response:
        return FileResponse(_STATIC / "sw.js", media_type="text/javascript")

    @app.get("/manifest.webmanifest", include_in_schema=False)
    async def manifest() -> Response:
        facts = {
            "name": f"Forecalm, {place}",
            "short_name": "Forecalm",
            "description": NOTICE,
            "lang": "en-GB",
            "id": "/",
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#e6eceb",
            "theme_color": "#e6eceb",
            "shortcuts": [
                {"name": name, "url": url, "description": said, "icons": [{"src": MARK, "sizes": "192x192"}]}
                for name, url, said in SHORTCUTS
            ],
            "icons": [
                {"src": f"/static/mark-{size}.png", "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
                for size in (192, 512)
                for purpose in ("any", "maskable")
            ],
        }
        return JSONResponse(facts, media_type="application/manifest+json")
