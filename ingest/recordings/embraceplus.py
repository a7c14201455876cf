"""Raw Avro files of an Empatica EmbracePlus in, each wearing as one recording out.

A file holds at most half an hour: ``[participant]_[start, unix s].avro``. Each stream has its own start (us UTC) and
its own measured rate, which is no whole number and is kept as it is. Acceleration is in counts: g = count x
``conversionFactor`` from schema 6.5.0 on, count x (physicalMax - physicalMin) / (digitalMax - digitalMin) before.
A stream that was not recorded has no values, start 0 and rate 0. Layout: Empatica, "EmbracePlus raw data: Avro".

Files of one wearing are joined in time order, each stream of each file a piece of its own: a piece begins where its
file says, up to 0.12 s after or before the one before it ended. Such an overlap is the measured rate's own error, so
that nothing is cut away; more than ``OVERLAP_MAX_S`` is the same time exported twice, and is.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.errors import RecordingError
from ingest.recordings.archive import Source, leaf_of
from ingest.recordings.avro import records
from ingest.recordings.recording import Format, Recording
from ingest.types import CHANNELS, Array, Block
from ingest.wire import RATE_MAX_HZ, RATE_MIN_HZ

DEVICE: Final = "empatica-embraceplus"
STREAMS: Final = {"eda": "eda", "temperature": "temperature", "ppg": "bvp", "motion": "accelerometer"}
FILE_MAX: Final = 64 << 20  # bytes: half an hour is one million
PAUSE_MAX_S: Final = 3_600.0  # a longer one ends a wearing: charging takes an hour
FILE_LENGTH_S: Final = 1_800.0  # what a file holds at most
OVERLAP_MAX_S: Final = 1.0  # eight times the largest that is seen between files that follow each other
INTERVAL_S: Final = (0.3, 2.0)  # beats 30 to 200 a minute: outside a peak was missed, or was none
_START_MAX_US: Final = 4_102_444_800_000_000  # the year 2100
_CONVERTED: Final = (6, 5)  # the schema since which conversionFactor counts
_NAME: Final = re.compile(r"(.+)_(\d{9,10})\.avro\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class _File:
    """What one file says."""

    name: str
    who: tuple[str, ...]  # whose, on which device
    blocks: dict[str, Block]
    peaks_ns: NDArray[np.int64]
    tags_s: Array
    notes: list[str]

    @property
    def start_s(self) -> float:
        return min(block.start_s for block in self.blocks.values())

    @property
    def end_s(self) -> float:
        return max(block.end_s for block in self.blocks.values())


def parts(source: Source) -> list[Source]:
    """The Avro files of each wearing, as far as their names tell: one participant, none long after the one before."""
    groups: list[list[str]] = []
    last: tuple[str, float] | None = None
    for who, start_s, name in sorted(_told(name) for name in source.names if leaf_of(name).endswith(".avro")):
        if last is None or last[0] != who or start_s - last[1] > FILE_LENGTH_S + PAUSE_MAX_S:
            groups.append([])
        groups[-1].append(name)
        last = (who, start_s)
    return [source.part(group) for group in groups]


def _told(name: str) -> tuple[str, float, str]:
    """Whose file it is and from when, by its name."""
    match = _NAME.match(PurePosixPath(name).name)
    return (match[1], float(match[2]), name) if match else (str(PurePosixPath(name).parent), 0.0, name)


def read(part: Source) -> list[Recording]:
    """Read the wearings among some files, one recording each. A file that cannot be read refuses them all, so that what
    is imported is the whole; raises RecordingError, naming the file, the field and the mend."""
    seen: dict[bytes, str] = {}
    files: list[_File] = []
    notes: list[str] = []
    for name in part.names:
        data = part.read(name, limit=FILE_MAX)
        if data in seen:
            notes.append(f"{name} is the same file as {seen[data]}: left out")
            continue
        seen[data] = name
        for found in records(data, part.where(name)):
            file = _file(found, PurePosixPath(name).stem, part.where(name))
            if file.blocks:
                files.append(file)
            else:
                notes.append(f"{name} holds no sample")
    if not files:
        raise RecordingError(f"{part.name}: no Avro file holds a sample: {'; '.join(notes)}")
    return [_wearing(each, notes) for each in _wearings(files)]


FORMAT: Final = Format(DEVICE, "raw data of an Empatica EmbracePlus: a folder or zip of .avro files", parts, read)


def _file(found: Any, name: str, where: str) -> _File:  # noqa: ANN401 - JSON-like, checked here
    session, raw = _Fields(found, where), _Fields(found, where).within("rawData")
    version = session.within("schemaVersion")
    enrolment = session.within("enrollment")
    who = (session.text("deviceSn"), *(enrolment.text(f"{key}ID") for key in ("organization", "site", "participant")))
    notes: list[str] = []
    blocks: dict[str, Block] = {}
    for channel, stream in STREAMS.items():
        fields = raw.within(stream)
        if channel == "motion":
            converted = (version.number("major"), version.number("minor")) >= _CONVERTED
            values = _motion(fields, converted=converted)
        else:
            values = fields.numbers("values")
        if values.size:
            blocks[channel] = _block(channel, fields, values, name, notes)
    return _File(
        name=name,
        who=who,
        blocks=blocks,
        peaks_ns=raw.within("systolicPeaks").times("peaksTimeNanos", 1000),
        tags_s=raw.within("tags").times("tagsTimeMicros", 1) / 1e6,
        notes=notes,
    )


def _block(channel: str, fields: "_Fields", values: Array, name: str, notes: list[str]) -> Block:
    """One stream; what no working sensor says is unknown (NaN), and noted."""
    kind = CHANNELS[channel]
    start_us, rate_hz = fields.number("timestampStart"), fields.number("samplingFrequency")
    if not 0 < start_us <= _START_MAX_US:
        raise fields.error("timestampStart", f"{start_us:.0f} is no time in us UTC")
    if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
        raise fields.error("samplingFrequency", f"{rate_hz:g} Hz is not within {RATE_MIN_HZ} to {RATE_MAX_HZ:g}")
    wrong = ~((values >= kind.low) & (values <= kind.high))
    if wrong.any():
        values[wrong] = np.nan
        n = int((wrong.any(axis=0) if kind.axes > 1 else wrong).sum())
        notes.append(f"{name}: {n} samples of {STREAMS[channel]} are outside {kind.low} to {kind.high} {kind.unit}")
    return Block(channel, start_us / 1e6, rate_hz, values)


def _motion(fields: "_Fields", *, converted: bool) -> Array:
    """Acceleration in g, (3, n)."""
    axes = [fields.numbers(axis) for axis in ("x", "y", "z")]
    if len({axis.size for axis in axes}) != 1:
        raise fields.error("x, y, z", f"have {[axis.size for axis in axes]} values: they go together")
    if not axes[0].size:
        return np.zeros(0)
    imu = fields.within("imuParams")
    if converted and imu.has("conversionFactor"):
        scale = imu.number("conversionFactor")
    else:
        span = imu.number("digitalMax") - imu.number("digitalMin")
        scale = (imu.number("physicalMax") - imu.number("physicalMin")) / span if span else 0.0
    if not scale > 0:
        raise fields.error("imuParams", "gives no scale from counts to g")
    return np.stack(axes) * scale


class _Fields:
    """The fields of one record, checked as they are asked for."""

    def __init__(self, found: Any, where: str, path: str = "") -> None:  # noqa: ANN401
        if not isinstance(found, dict):
            raise RecordingError(f"{where}: {path or 'the record'} has no fields: not an EmbracePlus file")
        self._found, self._where, self._path = found, where, path

    def error(self, field: str, what: str) -> RecordingError:
        return RecordingError(f"{self._where}: {self._path}{field} {what}: export the file again")

    def has(self, field: str) -> bool:
        return self._found.get(field) is not None

    def within(self, field: str) -> "_Fields":
        """A record in it; one that is absent is an empty one: older schemas do not have every stream."""
        value = self._found.get(field)
        return _Fields({} if value is None else value, self._where, f"{self._path}{field}.")

    def text(self, field: str) -> str:
        return str(self._found.get(field, ""))

    def number(self, field: str) -> float:
        value = self._found.get(field)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise self.error(field, f"is {str(value)[:20]!r}, which is no number")
        return float(value)

    def numbers(self, field: str) -> Array:
        """A list of numbers, float64; an infinite one is unknown. An absent list is empty."""
        return np.array(self._list(field), np.float64)

    def times(self, field: str, per_us: int) -> NDArray[np.int64]:
        """A list of whole times in 1 / ``per_us`` us; those that are no time are left out."""
        found = np.array([each for each in self._list(field) if isinstance(each, int)], np.int64)
        return found[(found > 0) & (found <= _START_MAX_US * per_us)]

    def _list(self, field: str) -> list[Any]:
        value = self._found.get(field)
        if not isinstance(value, list | None):
            raise self.error(field, "is no list of numbers")
        return value or []


def _wearings(files: list[_File]) -> list[list[_File]]:
    """The files of each wearing in time order: one device and participant, no pause longer than ``PAUSE_MAX_S``."""
    found: list[list[_File]] = []
    for file in sorted(files, key=lambda each: (each.who, each.start_s)):
        before = found[-1] if found else []
        if not before or before[-1].who != file.who or file.start_s > max(f.end_s for f in before) + PAUSE_MAX_S:
            found.append([])
        found[-1].append(file)
    return sorted(found, key=lambda each: each[0].start_s)


def _wearing(files: Sequence[_File], general: list[str]) -> Recording:
    notes = [*general, *(note for file in files for note in file.notes)]
    channels = {}
    for channel in STREAMS:
        pieces = [file.blocks[channel] for file in files if channel in file.blocks]
        if pieces:
            channels[channel] = _joined(pieces, notes)
        else:
            notes.append(f"no file holds {STREAMS[channel]}")
    tags_s = np.unique(np.concatenate([file.tags_s for file in files]))
    ibi_s = _intervals(np.unique(np.concatenate([file.peaks_ns for file in files])), notes)
    start_s = min(pieces[0].start_s for pieces in channels.values())
    return Recording(files[0].name, DEVICE, start_s, channels, ibi_s, tags_s, tuple(notes))


def _joined(pieces: list[Block], notes: list[str]) -> tuple[Block, ...]:
    """Pieces in time order; what repeats more than ``OVERLAP_MAX_S`` of the one before is cut off."""
    kept: list[Block] = []
    for piece in sorted(pieces, key=lambda each: each.start_s):
        again_s = kept[-1].end_s - piece.start_s if kept else 0.0
        if again_s <= OVERLAP_MAX_S:
            kept.append(piece)
            continue
        first = int(np.ceil(again_s * piece.rate_hz - 1e-6))
        notes.append(f"{STREAMS[piece.channel]}: {again_s:.1f} s are there twice: kept once")
        if first < piece.values.shape[-1]:
            start_s = piece.start_s + first / piece.rate_hz
            kept.append(Block(piece.channel, start_s, piece.rate_hz, piece.values[..., first:]))
    steps_s = [after.start_s - before.end_s for before, after in itertools.pairwise(kept)]
    if steps_s:
        said = f"{min(steps_s):+.3f} to {max(steps_s):+.3f} s between them"
        notes.append(f"{STREAMS[kept[0].channel]}: {len(kept)} pieces, {said}")
    return tuple(kept)


def _intervals(peaks_ns: NDArray[np.int64], notes: list[str]) -> Array | None:
    """Intervals between systolic peaks, (2, n): the device lists peaks only, those in movement too, and no interval.
    Those outside ``INTERVAL_S`` are left out."""
    steps_s = np.diff(peaks_ns) / 1e9
    usable = (steps_s >= INTERVAL_S[0]) & (steps_s <= INTERVAL_S[1])
    if not usable.any():
        notes.append("systolicPeaks holds no interval")
        return None
    if not usable.all():
        low, high = INTERVAL_S
        notes.append(f"systolicPeaks: {int((~usable).sum())} of {usable.size} intervals are outside {low} to {high} s")
    return np.stack([peaks_ns[1:][usable] / 1e9, steps_s[usable]])
