"""An InfiniTime watch (PineTime) in, packets of its motion out.

It tells motion one sample at a time, without a clock: samples are dated by their arrival, the rate is measured over a
second of them. Its heart rate is a number without beats and without contact (0 while it measures nothing, and the last
one after it was taken off), so that nothing is made of it.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from ingest.ble.about import need, read_about, read_battery, seen_by_address
from ingest.ble.pacing import motion_pace
from ingest.ble.packing import Seconds
from ingest.ble.profile import Advert, Conversation, Link, Profile, Sink
from ingest.ble.talking import Talk, loop_s, steady_us
from ingest.control.messages import Seen
from ingest.gatt import uuids
from ingest.gatt.infinitime import COUNTS_PER_G, decode_motion

NEEDED: Final = {"motion (00030002)": uuids.INFINITIME_MOTION}
NAME: Final = "InfiniTime"  # its adverts carry no service of its own
RATE_HZ: Final = 10.0  # about what it notifies with; what it did is measured


class InfiniTime:
    """The profile."""

    name: Final = "infinitime"
    bonds: Final = False

    def __init__(self, steady: Callable[[], int] = steady_us) -> None:
        self._steady = steady

    def recognise(self, advert: Advert) -> Seen | None:
        """See ``Profile``."""
        if uuids.INFINITIME_SERVICE not in advert.services and advert.name != NAME:
            return None
        return seen_by_address(self.name, advert)

    def converse(self, band: str, link: Link, sink: Sink) -> Conversation:
        """See ``Profile``."""
        return InfiniTimeTalk(band, link, sink, self._steady)


class InfiniTimeTalk(Talk):
    """See ``Conversation``."""

    def __init__(self, band: str, link: Link, sink: Sink, steady: Callable[[], int]) -> None:
        super().__init__(band, link, sink)
        self._steady = steady
        self._seconds, self._pace = Seconds({"motion": RATE_HZ}, jitters=True), motion_pace()
        self._battery: int | None = None

    async def _talk(self) -> None:
        need(self._band, self._link, NEEDED)
        firmware, model = await read_about(self._link)
        self._battery = await read_battery(self._link)
        self._sink.about(firmware=firmware, model=model, battery=self._battery)
        await self._link.subscribe(uuids.INFINITIME_MOTION, self._judged(self._hear))

    def _hear(self, data: bytes) -> None:
        self._pace.count(loop_s())
        motion = np.array([decode_motion(data)], np.float32) / np.float32(COUNTS_PER_G)
        for second in self._seconds.add("motion", self._steady(), motion):
            self._tell(second, battery=self._battery, contact=None)


def profile() -> Profile:
    """The one of this file."""
    return InfiniTime()
