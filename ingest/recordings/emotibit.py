"""What an EmotiBit recorded in, raw or parsed; its channels in physical units out.

Raw (the file on its card): lines ``time_ms,packet,n,tag,version,reliability,values...``, the time since the device was
switched on, of the last of the n values. Lines ``RD`` ask the computer for the time, ``TL`` bring it, ``AK`` say which
request that answered. Parsed (EmotiBit DataParser): a file a tag, ``..._EA.csv``, with ``LocalTimestamp`` [UTC s].
Both as EmotiBit's documentation and its DataParser have it.

Read are EA [uS], one PPG (green, else infra-red, else red), one temperature (thermopile, else T1, else T0) [degC] and
AX, AY, AZ [g]; everything else is left out and noted. ``TL`` is the computer's local time, whose zone the file does not
say: it is taken as UTC.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.errors import RecordingError
from ingest.recordings.archive import Source
from ingest.recordings.cells import cells
from ingest.recordings.emotibit_raw import Line, scanned
from ingest.recordings.even import even
from ingest.recordings.recording import Format, Recording
from ingest.types import Array, Block

DEVICE: Final = "emotibit"
CHOICES: Final = {"eda": ("EA",), "ppg": ("PG", "PI", "PR"), "temperature": ("TH", "T1", "T0")}
AXES: Final = ("AX", "AY", "AZ")
RATES: Final = {"EA": 15.0, "PG": 25.0, "PI": 25.0, "PR": 25.0, "TH": 7.5, "T1": 7.5, "T0": 7.5} | dict.fromkeys(
    AXES, 25.0
)
"""What each is sampled at [Hz], as the documentation has it; what is measured is what counts."""
HEAD: Final = "LocalTimestamp,EmotiBitTimestamp,PacketNumber,DataLength,TypeTag,ProtocolVersion,DataReliability"
ROUND_TRIP_MAX_MS: Final = 1_000.0  # a slower answer says the time too badly
DRIFT_MAX: Final = 500e-6  # of a quartz, ten times its worst; beyond it a time was wrong
APART_MIN_MS: Final = 600_000.0  # between two answers that may say how the clock drifts: ten minutes
_LINE: Final = re.compile(rb"\d{1,12}(?:\.\d+)?,\d+,\d+,[A-Z][A-Z0-9%],\d+,\d+(?:,|\r?\n)")
_HEAD: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:[A-Za-z]+,)*LocalTimestamp,EmotiBitTimestamp,PacketNumber,")
_PARSED: Final = re.compile(r"(.*)_([A-Z][A-Z0-9%])\.csv\Z", re.IGNORECASE)
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)_(\d\d)-(\d\d)-(\d\d)-(\d{1,6})\Z")


def parts(source: Source) -> list[Source]:
    """Each raw file, and the parsed files of each recording."""
    parsed: dict[str, list[str]] = {}
    raw: list[str] = []
    for name in source.names:
        if not name.lower().endswith((".csv", ".txt")):
            continue
        head = source.head(name)
        if _HEAD.match(head):
            match = _PARSED.match(name)
            parsed.setdefault(match[1] if match else name, []).append(name)
        elif _is_raw(head):
            raw.append(name)
    alone = [name for name in raw if str(PurePosixPath(name).with_suffix("")) not in parsed]
    both = [name for name in raw if name not in alone]
    groups = [
        [*names, *(name for name in both if str(PurePosixPath(name).with_suffix("")) == base)]
        for base, names in parsed.items()
    ]
    return [source.part(names) for names in (*groups, *([name] for name in alone))]


def _is_raw(head: bytes) -> bool:
    lines = head.split(b"\n")[:-1]
    return len(lines) > 1 and sum(_LINE.match(line + b"\n") is not None for line in lines[:5]) >= min(len(lines), 5) - 1


def read(part: Source) -> list[Recording]:
    """Read one recording. Raises RecordingError, naming the file, the line and the mend."""
    tables = [name for name in part.names if _HEAD.match(part.head(name))]
    if not tables:
        return [_raw(part, part.names[0])]
    notes = [
        f"{PurePosixPath(name).name}: the parsed files are read instead" for name in part.names if name not in tables
    ]
    return [_parsed(part, tables, notes)]


FORMAT: Final = Format(DEVICE, "an EmotiBit: its raw .csv, or the parsed files ..._EA.csv and so on", parts, read)


def _parsed(part: Source, tables: list[str], notes: list[str]) -> Recording:
    streams: dict[str, tuple[Array, Array]] = {}
    for name in tables:
        match = _PARSED.match(name)
        tag = match[2].upper() if match else ""
        if tag in RATES:
            streams[tag] = _table(part.read(name), part.where(name), tag)
        else:
            notes.append(f"{PurePosixPath(name).name}: is none of {', '.join(RATES)}: left out")
    stem = PurePosixPath(tables[0]).stem
    return _recording(part, stem[:-3] if _PARSED.match(tables[0]) else stem, streams, notes)


def _table(data: bytes, where: str, tag: str) -> tuple[Array, Array]:
    """Times [UTC s] and values of one parsed file."""
    first = data.split(b"\n", 1)[0]
    names = first.decode("latin-1").removeprefix("\xef\xbb\xbf").strip().split(",")
    at, start = names.index("LocalTimestamp"), len(first) + 1
    data = data.rstrip()
    read = cells(data, start=start, width=len(names), columns=(at, len(names) - 1))
    wrong = [read.uneven] if read.uneven is not None else []
    for place, line, begin, end in read.others.tolist():
        text = data[begin:end].strip()
        if b"_" in text or not _is_number(text):
            wrong.append(line)
        else:
            read.numbers[place, line] = float(text)
    if wrong:
        raise RecordingError(f"{where} line {min(wrong) + 2}: not {len(names)} cells with a time and a value: mend it")
    return _back(read.numbers[0], 1 / RATES[tag]), read.numbers[1]


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _back(times_s: Array, period_s: float) -> Array:
    """Times where the values of a packet share that of its last one: a period apart, backwards from it."""
    ends = np.flatnonzero(np.diff(times_s, append=np.nan) != 0)
    counts = np.diff(ends, prepend=-1)
    shared = counts > 1
    if not shared.any() or (counts - 1).sum() < 0:
        return times_s
    last = np.repeat(ends, counts)
    return np.asarray(times_s[last] - (last - np.arange(times_s.size)) * period_s)


def _raw(part: Source, name: str) -> Recording:
    where = part.where(name)
    packets, lines, notes = scanned(part.read(name), where, tuple(RATES))
    slope, offset_s = _clock(_asked(lines), notes)
    streams = {}
    for tag, (ends_ms, counts, values) in packets.items():
        times_ms = _times_ms(ends_ms, counts, 1000 / RATES[tag])
        streams[tag] = (times_ms * slope / 1000 + offset_s, values)
    return _recording(part, PurePosixPath(name).stem, streams, notes)


def _asked(lines: Iterable[Line]) -> list[tuple[float, float, float]]:
    """What the computer answered: when the answer came [ms], what it said [UTC s], how long it took [ms]."""
    found: list[tuple[float, float, float]] = []
    requests: dict[bytes, float] = {}
    answer: tuple[float, float] | None = None
    for line in lines:
        request = line.payload.split(b",")[0]
        if line.tag == "RD":
            requests[line.packet] = line.time_ms
        elif line.tag == "TL":
            answer = _answer(line.time_ms, line.payload)
        elif answer is not None and request in requests:
            found.append((*answer, answer[0] - requests.pop(request)))
            answer = None
    return found


def _answer(time_ms: float, payload: bytes) -> tuple[float, float] | None:
    """When the computer's time came, and what it was, taken as UTC [s]; None where it is no time."""
    match = _TIME.match(payload.decode("latin-1"))
    if match is None:
        return None
    day, hour, minute, second, fraction = match.groups()
    try:
        whole = datetime.fromisoformat(f"{day} {hour}:{minute}:{second}").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return time_ms, whole + float(f"0.{fraction}")


