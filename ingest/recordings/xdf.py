"""An XDF file of LabRecorder in, a recording for each device among its streams out.

Streams are known by their names and types, their channels by labels, types and units (``desc/channels/channel``, the
convention of XDF's metadata). Their clocks are brought to the recorder's by its offsets (pyxdf). LSL's clock tells no
time of day: the recorder's first moment is the ``datetime`` of the file's head, which is right to some seconds. Streams
of markers become labels. Where two streams hold one channel, the first word of their names must tell the devices apart.

The file is walked through before pyxdf sees it, so that what a chunk says of its size is true: pyxdf would reserve
memory for whatever it says, and pass over what is damaged without a word. Layout: "Specifications" of sccn/xdf.
"""

import io
import re
import struct
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Final
from xml.etree import ElementTree  # document types are refused before it is asked: see _xml

import numpy as np

from ingest.errors import RecordingError
from ingest.labels import TEXT_MAX, Label
from ingest.recordings.archive import Source
from ingest.recordings.even import even, steady
from ingest.recordings.recording import Format, Recording
from ingest.recordings.xdf_streams import Part, parts_of
from ingest.types import Block

DEVICE: Final = "lab-streaming-layer"
MAGIC: Final = b"XDF:"
FILE_MAX: Final = 256 << 20  # bytes: a day of a band and a laboratory's EEG beside it
STREAMS_MAX: Final = 1_000
CHANNELS_MAX: Final = 10_000  # of a stream: dense EEG has some hundreds
MARKERS_MAX: Final = 100_000
MARKER_S: Final = 0.1  # how long a marker's program may have waited before it sent it
_HEADER, _STREAM, _SAMPLES, _OFFSET, _FOOTER = 1, 2, 3, 4, 6
_SIZES: Final = dict(float32=4, double64=8, int8=1, int16=2, int32=4, int64=8, string=1)
"""Bytes of one value, at least."""
_ZONE: Final = re.compile(r"([+-]\d\d)(\d\d)\Z")


@dataclass(frozen=True, slots=True, eq=False)
class _Walked:
    """What a walk through a file found: its whole chunks, when it says it began [UTC s], and what to note."""

    data: bytes
    began_s: float | None
    notes: tuple[str, ...]


def parts(source: Source) -> list[Source]:
    """Each file that begins as one."""
    return [source.part([name]) for name in source.names if source.head(name, len(MAGIC)) == MAGIC]


def read(part: Source) -> list[Recording]:
    """Read one file. Raises RecordingError, naming the file, the stream and the mend."""
    (name,) = part.names
    where = part.where(name)
    walked = _walk(part.read(name, limit=FILE_MAX), where)
    streams = _load(walked.data, where)
    shift_s = _shift_s(streams, walked.began_s)
    notes = [*walked.notes]
    if walked.began_s is None:
        notes.append("the file tells no time of day: it is said to start at 1970-01-01 00:00 UTC")
    else:
        notes.append("the time of day is that of the file's head, right to some seconds")
    labels: list[Label] = []
    found: list[tuple[str, list[tuple[Part, Mapping[str, Any]]]]] = []
    for stream in streams:
        if stream["info"]["channel_format"][0] == "string":
            labels += _markers(stream, shift_s, where, notes)
            continue
        title = str(stream["info"]["name"][0])
        mine = parts_of(stream["info"], where, notes)
        if mine and len(stream["time_stamps"]):
            found.append((title, [(each, stream) for each in mine]))
        elif mine:
            notes.append(f"{title}: holds no sample")
        else:
            notes.append(f"{title}: no channel that is known: left out")
    if not found:
        raise RecordingError(f"{where}: no stream of EDA, PPG, acceleration or temperature: {'; '.join(notes)}")
    said = tuple(sorted(labels, key=lambda label: label.start_s))
    stem = PurePosixPath(name).stem
    return [_recording(stem, title, each, shift_s, notes, said) for title, each in _devices(found, where).items()]


FORMAT: Final = Format(DEVICE, "an .xdf file of LabRecorder", parts, read)


