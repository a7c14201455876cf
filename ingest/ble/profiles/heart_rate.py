"""A plain heart-rate strap (180D) in, a packet a second with its beats out.

A strap has no clock and no numbers: beats are dated by their arrival and their intervals, packets by the gateway. What
was not heard is gone. Its pulse rate alone is not passed on: forecalm knows beats, and makes none up.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from ingest.ble.about import need, read_about, read_battery, seen_by_address
from ingest.ble.pacing import pulse_pace
from ingest.ble.packing import PACKET_US, Beats, Second
from ingest.ble.profile import Advert, Conversation, Link, Profile, Sink
from ingest.ble.talking import Talk, loop_s, steady_us
from ingest.control.messages import Seen
from ingest.gatt import uuids
from ingest.gatt.heart_rate import INTERVAL_HZ, HeartRate
from ingest.wire import Intervals

NEEDED: Final = {"heart rate (2A37)": uuids.HEART_RATE}
OTHERS: Final = (uuids.STREAM_SERVICE, uuids.POLAR_SERVICE, uuids.INFINITIME_SERVICE)  # spoken to in their own way
OTHER_NAMES: Final = ("Polar ", "InfiniTime")  # the same, where their adverts hold no service of their own
INTERVAL_MAX_S: Final = 10.0  # docs/wire.md
JITTER_US: Final = 200_000  # a strap's second is as long as its radio lets it be


class HeartRateStrap:
    """The profile."""

    name: Final = "heart-rate"
    bonds: Final = False

    def __init__(self, steady: Callable[[], int] = steady_us) -> None:
        self._steady = steady

    def recognise(self, advert: Advert) -> Seen | None:
        """See ``Profile``."""
        if uuids.HEART_RATE_SERVICE not in advert.services or any(uuid in advert.services for uuid in OTHERS):
            return None
        if (advert.name or "").startswith(OTHER_NAMES):
            return None
        return seen_by_address(self.name, advert)

    def converse(self, band: str, link: Link, sink: Sink) -> Conversation:
        """See ``Profile``."""
        return HeartRateTalk(band, link, sink, self._steady)


class HeartRateTalk(Talk):
    """See ``Conversation``."""

    def __init__(self, band: str, link: Link, sink: Sink, steady: Callable[[], int]) -> None:
        super().__init__(band, link, sink)
        self._steady = steady
        self._beats, self._pace = Beats(), pulse_pace()
        self._battery: int | None = None
        self._contact: bool | None = None
        self._intervals = False
        self._waiting: Intervals = Intervals(tick_us=[], interval_s=[])
        self._told_us: int | None = None

    async def _talk(self) -> None:
        need(self._band, self._link, NEEDED)
        firmware, model = await read_about(self._link)
        self._battery = await read_battery(self._link)
        self._sink.about(firmware=firmware, model=model, battery=self._battery)
        await self._link.subscribe(uuids.HEART_RATE, self._judged(self._hear))

    def _hear(self, data: bytes) -> None:
        self._pace.count(loop_s())
        heard, now_us = HeartRate.from_bytes(data), self._steady()
        self._contact = heard.contact
        self._intervals |= bool(heard.intervals)
        lengths_s = [count / INTERVAL_HZ for count in heard.intervals if 0 < count / INTERVAL_HZ <= INTERVAL_MAX_S]
        ticks_us, intervals_s = self._beats.hear(now_us, lengths_s)
        self._waiting = Intervals(
            tick_us=[*self._waiting.tick_us, *ticks_us], interval_s=[*self._waiting.interval_s, *intervals_s]
        )
        if self._told_us is not None and now_us - self._told_us < PACKET_US - JITTER_US:
            return
        self._told_us = now_us
        beats = self._waiting if self._intervals else None
        self._waiting = msgspec.structs.replace(self._waiting, tick_us=[], interval_s=[])
        self._tell(Second(tick_us=now_us, even={}, beats=beats), battery=self._battery, contact=self._contact)


def profile() -> Profile:
    """The one of this file."""
    return HeartRateStrap()