def _clock(asked: Iterable[tuple[float, float, float]], notes: list[str]) -> tuple[float, float]:
    """Seconds of UTC per second of the device, and its zero [UTC s], by the quickest answers."""
    good = [(at, said + trip / 2000, trip) for at, said, trip in asked if 0 <= trip <= ROUND_TRIP_MAX_MS]
    if not good:
        notes.append("the computer never told it the time: it is said to start at 1970-01-01 00:00 UTC")
        return 1.0, 0.0
    notes.append("times are of the computer's clock, whose zone the file does not say: taken as UTC")
    middle = (good[0][0] + good[-1][0]) / 2
    early = min((each for each in good if each[0] <= middle), key=lambda each: each[2])
    late = min((each for each in good if each[0] >= middle), key=lambda each: each[2])
    slope = 1.0
    if late[0] - early[0] >= APART_MIN_MS:
        slope = (late[1] - early[1]) / (late[0] - early[0]) * 1000
        if abs(slope - 1) > DRIFT_MAX:
            told = f"the computer's clock was set while it recorded ({late[1] - early[1]:.0f} s said to pass"
            notes.append(f"{told} in {(late[0] - early[0]) / 1000:.0f} s): the first answer counts")
            slope = 1.0
    return slope, early[1] - early[0] * slope / 1000


