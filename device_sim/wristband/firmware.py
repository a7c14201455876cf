"""Seconds that a band sensed and what its gateway asks in, what goes over the air out: no radio, no clock in here."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from device_sim.wristband.memory import Memory
from ingest.errors import GattError
from ingest.gatt import uuids
from ingest.gatt.forecalm.control import (
    Backfill,
    Clock,
    Event,
    EventKind,
    Identify,
    Op,
    Response,
    State,
    Status,
    Stop,
    Storing,
    TimeMark,
    decode_request,
    encode_marks,
)
from ingest.gatt.forecalm.fragments import fragments
from ingest.gatt.forecalm.records import Record

INVALID_LENGTH: Final = 0x0D  # ATT errors of the profile
NOT_ALLOWED: Final = 0x13
NOT_SUBSCRIBED: Final = 0xFD
LIVE_MAX: Final = 4  # live records that wait for a slow link; the rest is in memory, and the gateway asks for it
AHEAD_US: Final = 1_000_000  # how far a time mark may lie ahead of the band's clock: it was read a moment ago


class Refused(Exception):
    """A write that the band answers with the ATT error ``code``."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02X}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What to notify or indicate on ``characteristic``, in this order."""

    characteristic: str
    values: tuple[bytes, ...]


class Firmware:
    """A forecalm band from one start (``boot``) to the next; ``memory`` outlives it.

    ``identified_s`` lists how long it was asked to vibrate, each time.
    """

    def __init__(self, *, boot: int, memory: Memory) -> None:
        self.boot = boot
        self.memory = memory
        self.next_seq = 0
        self.battery: int | None = None
        self.worn = False
        self.charging = False
        self.identified_s: list[int] = []
        self._subscribed: set[str] = set()
        self._live: deque[int] = deque(maxlen=LIVE_MAX)
        self._said: deque[Outgoing] = deque()
        self._backfill: tuple[int, Iterator[int]] | None = None
        self._state_told: tuple[int | None, bool, bool] | None = None

    def sense(self, record: Record) -> None:
        """A second is over; raises ValueError for a record of another boot or out of order."""
        if record.boot != self.boot or record.seq < self.next_seq:
            raise ValueError(f"({record.boot}, {record.seq}) does not follow ({self.boot}, {self.next_seq - 1})")
        self.memory.keep(record.boot, record.seq, bytes(record))
        self.next_seq = record.seq + 1
        self.battery = record.battery
        if record.contact is not None:
            self.worn = record.contact
        if uuids.RECORDS in self._subscribed:
            self._live.append(record.seq)

    def happen(self, kind: EventKind, *, tick_us: int) -> None:
        """Somebody did something to the band; told only where somebody listens: late it would mislead."""
        match kind:
            case "put_on" | "taken_off":
                self.worn = kind == "put_on"
            case "charging" | "off_charger":
                self.charging = kind == "charging"
        if uuids.EVENTS in self._subscribed:
            self._said.append(Outgoing(uuids.EVENTS, (bytes(Event(kind, self.boot, tick_us)),)))

    def subscribe(self, characteristic: str, *, on: bool) -> None:
        """The gateway wants to hear ``characteristic``, or not any more."""
        if on:
            self._subscribed.add(characteristic)
        else:
            self._subscribed.discard(characteristic)

    def close(self) -> None:
        """The link is over: subscriptions and what was asked for end with it."""
        self._subscribed.clear()
        self._live.clear()
        self._said.clear()
        self._backfill = None
        self._state_told = None

    def ask(self, data: bytes) -> None:
        """Take a write to the control point; raises Refused for one that no response can be indicated to."""
        if uuids.CONTROL_POINT not in self._subscribed:
            raise Refused(NOT_SUBSCRIBED)
        if not data:
            raise Refused(INVALID_LENGTH)
        self._respond(data[0], self._carry_out(data))

    def state(self, *, tick_us: int) -> bytes:
        """What a read of the state says."""
        oldest = self.memory.oldest(self.boot)
        first = self.next_seq if oldest is None else oldest
        earlier = self.memory.earlier(self.boot)
        return bytes(State(self.boot, first, self.next_seq, tick_us, self.battery, self.worn, self.charging, earlier))

    def clock(self, *, tick_us: int) -> bytes:
        """What a read of the clock says."""
        return bytes(Clock(self.boot, tick_us))

    def mark(self, data: bytes, *, tick_us: int) -> None:
        """Take a time mark; raises Refused for one of another boot, of the future, or that is none."""
        try:
            mark = TimeMark.from_bytes(data)
        except GattError:
            raise Refused(NOT_ALLOWED) from None
        if mark.boot != self.boot or mark.tick_us > tick_us + AHEAD_US:
            raise Refused(NOT_ALLOWED)
        self.memory.mark(mark)

    def marks(self) -> bytes:
        """What a read of the time marks says."""
        return encode_marks(self.memory.marks())

    def pop(self, *, mtu: int, tick_us: int) -> Outgoing | None:
        """Return what goes out next over a link of that MTU: answers and events, then live records, then the state
        where it changed, then what is backfilled; None: nothing now."""
        if self._said:
            return self._said.popleft()
        while self._live:
            outgoing = self._record(self.boot, self._live.popleft(), mtu, backfilled=False)
            if outgoing is not None:
                return outgoing
        state = (self.battery, self.worn, self.charging)
        if uuids.STATE in self._subscribed and state != self._state_told:
            self._state_told = state
            return Outgoing(uuids.STATE, (self.state(tick_us=tick_us),))
        return self._backfilled(mtu)

    def _backfilled(self, mtu: int) -> Outgoing | None:
        if self._backfill is None or uuids.RECORDS not in self._subscribed:
            return None
        boot, left = self._backfill
        for seq in left:
            outgoing = self._record(boot, seq, mtu, backfilled=True)
            if outgoing is not None:
                return outgoing
        self._backfill = None
        self._respond(Op.BACKFILL, Status.FINISHED)
        return self._said.popleft()

    def _record(self, boot: int, seq: int, mtu: int, *, backfilled: bool) -> Outgoing | None:
        record = self.memory.record(boot, seq)
        if record is None:  # said to be stored meanwhile
            return None
        return Outgoing(uuids.RECORDS, tuple(fragments(record, seq=seq, mtu=mtu, backfilled=backfilled)))

    def _carry_out(self, data: bytes) -> Status:
        try:
            request = decode_request(data)
        except GattError:
            return Status.WRONG
        match request:
            case Backfill(run):
                if self._backfill is not None:
                    return Status.BUSY
                kept = list(self.memory.within(run))
                if not kept:
                    return Status.NOTHING_KEPT
                self._backfill = (run.boot, iter(kept))
            case Stop():
                self._backfill = None
            case Storing(run):
                self.memory.forget(run)
            case Identify(seconds):
                self.identified_s.append(seconds)
            case _:
                return Status.UNKNOWN_OP
        return Status.DONE

    def _respond(self, op: int, status: Status) -> None:
        self._said.append(Outgoing(uuids.CONTROL_POINT, (bytes(Response(op, status)),)))
