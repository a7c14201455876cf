"""Assignments and consents in, a verdict on any band at any moment out, in about a microsecond and without a query."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import sqlalchemy as sa

from ingest.admission import Admission, Verdict
from ingest.registry.audit import head
from ingest.registry.consents import Scope
from ingest.registry.stretches import end_of
from ingest.registry.tables import ASSIGNMENT, CONSENT

NOBODY: Final = Admission(Verdict.WAIT, None)
ERASED: Final = Admission(Verdict.DROP, None)

Stay = tuple[float, float, str | None]
"""Since when, until when [UTC s], and who wore it; None: somebody who was erased."""
Span = tuple[float, float]


class Admissions:
    """What the registry knew at one moment: never changes, safe from any thread. ``revision`` names that moment.

    What is to come by itself is in it: a consent that ends tomorrow ends tomorrow without being asked again.
    """

    __slots__ = ("_consented", "_since", "_verdicts", "revision")

    def __init__(
        self, revision: int, worn: Mapping[str, Iterable[Stay]], consented: Mapping[str, Iterable[Span]]
    ) -> None:
        self.revision = revision
        self._consented = {wearer: union(spans) for wearer, spans in consented.items()}
        self._since: dict[str, list[float]] = {}
        self._verdicts: dict[str, list[Admission]] = {}
        shared: dict[str, tuple[Admission, Admission]] = {}
        for band, stays in worn.items():
            self._enter(band, sorted(stays, key=lambda stay: stay[0]), shared)

    def _enter(self, band: str, stays: list[Stay], shared: dict[str, tuple[Admission, Admission]]) -> None:
        """Lay down where the verdict on a band changes: before the first change it is NOBODY."""
        since: list[float] = []
        verdicts = [NOBODY]
        for start_s, end_s, wearer in stays:
            if since and since[-1] == start_s:  # the one before ended here
                since.pop()
                verdicts.pop()
            if wearer is None:
                since += (start_s, end_s)
                verdicts += (ERASED, NOBODY)
                continue
            if wearer not in shared:
                shared[wearer] = (Admission(Verdict.KEEP, wearer), Admission(Verdict.DROP, wearer))
            keep, drop = shared[wearer]
            at_s = start_s
            for low, high in self._consented.get(wearer, ()):
                low, high = max(low, at_s), min(high, end_s)
                if low >= high:
                    continue
                if at_s < low:
                    since.append(at_s)
                    verdicts.append(drop)
                since.append(low)
                verdicts.append(keep)
                at_s = high
            if at_s < end_s:
                since.append(at_s)
                verdicts.append(drop)
            since.append(end_s)
            verdicts.append(NOBODY)
        self._since[band], self._verdicts[band] = since, verdicts

    def admit(self, band: str, at_s: float) -> Admission:
        """The verdict on a packet of ``band`` that ended at ``at_s`` [UTC s]: see ``ingest.admission.Admit``."""
        since = self._since.get(band)
        if since is None or at_s != at_s:
            return NOBODY
        return self._verdicts[band][bisect_right(since, at_s)]

    def consented(self, wearer: str, at_s: float) -> bool:
        """Whether a consent to care covers a wearer at ``at_s`` [UTC s]: if not, nothing of them is recorded."""
        return any(low <= at_s < high for low, high in self._consented.get(wearer, ()))


def union(spans: Iterable[Span]) -> list[Span]:
    """The same moments as spans that neither overlap nor touch, in order."""
    joined: list[Span] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def admissions(connection: sa.Connection) -> Admissions:
    """See ``Registry.admissions``."""
    worn: defaultdict[str, list[Stay]] = defaultdict(list)
    columns = (ASSIGNMENT.c.band, ASSIGNMENT.c.since_s, ASSIGNMENT.c.until_s, ASSIGNMENT.c.wearer)
    for band, since_s, until_s, wearer in connection.execute(sa.select(*columns)):
        worn[band].append((since_s, end_of(until_s), wearer))
    consented: defaultdict[str, list[Span]] = defaultdict(list)
    standing = (CONSENT.c.scope == Scope.CARE.value) & CONSENT.c.withdrawn_s.is_(None)
    query = sa.select(CONSENT.c.wearer, CONSENT.c.from_s, CONSENT.c.until_s).where(standing)
    for wearer, from_s, until_s in connection.execute(query):
        consented[wearer].append((from_s, end_of(until_s)))
    return Admissions(head(connection).number, worn, consented)