def _times_ms(ends_ms: Array, counts: NDArray[np.int64], period_ms: float) -> Array:
    """When each value was taken: the last at its packet's time, the others evenly back to the packet before."""
    steps_ms = np.diff(ends_ms, prepend=np.nan) / counts
    usual_ms = float(np.median(steps_ms[1:])) if steps_ms.size > 2 else period_ms
    if not 0.5 * period_ms <= usual_ms <= 2 * period_ms:
        usual_ms = period_ms
    steps_ms = np.where((steps_ms > 0) & (steps_ms < 1.5 * usual_ms), steps_ms, usual_ms)
    last = np.cumsum(counts) - 1
    of = np.repeat(np.arange(counts.size), counts)
    return np.asarray(ends_ms[of] - (last[of] - np.arange(of.size)) * steps_ms[of])


def _recording(part: Source, name: str, streams: Mapping[str, tuple[Array, Array]], notes: list[str]) -> Recording:
    channels: dict[str, tuple[Block, ...]] = {}
    taken = set()
    for channel, tags in CHOICES.items():
        tag = next((each for each in tags if each in streams and streams[each][0].size), None)
        if tag is not None:
            taken.add(tag)
            channels[channel], said = even(channel, *streams[tag], name=tag, rate_hz=RATES[tag])
            notes += said
    if all(axis in streams and streams[axis][0].size for axis in AXES):
        taken |= set(AXES)
        times_s, values = _joined([streams[axis] for axis in AXES], notes)
        channels["motion"], said = even("motion", times_s, values, name="AX, AY, AZ", rate_hz=RATES["AX"])
        notes += said
    left = sorted(set(streams) - taken)
    if left:
        notes.append(f"left out: {', '.join(left)}")
    if not channels:
        raise RecordingError(f"{part.name}: holds none of EDA, PPG, temperature and all three axes: {'; '.join(notes)}")
    start_s = min(pieces[0].start_s for pieces in channels.values())
    return Recording(name, DEVICE, start_s, channels, None, np.zeros(0), tuple(notes))


def _joined(axes: list[tuple[Array, Array]], notes: list[str]) -> tuple[Array, Array]:
    """Times and (3, n): one axis beside the other, unknown (NaN) where its packet is missing."""
    if all(np.array_equal(times_s, axes[0][0]) for times_s, _ in axes):
        return axes[0][0], np.stack([values for _, values in axes])
    times_us = [np.rint(times_s * 1e6).astype(np.int64) for times_s, _ in axes]
    every_us = np.unique(np.concatenate(times_us))
    joined = np.full((len(axes), every_us.size), np.nan)
    for row, (each_us, (_, values)) in enumerate(zip(times_us, axes, strict=True)):
        joined[row, np.searchsorted(every_us, each_us)] = values
    some = int(np.isnan(joined).any(axis=0).sum())
    notes.append(f"AX, AY, AZ: {some} samples lack an axis: unknown there")
    return every_us / 1e6, joined
