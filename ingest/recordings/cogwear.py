"""A folder of long tables in, value and time in each, as CogWear has them: a recording a device, its folder the label.

Layout (PhysioNet, "CogWear" 1.0.0): a folder a participant, in it ``baseline`` (rest) and ``cognitive_load`` (a Stroop
task), in these a CSV a stream with two columns, of which the second is ``time`` [UTC s]: ``eda`` [uS], ``temp`` [degC]
and ``bvp`` of an Empatica E4; ``PPG GREEN`` (times to the millisecond) or ``Samsung HR Raw Sensor`` (times to the
second) of a Galaxy Watch4. A stream is known by its head, not by the name of its file.

Repaired, and noted: the rate of the original export that stands as the first value of a stream; the watch's 32-bit
counts that were taken for the bits of a float (about 1e-39); rows out of order and rows that share a second.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

import numpy as np

from ingest.errors import RecordingError
from ingest.labels import Label
from ingest.recordings.archive import Source
from ingest.recordings.even import even
from ingest.recordings.recording import Format, Recording
from ingest.recordings.rows import columns
from ingest.types import Array, Block

E4: Final = "cogwear-e4"
WATCH: Final = "cogwear-watch"
STREAMS: Final = {
    "eda": (E4, "eda", 4.0),
    "temp": (E4, "temperature", 4.0),
    "bvp": (E4, "ppg", 64.0),
    "ppg green": (WATCH, "ppg", 25.0),
    "samsung hr raw sensor": (WATCH, "ppg", 25.0),
}
"""The device, the channel and the nominal rate [Hz] of a stream, by the name of its column."""
CONDITIONS: Final = {"baseline": "rest", "cognitive_load": "cognitive load"}
LEAK_MIN: Final = 0.5  # how far a leaked rate is from the value after it, in units of the stream: no skin moves so
_COUNT: Final = 2.0**-149  # the smallest float of 32 bits: what a count of 1 reads as
_FLOAT_MIN: Final = 2.0**-126  # below it a float of 32 bits is nothing but a count
_HEAD: Final = re.compile(rb'(?:\xef\xbb\xbf)?"?([A-Za-z][A-Za-z0-9 ]{1,40})"?,"?time"?\s*(?:\r?\n|\Z)')


def parts(source: Source) -> list[Source]:
    """Each folder that holds such tables."""
    found = []
    for names in source.by_folder().values():
        streams = [name for name in names if name.lower().endswith(".csv") and _stream(source.head(name)) is not None]
        if streams:
            found.append(source.part(streams))
    return found


def _stream(head: bytes) -> str | None:
    """The name of a table's first column, where it is a stream that is known."""
    match = _HEAD.match(head)
    name = match[1].decode().strip().lower() if match else ""
    return name if name in STREAMS else None


def read(part: Source) -> list[Recording]:
    """Read one folder: a recording a device. Raises RecordingError, naming the file, the line and the mend."""
    found: dict[str, dict[str, tuple[Block, ...]]] = {}
    notes: dict[str, list[str]] = {}
    for name in part.names:
        stream = _stream(part.head(name))
        if stream is None:
            raise RecordingError(f"{part.where(name)} line 1: must name a known column and 'time': export it again")
        device, channel, rate_hz = STREAMS[stream]
        channels, said = found.setdefault(device, {}), notes.setdefault(device, [])
        if channel in channels:
            raise RecordingError(f"{part.where(name)}: a second file of {channel}: put it into a folder of its own")
        pieces = _pieces(part, name, channel, rate_hz, said)
        if pieces:
            channels[channel] = pieces
    recordings = [_recording(part, device, each, notes[device]) for device, each in found.items() if each]
    if not recordings:
        said = [note for each in notes.values() for note in each]
        raise RecordingError(f"{part.name}: no file holds a sample: {'; '.join(said)}")
    return [replace(each, labels=_labels(part, recordings)) for each in recordings]


FORMAT: Final = Format(
    "cogwear", "a folder of CogWear: tables eda,time temp,time bvp,time or PPG GREEN,time", parts, read
)


def _recording(part: Source, device: str, channels: dict[str, tuple[Block, ...]], notes: Sequence[str]) -> Recording:
    folder = PurePosixPath(part.name)
    start_s = min(pieces[0].start_s for pieces in channels.values())
    above = PurePosixPath(folder.parent.name).stem if folder.parent.name else ""
    name = " ".join(each for each in (above, folder.name, device) if each)
    return Recording(name, device, start_s, channels, None, np.zeros(0), tuple(notes))


def _labels(part: Source, recordings: Sequence[Recording]) -> tuple[Label, ...]:
    """What the folder's name says, of all devices the same: it is one wearer's."""
    what = CONDITIONS.get(PurePosixPath(part.name).name)
    start_s, end_s = min(each.start_s for each in recordings), max(each.end_s for each in recordings)
    return () if what is None else (Label(what=what, start_s=start_s, end_s=end_s, rater="protocol"),)


def _pieces(part: Source, name: str, channel: str, rate_hz: float, notes: list[str]) -> tuple[Block, ...]:
    leaf = PurePosixPath(name).name
    values, times_s = columns(part.read(name), part.where(name), skip=1, width=2)
    if channel == "ppg":
        values = _restored(values, leaf, notes)
    if values.size > 1 and values[0] == rate_hz and (values[1] == 0 or abs(values[1] - rate_hz) > LEAK_MIN):
        notes.append(f"{leaf}: the first value is the rate of the original export: left out")
        values, times_s = values[1:], times_s[1:]
    if not values.size:
        notes.append(f"{leaf} holds no sample")
        return ()
    pieces, said = even(channel, times_s, values, name=leaf, rate_hz=rate_hz)
    notes += said
    return pieces


def _restored(values: Array, leaf: str, notes: list[str]) -> Array:
    """Counts of 32 bits that somebody took for the bits of a float, as counts again."""
    known = values[values != 0]
    if not known.size or np.abs(known).max() >= _FLOAT_MIN:
        return values
    notes.append(f"{leaf}: counts were taken for the bits of a float: repaired, each to a count or so")
    return np.rint(values / _COUNT)
