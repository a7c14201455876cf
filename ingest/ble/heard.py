"""Adverts in, which bands are on the radio, by which address and how loud at which adapter, out. No clock is read.

An advert is anybody's word. So a band's id is kept with every address that claims it, and what goes wrong with one
address is not held against another.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from ingest.ble.bonding import Bonds
from ingest.ble.racing import Attempts, wait_s
from ingest.control.messages import Seen

FRESH_S: Final = 10.0  # a band that nothing was heard of for so long is not there, or somebody else has it
CALLS_S: Final = 1.5  # only who was heard so lately is dialled: one whom another gateway has just taken says no more
RESUMES_S: Final = 5.0  # a band that is heard again after so long was held by somebody, or away: a new race
BREAK_S: Final = 0.75  # three adverts of a forecalm band: somebody had it meanwhile, or the air was bad
SLOW_BREAK_S: Final = 2.5  # the same of a band that calls once a second, as one on its charger may
BRISK_GAP_S: Final = (0.05, 0.5)  # between two adverts of a band that calls often; less: one advert, reported twice
BRISK_S: Final = 4.0  # without such a gap, and it calls once a second
TIE_S: Final = 0.6  # luck that parts gateways which hear a band as loud: two that dial at once cost one of them seconds
FORGET_S: Final = 60.0  # and nobody wants to hear of it any more
BANDS_MAX: Final = 512  # ids kept at once: a radio full of made-up names costs no more
ADDRESSES_MAX: Final = 8  # that claim one id
TRUST_TRIES: Final = 3  # in vain, and an address that was the band's once is no better than any that claims its id


@dataclass(slots=True)
class Way:
    """An address by which a band can be had; ``loud`` is (dBm, when) by adapter; it was heard without a break since
    ``free_s``, and called often at ``brisk_s``. ``bonds`` is None of a band that asks for none."""

    address: str
    since_s: float
    heard_s: float
    free_s: float
    bonds: Bonds | None = None
    luck: float = 0.0
    brisk_s: float = -math.inf
    loud: dict[int, tuple[int, float]] = field(default_factory=dict)
    attempts: Attempts = field(default_factory=Attempts)

    def trusted(self) -> bool:
        """Whether it was the band once: an adapter has a bond with it, or a connection lasted."""
        return self.attempts.lasted or (self.bonds is not None and self.bonds.count() > 0)

    def rssi(self, now_s: float) -> dict[int, int]:
        """How loud each adapter that hears it now, and that it may let in, does [dBm]."""
        return {i: rssi for i, rssi in self._heard(now_s).items() if self.bonds is None or self.bonds.lets_in(i)}

    def lacking(self, now_s: float) -> dict[int, int]:
        """How loud each adapter that hears it now, and has no bond with it, does [dBm]."""
        return {i: rssi for i, rssi in self._heard(now_s).items() if self.bonds is not None and self.bonds.lacks(i)}

    def hear(self, adapter: int, rssi: int, now_s: float) -> None:
        """An advert."""
        if adapter in self.loud and BRISK_GAP_S[0] < now_s - self.loud[adapter][1] < BRISK_GAP_S[1]:
            self.brisk_s = now_s
        brisk = now_s - max(self.since_s, self.brisk_s) < BRISK_S
        if now_s - self.heard_s > (BREAK_S if brisk else SLOW_BREAK_S):
            self.free_s = now_s
        self.heard_s = now_s
        self.loud[adapter] = (rssi, now_s)

    def in_round(self, now_s: float) -> bool:
        """Whether bonds are being made, here or by others."""
        return (
            self.bonds is not None
            and self.bonds.round is not None
            and not self.bonds.round.is_over(now_s, free_s=self.free_s)
        )

    def bonder(self, now_s: float, *, able: Callable[[int, int], bool]) -> int | None:
        """Which adapter is to make a bond now; None: none. ``able`` says whether one can, that hears it so loud."""
        making = None if self.bonds is None else self.bonds.round
        if making is None or self.heard_s < max(making.due_s, self.free_s + TIE_S * self.luck):
            return None
        return making.adapter({i: rssi for i, rssi in self.lacking(now_s).items() if able(i, rssi)})

    def race(self, now_s: float, luck: float) -> None:
        """It is free from now on; ``luck`` is even over 0 to 1."""
        self.since_s, self.luck = now_s, luck

    def due_s(self, now_s: float) -> float | None:
        """When to connect to it: its turn, and a wait by how loud it is; None: it is not heard, or bonds are made."""
        loud = self.rssi(now_s)
        if not loud or self.in_round(now_s):
            return None
        return max(self.since_s + wait_s(max(loud.values())) + TIE_S * self.luck, self.attempts.not_before_s)

    def _heard(self, now_s: float) -> dict[int, int]:
        return {i: rssi for i, (rssi, at_s) in self.loud.items() if now_s - at_s < CALLS_S}


@dataclass(slots=True)
class Heard:
    """A band on the radio; ``seen`` as of its last advert."""

    seen: Seen
    ways: dict[str, Way] = field(default_factory=dict)

    def heard_s(self) -> float:
        """When, at all."""
        return max(way.heard_s for way in self.ways.values())

    def way(self, now_s: float) -> Way | None:
        """The address to try now: due, with the fewest failures, then the loudest; None: none is due. Where the band
        calls by an address that is known to be its own, no stranger that claims its id is dialled before it."""
        calling = [way for way in self.ways.values() if way.due_s(now_s) is not None]
        known = [way for way in calling if way.trusted() and way.attempts.failures < TRUST_TRIES]
        due = [way for way in known or calling if (at_s := way.due_s(now_s)) is not None and at_s <= now_s]
        return min(due, key=lambda way: (way.attempts.failures, -max(way.rssi(now_s).values())), default=None)


class Radio:
    """All that is heard. ``luck`` is even over 0 to 1."""

    def __init__(self, luck: Callable[[], float]) -> None:
        self._luck = luck
        self.bands: dict[str, Heard] = {}

    def hear(
        self, adapter: int, seen: Seen, now_s: float, *, wanted: Callable[[str], bool], bonds: bool = False
    ) -> Way | None:
        """Take in an advert, and return by which way; where there are too many, the longest unheard that nobody wants
        goes. ``bonds``: bands of that kind let in only whom they know."""
        heard = self.bands.get(seen.band)
        if heard is None:
            if len(self.bands) >= BANDS_MAX and not self._make_room(wanted):
                return None
            heard = self.bands[seen.band] = Heard(seen)
        heard.seen = _later(heard.seen, seen)
        way = heard.ways.get(seen.address)
        if way is None:
            if len(heard.ways) >= ADDRESSES_MAX:
                del heard.ways[min(heard.ways.values(), key=lambda way: (way.trusted(), way.heard_s)).address]
            known = Bonds() if bonds else None
            way = heard.ways[seen.address] = Way(seen.address, now_s, now_s, now_s, known, self._luck())
        if now_s - way.heard_s > RESUMES_S:
            way.race(now_s, self._luck())
        way.hear(adapter, -127 if seen.rssi is None else seen.rssi, now_s)
        return way

    def forget(self, now_s: float, *, wanted: Callable[[str], bool]) -> None:
        """Let go of bands that nobody wants and nothing is heard of."""
        for band in [b for b, heard in self.bands.items() if not wanted(b) and now_s - heard.heard_s() > FORGET_S]:
            del self.bands[band]

    def fresh(self, now_s: float) -> list[Seen]:
        """What is heard now."""
        return [heard.seen for heard in self.bands.values() if now_s - heard.heard_s() < FRESH_S]

    def _make_room(self, wanted: Callable[[str], bool]) -> bool:
        unwanted = [(heard.heard_s(), band) for band, heard in self.bands.items() if not wanted(band)]
        if not unwanted:
            return False
        del self.bands[min(unwanted)[1]]
        return True


def _later(before: Seen, seen: Seen) -> Seen:
    """``seen``, with what only an earlier advert of the same address said."""
    if before.address != seen.address:
        return seen
    kept = {
        name: getattr(before, name)
        for name in ("battery", "firmware", "worn", "charging", "pairing")
        if getattr(seen, name) is None
    }
    return msgspec.structs.replace(seen, **kept)
