"""A ward in, what its gateways hear out, in the order in which they hear it; and an account of what they do not."""

import heapq
from collections import Counter
from dataclasses import dataclass

import msgspec

from device_sim.ward import Ward
from ingest.wire import Packet


@dataclass(frozen=True, slots=True)
class Reception:
    """A packet of ``row`` that ``gateways`` hear ``due_s`` (simulated), ``times`` times; it was complete, and would
    have been heard, at ``sensed_s``."""

    due_s: float
    sensed_s: float
    row: int
    gateways: tuple[int, ...]
    times: int
    packet: Packet


class Playing:
    """Lives on from where ``ward`` is. ``lost`` counts packets by (row, boot) that nobody will ever hear."""

    def __init__(self, ward: Ward) -> None:
        self.lost: Counter[tuple[int, int]] = Counter()
        self._ward = ward
        self._plan = ward.plan
        self._coming: list[tuple[float, int, int, Reception]] = []

    def push(self) -> list[Reception]:
        """Live through a second; return what is heard before anything of the next one can be."""
        second = self._ward.now_s
        stretch = self._ward.push(1)
        for row, (band, of_band) in enumerate(zip(self._ward.bands, stretch.packets, strict=True)):
            packet = of_band[0]
            due_s = band.due_s(packet.seq, since=packet.seq - second) + self._plan.shift_s(row, second)
            self._sense(row, second, due_s, packet)
        return self._until(second + 2.0 - self._plan.lead_s(second + 1))

    def rest(self) -> list[Reception]:
        """What is heard after the end of the last second, and of what bands that came back in time remember."""
        end_s = self._ward.now_s
        heard: list[tuple[float, int, int, Reception]] = []
        kept: list[tuple[float, int, int, Reception]] = []
        for entry in sorted(self._coming):
            reception = entry[3]
            apart = self._plan.apart(reception.row, entry[2])
            (kept if apart is not None and apart[1] > end_s else heard).append(entry)
        self._coming = kept
        return [entry[3] for entry in heard]

    def in_bands(self) -> Counter[tuple[int, int]]:
        """How many packets are still in the bands' memories, by (row, boot)."""
        return Counter((one.row, one.packet.boot) for _, _, _, one in self._coming)

    def _sense(self, row: int, second: int, due_s: float, made: Packet) -> None:
        plan = self._plan
        if not plan.faults:
            self._come(second, Reception(due_s, due_s, row, (0,), 1, made))
            return
        packet = plan.packet(row, second, made)
        if packet is None:
            return
        if plan.lost(row, second):
            self.lost[row, packet.boot] += 1
            return
        lost = plan.lost_before(row, second)
        if lost is not None:
            packet = msgspec.structs.replace(packet, lost=lost)
        heard_s = due_s
        apart = plan.apart(row, second)
        if apart is not None:
            heard_s = max(apart[1] + (second - apart[0]) / plan.backfill_hz(row, second), due_s)
        times = 1 if plan.on("doubled", row, heard_s) is None else 2
        self._come(second, Reception(heard_s, due_s, row, plan.gateways(row, heard_s), times, packet))

    def _come(self, second: int, reception: Reception) -> None:
        heapq.heappush(self._coming, (reception.due_s, reception.row, second, reception))

    def _until(self, until_s: float) -> list[Reception]:
        found = []
        while self._coming and self._coming[0][0] < until_s:
            found.append(heapq.heappop(self._coming)[3])
        return found
