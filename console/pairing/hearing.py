"""Messages from the broker, each at its moment, in; what bands and gateways of a site do now, for a pairing, out.

Times are when a message arrived, by our own clock: gateways' clocks may stand anywhere. What a gateway held back, out
of a band's memory or its own, is not *now*, confirms nothing and fits nobody.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from console.pairing.gesture import NOTHING, Movement, joined, strength
from ingest.control.messages import BandEvent, BandState, Nearby, Roster
from ingest.control.picture import BandAt, BandNear, GatewayAt, Picture
from ingest.control.reading import BandSaid, read
from ingest.errors import WireError
from ingest.received import Received
from ingest.wire import Packet, band_of, check, decode

KEPT_PACKETS: Final = 60  # of a band: more than a fit check or a gesture looks at
KEPT_TAPS: Final = 32
HELD_BACK_S: Final = 3.0  # between heard and sent: it waited
AWAY_S: Final = 60.0  # a band that was silent for longer before a prompt is out of reach, and not just lost
UNHEARD_S: Final = 1.0  # of a prompt that may be missed: nobody answers sooner than they have read it
_NEVER: Final = -math.inf


class Hearing:
    """What one place hears of a site. ``refused`` counts messages that say nothing: each is dropped, none hurts."""

    def __init__(self) -> None:
        self.roster: Roster | None = None
        self.moved: dict[str, Movement] = {}
        self.taps: dict[str, list[float]] = defaultdict(list)
        self.put_on_s: dict[str, float] = {}
        self.refused = 0
        self._picture = Picture()
        self._packets: dict[str, deque[Received]] = {}
        self._least_delay_s: dict[str, float] = {}
        self._offset_s: dict[tuple[str, int], float] = {}
        self._late_s: dict[str, float] = {}
        self._stand: dict[tuple[str, str], tuple[BandState, float]] = {}  # by band and gateway; since when
        self._lost_s: dict[tuple[str, str], float] = {}

    def hear(self, topic: str, payload: bytes, at_s: float, *, retained: bool = False) -> None:
        """Take in a message that arrived at ``at_s`` [s], or, ``retained``, that the broker had from before; what is
        none of ours, or cannot be read, is counted."""
        try:
            said = read(topic, payload)
            match said:
                case None:
                    self._packet(band_of(topic), decode(payload), at_s)
                case BandEvent():
                    self._event(said, at_s)
                case Roster():
                    self.roster = said
                case _:
                    if isinstance(said, Nearby):
                        self._delay(said.gateway, at_s - said.at_us * 1e-6)
                    if isinstance(said, BandSaid):
                        self._stands(said, at_s, retained=retained)
                    self._picture.hear(said, _us(at_s), retained=retained)
        except WireError:
            self.refused += 1

    def received(self, band: str, since_s: float) -> list[Received]:
        """The packets of a band that ended after ``since_s``, on our clock, in the order of arrival."""
        kept = [replace(each, offset_s=self._offset_s[band, each.packet.boot]) for each in self._packets.get(band, ())]
        return [each for each in kept if each.utc_s(each.packet.tick_us) > since_s + 0.5]

    def last_heard_s(self, band: str) -> float:
        """When readings of a band arrived last; minus infinity: never."""
        packets = self._packets.get(band)
        return packets[-1].received_s if packets else _NEVER

    def bands_heard(self) -> list[str]:
        """Every band of which readings have arrived."""
        return list(self._packets)

    def moves(self, band: str) -> bool:
        """Whether movement is among what a band has sent."""
        return any(each.packet.motion is not None for each in self._packets.get(band, ()))

    def unheard(self, since_s: float, now_s: float) -> set[str]:
        """The bands of which nobody knows what was done with them for a part of the time since ``since_s``.

        Their link was lost or came back, is being made, or they said late that they were tapped. A band that was silent
        for ``AWAY_S`` before and still is counts as out of reach, for hours perhaps: were it waited for, nobody in the
        house could be paired. If that is the one in the hand, nothing answers the prompt in its place. So does one that
        a gateway let go of because nobody wanted it held. A strap that has neither movement nor taps to tell is none
        of these: heard or not, it would say nothing.
        """
        came = {band for band, each in self._packets.items() if _missed([it.received_s for it in each], since_s, now_s)}
        late = {band for band, at_s in self._late_s.items() if at_s >= since_s}
        making = {band for band, at_s in self._in("connecting") if now_s - at_s <= AWAY_S}
        lost = {band for (band, _), at_s in self._lost_s.items() if at_s >= since_s - AWAY_S} - self._packets.keys()
        held = {band for state in ("connecting", "connected") for band, _ in self._in(state)}
        let_go = {band for band, _ in self._in("released")} - held
        mute = {band for band in self._packets if not self.moves(band) and not self.taps.get(band)}
        return (came - let_go | late | making | lost) - mute

    def _in(self, state: BandState) -> Iterator[tuple[str, float]]:
        """The bands with which a gateway stands so, and since when [s]."""
        return ((band, at_s) for (band, _), (stands, at_s) in self._stand.items() if stands == state)

    def gateways(self, now_s: float) -> list[GatewayAt]:
        """Every gateway heard of."""
        return self._picture.gateways(_us(now_s))

    def bands(self, now_s: float) -> list[BandAt]:
        """Every band that a gateway said how it stands with."""
        return self._picture.bands(_us(now_s))

    def reasons(self, band: str, now_s: float) -> dict[str, str]:
        """Why gateways do not have a band, by gateway."""
        return self._picture.reasons(band, _us(now_s))

    def nearby(self, now_s: float) -> list[BandNear]:
        """The bands on any gateway's radio, the best heard first; only while they are asked to tell."""
        return self._picture.nearby(_us(now_s))

    def _event(self, said: BandEvent, at_s: float) -> None:
        band = said.band
        age_s = self._delay(said.gateway, at_s - said.at_us * 1e-6)
        if age_s > HELD_BACK_S:
            if said.kind == "double_tap":
                self._late_s[band] = at_s
            return
        if said.kind == "double_tap":
            taps = self.taps[band]
            if not taps or at_s - age_s > taps[-1] + 0.2:  # two gateways, or QoS 1, may say one twice
                taps.append(at_s - age_s)
                del taps[:-KEPT_TAPS]
        elif said.kind == "put_on":
            self.put_on_s[band] = at_s - age_s

    def _stands(self, said: BandSaid, at_s: float, *, retained: bool) -> None:
        """What the broker had from before began when the gateway says, by its clock; anything else begins now. Who was
        connecting then may be long gone; and whoever is dialled again and again in vain was lost once."""
        key, status = (said.band, said.gateway), said.status
        before, _ = self._stand.pop(key, (None, 0.0))
        if status is None or (retained and status.state == "connecting"):
            return
        fresh = before is not None or status.state == "connecting"
        began_s = at_s if fresh else min(at_s, status.since_us * 1e-6)
        if status.state == "lost" and before in (None, "connected"):
            self._lost_s[key] = began_s
        self._stand[key] = status.state, began_s

    def _delay(self, gateway: str, behind_s: float) -> float:
        """How much longer than ever a gateway's message took: its clock may stand anywhere, but the least delay is."""
        least = min(self._least_delay_s.get(gateway, math.inf), behind_s)
        self._least_delay_s[gateway] = least
        return behind_s - least

    def _packet(self, band: str, packet: Packet, at_s: float) -> None:
        if packet.band != band:
            raise WireError(f"band: a packet of {packet.band!r} came on the topic of {band!r}")
        if packet.lost is not None:
            return
        waited_us = 0 if packet.sent_us is None or packet.heard_us is None else packet.sent_us - packet.heard_us
        if waited_us > HELD_BACK_S * 1e6:
            return
        arrays = check(packet)
        key = (band, packet.boot)
        offset_s = min(self._offset_s.get(key, math.inf), at_s - packet.tick_us * 1e-6)
        self._offset_s[key] = offset_s
        kept = self._packets.setdefault(band, deque(maxlen=KEPT_PACKETS))
        if any((each.packet.boot, each.packet.seq) == (packet.boot, packet.seq) for each in kept):
            return
        kept.append(Received(packet, offset_s, at_s, b"", arrays))
        if packet.motion is not None:
            motion = strength(arrays["motion"], packet.motion.rate_hz)
            self.moved[band] = joined(self.moved.get(band, NOTHING), motion, packet.tick_us * 1e-6 + offset_s)


def _missed(arrived_s: Sequence[float], since_s: float, now_s: float) -> bool:
    """Whether a band that is not out of reach was silent for too long while something was asked for."""
    if arrived_s[-1] < since_s - AWAY_S:
        return False
    return any(
        b - a > HELD_BACK_S and b - max(a, since_s) > UNHEARD_S for a, b in pairwise([_NEVER, *arrived_s, now_s])
    )


def _us(at_s: float) -> int:
    return round(at_s * 1e6)
