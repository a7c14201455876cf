"""State, control point, events and clock of a forecalm band: bytes to values and back."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal, Self

from ingest.gatt.fields import Fields, pack

VERSION: Final = 1
UTC_END: Final = 1 << 53
EARLIER_MAX: Final = 32  # runs of earlier boots in a state: 26 + 32 * 12 bytes fit into one attribute (512)
MARKS_MAX: Final = 16  # marks in a read: 2 + 16 * 24 bytes fit
IDENTIFY_MAX_S: Final = 60
_STATE, _CLOCK, _MARK = "state (0103)", "clock (0301)", "time mark (0302)"
_CONTROL, _EVENTS = "control point (0201)", "events (0202)"


@dataclass(frozen=True, slots=True)
class Run:
    """Records ``first`` to ``last`` of ``boot``, both included."""

    boot: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class State:
    """How a band stands: it keeps what is not stored of ``oldest`` to ``next_seq - 1`` of ``boot`` (equal: nothing),
    and of ``earlier`` boots these runs. ``tick_us`` is its clock now."""

    boot: int
    oldest: int
    next_seq: int
    tick_us: int
    battery: int | None
    worn: bool
    charging: bool
    earlier: tuple[Run, ...] = ()

    def __bytes__(self) -> bytes:
        battery = 255 if self.battery is None else self.battery
        flags = self.worn | self.charging << 1
        runs = b"".join(pack(_STATE, "<III", run.boot, run.first, run.last) for run in self.earlier)
        numbers = (VERSION, self.boot, self.oldest, self.next_seq, self.tick_us, battery, flags, len(self.earlier))
        return pack(_STATE, "<BIIIQBBB", *numbers) + runs

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        fields = Fields(_STATE, data)
        _version(fields)
        boot, oldest, next_seq = fields.u32("boot"), fields.u32("oldest"), fields.u32("next_seq")
        if oldest > next_seq:
            raise fields.wrong("oldest", f"{oldest} is beyond next_seq ({next_seq})")
        tick_us = _count(fields, "tick_us")
        battery, flags, runs = fields.u8("battery"), fields.u8("flags"), fields.u8("earlier")
        if battery > 100 and battery != 255:
            raise fields.wrong("battery", f"must be 0 to 100 or 255, got {battery}")
        if runs > EARLIER_MAX:
            raise fields.wrong("earlier", f"must be at most {EARLIER_MAX}, got {runs}")
        earlier = tuple(_run(fields) for _ in range(runs))
        fields.end()
        told = None if battery == 255 else battery
        return cls(boot, oldest, next_seq, tick_us, told, bool(flags & 1), bool(flags & 2), earlier)


@dataclass(frozen=True, slots=True)
class Clock:
    """What a band's clock shows now: ``tick_us`` since some moment of its own, in this ``boot``."""

    boot: int
    tick_us: int

    def __bytes__(self) -> bytes:
        return pack(_CLOCK, "<BIQ", VERSION, self.boot, self.tick_us)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        fields = Fields(_CLOCK, data)
        _version(fields)
        clock = cls(fields.u32("boot"), _count(fields, "tick_us"))
        fields.end()
        return clock


