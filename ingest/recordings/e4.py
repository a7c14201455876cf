"""An Empatica E4 session on disk (zip or folder) in, its channels in physical units out.

Layout (export of Empatica Connect): row 1 is the start in UTC s, row 2 the rate in Hz, then one sample a line; ACC is
in 1/64 g and has both head rows three times. IBI.csv lists, for each beat, its time after the start of the file and the
interval that *ends* with it: within a run of beats the step from one time to the next equals the interval of the later
row, in every session seen; so the time is the beat's own, not that of the one before.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from ingest.errors import RecordingError
from ingest.recordings.archive import Source, decoded, leaf_of, sources
from ingest.recordings.e4_labels import labels
from ingest.recordings.recording import Format, Recording
from ingest.types import CHANNELS, Array, Block
from ingest.wire import RATE_MAX_HZ, RATE_MIN_HZ

FILES: Final = {"eda": "EDA.csv", "temperature": "TEMP.csv", "ppg": "BVP.csv", "motion": "ACC.csv"}
DEVICE: Final = "empatica-e4"
COUNTS_PER_G: Final = 64  # ACC.csv
START_MAX_S: Final = 4_102_444_800  # the year 2100: beyond it these are milliseconds
APART_MAX_S: Final = 86_400  # between the starts of two channels: beyond it they are two sessions
INTERVAL_MAX_S: Final = 10.0  # what the wire carries
_BLANK: Final = 64  # bytes looked at first, so that a long file is not copied to know whether it is empty
_SENSORS: Final = frozenset(file.lower() for file in FILES.values())
_KNOWN: Final = _SENSORS | {"ibi.csv", "hr.csv", "info.txt"}
_TAGS: Final = re.compile(r"tags.*\.csv\Z")  # tags.csv, and tags_S01.csv where somebody renamed it
_NAMED: Final = re.compile(rb"(\xef\xbb\xbf)?\s*\"?[A-Za-z]")
_HEAD: Final = re.compile(rb"(\xef\xbb\xbf)?\s*\d+(\.\d+)?\s*([,\r\n]|\Z)")  # the start, in seconds


def read(path: Path) -> Recording:
    """Read the one session at ``path``, a zip or a folder; raises RecordingError as ``read_session`` does."""
    sessions: list[Source] = []
    for source in sources(path):
        if isinstance(source, RecordingError):
            raise source
        sessions += (source.part(names) for names in _sessions(source))
        if len(sessions) > 1:
            some = ", ".join(sorted(session.name for session in sessions)[:5])
            raise RecordingError(f"{path.name}: holds several sessions ({some}): give each its own zip or folder")
        if sessions:
            found = read_session(sessions[0])
    if not sessions:
        raise RecordingError(f"{path.name}: no E4 session: none of {', '.join(FILES.values())} is in it")
    return replace(found, name=path.stem)


def parts(source: Source) -> list[Source]:
    """The folders of a source that hold an E4 session: a file that begins as such, or two by name of which none begins
    with names of columns, as other devices' tables do."""
    return [source.part(names) for names in _sessions(source) if _is_told(source, names)]


def _sessions(source: Source) -> list[list[str]]:
    """The files of each folder that holds a sensor's file, by E4's names for them."""
    found = []
    for names in source.by_folder().values():
        if any(leaf_of(name) in _SENSORS for name in names):
            found.append([name for name in names if leaf_of(name) in _KNOWN or _TAGS.match(leaf_of(name))])
    return found


def _is_told(source: Source, names: Sequence[str]) -> bool:
    heads = [source.head(name) for name in names if leaf_of(name) in _SENSORS]
    return any(map(_HEAD.match, heads)) or (len(heads) > 1 and not any(map(_NAMED.match, heads)))


