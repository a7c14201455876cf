"""What people said happened and alerts that were raised in; which events were told in time and which alerts were false
out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerts.errors import AlertError
from ingest.labels import Label
from models.datasets.target import UNSURE, ForecastTarget, Target
from models.datasets.words import is_said

REACH_S: Final = 300.0
"""An alert up to so long before an event has told of it: three minutes of horizon (Imbiriba 2023,
doi:10.1001/jamanetworkopen.2023.48898), the desk's hold and a carer's way fit in; after five minutes nobody connects
the two any more. A model that promises to look further ahead is granted that: see ``reach_of``."""

AFTER_S: Final = 300.0
"""An alert during an event, or up to so long after it, neither told of it nor is it false: the person is still upset,
and a carer is there."""

SHOWN: Final = 10
"""Words of labels that a sentence lists."""

WATCHABLE: Final = 0.5
"""Of the reach before an event the band must have been worn for so much of it; else no model could have told of it."""


class Happened(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event that began at ``onset_s`` [UTC s], give or take ``uncertainty_s``, and ended at ``end_s``."""

    what: str
    onset_s: float
    end_s: float
    uncertainty_s: float = 0.0


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of n events, how long before its onset each was told of [s], None where it was missed; and of all alerts those
    that were false [UTC s]."""

    leads_s: tuple[float | None, ...]
    false_s: tuple[float, ...]


def reach_of(target: Target | None) -> float:
    """Return how long before an event an alert may come and still tell of it [s]."""
    promised = target.horizon_s + target.latency_s if isinstance(target, ForecastTarget) else 0.0
    return max(REACH_S, promised)


def happened(labels: Iterable[Label], words: Sequence[str]) -> tuple[Happened, ...]:
    """Return the events that ``words`` name, in order of time. Labels that touch or overlap are one event, from the
    earliest onset to the latest end, as in ``ForecastTarget``."""
    found: list[Happened] = []
    those = (label for label in labels if is_said(label, words))
    for label in sorted(those, key=lambda label: (label.start_s, label.end_s, label.what)):
        if found and label.start_s <= found[-1].end_s:
            found[-1] = msgspec.structs.replace(found[-1], end_s=max(found[-1].end_s, label.end_s))
        else:
            found.append(
                Happened(
                    what=label.what,
                    onset_s=label.start_s,
                    end_s=label.end_s,
                    uncertainty_s=label.onset_uncertainty_s,
                )
            )
    return tuple(found)


def doubtful(labels: Iterable[Label], words: Sequence[str]) -> tuple[Happened, ...]:
    """Return what may have been an event, or none: somebody was there and could not tell. Nothing where ``words`` say
    what such a label is to count as."""
    return () if UNSURE in words else happened(labels, (UNSURE,))


def unheard_of(labels: Iterable[Label], words: Sequence[str]) -> str:
    """Return, as a sentence, that none of ``words`` is ever said though others are; "" where one is, or nothing is."""
    those = list(labels)
    if not those or any(is_said(label, words) for label in those):
        return ""
    common = ", ".join(f"{what!r} ({n})" for what, n in Counter(label.what for label in those).most_common(SHOWN))
    return (
        f"No label says {', '.join(map(repr, words))}; there are {common}. Name those that are events: --events WORD."
    )


def watchable(events: Sequence[Happened], worn_s: NDArray[np.int64], *, reach_s: float) -> tuple[Happened, ...]:
    """Return the events before which the band was worn; ``worn_s`` are the seconds [UTC s] in which it was, rising."""
    since = np.searchsorted(worn_s, [event.onset_s - reach_s for event in events])
    until = np.searchsorted(worn_s, [event.onset_s for event in events])
    return tuple(e for e, n in zip(events, until - since, strict=True) if n >= WATCHABLE * reach_s)


def told(
    events: Sequence[Happened], alerts_s: Sequence[float], *, reach_s: float, unsure: Sequence[Happened] = ()
) -> Told:
    """Return what ``alerts_s`` [UTC s] told of ``events``. An alert may tell of several events, an event counts its
    earliest alert; one about something of ``unsure`` is not false. Raises AlertError where ``reach_s`` is not above
    0."""
    if not reach_s > 0:
        raise AlertError(f"reach_s: {reach_s} must be above 0 seconds")
    leads: list[float | None] = []
    excused: set[float] = set()
    for event in events:
        since_s, until_s = event.onset_s - event.uncertainty_s - reach_s, event.onset_s + event.uncertainty_s
        early = [at_s for at_s in alerts_s if since_s <= at_s < until_s]
        leads.append(event.onset_s - min(early) if early else None)
    for event in (*events, *unsure):
        since_s, until_s = event.onset_s - event.uncertainty_s - reach_s, event.onset_s + event.uncertainty_s
        excused.update(at_s for at_s in alerts_s if since_s <= at_s <= max(event.end_s, until_s) + AFTER_S)
    return Told(leads_s=tuple(leads), false_s=tuple(at_s for at_s in alerts_s if at_s not in excused))
