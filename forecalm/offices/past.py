"""The journal on disk and a person in; what happened to them around a time out, without reading all of it."""

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np

from alerts.events import Event
from alerts.happened import HappenedTo
from alerts.protection.events import CoverChanged
from alerts.situation_events import AlertRaised, SightLost, SightRegained

AROUND_S: Final = 86_400.0
"""So far around a stretch the journal is gone by: what was told of an alert a day later belongs to its day."""

BACK_S: Final = 60 * 86_400.0
"""So far back it is looked for what held when a stretch began: whoever nobody saw for two months has no band."""

ALERT_BACK_S: Final = 7 * 86_400.0
"""So far back for an alert that was still open: one is told again and again until somebody takes it."""

PIECE: Final = 1 << 18
"""Bytes of the journal that share one entry of the index: a gigabyte has 4,096 of them."""

_AT: Final = re.compile(rb'"at_s":([-+0-9.eE]+)')


@dataclass(frozen=True, slots=True)
class _Piece:
    """Whole lines of the journal from ``begin`` to ``end`` [bytes], and the first and last moment in them [UTC s]."""

    begin: int
    end: int
    first_s: float
    last_s: float


class Past:
    """Knows of each piece of the journal which time it tells of, and nothing else: the first question reads all of it,
    every other what was written since and the pieces that it asks about. For any thread."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._pieces: list[_Piece] = []
        self._file = (0, 0)
        self._lock = threading.Lock()

    def about(self, wearer: str, since_s: float, until_s: float) -> tuple[HappenedTo, ...]:
        """Return the lines about ``wearer`` within a day of ``[since_s, until_s)`` [UTC s] as they were written, and
        before them the last ones that say what held when that began. What cannot be read is left out. Raises OSError.
        """
        from_s, to_s = since_s - AROUND_S, until_s + AROUND_S
        with self._journal.open("rb") as file:
            with self._lock:
                pieces = self._look(file)
            near = [
                it
                for piece in pieces
                if piece.first_s < to_s and piece.last_s >= from_s
                for it in _lines(file, piece, wearer)
                if from_s <= it.at_s < to_s
            ]
            return (*_before(file, pieces, wearer, from_s), *near)

    def _look(self, file: BinaryIO) -> tuple[_Piece, ...]:
        """Take in what was written since, and return every piece."""
        told = os.fstat(file.fileno())
        if (told.st_dev, told.st_ino) != self._file or (self._pieces and told.st_size < self._pieces[-1].end):
            self._pieces, self._file = [], (told.st_dev, told.st_ino)
        if self._pieces and self._pieces[-1].end - self._pieces[-1].begin < PIECE:
            self._pieces.pop()
        at, size = (self._pieces[-1].end if self._pieces else 0), PIECE
        while data := read(file, at, size):
            lines = data.rfind(b"\n") + 1
            if lines:
                moments = np.array(_AT.findall(data, 0, lines), np.float64)
                first_s, last_s = (moments.min(), moments.max()) if moments.size else (np.inf, -np.inf)
                self._pieces.append(_Piece(at, at + lines, float(first_s), float(last_s)))
                at, size = at + lines, PIECE
            elif len(data) < size:
                break  # a line that is being written
            else:
                size *= 2
        return tuple(self._pieces)


def read(file: BinaryIO, at: int, size: int) -> bytes:
    """Return ``size`` bytes of a file from ``at`` on, or those up to its end."""
    file.seek(at)
    return file.read(size)


def _lines(file: BinaryIO, piece: _Piece, wearer: str) -> Iterator[HappenedTo]:
    """Yield what a piece tells of somebody."""
    data, theirs = read(file, piece.begin, piece.end - piece.begin), b'"wearer":"%b"' % wearer.encode()
    decoder = msgspec.json.Decoder(Event)
    at = data.find(theirs)
    while at >= 0:
        end = data.find(b"\n", at)
        try:
            event = decoder.decode(data[data.rfind(b"\n", 0, at) + 1 : end])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            event = None
        if isinstance(event, HappenedTo) and event.wearer == wearer:
            yield event
        at = data.find(theirs, end)


def _before(file: BinaryIO, pieces: tuple[_Piece, ...], wearer: str, from_s: float) -> tuple[HappenedTo, ...]:
    """Return the last lines before ``from_s`` that say whether somebody could be seen, was protected, had an alert."""
    held: dict[str, HappenedTo] = {}
    for piece in reversed(pieces):
        if piece.first_s >= from_s or piece.last_s < from_s - BACK_S:
            continue
        wanted = {"sight", "cover", "alert"} if piece.last_s >= from_s - ALERT_BACK_S else {"sight", "cover"}
        if wanted <= held.keys():
            break
        mine = {_holds(it): it for it in _lines(file, piece, wearer) if it.at_s < from_s}
        held = mine | held
    held.pop("", None)
    return tuple(held.values())


def _holds(event: HappenedTo) -> str:
    """Return what an event tells of that goes on, "" where nothing does."""
    match event:
        case SightLost() | SightRegained():
            return "sight"
        case CoverChanged():
            return "cover"
        case AlertRaised():
            return "alert"
    return ""