def _devices(
    found: Sequence[tuple[str, list[tuple[Part, Mapping[str, Any]]]]], where: str
) -> dict[str, list[tuple[Part, Mapping[str, Any]]]]:
    """The parts of each device: all in one, or by the first word of their streams' names where that is needed."""
    together = [each for _, mine in found for each in mine]
    if len({each.channel for each, _ in together}) == len(together):
        return {"": together}
    devices: dict[str, list[tuple[Part, Mapping[str, Any]]]] = {}
    for title, mine in found:
        devices.setdefault(re.split(r"[\s\-_.:/]", title.strip(), maxsplit=1)[0], []).extend(mine)
    for device, mine in devices.items():
        for channel in {each.channel for each, _ in mine}:
            names = sorted(str(stream["info"]["name"][0]) for each, stream in mine if each.channel == channel)
            if len(names) > 1:
                raise RecordingError(
                    f"{where}: {device}: the streams {', '.join(names)} all hold {channel}: name them after their"
                    " devices (band1-EDA, band2-EDA), or save one device a file"
                )
    return devices


def _recording(
    stem: str,
    device: str,
    mine: Sequence[tuple[Part, Mapping[str, Any]]],
    shift_s: float,
    general: Sequence[str],
    labels: tuple[Label, ...],
) -> Recording:
    notes = list(general)
    channels: dict[str, tuple[Block, ...]] = {}
    for each, stream in mine:
        series = np.asarray(stream["time_series"], np.float64).T[list(each.columns)] * each.scale + each.offset
        values = series if len(each.columns) > 1 else series[0]
        times_s = np.asarray(stream["time_stamps"], np.float64) + shift_s
        title = str(stream["info"]["name"][0])
        rate_hz = each.rate_hz
        if rate_hz:
            channels[each.channel], said = steady(each.channel, times_s, values, name=title, rate_hz=rate_hz)
        else:
            channels[each.channel], said = even(each.channel, times_s, values, name=title)
        notes += said
    start_s = min(pieces[0].start_s for pieces in channels.values())
    name = f"{stem} {device}" if device else stem
    return Recording(name, DEVICE, start_s, channels, None, np.zeros(0), tuple(notes), labels)


def _shift_s(streams: Sequence[Mapping[str, Any]], began_s: float | None) -> float:
    """What to add to LSL's clock [s]: the first moment that it knows of is the file's beginning."""
    first = [float(stream["time_stamps"][0]) for stream in streams if len(stream["time_stamps"])]
    first += [float(time_s) for stream in streams for time_s in stream.get("clock_times", [])]
    first = [each for each in first if np.isfinite(each)]
    return (began_s or 0.0) - min(first, default=0.0)


def _markers(stream: Mapping[str, Any], shift_s: float, where: str, notes: list[str]) -> list[Label]:
    """What a stream of words says: a moment each."""
    title = str(stream["info"]["name"][0]).strip()
    if len(stream["time_stamps"]) > MARKERS_MAX:
        raise RecordingError(f"{where}: {title}: more than {MARKERS_MAX} markers: save the stream to a file of its own")
    found, left = [], 0
    for time_s, cells in zip(stream["time_stamps"], stream["time_series"], strict=True):
        what = " ".join("".join(each if each.isprintable() else " " for each in " ".join(cells)).split())
        at_s = float(time_s) + shift_s
        if not what or len(what) > TEXT_MAX or not at_s >= 0:
            left += 1
            continue
        rater = (title if title.isprintable() else "")[:TEXT_MAX].strip() or "markers"
        found.append(Label(what=what, start_s=at_s, end_s=at_s, rater=rater, onset_uncertainty_s=MARKER_S))
    if left:
        notes.append(f"{title}: {left} markers are empty, or longer than {TEXT_MAX} characters: left out")
    return found


def _load(data: bytes, where: str) -> list[Mapping[str, Any]]:
    try:
        import pyxdf
    except ImportError as error:
        raise RecordingError(f"{where}: to read XDF, pip install 'forecalm[formats]'") from error
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            streams, _ = pyxdf.load_xdf(io.BytesIO(data), dejitter_timestamps=False, verbose=False)
    except Exception as error:  # whatever a library raises for bytes that it did not expect
        raise RecordingError(
            f"{where}: pyxdf cannot read it ({type(error).__name__}: {error}): save it again"
        ) from error
    return sorted(streams, key=lambda stream: int(stream["info"]["stream_id"]))


