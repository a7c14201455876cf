"""What the engine says of everybody, second by second, in; whose bands look exchanged out: a question to staff.

It changes no risk and holds up no alert. Rows are wearers; the recent part of a row begins anew with another band. What
is suspected is not learnt from until staff have answered, or the readings fit their wearers again.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ingest.registry.audit import Entry
from models.likeness import HOLD, Exchange, Likeness, Suspicion
from models.likeness_kernel import PANE_S
from models.risk import Array, Rows

SETTLE_S: Final = 60.0  # after the end of a pane: late seconds of it have come by then, and there is no hurry
ANSWERED_S: Final = 86_400.0  # whoever has looked is not asked again for a day
RIGHT: Final = "say that a band is on the right wrist"  # in the audit
LIKENESS: Final = "likeness."  # before the names of what is kept of it


@dataclass(frozen=True, slots=True)
class Suspected:
    """Since ``since_s`` [UTC s] the readings of two wearers have looked like each other's."""

    wearer: str
    other: str
    since_s: float


class Exchanges:
    """The memory of ``rows`` wearers' likeness, and which pairs of rows are suspected: each row of one other at most.

    Raises ModelError as ``models.likeness`` does.
    """

    def __init__(self, *, rows: int) -> None:
        self._likeness = Likeness(rows=rows)
        self._suspicion = Suspicion(rows=rows)
        self._rows = rows
        self._judged: int | None = None
        self._pair = np.zeros(rows, np.int64)  # the number that two rows share while they are suspected, else 0
        self._since_s = np.full(rows, np.nan)
        self._band = np.zeros(rows, np.int64)  # the CRC-32 of the band's id, 0: not known

    def wear(self, row: int, band: str) -> None:
        """The next readings of a row are those of ``band``: where that is another one, its last hour tells nothing."""
        number = zlib.crc32(band.encode()) or 1
        if self._band[row] not in (0, number):
            self._likeness.begin_hour(rows=np.array([row]))
            self._end(row)
        self._band[row] = number

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows) -> None:
        """Take in the next seconds of ``rows``: see ``Likeness.push``."""
        self._likeness.push(start_s, features, rows=rows, learning=self._pair[rows] == 0)

    def look(self, now_s: float, answered: Iterable[int]) -> bool:
        """Judge if a pane is over at ``now_s`` [UTC s]; say whether anything is suspected now that was not before, or
        the other way round. Rows in ``answered`` were looked at lately: nothing is asked of them."""
        before = self._pair.copy()
        quiet = np.zeros(self._rows, bool)
        quiet[list(answered)] = True
        for row in np.flatnonzero(quiet & (self._pair > 0)):
            self._end(int(row))
        pane = int((now_s - SETTLE_S) // PANE_S)
        if self._judged is not None and pane != self._judged and self._rows > 1:
            self._judge(pane, quiet)
        self._judged = pane
        return bool((before != self._pair).any())

    def pairs(self) -> list[tuple[int, int, float]]:
        """The rows that are suspected of each other, the lower one first, and since when [UTC s]."""
        found = []
        for number in np.unique(self._pair[self._pair > 0]):
            one, other = (int(row) for row in np.flatnonzero(self._pair == number))
            found.append((one, other, float(self._since_s[one])))
        return found

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """A copy of everything that outlasts a restart, a leading row axis each. How long evidence has lasted that is
        not told yet does not."""
        mine = {"pair": self._pair.copy(), "since_s": self._since_s.copy(), "band": self._band.copy()}
        return {**self._likeness.snapshot(), **mine}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot of as many rows; raises ModelError where it does not fit."""
        self._likeness.restore(arrays)
        self._pair, self._since_s, self._band = (arrays[name].copy() for name in ("pair", "since_s", "band"))  # type: ignore[assignment]
        for row in np.flatnonzero(self._pair):
            if np.count_nonzero(self._pair == self._pair[row]) != 2:  # the other one was erased, or learnt anew
                self._end(int(row))

    def _judge(self, pane: int, quiet: NDArray[np.bool_]) -> None:
        here = np.flatnonzero(self._likeness.panes() >= pane)
        log_odds = np.full((self._rows, self._rows), np.nan)
        log_odds[np.ix_(here, here)] = self._likeness.exchange(rows=here).log_odds if len(here) else np.nan
        suspected = self._suspicion.judge(Exchange(log_odds, log_odds[..., None]))
        standing = (self._pair[:, None] == self._pair[None, :]) & (self._pair > 0)[:, None]
        standing &= ~(log_odds < 0.0)  # what cannot be told now, as of a band that is off, answers nothing
        asked = (suspected | standing) & ~quiet[:, None] & ~quiet[None, :]
        pairs = [(int(i), int(j)) for i, j in np.argwhere(np.triu(asked, 1))]
        pairs.sort(key=lambda pair: (not standing[pair], -np.nan_to_num(log_odds[pair])))
        since_s = {pair: self._since_s[pair[0]] for pair in pairs if standing[pair]}
        self._pair[:], self._since_s[:] = 0, np.nan
        for number, pair in enumerate(pairs, 1):
            if not self._pair[list(pair)].any():
                self._pair[list(pair)] = number
                self._since_s[list(pair)] = since_s.get(pair, float((pane - HOLD + 1) * PANE_S))

    def _end(self, row: int) -> None:
        """Suspect a row no more, nor the other one of its pair."""
        both = (self._pair == self._pair[row]) & (self._pair > 0)
        self._pair[both], self._since_s[both] = 0, np.nan


class Source(Protocol):
    """The registry, as far as it is asked here."""

    def audit_entries(
        self, wearer: str | None = None, *, action: str | None = None, since_s: float | None = None
    ) -> list[Entry]:
        """What was entered."""


def answered(registry: Source, wearers: Sequence[str], now_s: float) -> dict[str, float]:
    """Until when [UTC s] nothing is to be asked of wearers, because staff have looked and said that all is right."""
    since_s = now_s - ANSWERED_S
    if not registry.audit_entries(action=RIGHT, since_s=since_s):
        return {}
    found = {wearer: registry.audit_entries(wearer, action=RIGHT, since_s=since_s) for wearer in wearers}
    return {wearer: entries[-1].at_s + ANSWERED_S for wearer, entries in found.items() if entries}


def suspected_in(learnt: Path) -> list[Suspected]:
    """What was suspected when a service last kept what it learnt; nothing where that is not there, or another's."""
    try:
        with learnt.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            wearers = [str(wearer) for wearer in arrays["wearers"]]
            pair, since_s = arrays[LIKENESS + "pair"], arrays[LIKENESS + "since_s"]
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, BadZipFile):
        return []
    found = []
    for number in np.unique(pair[pair > 0]):
        rows = np.flatnonzero(pair == number)
        if len(rows) == 2:
            found.append(Suspected(wearers[rows[0]], wearers[rows[1]], float(since_s[rows[0]])))
    return found
