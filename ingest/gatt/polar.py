"""Polar Measurement Data (PMD): control messages and data frames, bytes to values and back.

Layout by the vendor's published SDK (github.com/polarofficial/polar-ble-sdk). A frame's time is nanoseconds since
2000-01-01 UTC by the band's own clock, **of its last sample**; after a flat battery that clock may say 2019.
"""

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ingest.errors import GattError
from ingest.gatt.fields import Fields, pack
from ingest.wire import RATE_MAX_HZ

EPOCH_S: Final = 946_684_800  # 2000-01-01 in Unix seconds
SAMPLES_MAX: Final = 4096  # instants in a frame; the largest MTU carries a few hundred
FACTOR_MIN, FACTOR_MAX = 1e-6, 1.0  # g a count: at least 0.03 g in all of its 16 bits, at most gravity in one of them
_CONTROL, _DATA = "Polar control (FB005C81)", "Polar data (FB005C82)"

Counts = NDArray[np.int32]


class Kind(IntEnum):
    """What is measured."""

    ECG = 0
    PPG = 1
    ACCELERATION = 2
    PPI = 3


class Op(IntEnum):
    """What may be asked."""

    SETTINGS = 1
    START = 2
    STOP = 3


class Status(IntEnum):
    """How a request went."""

    SUCCESS = 0
    UNKNOWN_OP = 1
    UNKNOWN_KIND = 2
    NOT_SUPPORTED = 3
    WRONG_LENGTH = 4
    WRONG_PARAMETER = 5
    ALREADY = 6
    WRONG_RESOLUTION = 7
    WRONG_RATE = 8
    WRONG_RANGE = 9
    WRONG_MTU = 10
    WRONG_CHANNELS = 11
    WRONG_STATE = 12
    CHARGING = 13


class Setting(IntEnum):
    """What can be chosen of a measurement; FACTOR, told by the band, is what one count is worth (float32)."""

    RATE = 0
    RESOLUTION = 1
    RANGE = 2
    RANGE_MILLI = 3
    CHANNELS = 4
    FACTOR = 5


_SIZES: Final = {
    Setting.RATE: 2,
    Setting.RESOLUTION: 2,
    Setting.RANGE: 2,
    Setting.RANGE_MILLI: 4,
    Setting.CHANNELS: 1,
    Setting.FACTOR: 4,
}

Settings = dict[Setting, tuple[int, ...]]


def encode_settings(settings: Settings) -> bytes:
    """Return ``[id, count, values ...]`` of each; FACTOR as the bits of its float32."""
    parts = [
        pack(_CONTROL, "<BB", setting, len(values)) + b"".join(_unsigned(value, _SIZES[setting]) for value in values)
        for setting, values in settings.items()
    ]
    return b"".join(parts)


def decode_settings(data: bytes) -> Settings:
    """Return the settings; raises GattError, naming the field, at one whose length cannot be known."""
    fields = Fields(_CONTROL, data)
    settings: Settings = {}
    while fields.left:
        number = fields.u8("setting")
        if number not in list(Setting):
            raise fields.wrong("setting", f"must be 0 to {max(Setting)}, got {number}")
        setting = Setting(number)
        if setting in settings:
            raise fields.wrong("setting", f"{setting.name.lower()} comes twice")
        size = _SIZES[setting]
        values = [fields.take(setting.name.lower(), size) for _ in range(fields.u8("count"))]
        settings[setting] = tuple(int.from_bytes(value, "little") for value in values)
    return settings


def rates_of(settings: Settings) -> tuple[int, ...]:
    """Return the rates [Hz] that a band offers; raises GattError where no stream can run at one of them."""
    rates = settings.get(Setting.RATE, ())
    for rate in rates:
        if rate <= 0:
            raise _wrong_setting("rate", f"must be more than 0 Hz, got {rate}")
        if rate > RATE_MAX_HZ:
            raise _wrong_setting("rate", f"must be {RATE_MAX_HZ:g} Hz at most, got {rate}")
    return rates


