"""A person's labels and sessions in; the events among them, each with the session that it belongs to, out."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.labels import Label
from models.datasets.dataset import Event, Session
from models.datasets.target import ForecastTarget
from models.datasets.words import is_said


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that befell a person, in a session or not: [UTC s], as of ``Event``."""

    what: str
    onset_s: float
    end_s: float
    uncertainty_s: float
    lead: bool


def happenings_of(aim: ForecastTarget, labels: Sequence[Label]) -> list[Happening]:
    """Return a person's events in order of time; labels that touch or overlap are one, as ``ForecastTarget`` says."""
    named = sorted(
        (label for label in labels if is_said(label, aim.events)),
        key=lambda label: (label.start_s, label.end_s, label.what, label.onset_uncertainty_s),
    )
    joined: list[tuple[Label, float]] = []
    for label in named:
        if joined and label.start_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], label.end_s))
        else:
            joined.append((label, label.end_s))
    found = []
    for i, (label, end_s) in enumerate(joined):
        lead = i == 0 or label.start_s - joined[i - 1][1] >= aim.lead_s
        found.append(Happening(label.what, float(label.start_s), float(end_s), float(label.onset_uncertainty_s), lead))
    return found


def events_of(
    aim: ForecastTarget, happenings: Sequence[Happening], sessions: Sequence[Session], numbers: Sequence[int]
) -> list[tuple[int, Event]]:
    """Return which happening each event of a person's ``sessions`` is, and the event.

    ``numbers`` are the sessions' indices in the data set. An event is of every session that its onset lies in (two
    wrists may have recorded it), or else of the one that ended last before it, if by less than horizon + latency.
    """
    ahead_s = aim.horizon_s + aim.latency_s
    found = []
    for number, each in enumerate(happenings):
        of = [i for i, session in enumerate(sessions) if session.start_s <= each.onset_s < session.end_s]
        if not of:
            before = [
                i for i, session in enumerate(sessions) if session.end_s <= each.onset_s < session.end_s + ahead_s
            ]
            of = sorted(before, key=lambda i: sessions[i].end_s)[-1:]
        for i in of:
            event = Event(
                session=numbers[i],
                what=each.what,
                onset_s=each.onset_s,
                end_s=each.end_s,
                uncertainty_s=each.uncertainty_s,
                lead=each.lead,
            )
            found.append((number, event))
    return found
