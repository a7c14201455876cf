"""Files and the board's page in; the same packed (gzip) out, for browsers that take it: Wi-Fi in old houses is slow.

Nothing else is packed. How long a packed answer is tells whoever can listen, and can have something of theirs put into
it, what else stands in it (BREACH, 2013). Files are nobody's secret; the board's page holds no token and repeats
nothing that its address says. Pages with forms, links and keys, answers to programs and streams go as they are.
"""

import gzip
from pathlib import Path
from typing import Final

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

LEVEL: Final = 6
"""zlib's own: 9 takes twice as long for a hundredth."""

LEAST: Final = 500
"""Bytes: what is shorter goes in one packet either way."""

PACKED: Final = frozenset({"text/css", "text/javascript", "application/javascript", "image/svg+xml", "text/html"})
"""Kinds of text; pictures are packed already."""


class Files(StaticFiles):
    """Serves files, each packed once for as long as it stays as it is."""

    def __init__(self, *, directory: Path) -> None:
        super().__init__(directory=directory)
        self._packed: dict[tuple[Path, int, int], bytes] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file at ``path``, packed where whoever asks takes that."""
        answer = await super().get_response(path, scope)
        if not isinstance(answer, FileResponse) or not _packs(answer):
            return answer
        answer.headers["Vary"] = "Accept-Encoding"
        if not takes(Headers(scope=scope)) or "range" in Headers(scope=scope):
            return answer
        body = await run_in_threadpool(self._pack, Path(answer.path))
        weak = {"etag": f"W/{answer.headers['etag']}"}  # the same file, in other bytes
        return Response(body, headers=_headers(answer) | weak, media_type=answer.media_type)

    def _pack(self, path: Path) -> bytes:
        told = path.stat()
        key = (path, told.st_mtime_ns, told.st_size)
        found = self._packed.get(key)
        if found is None:
            found = _pack(path.read_bytes())
            self._packed = {known: each for known, each in self._packed.items() if known[0] != path} | {key: found}
        return found


async def packed(request: Request, answer: Response) -> Response:
    """Return ``answer``, packed where whoever asks takes that. For pages without a secret: see above."""
    answer.headers["Vary"] = "Accept-Encoding"
    if not takes(request.headers) or not _packs(answer):
        return answer
    body = await run_in_threadpool(_pack, bytes(answer.body))
    return Response(body, answer.status_code, _headers(answer), answer.media_type)


def takes(headers: Headers) -> bool:
    """Return whether whoever asks reads gzip."""
    for said in headers.get("accept-encoding", "").lower().split(","):
        name, _, quality = said.partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _packs(answer: Response) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    return kind in PACKED and int(answer.headers.get("content-length", "0")) >= LEAST


def _headers(answer: Response) -> dict[str, str]:
    kept = {name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")}
    return kept | {"Content-Encoding": "gzip"}


def _pack(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)
