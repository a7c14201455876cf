"""Assignments and consents in, which readings of each band are somebody's to keep out."""

import math
from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from ingest.registry.admissions import Span, union
from ingest.registry.consents import Scope
from ingest.registry.stretches import end_of
from ingest.registry.tables import ASSIGNMENT, CONSENT


@dataclass(frozen=True, slots=True)
class Claims:
    """When [UTC s] a band was worn by somebody whose consent to care covers that time (``covered``), and when by
    somebody who has been erased since (``erased``); in order, none overlaps another. All other time is nobody's."""

    covered: tuple[Span, ...] = ()
    erased: tuple[Span, ...] = ()


def claims(connection: sa.Connection) -> dict[str, Claims]:
    """See ``Registry.claims``."""
    given: defaultdict[str, list[tuple[float, float, float]]] = defaultdict(list)
    columns = (CONSENT.c.wearer, CONSENT.c.from_s, CONSENT.c.until_s, CONSENT.c.withdrawn_s)
    care = sa.select(*columns).where(CONSENT.c.scope == Scope.CARE.value)
    for wearer, from_s, until_s, withdrawn_s in connection.execute(care):
        given[wearer].append((from_s, end_of(until_s), end_of(withdrawn_s)))
    covered: defaultdict[str, list[Span]] = defaultdict(list)
    erased: defaultdict[str, list[Span]] = defaultdict(list)
    worn = (ASSIGNMENT.c.band, ASSIGNMENT.c.wearer, ASSIGNMENT.c.since_s, ASSIGNMENT.c.until_s, ASSIGNMENT.c.made_at_s)
    for band, wearer, since_s, until, made_at_s in connection.execute(sa.select(*worn)):
        until_s, made_s = end_of(until), -math.inf if made_at_s is None else made_at_s
        if wearer is None:
            erased[band].append((since_s, until_s))
        for from_s, to_s, withdrawn_s in given.get(wearer, ()):
            low, high = max(since_s, from_s), min(until_s, to_s)
            if low < high and made_s < withdrawn_s:
                covered[band].append((low, high))
    return {
        band: Claims(tuple(union(covered[band])), tuple(union(erased[band]))) for band in covered.keys() | erased.keys()
    }
