"""One person's replay under champion and candidate in, second by second; the comparison out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerts.errors import AlertError
from alerts.rehearsal.events import Happened, told, watchable
from alerts.rehearsal.evidence import Compared, Side, Way
from alerts.rehearsal.judging import findings
from models.risk import Abstention

OFF: Final = (Abstention.NO_SIGNAL, Abstention.NOT_WORN)
"""Why nobody can tell, where the band was not on the wrist or sent nothing: no model is asked to."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a ``model`` made of n seconds: of each ``why`` it said nothing (n,), an ``Abstention`` each, NONE where it
    said something; and when it would have alerted [UTC s]."""

    model: str
    why: NDArray[np.int8]
    alerts_s: Sequence[float]


def compared(
    way: Way,
    second_s: NDArray[np.int64],
    champion: Heard,
    candidate: Heard,
    events: Sequence[Happened],
    *,
    reach_s: float,
    unsure: Sequence[Happened] = (),
) -> Compared:
    """Hold two models against each other over the same n seconds, which began at ``second_s`` (n,) [UTC s], rising.

    A second counts as worn where either model takes the band to be worn. Raises AlertError where the models did not see
    the same seconds.
    """
    if not len(second_s) == len(champion.why) == len(candidate.why):
        raise AlertError("champion and candidate must be held against each other over the same seconds")
    if (np.diff(second_s) <= 0).any():
        raise AlertError("seconds must rise: a second cannot be decided twice")
    worn = ~(np.isin(champion.why, OFF) & np.isin(candidate.why, OFF))
    heard = watchable(events, second_s[worn], reach_s=reach_s)
    found = Compared(
        way=way,
        worn_s=int(worn.sum()),
        events=heard,
        unheard=len(events) - len(heard),
        champion=_side(champion, worn, heard, (events, unsure), reach_s),
        candidate=_side(candidate, worn, heard, (events, unsure), reach_s),
    )
    worse, better = findings(found)
    return msgspec.structs.replace(found, worse=worse, better=better)


def _side(
    heard: Heard,
    worn: NDArray[np.bool_],
    those: Sequence[Happened],
    known: tuple[Sequence[Happened], Sequence[Happened]],
    reach_s: float,
) -> Side:
    """Leads are of the events that could be told of; an alert that told of any other, or of what may have been one, is
    not false either."""
    events, unsure = known
    why = heard.why[worn]
    reasons = {reason.name.lower(): int((why == reason).sum()) for reason in Abstention if reason}
    return Side(
        model=heard.model,
        alerts_s=tuple(heard.alerts_s),
        leads_s=told(those, heard.alerts_s, reach_s=reach_s).leads_s,
        false_s=told(events, heard.alerts_s, reach_s=reach_s, unsure=unsure).false_s,
        watched_s=int((why == Abstention.NONE).sum()),
        blind_s={reason: count for reason, count in reasons.items() if count},
    )
