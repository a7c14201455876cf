"""A record's bytes to its value and back: one second of every channel of a band, named (boot, seq) by the band."""

import binascii
import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from ingest.gatt.fields import Fields, pack
from ingest.types import CHANNELS
from ingest.wire import AHEAD_MAX_US, RATE_MAX_HZ, RATE_MIN_HZ, SPAN_MAX_US

VERSION: Final = 1
RECORD_MAX: Final = 1152  # bytes: 64 fragments of 18, so that any record fits through the least MTU (23)
BLOCKS: Final = {1: "eda", 2: "temperature", 3: "ppg", 4: "motion"}  # what an even block's id stands for
BEATS: Final = 5  # the id of the block of beats
_IDS: Final = {channel: number for number, channel in BLOCKS.items()}
_TICK_END: Final = 1 << 53  # what the wire holds of a count
_UNKNOWN_BATTERY: Final = 255
_CONTACT: Final = {0: False, 1: True, 2: None}
_CONTACT_IDS: Final = {told: number for number, told in _CONTACT.items()}
_NAME: Final = "record (0101)"


@dataclass(frozen=True, slots=True)
class Even:
    """Even samples of one ``channel``: the first lies ``before_us`` before the record's end, the physical value is
    ``scale * number``; ``values`` are little-endian int16, axes interleaved, -32768 unknown."""

    channel: str
    rate_millihz: int
    before_us: int
    scale: float
    values: bytes


@dataclass(frozen=True, slots=True)
class Beat:
    """A heart beat ``before_us`` before the record's end, ``interval_us`` after the beat before it."""

    before_us: int
    interval_us: int


