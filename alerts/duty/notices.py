"""Who has nobody and whose shift is overdue in; what staff must be told of it now out, as matters for delivery."""

from collections.abc import Sequence
from typing import Final

from alerts.alarm_words import PRIORITIES
from alerts.delivery.matter import Kind, Matter, Priority
from alerts.duty.duty import LEFT, Alone
from alerts.duty.roster import Shift

UNCOVERED: Final = "uncovered"
OVERDUE: Final = "overdue"

OVERDUE_GRACE_S: Final = 600.0
"""A shift that is overdue is told of after this: people talk at a hand-over, and nobody is without somebody."""


def due_matters(
    now_s: float,
    *,
    alone: Sequence[Alone],
    overdue: Sequence[Shift],
    grace_s: float,
    before: Sequence[Matter] = (),
) -> tuple[Matter, ...]:
    """Return what must be open with delivery at ``now_s`` [UTC s]: one matter for all whom nobody has, one for each
    shift that is overdue. What is in ``before``, which was returned the last time (at a start: what delivery still has
    open of it), and not in this, is over; what is new is to be told.

    Nobody is told of somebody within ``grace_s``, unless their carer went although it was known that nobody stays. The
    matter is a new one where nobody has somebody more. Its words name no wearer: it outlasts them in the journal.
    """
    return (
        *_uncovered(now_s, alone, [each for each in before if is_uncovered(each)], grace_s),
        *(_overdue(shift) for shift in overdue if is_long_overdue(shift, now_s)),
    )


def is_long_overdue(shift: Shift, now_s: float) -> bool:
    """Whether a shift should have been over for longer than a hand-over takes."""
    return now_s - shift.until_s >= OVERDUE_GRACE_S


def is_uncovered(matter: Matter) -> bool:
    """Whether a matter is that of the people whom nobody has."""
    return matter.matter_id.startswith(f"{UNCOVERED}-")


def is_of_duty(matter: Matter) -> bool:
    """Whether a matter is one of these."""
    return is_uncovered(matter) or matter.matter_id.startswith(f"{OVERDUE}-")


def _uncovered(now_s: float, alone: Sequence[Alone], before: Sequence[Matter], grace_s: float) -> tuple[Matter, ...]:
    due = [each for each in alone if each.anyway or now_s - each.since_s >= grace_s]
    if not due:
        return ()
    since_s = max(each.since_s for each in due)
    told_s = max((matter.since_s for matter in before if matter.since_s <= now_s), default=since_s)
    since_s = max(since_s, told_s)
    one = len(due) == 1
    return (
        Matter(
            matter_id=f"{UNCOVERED}-{round(since_s)}",
            kind=Kind.UNCOVERED,
            priority=PRIORITIES[Kind.UNCOVERED],
            wearer="",
            since_s=since_s,
            words=(
                f"No carer is on shift for {'1 person' if one else f'{len(due)} people'}.",
                f"Come on shift for {'them' if one else 'all of them'}, or send somebody.",
                *_why({each.anyway for each in due}),
            ),
        ),
    )


def _why(anyway: set[str]) -> list[str]:
    """Why nobody is there although it was known, for each reason that there is."""
    had_to_go = ["Their carer had to go, and nobody was there to take over."] if anyway - {LEFT, ""} else []
    return [*had_to_go, *(["Their carer is no longer a carer here."] if LEFT in anyway else [])]


def _overdue(shift: Shift) -> Matter:
    return Matter(
        matter_id=f"{OVERDUE}-{shift.shift_id}-{round(shift.until_s)}",
        kind=Kind.UNCOVERED,
        priority=Priority.LOW,
        wearer="",
        since_s=shift.until_s,
        words=(
            f"The shift of {shift.carer} should be over, and nobody has taken it over.",
            f"Until somebody does, {shift.carer} has them.",
        ),
    )
