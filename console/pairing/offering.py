"""Bands that staff pair in, what the gateways of a site are told so that they connect to them out."""

from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

from ingest.control.messages import Roster

OFFER_S: Final = 120.0  # how long gateways may connect to a band for a pairing; said anew while it goes on
SOON_S: Final = 1.0  # between two words on the same: the service's roster and ours may cross


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

    def say(self, pairing: Collection[str], now_s: float) -> None:
        """These are being paired from ``now_s`` [UTC s] on; none: it is over."""
        self._said, self._said_s = tuple(sorted(pairing)), now_s
        self._line.offer(
            Roster(
                v=1,
                at_us=round(now_s * 1e6),
                bands=sorted(self._held()),
                pairing=list(self._said),
                pairing_until_us=round((now_s + OFFER_S) * 1e6) if pairing else 0,
            )
        )

    def keep(self, pairing: Collection[str], heard: Roster | None, now_s: float) -> None:
        """Say it again where it has changed, in time, and where somebody else has published another roster since;
        ``heard`` is the one that was heard last."""
        wanted = tuple(sorted(pairing))
        if wanted == self._said and not wanted:
            return
        if wanted == self._said and now_s - self._said_s < SOON_S:
            return
        unsaid = heard is None or not set(wanted) <= set(heard.pairing)
        if wanted != self._said or unsaid or now_s - self._said_s > OFFER_S / 2:
            self.say(wanted, now_s)