@dataclass(frozen=True, slots=True)
class Record:
    """What a band knows of one second; ``tick_us`` is its clock at the second's end.

    ``battery`` is in per cent (None: unknown), ``contact`` None where the band cannot tell. ``beats`` in time order;
    None: the band does not look for beats, which is not the same as that there was none.
    """

    boot: int
    seq: int
    tick_us: int
    battery: int | None
    contact: bool | None
    channels: tuple[Even, ...] = ()
    beats: tuple[Beat, ...] | None = None

    def __bytes__(self) -> bytes:
        """The layout of docs/gatt.md, CRC included; raises GattError where a value does not fit."""
        battery = _UNKNOWN_BATTERY if self.battery is None else self.battery
        blocks = [_even_block(even) for even in self.channels]
        if self.beats is not None:
            content = b"".join(pack(_NAME, "<II", beat.before_us, beat.interval_us) for beat in self.beats)
            blocks.append(pack(_NAME, "<BH", BEATS, len(content)) + content)
        contact = _CONTACT_IDS[self.contact]
        head = pack(_NAME, "<BIIQBBB", VERSION, self.boot, self.seq, self.tick_us, battery, contact, len(blocks))
        body = head + b"".join(blocks)
        return body + crc(body).to_bytes(2, "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the record; raises GattError, naming the field, for everything that ``__bytes__`` would not write.

        Blocks with ids that this version does not know are skipped.
        """
        fields = Fields(_NAME, data[:-2])
        if len(data) > RECORD_MAX:
            raise fields.wrong("length", f"{len(data)} bytes are more than {RECORD_MAX}")
        if (version := fields.u8("version")) != VERSION:
            raise fields.wrong("version", f"must be {VERSION}, got {version}")
        if crc(data[:-2]) != int.from_bytes(data[-2:], "little"):
            raise fields.wrong("crc", f"is not that of the {len(data) - 2} bytes before it")
        boot, seq, tick_us = fields.u32("boot"), fields.u32("seq"), fields.u64("tick_us")
        if tick_us >= _TICK_END:
            raise fields.wrong("tick_us", f"must be below 2^53, got {tick_us}")
        battery = fields.u8("battery")
        if battery > 100 and battery != _UNKNOWN_BATTERY:
            raise fields.wrong("battery", f"must be 0 to 100 or {_UNKNOWN_BATTERY}, got {battery}")
        contact = fields.u8("contact")
        if contact not in _CONTACT:
            raise fields.wrong("contact", f"must be 0, 1 or 2, got {contact}")
        channels, beats = _blocks(fields, tick_us)
        told = None if battery == _UNKNOWN_BATTERY else battery
        return cls(boot, seq, tick_us, told, _CONTACT[contact], channels, beats)


def crc(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, begun with 0xFFFF, not reflected; 0x29B1 of ``123456789``."""
    return binascii.crc_hqx(data, 0xFFFF)


def _even_block(even: Even) -> bytes:
    content = pack(_NAME, "<IIf", even.rate_millihz, even.before_us, even.scale) + even.values
    return pack(_NAME, "<BH", _IDS[even.channel], len(content)) + content


def _blocks(fields: Fields, tick_us: int) -> tuple[tuple[Even, ...], tuple[Beat, ...] | None]:
    channels: list[Even] = []
    beats: tuple[Beat, ...] | None = None
    last = 0
    for _ in range(fields.u8("blocks")):
        number, size = fields.u8("block id"), fields.u16("block length")
        if number <= last:
            raise fields.wrong("block id", f"{number} after {last}: ids go up, each at most once")
        last = number
        content = fields.take(f"block {number}", size)
        if number in BLOCKS:
            channels.append(_even(BLOCKS[number], content, tick_us))
        elif number == BEATS:
            beats = _beats(content, tick_us)
    fields.end()
    return tuple(channels), beats


def _even(channel: str, content: bytes, tick_us: int) -> Even:
    fields = Fields(f"{_NAME}: {channel}", content)
    rate, before_us, raw_scale = fields.u32("rate"), fields.u32("before_us"), fields.f32("scale")
    if not RATE_MIN_HZ * 1000 <= rate <= RATE_MAX_HZ * 1000:
        raise fields.wrong("rate", f"must be {RATE_MIN_HZ:g} to {RATE_MAX_HZ:g} Hz, got {rate / 1000:g}")
    if not math.isfinite(raw_scale) or raw_scale == 0:
        raise fields.wrong("scale", f"must be finite and not 0, got {raw_scale}")
    values = fields.rest()
    sample = 2 * CHANNELS[channel].axes
    if not values or len(values) % sample:
        raise fields.wrong("values", f"{len(values)} bytes are not one or more whole samples of {sample}")
    _require_before(fields, before_us, tick_us)
    if round((len(values) // sample - 1) * 1e9 / rate) - before_us > AHEAD_MAX_US:
        raise fields.wrong("values", f"the last sample is more than {AHEAD_MAX_US} us after the record's end")
    return Even(channel, rate, before_us, shortest(raw_scale), values)


def _beats(content: bytes, tick_us: int) -> tuple[Beat, ...]:
    fields = Fields(f"{_NAME}: beats", content)
    beats: list[Beat] = []
    while fields.left:
        beat = Beat(fields.u32("before_us"), fields.u32("interval_us"))
        _require_before(fields, beat.before_us, tick_us)
        if not 0 < beat.interval_us <= 10_000_000:
            raise fields.wrong("interval_us", f"must be 1 to 10000000, got {beat.interval_us}")
        if beats and beat.before_us > beats[-1].before_us:
            raise fields.wrong("before_us", "beats must be in time order")
        beats.append(beat)
    return tuple(beats)


def _require_before(fields: Fields, before_us: int, tick_us: int) -> None:
    if before_us > min(SPAN_MAX_US, tick_us):
        raise fields.wrong("before_us", f"{before_us} lies before the band's start, or {SPAN_MAX_US} us and more back")


def shortest(number: float) -> float:
    """Return the decimal number with the fewest digits that is ``number`` in 32 bits: 0.1, where 32 bits hold
    0.10000000149; so a scale is the same number whichever way it came."""
    return float(str(np.float32(number)))
