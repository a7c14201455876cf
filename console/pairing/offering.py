"""Bands that staff pair in, what the gateways of a site are told so that they connect to them out.

A roster has one list of bands that are being paired, and the last word counts. So nobody says theirs against somebody
else's: who only looks around is silent while another pairs, and two who pair are told of each other.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

from ingest.control.messages import Roster

OFFER_S: Final = 120.0  # how long gateways may connect to a band for a pairing; said anew while it goes on
SOON_S: Final = 1.0  # between two words on the same: the service's roster and ours may cross
AGAINST: Final = 2  # rosters without our bands but with others, in ``AGAINST_S``: one may have crossed ours on its way
AGAINST_S: Final = 10.0


class Offered(Protocol):
    """Where rosters are said: see ``console.pairing.line.Line``."""

    def offer(self, roster: Roster) -> None:
        """Say which bands gateways connect to."""


class Offering:
    """Says to gateways, beside the bands that they are to hold (``held``), which ones are being paired."""

    def __init__(self, line: Offered, held: Callable[[], Sequence[str]]) -> None:
        self._line, self._held = line, held
        self._said: tuple[str, ...] = ()
        self._said_s = float("-inf")
        self._ours: deque[tuple[list[str], int]] = deque(maxlen=32)
        self._last: Roster | None = None
        self._against_s: deque[float] = deque(maxlen=AGAINST)

    def say(self, pairing: Collection[str], now_s: float) -> None:
        """These are being paired from ``now_s`` [UTC s] on; none: it is over."""
        self._said, self._said_s = tuple(sorted(pairing)), now_s
        until_us = round((now_s + OFFER_S) * 1e6) if pairing else 0
        self._ours.append((list(self._said), until_us))
        self._line.offer(
            Roster(
                v=1,
                at_us=round(now_s * 1e6),
                bands=sorted(self._held()),
                pairing=list(self._said),
                pairing_until_us=until_us,
            )
        )

    def theirs(self, heard: Roster | None, now_s: float) -> tuple[str, ...]:
        """Which bands somebody else has let gateways at, by the roster that was ``heard`` last, and for no longer than
        it says; the service repeats a pairing of ours in its own rosters."""
        if heard is None or heard.pairing_until_us <= now_s * 1e6:
            return ()
        ours = (heard.pairing, heard.pairing_until_us) in self._ours
        return () if ours else tuple(heard.pairing)

    def keep(self, pairing: Collection[str], heard: Roster | None, now_s: float) -> tuple[str, ...]:
        """Say it again where it has changed, in time, and where somebody else has published another roster since;
        ``heard`` is the one that was heard last. Returns the bands that somebody else pairs against us: their rosters
        keep taking ours off the air, so neither can go on."""
        wanted, theirs = tuple(sorted(pairing)), self.theirs(heard, now_s)
        if heard is not self._last:
            self._last = heard
            if theirs and not set(self._said) <= set(theirs):
                self._against_s.append(now_s)
        if not wanted:
            self.end(heard, now_s)
            return ()
        if wanted != self._said or now_s - self._said_s >= SOON_S:
            unsaid = heard is None or not set(wanted) <= set(heard.pairing)
            if wanted != self._said or unsaid or now_s - self._said_s > OFFER_S / 2:
                self.say(wanted, now_s)
        fought = len(self._against_s) == AGAINST and now_s - self._against_s[0] < AGAINST_S
        return theirs if fought else ()

    def end(self, heard: Roster | None, now_s: float) -> None:
        """Nothing is being paired here any more; what somebody else has put in its place stays."""
        if self._said and not self.theirs(heard, now_s):
            self.say((), now_s)
        self._said = ()