def factor_of(settings: Settings) -> float | None:
    """Return what one count of acceleration is worth [g]; None: not told. Raises GattError for what no count
    can be worth: its bits are any float32, infinite and not a number among them."""
    if not (bits := settings.get(Setting.FACTOR)):
        return None
    factor = Fields(_CONTROL, bits[0].to_bytes(4, "little")).f32("setting factor")
    if not math.isfinite(factor) or not FACTOR_MIN <= factor <= FACTOR_MAX:
        raise _wrong_setting("factor", f"must be {FACTOR_MIN:g} to {FACTOR_MAX:g}, got {factor:g}")
    return factor


@dataclass(frozen=True, slots=True)
class Request:
    """A write to the control point; ``op`` and ``kind`` as they came, so that a band can refuse what it does not know.
    ``settings`` is empty but in START."""

    op: int
    kind: int
    settings: Settings

    def __bytes__(self) -> bytes:
        return pack(_CONTROL, "<BB", self.op, self.kind) + encode_settings(self.settings)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the request; raises GattError, naming the field."""
        fields = Fields(_CONTROL, data)
        return cls(fields.u8("op"), fields.u8("kind"), decode_settings(fields.rest()))


@dataclass(frozen=True, slots=True)
class Response:
    """What the control point answers to ``op`` about ``kind``; ``settings`` where the answer brings some."""

    MARK = 0xF0

    op: int
    kind: int
    status: int
    settings: Settings

    def __bytes__(self) -> bytes:
        head = pack(_CONTROL, "<BBBB", self.MARK, self.op, self.kind, self.status)
        return head if self.status else head + b"\0" + encode_settings(self.settings)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the response; raises GattError, naming the field. What follows a refusal is passed over."""
        fields = Fields(_CONTROL, data)
        if (mark := fields.u8("mark")) != cls.MARK:
            raise fields.wrong("mark", f"must be 0xF0, got 0x{mark:02X}")
        op, kind, status = fields.u8("op"), fields.u8("kind"), fields.u8("status")
        if status or not fields.left:
            return cls(op, kind, status, {})
        if fields.u8("more"):
            raise fields.wrong("more", "an answer in several parts is not understood here")
        return cls(op, kind, status, decode_settings(fields.rest()))


