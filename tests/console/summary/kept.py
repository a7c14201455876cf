"""A month of one person, invented; times are of the clock in London."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.happened import HappenedTo
from alerts.outcomes.events import OutcomeTold, What
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved, SightLost, SightRegained
from alerts.views import Blind
from console.summary.facts import Facts, Minute, SupportPlan, Written

LONDON = ZoneInfo("Europe/London")
DAY_S = 86_400.0
SINCE_S = datetime(2026, 5, 4, tzinfo=LONDON).timestamp()  # a Monday
UNTIL_S = SINCE_S + 28 * DAY_S
BEA = "w-bea"
REASONS = ("Sweat rising for 6 min while sitting still.", "Pulse 96, 18 above usual.")


def at(day: int, hour: float) -> float:
    """A moment of a day of the month, the first 0, at an hour of the clock (summer time holds all month)."""
    return SINCE_S + day * DAY_S + hour * 3600


def minutes(day: int, since_hour: float, until_hour: float, *, known_s: float = 60.0) -> tuple[Minute, ...]:
    """Watched minutes of a day."""
    return tuple(
        Minute(
            at_s=at(day, since_hour) + 60 * i,
            known_s=known_s,
            sweat_us=2.0 + i % 3 / 10,
            pulse_bpm=70.0 + i % 7,
            skin_c=33.0,
            movement_g=0.02,
        )
        for i in range(round((until_hour - since_hour) * 60))
    )


def alert(
    number: int, at_s: float, what: What | None = None, helped: tuple[str, ...] = (), reasons: tuple[str, ...] = REASONS
) -> tuple[HappenedTo, ...]:
    """An alert that Jo took, and what it was as far as she said."""
    key = f"a-{number}"
    found: list[HappenedTo] = [
        AlertRaised(wearer=BEA, at_s=at_s, alert_id=key, probability=0.7, reasons=reasons, policy="p"),
        AlertAcknowledged(wearer=BEA, at_s=at_s + 30, alert_id=key, by="Jo Marsh"),
        AlertResolved(wearer=BEA, at_s=at_s + 900, alert_id=key, by="Jo Marsh"),
    ]
    if what is not None:
        found.append(outcome(f"o-{number}", at_s, what, helped, alert_id=key))
    return tuple(found)


def outcome(
    key: str, at_s: float, what: What, helped: tuple[str, ...] = (), *, alert_id: str = "", corrects: str = ""
) -> OutcomeTold:
    """What Jo says that it was."""
    return OutcomeTold(
        wearer=BEA,
        at_s=at_s + 1800,
        outcome_id=key,
        alert_id=alert_id,
        by="Jo Marsh",
        what=what,
        helped=helped,
        began_s=at_s,
        uncertainty_s=60,
        ended_s=at_s + 480,
        corrects=corrects,
    )


PLAN = SupportPlan(
    helps=("Lights down, curtains half closed", "Ask Jo for the blue headphones", "Sit beside, not in front"),
    avoid=("Questions", "Touching the shoulders"),
    by="Jo Marsh",
    at_s=SINCE_S - 40 * DAY_S,
)
NOTES = (
    Written(number=1, at_s=at(3, 15), text="Fire alarm test at three. Sam stayed with her. <b>Loud</b>."),
    Written(number=2, at_s=at(9, 18.5), text="שרה ביקרה היום, היה שקט"),
)


WATCHED = tuple(it for day in range(28) if day % 9 != 4 for it in minutes(day, 7, 22))


def month(**changed: object) -> Facts:
    """Watched from 7 to 22 on most days; hard times, most of them in the evening."""
    events: list[HappenedTo] = []
    for number, day in enumerate((0, 2, 3, 7, 9, 11, 14, 16)):
        what = (What.SETTLED, What.INCIDENT)[number % 2]
        events += alert(number, at(day, 19.25), what, ("Sit beside, not in front", "headphones")[: 1 + number % 2])
    events += alert(20, at(5, 10), What.EXERCISE, reasons=("Moving a lot.", "Pulse 131, above usual."))
    events += alert(21, at(6, 16), None)
    events.append(outcome("o-30", at(10, 20), What.INCIDENT, ("Jo sang the train song",)))
    events.append(SightLost(wearer=BEA, at_s=at(4, 0.1), reason=Blind.NOT_WORN, since_s=at(4, 0)))
    events.append(SightRegained(wearer=BEA, at_s=at(5, 7)))
    everything = ((SINCE_S - 365 * DAY_S, UNTIL_S + 365 * DAY_S),)
    facts = Facts(
        since_s=SINCE_S,
        until_s=UNTIL_S,
        shared=everything,
        cared=everything,
        minutes=WATCHED,
        kept_s=SINCE_S - DAY_S,
        events=tuple(sorted(events, key=lambda it: it.at_s)),
        notes=NOTES,
        plan=PLAN,
        names=("Jo Marsh", "Sam", "Callum", "w-callum"),
    )
    return replace(facts, **changed)  # type: ignore[arg-type]
