"""Faults and a seed in, what becomes of second i of band b out: no clock, no socket, nothing that was done before.

Every answer is a function of faults, seed, band and second, so it does not matter who asks for which, in which order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from device_sim.faults.fault import BACKLOG_HZ, Fault, require_transport
from device_sim.physiology.noise import bits, uniform
from ingest.wire import Packet

CLOCK_2019_US: Final = 1_546_300_800_000_000  # 2019-01-01: what the clock of a band without a battery begins with
OVERLAP_S: Final = 2.0  # how long two gateways both hear a band at a hand-over
CHARGED: Final = 100
BATTERY_PER_S: Final = 2.5 / 3600  # as in band.py
_STREAM: Final = 500  # of random numbers: each fault has its own
_BOOT_STEP: Final = 0x9E3779B1  # odd: the boots of a band's lives differ
_LOW32: Final = (1 << 32) - 1
_LOOK_AHEAD_S: Final = 3600.0  # outages are listed so far ahead


@dataclass(frozen=True, slots=True)
class Life:
    """A band from one start to the next: since second ``from_s`` (None: since before the past) it is ``boot``."""

    boot: int
    from_s: int | None


@dataclass(frozen=True, slots=True)
class Carried:
    """What the wire makes of a publication: ``swallowed``: acknowledged and gone; else ``copies``, ``delay_s`` late."""

    swallowed: bool = False
    copies: int = 1
    delay_s: float = 0.0


UNTOUCHED: Final = Carried()


class Plan:
    """What ``faults`` do to ``bands`` (names, by row), which were ``boots`` at first, ``past_s`` before second 0.

    Seconds are simulated, 0 at the end of the past. Raises ScenarioError for a fault of a band that is not there.
    """

    def __init__(
        self, faults: Sequence[Fault], *, seed: int, bands: Sequence[str], boots: Sequence[int], past_s: int
    ) -> None:
        self.faults = tuple(faults)
        rows = {name: row for row, name in enumerate(bands)}
        for fault in faults:
            for name in fault.bands:
                if name not in rows:
                    there = bands[0] if len(bands) == 1 else f"{bands[0]} to {bands[-1]}"
                    raise fault.wrong("bands", f"there is no {name}, only {there}: name these, or have more wearers")
        self._seed = seed
        self._boots = tuple(boots)
        self._past_s = past_s
        self._of: dict[str, list[tuple[int, Fault, frozenset[int] | None]]] = {}
        for number, fault in enumerate(faults):
            mine = frozenset(rows[name] for name in fault.bands) if fault.bands else None
            self._of.setdefault(fault.kind, []).append((number, fault, mine))
        self._down: dict[int, tuple[float, list[tuple[int, int]]]] = {}

    def require(self, transport: str) -> None:
        """Raise ScenarioError, naming the fault, where there is one that this way out cannot do."""
        require_transport(self.faults, transport)

    def on(self, kind: str, row: int, at_s: float) -> Fault | None:
        """The fault of that kind that a band has at a moment; the first of several."""
        for _, fault, rows in self._of.get(kind, ()):
            if (rows is None or row in rows) and fault.window(at_s) is not None:
                return fault
        return None

    def any(self, *kinds: str) -> bool:
        """Whether there ever are faults of these kinds."""
        return any(kind in self._of for kind in kinds)

    def struck(self, kind: str, row: int, second: int) -> bool:
        """Whether a fault that hits a share of seconds hits this one."""
        for number, fault, rows in self._of.get(kind, ()):
            hit = (rows is None or row in rows) and fault.window(second) is not None
            if hit and self._luck(number, row, second) < fault.share:
                return True
        return False

    def life(self, row: int, second: int) -> Life | None:
        """Which life a band is in; None: it is off."""
        if not self.any("reboot", "flat_battery"):
            return Life(self._boots[row], None)
        lives, from_s = 0, None
        for begin, end in self._outages(row, second):
            if begin <= second < end:
                return None
            if end <= second:
                lives, from_s = lives + 1, end
        boot = self._boots[row]
        return Life(boot & ~_LOW32 | (boot + lives * _BOOT_STEP) & _LOW32, from_s)

    def name(self, row: int, second: int) -> tuple[int, int] | None:
        """Boot and number of the packet of a second; None: the band is off."""
        life = self.life(row, second)
        if life is None:
            return None
        return life.boot, second + self._past_s if life.from_s is None else second - life.from_s

    def packet(self, row: int, second: int, packet: Packet) -> Packet | None:
        """What a band that was never off would have made of a second in, what this one makes out; None: it is off."""
        life = self.life(row, second)
        if life is None:
            return None
        battery = self._battery(row, second, life, packet.battery)
        if life.from_s is None:
            return packet if battery == packet.battery else msgspec.structs.replace(packet, battery=battery)
        seq = second - life.from_s
        by_us = CLOCK_2019_US + (seq + 1) * 1_000_000 - packet.tick_us
        moved = {
            name: msgspec.structs.replace(samples, tick_us=samples.tick_us + by_us)
            for name, samples in packet.samples().items()
        }
        return msgspec.structs.replace(
            packet, boot=life.boot, seq=seq, tick_us=packet.tick_us + by_us, battery=battery, **moved
        )

    def shift_s(self, row: int, second: int) -> float:
        """By how much later than with its usual clock a band's packet of a second comes."""
        return -sum(
            fault.ppm * 1e-6 * fault.lasted_s(second)
            for _, fault, rows in self._of.get("drift", ())
            if rows is None or row in rows
        )

    def lost(self, row: int, second: int) -> bool:
        """Whether no gateway will ever hear the packet of a second."""
        return any(
            fault.where == "radio"
            and (rows is None or row in rows)
            and fault.window(second) is not None
            and self._luck(number, row, second) < fault.share
            for number, fault, rows in self._of.get("loss", ())
        )

    def lost_before(self, row: int, second: int) -> tuple[int, int] | None:
        """The numbers just before that of a second that no gateway will ever hear; None: there are none."""
        name = self.name(row, second)
        if name is None or "loss" not in self._of:
            return None
        boot, last = name[0], name[1] - 1
        first = last + 1
        while (before := self.name(row, second - 1)) is not None and before[0] == boot:
            second -= 1
            if second < 0 or not self.lost(row, second):
                break
            first = before[1]
        return (first, last) if first <= last else None

    def apart(self, row: int, second: int) -> tuple[int, float] | None:
        """From when to when no gateway hears a band, around a second [s]; None: it is heard."""
        if not self.any("away", "silent_radio"):
            return None
        found = self._block(row, second)
        if found is None:
            return None
        begin_s, end_s = found
        while (earlier := self._block(row, begin_s - 1)) is not None:
            begin_s = earlier[0]
        while (later := self._block(row, end_s)) is not None or self.life(row, math.floor(end_s)) is None:
            end_s = later[1] if later is not None else end_s + 1
        return max(math.ceil(begin_s), 0), end_s

    def backfill_hz(self, row: int, second: int) -> float:
        """How many packets a second come out of a band's memory."""
        away = self.on("away", row, second)
        return BACKLOG_HZ if away is None else away.backfill_hz

    def gateways(self, row: int, at_s: float) -> tuple[int, ...]:
        """Which gateways hear a band: 0, or in turns 0 and 1, and for a moment both."""
        fault = self.on("two_gateways", row, at_s)
        if fault is None:
            return (0,)
        turn, into_s = divmod(at_s - fault.start_s, fault.turn_s)
        mine = int(turn) % 2
        return (0, 1) if into_s < OVERLAP_S and turn >= 1 else (mine,)

    def clock_error_s(self, gateway: int, at_s: float) -> float:
        """By how much a gateway's wall clock is ahead."""
        error_s = sum(f.by_s for _, f, _ in self._of.get("dst", ()) if f.window(at_s) is not None)
        return error_s + (sum(f.apart_s for _, f, _ in self._of.get("two_gateways", ())) if gateway else 0.0)

    def carried(self, row: int, boot: int, seq: int, attempt: int, at_s: float) -> Carried:
        """What the wire makes of a packet that is published for the ``attempt``-th time."""
        swallowed, copies, delay_s = False, 1, 0.0
        for kind in ("loss", "duplicates", "reordering"):
            for number, fault, rows in self._of.get(kind, ()):
                if fault.layer != "wire" or (rows is not None and row not in rows) or fault.window(at_s) is None:
                    continue
                index = (boot & 0xFFFF) << 40 | (seq & 0xFFFFFFFF) << 8 | attempt & 0xFF
                if self._luck(number, row, index) >= fault.share:
                    continue
                swallowed = swallowed or kind == "loss"
                copies += kind == "duplicates"
                delay_s = max(delay_s, fault.delay_s)
        return Carried(swallowed, copies, delay_s)

    def broker_down(self, at_s: float) -> bool:
        """Whether the broker is away."""
        return self.on("broker_restart", 0, at_s) is not None

    def restarts(self, from_s: float, to_s: float) -> bool:
        """Whether the broker went away within a stretch of time."""
        return any(
            from_s <= begin < to_s
            for _, fault, _ in self._of.get("broker_restart", ())
            for begin, _ in fault.windows(to_s)
        )

    def lead_s(self, second: int) -> int:
        """By how much the fastest clock has got ahead until a second [s, whole]: its packets were lived so much before
        they are due."""
        return math.ceil(sum(max(f.ppm, 0.0) * 1e-6 * f.lasted_s(second) for _, f, _ in self._of.get("drift", ())))

    def _block(self, row: int, at_s: float) -> tuple[float, float] | None:
        for kind in ("away", "silent_radio"):
            fault = self.on(kind, row, at_s)
            if fault is not None:
                return fault.window(at_s)
        return None

    def _outages(self, row: int, second: int) -> list[tuple[int, int]]:
        """When a band is off, merged and in order, to well beyond a second."""
        until_s, found = self._down.get(row, (-math.inf, []))
        if second >= until_s:
            until_s = second + _LOOK_AHEAD_S
            found = _merged(
                sorted(
                    (math.floor(begin), max(math.ceil(end), math.floor(begin) + 1))
                    for kind in ("reboot", "flat_battery")
                    for _, fault, rows in self._of.get(kind, ())
                    if rows is None or row in rows
                    for begin, end in fault.windows(until_s)
                )
            )
            self._down[row] = until_s, found
        return found

    def _battery(self, row: int, second: int, life: Life, level: int | None) -> int | None:
        """What a band says of its battery: it falls to nothing before it is flat, and comes back charged."""
        if level is None:
            return None
        charged = [
            fault
            for _, fault, rows in self._of.get("flat_battery", ())
            if (rows is None or row in rows) and fault.start_s + fault.hold_s <= second
        ]
        if charged and life.from_s is not None:
            since_s = max(max(end for _, end in fault.windows(second) if end <= second) for fault in charged)
            level = max(int(CHARGED - BATTERY_PER_S * (second - since_s)), 0)
        for _, fault, rows in self._of.get("flat_battery", ()):
            if (rows is None or row in rows) and fault.fall_s > 0:
                for begin, _ in fault.windows(second + fault.fall_s + 1):
                    if begin - fault.fall_s <= second < begin:
                        level = min(level, int(level * (begin - second) / fault.fall_s))
        return level

    def _luck(self, fault: int, row: int, index: int) -> float:
        return float(uniform(np.uint64(bits(self._seed, _STREAM + fault, row)), 0, index))


def _merged(windows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in windows:
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((begin, end))
    return merged
