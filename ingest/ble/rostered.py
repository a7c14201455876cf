"""What the service says are a site's bands in, which of them a gateway may connect to out; the last is kept on disk."""

import logging
from pathlib import Path
from typing import Final

from ingest.ble.numbering import write_whole
from ingest.control.messages import Roster, decode_message, encode_message
from ingest.errors import SpoolError, WireError

log = logging.getLogger(__name__)

AHEAD_US: Final = 1_200_000_000  # twenty minutes: a roster dated further ahead was dated by a clock that stood wrong


class Rostered:
    """The bands of a site, as of the last word of the service; of none until there was one.

    A file that cannot be read counts as none: better no connection than one to somebody else's band.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._roster: Roster | None = None
        self._bands: frozenset[str] = frozenset()
        try:
            self._roster = decode_message(path.read_bytes(), Roster)
            self._bands = frozenset(self._roster.bands)
        except FileNotFoundError:
            pass
        except (OSError, WireError) as error:
            log.warning("%s: %s; no band is connected to until the service says which", path, error)

    @property
    def known(self) -> bool:
        """Whether the service ever said anything."""
        return self._roster is not None

    def take(self, roster: Roster, now_us: int) -> bool:
        """Take over a newer word, and keep it; False where it is older than what holds.

        What is dated ahead of ``now_us`` holds against nothing newer: else a clock of the service's that once stood a
        day ahead would keep every band that is paired since from being connected to, for a day.
        """
        before = self._roster
        if before is not None and roster.at_us < before.at_us <= now_us + AHEAD_US:
            return False
        if roster != before:
            self._roster, self._bands = roster, frozenset(roster.bands)
            try:
                write_whole(self._path, encode_message(roster))
            except SpoolError as error:
                log.error("the roster is not kept over a restart: %s", error)
        return True

    def allows(self, band: str, now_us: int) -> bool:
        """Whether the gateway may connect to it."""
        roster = self._roster
        if roster is None:
            return False
        return band in self._bands or self.pairs(band, now_us)

    def pairs(self, band: str, now_us: int) -> bool:
        """Whether staff are pairing it now."""
        roster = self._roster
        return roster is not None and band in roster.pairing and now_us < roster.pairing_until_us