def _walk(data: bytes, where: str) -> _Walked:
    """Check every chunk. One that is cut off at the end is left out and noted; raises RecordingError for others."""
    if data[:4] != MAGIC:
        raise RecordingError(f"{where}: does not begin as XDF does: save it again")
    at, sizes, began_s = len(MAGIC), dict[int, tuple[int, int]](), None
    while at < len(data):
        begin = at
        length, at = _varlen(data, at, where)
        if length is None or at + length > len(data):
            note = f"the file was cut short: {len(data) - begin} bytes at its end are left out"
            return _Walked(data[:begin], began_s, (note,))
        if length < 2:
            raise RecordingError(
                f"{where}: byte {begin}: a chunk of {length} bytes: the file is damaged, copy it again"
            )
        tag, body = int.from_bytes(data[at : at + 2], "little"), data[at + 2 : at + length]
        if tag == _HEADER:
            began_s = _began_s(_xml(body, where, begin), where)
        elif tag in (_STREAM, _SAMPLES, _OFFSET, _FOOTER):
            if len(body) < 4:
                raise RecordingError(f"{where}: byte {begin}: a chunk without its stream: copy the file again")
            _check(tag, int.from_bytes(body[:4], "little"), body[4:], sizes, f"{where}: byte {begin}")
        at += length
    return _Walked(data, began_s, ())


def _check(tag: int, stream: int, body: bytes, sizes: dict[int, tuple[int, int]], where: str) -> None:
    """Whether a chunk holds what it says. ``sizes`` are how many values a sample of each stream has, and the least
    bytes of one."""
    if tag == _STREAM:
        info = _xml(body, where, 0)
        form, count, rate = (info.findtext(key, "") for key in ("channel_format", "channel_count", "nominal_srate"))
        if info.tag != "info" or form not in _SIZES or not count.isdecimal() or not 0 < int(count) <= CHANNELS_MAX:
            raise RecordingError(f"{where}: a stream of {count[:20]!r} values in {form[:20]!r}: save the file again")
        try:
            sound = 0 <= float(rate) < float("inf")
        except ValueError:
            sound = False
        if not sound or not info.findtext("name") or len(sizes) >= STREAMS_MAX:
            raise RecordingError(f"{where}: a stream must have a name and a nominal rate: save the file again")
        sizes[stream] = (int(count), _SIZES[form])
    elif stream not in sizes:
        raise RecordingError(f"{where}: stream {stream} has no head: the file is damaged, copy it again")
    elif tag == _SAMPLES:
        samples, at = _varlen(body, 0, where)
        values, size = sizes[stream]
        if samples is None or samples * (1 + values * size) > len(body) - at:
            raise RecordingError(f"{where}: holds fewer samples than it says: the file is damaged, copy it again")
    elif tag == _OFFSET and (len(body) != 16 or not np.isfinite(struct.unpack("<2d", body)).all()):
        raise RecordingError(f"{where}: a clock offset is no number: the file is damaged, copy it again")


def _varlen(data: bytes, at: int, where: str) -> tuple[int | None, int]:
    """A length of variable length, and where it ends; None where the data end before."""
    if at >= len(data):
        return None, at
    size = data[at]
    if size not in (1, 4, 8):
        raise RecordingError(f"{where}: byte {at}: no length of a chunk: the file is damaged, copy it again")
    end = at + 1 + size
    return (int.from_bytes(data[at + 1 : end], "little") if end <= len(data) else None), end


def _xml(body: bytes, where: str, at: int) -> ElementTree.Element:
    place = f"{where}: byte {at}" if at else where
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise RecordingError(f"{place}: declares a document type: take it out")
    try:
        return ElementTree.fromstring(body.decode("utf-8", "replace"))  # noqa: S314 - no document type, no entity
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise RecordingError(f"{place}: is no XML ({error}): the file is damaged, copy it again") from error


def _began_s(info: ElementTree.Element, where: str) -> float | None:
    """When the file's head says that it began [UTC s]; None where it does not."""
    text = info.findtext("datetime", "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(_ZONE.sub(r"\1:\2", text))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise RecordingError(f"{where}: the head's datetime {text[:40]!r} is no time: mend it") from None