@dataclass(frozen=True, slots=True)
class TimeMark:
    """When the clock of ``boot`` showed ``tick_us`` it was ``utc_us``, give or take ``error_us``: a gateway's word."""

    boot: int
    tick_us: int
    utc_us: int
    error_us: int

    def __bytes__(self) -> bytes:
        return bytes((VERSION,)) + _mark_bytes(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        fields = Fields(_MARK, data)
        _version(fields)
        mark = cls(fields.u32("boot"), _count(fields, "tick_us"), _count(fields, "utc_us"), fields.u32("error_us"))
        fields.end()
        return mark


def encode_marks(marks: tuple[TimeMark, ...]) -> bytes:
    """Return what a read of the time marks says: the last mark of each boot, the present one first."""
    return bytes((VERSION, len(marks))) + b"".join(map(_mark_bytes, marks))


def decode_marks(data: bytes) -> tuple[TimeMark, ...]:
    """Return the marks in ``data``; raises GattError, naming the field."""
    fields = Fields(_MARK, data)
    _version(fields)
    count = fields.u8("marks")
    if count > MARKS_MAX:
        raise fields.wrong("marks", f"must be at most {MARKS_MAX}, got {count}")
    marks = tuple(
        TimeMark(fields.u32("boot"), _count(fields, "tick_us"), _count(fields, "utc_us"), fields.u32("error_us"))
        for _ in range(count)
    )
    fields.end()
    return marks


class Op(IntEnum):
    """What a gateway may ask."""

    BACKFILL = 1
    STOP = 2
    STORED = 3
    IDENTIFY = 4


@dataclass(frozen=True, slots=True)
class Backfill:
    """Send again what is kept of ``run``, marked as backfilled."""

    run: Run

    def __bytes__(self) -> bytes:
        return _op_run(Op.BACKFILL, self.run)


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop backfilling."""

    def __bytes__(self) -> bytes:
        return bytes((Op.STOP,))


@dataclass(frozen=True, slots=True)
class Storing:
    """``run`` is on the service's disk: the band may let go of it."""

    run: Run

    def __bytes__(self) -> bytes:
        return _op_run(Op.STORED, self.run)


@dataclass(frozen=True, slots=True)
class Identify:
    """Vibrate or blink for so many ``seconds``, 1 to 60; 0: stop doing so."""

    seconds: int

    def __bytes__(self) -> bytes:
        return pack(_CONTROL, "<BB", Op.IDENTIFY, self.seconds)


Request = Backfill | Stop | Storing | Identify


def decode_request(data: bytes) -> Request | int:
    """Return what a write to the control point asks, or the number of an operation that is none.

    Raises GattError, naming the field, where the length or a value is wrong.
    """
    fields = Fields(_CONTROL, data)
    op = fields.u8("op")
    request: Request
    match op:
        case Op.BACKFILL:
            request = Backfill(_run(fields))
        case Op.STOP:
            request = Stop()
        case Op.STORED:
            request = Storing(_run(fields))
        case Op.IDENTIFY:
            request = Identify(fields.u8("seconds"))
            if request.seconds > IDENTIFY_MAX_S:
                raise fields.wrong("seconds", f"must be 0 to {IDENTIFY_MAX_S}, got {request.seconds}")
        case _:
            return op
    fields.end()
    return request


class Status(IntEnum):
    """How a request went. ``FINISHED`` follows ``DONE`` when a backfill is over: all that was kept has been sent."""

    DONE = 0
    UNKNOWN_OP = 1
    WRONG = 2
    NOTHING_KEPT = 3
    BUSY = 4
    FINISHED = 5


@dataclass(frozen=True, slots=True)
class Response:
    """What the control point indicates in answer to operation ``op``."""

    MARK = 0xF0

    op: int
    status: Status

    def __bytes__(self) -> bytes:
        return pack(_CONTROL, "<BBB", self.MARK, self.op, self.status)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        fields = Fields(_CONTROL, data)
        if (mark := fields.u8("mark")) != cls.MARK:
            raise fields.wrong("mark", f"must be 0xF0, got 0x{mark:02X}")
        op, status = fields.u8("op"), fields.u8("status")
        fields.end()
        if status not in list(Status):
            raise fields.wrong("status", f"must be 0 to {max(Status)}, got {status}")
        return cls(op, Status(status))


EventKind = Literal["double_tap", "button", "put_on", "taken_off", "charging", "off_charger"]
EVENT_KINDS: Final[dict[int, EventKind]] = {
    1: "double_tap",
    2: "button",
    3: "put_on",
    4: "taken_off",
    5: "charging",
    6: "off_charger",
}
_EVENT_IDS: Final = {kind: number for number, kind in EVENT_KINDS.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """Somebody did something to the band when its clock showed ``tick_us`` in this ``boot``."""

    kind: EventKind
    boot: int
    tick_us: int

    def __bytes__(self) -> bytes:
        return pack(_EVENTS, "<BIQ", _EVENT_IDS[self.kind], self.boot, self.tick_us)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        fields = Fields(_EVENTS, data)
        kind = fields.u8("kind")
        if kind not in EVENT_KINDS:
            raise fields.wrong("kind", f"must be 1 to {max(EVENT_KINDS)}, got {kind}")
        event = cls(EVENT_KINDS[kind], fields.u32("boot"), _count(fields, "tick_us"))
        fields.end()
        return event


def _version(fields: Fields) -> None:
    if (version := fields.u8("version")) != VERSION:
        raise fields.wrong("version", f"must be {VERSION}, got {version}")


def _count(fields: Fields, field: str) -> int:
    value = fields.u64(field)
    if value >= UTC_END:
        raise fields.wrong(field, f"must be below 2^53, got {value}")
    return value


def _run(fields: Fields) -> Run:
    run = Run(fields.u32("boot"), fields.u32("first"), fields.u32("last"))
    if run.first > run.last:
        raise fields.wrong("first", f"{run.first} is beyond last ({run.last})")
    return run


def _op_run(op: Op, run: Run) -> bytes:
    return pack(_CONTROL, "<BIII", op, run.boot, run.first, run.last)


def _mark_bytes(mark: TimeMark) -> bytes:
    return pack(_MARK, "<IQQI", mark.boot, mark.tick_us, mark.utc_us, mark.error_us)