def read_session(part: Source) -> Recording:
    """Read one session: the files of one folder, and a table of labels beside it. A sensor whose file is empty or
    missing is noted; raises RecordingError, naming the file, the line and the mend, where a file cannot be used or no
    sensor is left."""
    if part.names == (part.name,):
        raise RecordingError(f"{part.name}: one file of a session: name the folder or the zip that holds it")
    files = {leaf_of(name): name for name in part.names}

    def text(name: str) -> _Text:
        inside = files.get(name.lower())
        return _Text(part.name, name, None if inside is None else part.read(inside))

    with ThreadPoolExecutor(len(FILES)) as threads:  # unzipping and parsing both let other threads run
        read = list(threads.map(lambda channel: _block(channel, text(FILES[channel])), FILES))
    blocks = {block.channel: block for block, _ in read if block is not None}
    notes = [note for _, said in read for note in said]
    if not blocks:
        raise RecordingError(f"{part.name}: no sensor file holds a sample: {'; '.join(notes)}")
    starts = {FILES[name]: block.start_s for name, block in blocks.items()}
    if max(starts.values()) - min(starts.values()) > APART_MAX_S:
        raise RecordingError(f"{part.name}: the files start days apart ({starts}): put each session in its own folder")
    ibi_s = _intervals(text("IBI.csv"), notes)
    tags_s = _tags([text(name) for name in sorted(files) if _TAGS.match(name)], notes)
    channels: dict[str, tuple[Block, ...]] = {name: (block,) for name, block in blocks.items()}
    found = Recording(part.stem, DEVICE, min(starts.values()), channels, ibi_s, tags_s, ())
    if ibi_s is not None and ibi_s[0, -1] > found.end_s:
        notes.append(f"IBI.csv: {int((ibi_s[0] > found.end_s).sum())} beats lie after the end of every sensor")
    outside = int(((tags_s < found.start_s) | (tags_s > found.end_s)).sum())
    if outside:
        notes.append(f"tags: {outside} of {tags_s.size} lie outside the recording")
    if "hr.csv" in files:
        notes.append("HR.csv is left out: it is smoothed and lags by half a minute")
    said, more = labels(part)
    return replace(found, notes=tuple(notes + more), labels=said)


FORMAT: Final = Format(
    DEVICE,
    "an Empatica E4 session: a zip or folder with EDA.csv, TEMP.csv, BVP.csv, ACC.csv, IBI.csv and tags.csv",
    parts,
    lambda part: [read_session(part)],
)


class _Text:
    """The lines of one file, and what is wrong with them."""

    def __init__(self, session: str, name: str, data: bytes | None) -> None:
        self._where = f"{session}: {name}"
        self.name = name
        self.absent = data is None
        self._data = data or b""

    @property
    def is_empty(self) -> bool:
        return not self._data[:_BLANK].strip(b"\r\n\t \xef\xbb\xbf") and not self._data.strip(b"\r\n\t \xef\xbb\xbf")

    @cached_property
    def lines(self) -> list[str]:
        """Every line, the slow way; raises RecordingError where it is no text."""
        return decoded(self._data, self._where).rstrip().split("\n")

    @cached_property
    def head(self) -> list[str]:
        """The first two lines, or as many as there are."""
        if self._data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return self.lines[:2]
        lines = decoded(b"\n".join(self._data.split(b"\n", 2)[:2]), self._where).rstrip().split("\n")
        return lines if lines != [""] else []

    def error(self, line: int, what: str) -> RecordingError:
        """What is wrong with line number ``line``, which counts from 1."""
        return RecordingError(f"{self._where} line {line}: {what}")

    def numbers(self, first: int, columns: int, last: int | None = None) -> Array:
        """Return (lines, columns): the finite numbers in the lines from number ``first`` to ``last``."""
        if last is None:
            from ingest.recordings.numbers import plain

            start = 0
            for _ in range(first - 1):
                start = self._data.find(b"\n", start) + 1 or len(self._data)
            found = plain(self._data, start=start, columns=columns)
            if found is not None:
                return found.T
        return self._numbers_slowly(first, columns, last)

    def _numbers_slowly(self, first: int, columns: int, last: int | None) -> Array:
        """The same of numbers however they are written; raises RecordingError, naming the line and the mend."""
        lines = (self.head if last == 2 else self.lines)[first - 1 : last]
        for i, line in enumerate(lines):
            if line.count(",") != columns - 1:
                raise self.error(first + i, f"{line.count(',') + 1} columns, expected {columns}: export it again")
        try:
            joined = ",".join(lines)
            if "_" in joined:  # which Python would allow within a number
                raise ValueError
            found = np.array(list(map(float, joined.split(","))) if lines else [], np.float64)
        except ValueError:
            at, cell = next(
                (i, cell) for i, line in enumerate(lines) for cell in line.split(",") if not _is_number(cell)
            )
            raise self.error(first + at, f"{cell.strip()[:20]!r} is not a number: mend or remove the line") from None
        if not np.isfinite(found).all():
            at = int(np.argmin(np.isfinite(found))) // columns
            raise self.error(first + at, "the number is not finite: mend or remove the line")
        return found.reshape(-1, columns)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _head(text: _Text, columns: int) -> tuple[float, float]:
    """The start [UTC s] and the rate [Hz] of a sensor file."""
    if len(text.head) < 2:
        raise text.error(2, "the sample rate is missing: the file was cut short, export it again")
    head = text.numbers(1, columns, last=2)
    start_s, rate_hz = float(head[0, 0]), float(head[1, 0])
    if (head != head[:, :1]).any():
        raise text.error(1, "start and rate must be the same in every column: export it again")
    if not 0 <= start_s <= START_MAX_S:
        raise text.error(1, f"the start {start_s:g} is not in UTC seconds: divide milliseconds by 1000")
    if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
        raise text.error(
            2, f"the rate {rate_hz:g} Hz must be within {RATE_MIN_HZ} to {RATE_MAX_HZ:g}: put in the true one"
        )
    return start_s, rate_hz


