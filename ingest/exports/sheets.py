"""A recording in; how it is cut into files, and the sheet that says so, out: shared by every layout."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.notice import SENTENCE
from ingest.recordings.exported import File, Offset, Segment, Sheet, times_s
from ingest.recordings.recording import Recording
from ingest.types import Array

DAY_S: Final = 86_400
STEP_S: Final = 900  # clocks change on a quarter of an hour, everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an exported recording's files say of it beside its samples: ``wearer`` is a pseudonym or, with dates
    ``shifted_s`` into the past, an id made for the export. ``zone`` is the site's; it is not written then."""

    wearer: str
    zone: str
    shifted_s: int | None = None
    with_labels: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """Samples of one channel that go into one file: ``day`` is theirs [days since 1970, UTC], None: of all days.
    ``times_s`` (n,), ``values`` (axes, n); ``piece`` (n,) numbers the piece of each, ``segments`` say the same."""

    channel: str
    day: int | None
    times_s: Array
    values: Array
    piece: "np.ndarray[tuple[int], np.dtype[np.int32]]"
    segments: tuple[Segment, ...]


def parts(recording: Recording, *, by_day: bool) -> Iterator[Part]:
    """Every channel of a recording, its days apart or not, in the order of time; beats come last."""
    for channel, pieces in recording.channels.items():
        found: dict[int | None, list[tuple[Segment, Array, Array]]] = {}
        for number, block in enumerate(pieces):
            n = int(block.values.shape[-1])
            at_s = times_s(block.start_s, block.rate_hz, 0, n)
            for day, low, high in _days(at_s) if by_day else [(None, 0, n)]:
                held = found.setdefault(day, [])
                row = sum(segment.rows for segment, _, _ in held)
                segment = Segment(
                    piece=number, start_s=block.start_s, rate_hz=block.rate_hz, first=low, row=row, rows=high - low
                )
                held.append((segment, at_s[low:high], np.atleast_2d(block.values)[:, low:high]))
        for day, held in found.items():
            yield Part(
                channel,
                day,
                np.concatenate([at_s for _, at_s, _ in held]),
                np.concatenate([values for _, _, values in held], axis=1),
                np.repeat(np.array([s.piece for s, _, _ in held], np.int32), [s.rows for s, _, _ in held]),
                tuple(segment for segment, _, _ in held),
            )
    if recording.ibi_s is not None:
        at_s, intervals_s = recording.ibi_s
        for day, low, high in _days(at_s) if by_day else [(None, 0, at_s.size)]:
            one = np.zeros(high - low, np.int32)
            yield Part("ibi", day, at_s[low:high], intervals_s[None, low:high], one, ())


def _days(at_s: Array) -> Iterator[tuple[int, int, int]]:
    """Each UTC day of rising times, and the samples in it: its first and the one after its last."""
    days = np.floor_divide(at_s, DAY_S).astype(np.int64)
    edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), int(days.size)]
    for low, high in pairwise(edges):
        if low < high:
            yield int(days[low]), low, high


def date_of(day: int) -> str:
    """A day since 1970 as 2024-05-06."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day):%Y-%m-%d}"


def digest_of(data: bytes) -> str:
    """The SHA-256 of a file, as hex digits."""
    return hashlib.sha256(data).hexdigest()


def sheet(recording: Recording, about: About, files: tuple[File, ...], labels: str | None) -> Sheet:
    """What goes beside the files of a recording."""
    return Sheet(
        notice=SENTENCE,
        software=software(),
        wearer=about.wearer,
        name=recording.name,
        device=recording.device,
        deidentified=about.shifted_s is not None,
        zone=about.zone if about.shifted_s is None else "",
        local=local_offsets(recording, about),
        files=files,
        labels=labels,
        presses_s=tuple(recording.tags_s.tolist()) if about.with_labels else (),
        notes=recording.notes,
    )


def software() -> str:
    """The program and its version."""
    try:
        return f"forecalm {version('forecalm')}"
    except PackageNotFoundError:
        return "forecalm"


def local_offsets(recording: Recording, about: About) -> tuple[Offset, ...]:
    """What clocks at the site showed beside UTC when it was recorded: at its start, and wherever they changed. Where
    dates were shifted this keeps the time of day true, across daylight saving too."""
    zone, shifted_s = ZoneInfo(about.zone), about.shifted_s or 0
    begin, end = recording.start_s + shifted_s, recording.end_s + shifted_s
    steps = [begin, *np.arange(np.floor(begin / STEP_S) + 1, np.ceil(end / STEP_S)) * STEP_S]
    found: list[Offset] = []
    for at_s in steps:
        beside = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(at_s))).astimezone(zone).utcoffset()
        offset_s = 0.0 if beside is None else beside.total_seconds()
        if not found or found[-1].offset_s != offset_s:
            found.append(Offset(from_s=float(at_s) - shifted_s, offset_s=offset_s))
    return tuple(found)
