"""What is said and sounded in, the words of IEC 60601-1-8 for it out: a table, with what differs here.

Source: IEC 60601-1-8:2006 with amendments 1:2012 and 2:2020 (alarm systems in medical electrical equipment). Its terms
are taken from public summaries; its text was not at hand, so no clause is cited and no conformity is claimed.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from alerts.delivery.matter import Kind, Priority


@dataclass(frozen=True, slots=True)
class Term:
    """A ``term`` of the standard, the ``plain`` words a carer reads for it, and how it is ``here``."""

    term: str
    plain: str
    here: str


PRIORITIES: Final = MappingProxyType(
    {
        Kind.ALERT: Priority.HIGH,
        Kind.PROTECTION: Priority.MEDIUM,
        Kind.UNCOVERED: Priority.MEDIUM,
        Kind.OPEN_LONG: Priority.LOW,
        Kind.HOUSE: Priority.MEDIUM,
        Kind.TEST: Priority.LOW,
    }
)
"""How soon somebody must act: at once, promptly, or to be aware. A matter may count for less than its kind, never for
more: somebody only partly protected, a shift that is overdue while its carer still has them."""

TERMS: Final = (
    Term("high priority", "NAME may need you now", "an alert: three rising notes until somebody has it"),
    Term(
        "medium priority",
        "Not protected since …",
        "nobody would be told: two falling notes, again after two minutes until seen",
    ),
    Term("low priority", "Open for two hours", "to be aware: in sight, without a sound"),
    Term(
        "latching alarm signal",
        "May need you now, until somebody has it",
        "an alert stays when its signs are gone: a wristband cannot know that a hard time is over",
    ),
    Term(
        "non-latching alarm signal",
        "Rising for 4 min; cannot tell since …",
        "rising signs and lost sight end by themselves",
    ),
    Term(
        "acknowledged, responsibility accepted",
        "I'm on it; Jo has it since 14:24",
        "deviation: by name, for everybody and every tablet at once; it pauses no other alert",
    ),
    Term(
        "audio paused",
        "Snoozed until 14:30, because …",
        "deviation: of one matter, with a reason and an end; telling others goes on",
    ),
    Term(
        "audio off",
        "Muted until the shift ends",
        "deviation: nobody can turn sound off for good: a mute ends with the shift and is shown on every tablet",
    ),
    Term("alarm off", "", "deviation: there is none; without consent nothing is recorded, and the board says so"),
    Term("reminder signal", "Again every 4 s; again after 2 min", "until somebody takes or has seen it"),
    Term("technical alarm condition", "Cannot tell; not protected", "sight: never mixed with how somebody is"),
)
"""The melodies are not those of medical monitors, on purpose: this is none, and carers of homes do not know them."""
