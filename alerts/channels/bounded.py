"""Answers of services that are read on a thread in; no more of each, and for no longer, than it may take, out.

Apprise reads whatever a service answers, whole and for as long as something comes: a service that never ends its answer
would fill the machine's memory. Other threads read as they always do.
"""

import http.client
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from urllib3.connection import HTTPConnection

ANSWER_MOST: Final = 1 << 20
"""Bytes of an answer, head and all: services answer with a few hundred, some with a page."""

PACKED_MOST: Final = 1 << 16
"""Bytes of one that comes compressed, which may unfold to a thousand times as many."""

_here = threading.local()


@contextmanager
def bounded(most_s: float) -> Iterator[None]:
    """While this lasts, answers over HTTP are read on this thread until ``most_s`` from now, and up to ``ANSWER_MOST``
    each; then reading fails: by TimeoutError, or ConnectionAbortedError."""
    _here.until_s = time.monotonic() + most_s
    try:
        yield
    finally:
        del _here.until_s


class _Bounded(io.RawIOBase):
    """What comes from ``raw`` until ``until_s``, and up to ``left`` bytes."""

    def __init__(self, raw: io.RawIOBase, until_s: float) -> None:
        super().__init__()
        self._raw = raw
        self._until_s = until_s
        self.left = ANSWER_MOST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any buffer of bytes
        """Read what is there; each wait is as long as the socket's own timeout."""
        if time.monotonic() >= self._until_s:
            raise TimeoutError("the answer timed out")
        count = self._raw.readinto(buffer)
        self.left -= count or 0
        if self.left < 0:
            raise ConnectionAbortedError("an answer without an end was aborted")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer that is bounded where its thread says so."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - as http.client has them
        super().__init__(*arguments, **named)
        until_s = getattr(_here, "until_s", None)
        self._bound = None if until_s is None else _Bounded(_detach(self.fp), until_s)
        if self._bound is not None:
            self.fp = io.BufferedReader(self._bound)

    def begin(self) -> None:
        """Read the head."""
        super().begin()
        if self._bound is not None and self.headers.get("content-encoding"):
            self._bound.left = min(self._bound.left, PACKED_MOST)


def _detach(file: BinaryIO) -> io.RawIOBase:
    assert isinstance(file, io.BufferedReader)  # noqa: S101 - what socket.makefile gives
    return file.detach()


HTTPConnection.response_class = _Answer
