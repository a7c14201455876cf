"""What the service says are a site's bands in, which of them a gateway may connect to out; the last is kept on disk."""

import logging
from pathlib import Path
from typing import Final

from ingest.ble.numbering import write_whole
from ingest.control.messages import Roster, decode_message, encode_message
from ingest.errors import SpoolError, WireError

log = logging.getLogger(__name__)

AHEAD_US: Final = 1_200_000_000  # twenty minutes: a roster dated further ahead was dated by a clock that stood wrong
PAIRING_MAX_US: Final = 900_000_000  # nobody pairs a band for longer than a quarter of an hour
LINGER_US: Final = (
    120_000_000  # for a service whose registry could not be read at first; then an empty house is believed
)


class Rostered:
    """The bands of a site, as of the last word of the service; of none until there was one.

    A file that cannot be read counts as none: better no connection than one to somebody else's band. Whom staff pair is
    not taken from a file: the broker says it again. No clock need agree with the service's: what is said now holds
    from now on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._roster: Roster | None = None
        self._bands: frozenset[str] = frozenset()
        self._pairing_until_us = 0
        self._lingering: frozenset[str] = frozenset()
        self._emptied_us = 0
        try:
            self._roster = decode_message(path.read_bytes(), Roster)
            self._bands = frozenset(self._roster.bands)
        except FileNotFoundError:
            log.info("no roster was ever heard: no band is connected to until the service says which")
        except (OSError, WireError) as error:
            log.warning("%s: %s; no band is connected to until the service says which", path, error)

    @property
    def known(self) -> bool:
        """Whether the service ever said anything."""
        return self._roster is not None

    def take(self, roster: Roster, now_us: int, *, retained: bool = False) -> bool:
        """Take over a word of the service's, and keep it; False where it is older than what holds.

        ``retained``: the broker had it from before, so it may be old. It holds against nothing newer, but for what is
        dated ahead of ``now_us``: a service's clock that once stood a day ahead would have the last word for a day.
        What is said now is the last word, whatever the service's clock says.
        """
        before = self._roster
        if retained and before is not None and roster.at_us < before.at_us <= now_us + AHEAD_US:
            return False
        if retained and roster == before and self._pairing_until_us:  # it was heard before the broker went away
            return True
        self._pairing_until_us = now_us + min(max(roster.pairing_until_us - roster.at_us, 0), PAIRING_MAX_US)
        if retained:
            self._pairing_until_us = min(self._pairing_until_us, roster.pairing_until_us)
        if roster.bands:
            self._lingering = frozenset()
        elif len(self._bands) > 1:
            self._lingering, self._emptied_us = self._bands, now_us
            log.warning("the service says that the site has no bands any more: they are held for a while, then let go")
        if roster != before:
            self._roster, self._bands = roster, frozenset(roster.bands)
            try:
                write_whole(self._path, encode_message(roster))
            except SpoolError as error:
                log.error("the roster is not kept over a restart: %s", error)
        return True

    def allows(self, band: str, now_us: int) -> bool:
        """Whether the gateway may connect to it."""
        lingers = band in self._lingering and self._emptied_us <= now_us < self._emptied_us + LINGER_US
        return band in self._bands or lingers or self.pairs(band, now_us)

    def pairs(self, band: str, now_us: int) -> bool:
        """Whether staff are pairing it now."""
        roster = self._roster
        return roster is not None and band in roster.pairing and now_us < self._pairing_until_us