@dataclass(frozen=True, slots=True)
class Frame:
    """A notification of data: ``content`` is in form ``form`` (and ``compressed``) of its ``kind``; ``last_ns`` is when
    the last sample was taken, by the band's clock since 2000-01-01 (0: not told, as some do with PPI)."""

    kind: int
    last_ns: int
    form: int
    compressed: bool
    content: bytes

    def __bytes__(self) -> bytes:
        return pack(_DATA, "<BQB", self.kind, self.last_ns, self.form | self.compressed << 7) + self.content

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the frame; raises GattError, naming the field. Its content is looked at by the functions below."""
        fields = Fields(_DATA, data)
        kind, last_ns, form = fields.u8("kind") & 0x3F, fields.u64("last_ns"), fields.u8("form")
        return cls(kind, last_ns, form & 0x7F, bool(form & 0x80), fields.rest())


def acceleration(frame: Frame) -> Counts:
    """Return (n, 3) counts of an ACC frame: raw forms are in mg, compressed ones in the band's FACTOR (mg in form 1,
    g in form 0). Raises GattError, naming the field."""
    _require(frame, Kind.ACCELERATION)
    if frame.compressed:
        _require_form(frame, (0, 1))
        return decode_delta(frame.content, channels=3, resolution=16)
    _require_form(frame, (0, 1, 2))
    return _raw(frame.content, channels=3, size=frame.form + 1)


def ppg(frame: Frame) -> Counts:
    """Return (n, 4) counts of a PPG frame of form 0: three of light and the ambient. Raises GattError."""
    _require(frame, Kind.PPG)
    _require_form(frame, (0,))
    if frame.compressed:
        return decode_delta(frame.content, channels=4, resolution=22)
    return _raw(frame.content, channels=4, size=3)


@dataclass(frozen=True, slots=True)
class Ppi:
    """An interval between beats. ``blocked``: movement or the like made it worthless; ``contact`` None: cannot tell."""

    bpm: int
    interval_ms: int
    error_ms: int
    blocked: bool
    contact: bool | None

    def __bytes__(self) -> bytes:
        contact = 0 if self.contact is None else 4 | self.contact << 1
        return pack(_DATA, "<BHHB", self.bpm, self.interval_ms, self.error_ms, self.blocked | contact)


def ppi(frame: Frame) -> tuple[Ppi, ...]:
    """Return the intervals of a PPI frame, oldest first; raises GattError."""
    _require(frame, Kind.PPI)
    _require_form(frame, (0,))
    fields = Fields(_DATA, frame.content)
    found: list[Ppi] = []
    while fields.left:
        bpm, interval_ms, error_ms = fields.u8("bpm"), fields.u16("interval"), fields.u16("error")
        flags = fields.u8("flags")
        found.append(Ppi(bpm, interval_ms, error_ms, bool(flags & 1), bool(flags & 2) if flags & 4 else None))
    return tuple(found)


def encode_acceleration(counts_mg: Counts) -> bytes:
    """Return the content of a raw form 1 frame of (n, 3) mg."""
    return counts_mg.astype("<i2").tobytes()


def encode_delta(counts: Counts, *, resolution: int) -> bytes:
    """Return (n, channels) ``counts`` delta-compressed: the first instant whole, then one block of differences at the
    least width that holds them all, 255 instants a block."""
    size = -(-resolution // 8)
    whole = b"".join(int(value).to_bytes(size, "little", signed=True) for value in counts[0])
    steps = np.diff(counts, axis=0).astype(np.int64)
    return whole + b"".join(_delta_block(steps[i : i + 255]) for i in range(0, len(steps), 255))


def decode_delta(content: bytes, *, channels: int, resolution: int) -> Counts:
    """Return (n, channels) counts of delta-compressed ``content``; raises GattError, naming the field."""
    fields = Fields(_DATA, content)
    size = -(-resolution // 8)
    now = [int.from_bytes(fields.take("reference", size), "little", signed=True) for _ in range(channels)]
    found = [now]
    limit = 1 << (8 * size - 1)
    while fields.left:
        width, instants = fields.u8("delta width"), fields.u8("delta count")
        if not 0 < width <= 8 * size + 1:  # from one end to the other takes a bit more
            raise fields.wrong("delta width", f"must be 1 to {8 * size + 1} bits, got {width}")
        bits = int.from_bytes(fields.take("deltas", -(-width * instants * channels // 8)), "little")
        for _ in range(instants):
            now = [value + _signed(bits >> width * i, width) for i, value in enumerate(now)]
            bits >>= width * channels
            if not all(-limit <= value < limit for value in now):
                raise fields.wrong("deltas", f"lead beyond {8 * size} bits")
            found.append(now)
        if len(found) > SAMPLES_MAX:
            raise fields.wrong("delta count", f"more than {SAMPLES_MAX} instants")
    return np.array(found, np.int32)


def _delta_block(steps: NDArray[np.int64]) -> bytes:
    width = max(int(max(steps.max(), -steps.min() - 1)).bit_length() + 1, 1)
    bits = 0
    for i, step in enumerate(steps.ravel()):
        bits |= (int(step) & (1 << width) - 1) << width * i
    return bytes((width, len(steps))) + bits.to_bytes(-(-width * steps.size // 8), "little")


def _signed(bits: int, width: int) -> int:
    value = bits & (1 << width) - 1
    return value - (1 << width) if value >> width - 1 else value


def _raw(content: bytes, *, channels: int, size: int) -> Counts:
    if not content or len(content) % (channels * size):
        wrong = Fields(_DATA, content)
        raise wrong.wrong("content", f"{len(content)} bytes are not one or more instants of {channels * size}")
    numbers = [int.from_bytes(content[i : i + size], "little", signed=True) for i in range(0, len(content), size)]
    return np.array(numbers, np.int32).reshape(-1, channels)


def _require(frame: Frame, kind: Kind) -> None:
    if frame.kind != kind:
        raise Fields(_DATA, b"").wrong("kind", f"must be {kind} ({kind.name.lower()}), got {frame.kind}")


def _require_form(frame: Frame, forms: tuple[int, ...]) -> None:
    if frame.form not in forms:
        raise Fields(_DATA, b"").wrong("form", f"must be one of {forms}, got {frame.form}")


def _wrong_setting(setting: str, why: str) -> GattError:
    return GattError(f"{_CONTROL}: setting {setting}: {why}")


def _unsigned(value: int, size: int) -> bytes:
    return pack(_CONTROL, {1: "<B", 2: "<H", 4: "<I"}[size], value)