def _block(channel: str, text: _Text) -> tuple[Block | None, list[str]]:
    """One sensor, and what is to note; None where there is no sample. What no working sensor says is unknown (NaN)."""
    notes: list[str] = []
    if text.is_empty:
        return None, [f"{text.name} is {'missing' if text.absent else 'empty'}"]
    kind = CHANNELS[channel]
    start_s, rate_hz = _head(text, kind.axes)
    numbers = text.numbers(3, kind.axes)
    if not numbers.size:
        return None, [f"{text.name} holds no sample"]
    physical = np.ascontiguousarray(numbers.T)
    if channel == "motion":
        physical /= COUNTS_PER_G
    if physical.min() < kind.low or physical.max() > kind.high:
        wrong = (physical < kind.low) | (physical > kind.high)
        physical[wrong] = np.nan
        notes.append(
            f"{text.name}: {int(wrong.any(axis=0).sum())} samples are outside {kind.low} to {kind.high} {kind.unit}"
        )
    return Block(channel, start_s, rate_hz, physical if kind.axes > 1 else physical[0]), notes


def _intervals(text: _Text, notes: list[str]) -> Array | None:
    """The band's own intervals in time order, (2, n); None, with a note, where it found none."""
    if text.is_empty or len(text.head) < 2:
        notes.append(f"IBI.csv {'is missing' if text.absent else 'holds no interval'}")
        return None
    head = text.head[0].split(",")
    if len(head) != 2 or not _is_number(head[0]) or not 0 <= float(head[0]) <= START_MAX_S:
        raise text.error(1, "expected the start in UTC seconds and 'IBI': export it again")
    rows = text.numbers(2, 2)
    usable = (rows[:, 1] > 0) & (rows[:, 1] <= INTERVAL_MAX_S) & (rows[:, 0] >= 0)
    if not usable.all():
        notes.append(f"IBI.csv: {int((~usable).sum())} rows have no interval of 0 to {INTERVAL_MAX_S:g} s")
    rows = rows[usable]
    if not rows.size:
        return None
    if (np.diff(rows[:, 0]) < 0).any():
        notes.append("IBI.csv is not in time order; sorted")
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return np.stack([float(head[0]) + rows[:, 0], rows[:, 1]])


def _tags(texts: Sequence[_Text], notes: list[str]) -> Array:
    """Every button press in time order [UTC s], from tags.csv or tags_*.csv."""
    if not texts:
        notes.append("tags.csv is missing")
    return np.sort(np.concatenate([np.zeros(0), *(text.numbers(1, 1)[:, 0] for text in texts if not text.is_empty)]))
