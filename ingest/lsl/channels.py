"""What a Lab Streaming Layer stream says of itself in, which of its channels are ours and in which unit out.

Nothing is guessed: a channel that we know by its type or label and whose unit we cannot read is refused by name, and
so are two that say the same thing. A small TOML file says what a stream leaves open: docs/guides/lsl.md.
"""

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from ingest.errors import SourceError
from ingest.ids import fitted, is_id
from ingest.types import CHANNELS
from ingest.units import into_ours
from ingest.wire import RATE_MAX_HZ, RATE_MIN_HZ

CHANNELS_MAX: Final = 256  # no wristband says more; an EEG cap of 256 electrodes still gets its answer
AXES: Final = ("x", "y", "z")

_WORDS: Final = {
    "eda": {"eda", "gsr", "sc", "scl", "electrodermal", "conductance"},
    "ppg": {"ppg", "bvp", "pleth", "plethysmogram"},
    "motion": {"acc", "accel", "acceleration", "accelerometer", "motion"},
    "temperature": {"temp", "temperature", "skt", "thermometer"},
    "ibi": {"ibi", "ibis", "rr", "rri", "nn", "ppi"},
}
_SAID: Final = {"eda": "uS, nS, mS or S", "temperature": "degC", "motion": "g, mg or m/s2", "ibi": "s or ms"}
_FORMATS: Final[dict[str, Literal["f4", "f8"]]] = {
    "float32": "f4",
    "int8": "f4",
    "int16": "f4",  # every one of these numbers is a float32
    "int32": "f8",
    "double64": "f8",
    "int64": "f8",
}


@dataclass(frozen=True, slots=True)
class Described:
    """One channel as its stream describes it: each text may be empty."""

    label: str
    kind: str
    unit: str


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream as its outlet describes it; ``uid`` is another one each time that the outlet is made."""

    uid: str
    name: str
    kind: str
    source_id: str
    host: str
    rate_hz: float
    form: str
    channels: tuple[Described, ...]
    created_s: float = 0.0

    @property
    def shown(self) -> str:
        """How messages call it."""
        return f"stream {self.name!r} (source id {self.source_id!r}, on {self.host!r})"


@dataclass(frozen=True, slots=True)
class Even:
    """One of our channels: the ``columns`` of a stream that are its axes, and the ``scale`` to our unit."""

    channel: str
    columns: tuple[int, ...]
    scale: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is taken from a stream: ``even`` channels of ``rate_hz`` samples a second as ``dtype``, or the ``beats``
    (whose rate is 0). ``left_out`` are labels that mean nothing to us."""

    rate_hz: float
    dtype: Literal["f4", "f8"]
    even: tuple[Even, ...]
    beats: Even | None
    left_out: tuple[str, ...]


class MappingFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says of a stream: ``channels`` from a label, or a number from 1 on, to ``CHANNEL UNIT``; labels to
    ``ignore``; and the ``rate_hz`` of a stream that states none and yet is even."""

    channels: dict[str, str] = {}
    ignore: list[str] = []
    rate_hz: Annotated[float, msgspec.Meta(ge=RATE_MIN_HZ, le=RATE_MAX_HZ)] | None = None


def read_mapping(data: bytes, shown: str) -> MappingFile:
    """Return the mapping in a TOML file's bytes. Raises SourceError, naming ``shown`` and what is wrong."""
    try:
        return msgspec.toml.decode(data, type=MappingFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SourceError(f"{shown}: {error}; see docs/guides/lsl.md") from None


def band_of_source(source_id: str) -> str:
    """Return the name of the band for a source id; one that no topic may hold is cleaned, and told from others that
    would look the same by six digits of its digest. Raises SourceError where there is none."""
    if not source_id:
        raise SourceError("the stream has no source id to name its band by: give --band NAME")
    if is_id(source_id):
        return source_id
    digest = hashlib.sha256(source_id.encode()).hexdigest()[:6]
    return fitted(source_id, "_")[:57] + "-" + digest


def plan(stream: Stream, mapping: MappingFile | None = None) -> Plan:
    """Return what is to be taken from a stream. Raises SourceError, naming stream and channel, where that is open."""
    said = mapping or MappingFile()
    dtype = _FORMATS.get(stream.form)
    if dtype is None:
        raise SourceError(f"{stream.shown}: its samples are {stream.form}, not numbers")
    if len(stream.channels) > CHANNELS_MAX:
        raise SourceError(f"{stream.shown}: {len(stream.channels)} channels are more than {CHANNELS_MAX}")
    found: defaultdict[str, list[tuple[str, int, float]]] = defaultdict(list)  # channel: (axis, column, scale)
    left_out = []
    for column, one in enumerate(stream.channels):
        label = one.label or str(column + 1)
        if {label, str(column + 1)} & set(said.ignore):
            continue
        told = said.channels.get(label, said.channels.get(str(column + 1)))
        kind, axis = _by_mapping(stream, label, told) if told is not None else _by_description(stream, one)
        if kind is None:
            left_out.append(label)
            continue
        unit = told.partition(" ")[2] if told is not None else one.unit
        found[kind].append((axis, column, _scale(stream, label, kind, unit)))
    if not found:
        raise SourceError(
            f"{stream.shown}: none of its channels ({', '.join(left_out) or 'none'}) is one of {', '.join(CHANNELS)};"
            " say which is which in a file: --map FILE.toml"
        )
    taken = {kind: _join(stream, kind, parts) for kind, parts in found.items()}
    beats = taken.pop("ibi", None)
    rate_hz = said.rate_hz if stream.rate_hz == 0 and said.rate_hz is not None and taken else stream.rate_hz
    _require_rate(stream, rate_hz, taken, beats)
    return Plan(rate_hz, dtype, tuple(taken[name] for name in CHANNELS if name in taken), beats, tuple(left_out))


def _by_mapping(stream: Stream, label: str, told: str) -> tuple[str, str]:
    kind, _, axis = told.split(" ")[0].partition(".")
    if kind not in CHANNELS or (axis not in AXES if kind == "motion" else axis):
        raise SourceError(
            f"{stream.shown}: the mapping says {told!r} of {label!r}: write CHANNEL UNIT, the channel one of"
            f" {', '.join(CHANNELS)}, and motion.x, motion.y, motion.z for its axes"
        )
    return kind, axis


def _by_description(stream: Stream, one: Described) -> tuple[str | None, str]:
    """What a channel is by the first that tells: its type, its label, the stream's type; and which axis."""
    label, kind = _words(one.label), _words(one.kind)
    axis = next((word for word in reversed(label) if word in AXES), "")
    says_more = {*label, *kind} - {*AXES, "ch", "channel"}
    for words in (kind, label) if says_more else (_words(stream.kind),):
        kinds = [kind for kind, known in _WORDS.items() if known & set(words)]
        if len(kinds) > 1:
            raise SourceError(
                f"{stream.shown}: channel {one.label!r} may be {' or '.join(kinds)}: say which in a file:"
                " --map FILE.toml"
            )
        if kinds:
            return kinds[0], axis
    return None, ""


def _words(text: str) -> list[str]:
    """The words of a label, in small letters: AccX, acc_x and "Acc X" are the same two."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z]{2})(?=[XYZ]\b)", " ", text)
    return [word for word in re.split(r"[^A-Za-z]+", parted.lower()) if word]


def _scale(stream: Stream, label: str, kind: str, unit: str) -> float:
    scale, offset = into_ours(kind, unit) or (None, 0.0)
    if scale is None or offset:  # a packet of a band has no room for an offset
        raise SourceError(
            f"{stream.shown}: channel {label!r} is {kind} in {unit!r}, which is none of {_SAID[kind]}; say its unit in"
            " a file, or that it is to be ignored: --map FILE.toml"
        )
    return scale


def _join(stream: Stream, kind: str, parts: Sequence[tuple[str, int, float]]) -> Even:
    """One of our channels out of its axes. Raises SourceError unless there is just one column for each."""
    wanted = AXES if CHANNELS[kind].axes == 3 else ("",)
    by_axis = {axis if len(wanted) > 1 else "": column for axis, column, _ in parts}
    if len(parts) != len(wanted) or set(by_axis) != set(wanted):
        names = ", ".join(repr(stream.channels[column].label or str(column + 1)) for _, column, _ in parts)
        right = "one channel for each of x, y and z" if len(wanted) > 1 else "one channel"
        raise SourceError(
            f"{stream.shown}: {kind} needs {right}, and has {names}: say which in a file: --map FILE.toml"
        )
    scales = {scale for _, _, scale in parts}
    if len(scales) > 1:
        raise SourceError(f"{stream.shown}: the axes of {kind} are in different units")
    return Even(kind, tuple(by_axis[axis] for axis in wanted), scales.pop())


def _require_rate(stream: Stream, rate_hz: float, even: Mapping[str, Even], beats: Even | None) -> None:
    if beats is not None and (even or rate_hz != 0):
        raise SourceError(
            f"{stream.shown}: beats come when they happen, in a stream of their own whose rate is 0; this one states"
            f" {rate_hz:g} Hz{' and has other channels' if even else ''}"
        )
    if even and not (math.isfinite(rate_hz) and RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ):
        raise SourceError(
            f"{stream.shown}: a rate of {rate_hz:g} Hz is not within {RATE_MIN_HZ:g} to {RATE_MAX_HZ:g}; where its"
            " samples are even all the same, give rate_hz in a file: --map FILE.toml"
        )
